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
