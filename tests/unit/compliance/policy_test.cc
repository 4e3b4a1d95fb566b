#include "compliance/policy.h"

#include <gmock/gmock.h>

#include "belgrand/ingest/v1/sample.pb.h"
#include "belgrand/storage/v1/sample_record.pb.h"

namespace belgrand::compliance {
namespace {

using ::testing::ElementsAre;
using ::testing::NotNull;

TEST(PolicyTest, FindsTheAnnotationOfAField) {
  const auto& field = *ingest::v1::Sample::descriptor()->FindFieldByName("sampled_by");
  EXPECT_EQ(CategoryOf(field), privacy::v1::IDENTITY);
  EXPECT_EQ(FieldPolicyOf(field).subject(), privacy::v1::SAMPLER);
  EXPECT_TRUE(FieldPolicyOf(field).encrypt());
}

TEST(PolicyTest, FindsTheAnnotationOfARecord) {
  const auto* const record = RecordPolicyOf(*storage::v1::SampleRecord::descriptor());
  ASSERT_THAT(record, NotNull());
  EXPECT_EQ(record->retention(), "P10Y");
  EXPECT_EQ(RecordPolicyOf(*ingest::v1::Sample::descriptor()), nullptr);
}

TEST(PolicyTest, FindsAMethodByItsNameOnTheWire) {
  const auto* const policy = FindMethodPolicy("/belgrand.ingest.v1.IngestService/SubmitSamples");
  ASSERT_THAT(policy, NotNull());
  EXPECT_THAT(policy->roles(), ElementsAre(privacy::v1::LABORATORY, privacy::v1::SERVICE_OPERATOR));
  EXPECT_EQ(policy->audit(), privacy::v1::AUDITED);
  EXPECT_EQ(FindMethodPolicy("belgrand.ingest.v1.IngestService/SubmitSamples"), policy);
}

TEST(PolicyTest, DeniesAMethodItDoesNotKnow) {
  for (const char* name : {"", "/", "/belgrand.ingest.v1.IngestService/", "/belgrand.x/Y",
                           "//belgrand.ingest.v1.IngestService/SubmitSamples",
                           "/belgrand.ingest.v1.IngestService/submitSamples"}) {
    EXPECT_EQ(FindMethodPolicy(name), nullptr) << name;
    EXPECT_FALSE(MayCall(FindMethodPolicy(name), privacy::v1::SERVICE_OPERATOR)) << name;
  }
}

TEST(PolicyTest, AdmitsExactlyTheRolesOfTheMethod) {
  const auto* const policy = FindMethodPolicy("/belgrand.ingest.v1.IngestService/SubmitSamples");
  EXPECT_TRUE(MayCall(policy, privacy::v1::LABORATORY));
  EXPECT_TRUE(MayCall(policy, privacy::v1::SERVICE_OPERATOR));
  EXPECT_FALSE(MayCall(policy, privacy::v1::HEALTH_OFFICIAL));
  EXPECT_FALSE(MayCall(policy, privacy::v1::INTERNAL_SERVICE));
  EXPECT_FALSE(MayCall(policy, privacy::v1::ROLE_UNSPECIFIED));
}

TEST(PolicyTest, ServesExactlyThePurposesOfTheMethod) {
  const auto* const policy = FindMethodPolicy("/belgrand.alerting.v1.AlertingService/ResolveAlert");
  ASSERT_THAT(policy, NotNull());
  const std::vector<privacy::v1::Role> official = {privacy::v1::HEALTH_OFFICIAL};
  EXPECT_EQ(OrdinaryPurpose(policy, official), privacy::v1::OUTBREAK_RESPONSE);
  EXPECT_EQ(PurposeNames(*policy, official), "outbreak-response, surveillance");
  EXPECT_TRUE(MayServe(policy, privacy::v1::SURVEILLANCE));
  EXPECT_FALSE(MayServe(policy, privacy::v1::MEASUREMENT));
  EXPECT_FALSE(MayServe(policy, privacy::v1::PURPOSE_UNSPECIFIED));
  EXPECT_FALSE(MayServe(nullptr, privacy::v1::SURVEILLANCE));
  EXPECT_EQ(OrdinaryPurpose(nullptr, official), privacy::v1::PURPOSE_UNSPECIFIED);
}

TEST(PolicyTest, ARoleClaimsItsOwnPurposesOnly) {
  const auto* const policy =
      FindMethodPolicy("/belgrand.timeseries.v1.TimeseriesService/GetSampleHistory");
  ASSERT_THAT(policy, NotNull());
  const auto ordinary = [&](std::vector<privacy::v1::Role> roles) {
    return OrdinaryPurpose(policy, roles);
  };
  EXPECT_EQ(ordinary({privacy::v1::DATA_PROTECTION_OFFICER}), privacy::v1::DATA_PROTECTION);
  EXPECT_EQ(ordinary({privacy::v1::HEALTH_OFFICIAL}), privacy::v1::SURVEILLANCE);
  EXPECT_EQ(ordinary({privacy::v1::SERVICE_OPERATOR}), privacy::v1::OPERATION);
  EXPECT_EQ(ordinary({privacy::v1::PUBLIC}), privacy::v1::PURPOSE_UNSPECIFIED);
  EXPECT_EQ(ordinary({}), privacy::v1::PURPOSE_UNSPECIFIED);
  const std::vector<privacy::v1::Role> official = {privacy::v1::HEALTH_OFFICIAL};
  EXPECT_FALSE(MayClaim(policy, official, privacy::v1::DATA_PROTECTION));
  EXPECT_FALSE(MayClaim(policy, official, privacy::v1::PUBLIC_INFORMATION));
  // A role that may not call the method lends no purpose to one that may.
  const std::vector<privacy::v1::Role> with_gateway = {privacy::v1::DATA_PROTECTION_OFFICER,
                                                       privacy::v1::INTERNAL_SERVICE};
  EXPECT_FALSE(MayClaim(policy, with_gateway, privacy::v1::SURVEILLANCE));
}

TEST(PolicyTest, EveryMethodHasAPurposeForEachOfItsRoles) {
  for (const auto* file : SchemaFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto* const method = file->service(s)->method(m);
        const auto& policy = method->options().GetExtension(privacy::v1::method);
        for (const int role : policy.roles()) {
          const auto known = static_cast<privacy::v1::Role>(role);
          EXPECT_NE(OrdinaryPurpose(&policy, {&known, 1}), privacy::v1::PURPOSE_UNSPECIFIED)
              << method->full_name() << " " << privacy::v1::Role_Name(known);
        }
      }
    }
  }
}

TEST(PolicyTest, APurposeIsWrittenInOneWay) {
  for (int i = privacy::v1::Purpose_MIN + 1; i <= privacy::v1::Purpose_MAX; ++i) {
    const auto purpose = static_cast<privacy::v1::Purpose>(i);
    EXPECT_EQ(ParsePurpose(PurposeName(purpose)), purpose);
  }
  EXPECT_EQ(ParsePurpose("outbreak-response"), privacy::v1::OUTBREAK_RESPONSE);
  for (const char* other : {"", "OUTBREAK_RESPONSE", "outbreak_response", "Surveillance",
                            "purpose-unspecified", "surveillance "}) {
    EXPECT_EQ(ParsePurpose(other), privacy::v1::PURPOSE_UNSPECIFIED) << other;
  }
}

TEST(PolicyTest, EveryMethodOfEveryServiceHasAPolicy) {
  int methods = 0;
  for (const auto* file : SchemaFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const std::string name =
            "/" + file->service(s)->full_name() + "/" + file->service(s)->method(m)->name();
        EXPECT_THAT(FindMethodPolicy(name), NotNull()) << name;
        ++methods;
      }
    }
  }
  EXPECT_GE(methods, 28);
}

TEST(PolicyTest, TreatsTheUnclassifiedAsPersonal) {
  for (int number = 0; number < privacy::v1::Category_ARRAYSIZE; ++number) {
    const auto category = static_cast<privacy::v1::Category>(number);
    const bool open = category == privacy::v1::NOT_PERSONAL || category == privacy::v1::COMPOSITE;
    EXPECT_EQ(IsWithheld(category), !open) << privacy::v1::Category_Name(category);
    EXPECT_EQ(IsPersonal(category), !open && category != privacy::v1::SECRET);
  }
  EXPECT_TRUE(IsWithheld(static_cast<privacy::v1::Category>(999)));
}

}  // namespace
}  // namespace belgrand::compliance
