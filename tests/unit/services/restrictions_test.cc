// What readers are shown of persons who are restricted, and what is collected of one, both told
// from the schema: every message of the project that is answered with is tried.
#include "services/shared/restrictions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/storage/v1/alert_record.pb.h"
#include "belgrand/storage/v1/sample_record.pb.h"
#include "compliance/erasure_ledger.h"
#include "compliance/policy.h"
#include "compliance/sealed_field.h"
#include "services/shared/person_collect.h"
#include "services/shared/timestamp.h"
#include "tests/support/status_matchers.h"

namespace belgrand::shared {
namespace {

using ::belgrand::testing::StatusIs;
using storage::v1::RestrictionsRecord;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kName = "A. Official";

class RestrictionsTest : public ::testing::Test {
 protected:
  base::Status Keep(std::string_view bytes) {
    stored_ = bytes;
    return base::OkStatus();
  }
  void Restrict(privacy::v1::Subject subject, const std::string& tenant, const std::string& name,
                const std::string& reference = {}) {
    RestrictionsRecord record;
    record.set_name_key(std::string(key_.view()));
    auto& person = *record.add_persons();
    person.set_subject(subject);
    person.set_tenant(tenant);
    person.set_subject_ref(reference);
    person.set_name_digest(compliance::NameDigest(key_, subject, tenant, name));
    person.set_name_bytes(static_cast<std::uint32_t>(name.size()));
    ASSERT_OK(restrictions_.Replace(record, [&](std::string_view bytes) { return Keep(bytes); }));
  }

  const crypto::Key256 key_ = crypto::Key256::Random();
  std::string stored_;
  Restrictions restrictions_;
};

alerting::v1::GetAlertResponse Answer() {
  alerting::v1::GetAlertResponse response;
  response.mutable_alert()->set_alert_id("north/x/trend");
  response.mutable_alert()->set_acknowledged_by(kName);
  auto& event = *response.add_history();
  event.set_by(kName);
  event.set_comment("calling the hospital");
  event.mutable_alert()->set_acknowledged_by(kName);
  auto& other = *response.add_history();
  other.set_by("B. Other");
  other.set_comment("told A. Official of it");
  auto& third = *response.add_history();
  third.set_by("B. Other");
  third.set_comment("A. Officialdom is something else");
  return response;
}

TEST_F(RestrictionsTest, TakesTheNameAndWhatTheyWroteOutOfAnAnswerAndNothingElse) {
  alerting::v1::GetAlertResponse response = Answer();
  restrictions_.Withhold(response);
  EXPECT_EQ(response.alert().acknowledged_by(), kName) << "nobody is restricted yet";
  Restrict(privacy::v1::OFFICIAL, "", kName);
  restrictions_.Withhold(response);
  EXPECT_EQ(response.alert().acknowledged_by(), kWithheldText);
  EXPECT_EQ(response.alert().alert_id(), "north/x/trend");
  EXPECT_EQ(response.history(0).by(), kWithheldText);
  EXPECT_EQ(response.history(0).comment(), kWithheldText);
  EXPECT_EQ(response.history(0).alert().acknowledged_by(), kWithheldText);
  EXPECT_EQ(response.history(1).by(), "B. Other");
  EXPECT_EQ(response.history(1).comment(), kWithheldText) << "it mentions the name";
  EXPECT_EQ(response.history(2).comment(), "A. Officialdom is something else");
}

TEST_F(RestrictionsTest, OutlivesARestartAndEndsWhenItIsLifted) {
  Restrict(privacy::v1::OFFICIAL, "", kName);
  EXPECT_EQ(stored_.find(kName), std::string::npos) << "digests alone are kept";
  Restrictions restarted;
  ASSERT_OK(restarted.Load(stored_));
  alerting::v1::GetAlertResponse response = Answer();
  restarted.Withhold(response);
  EXPECT_EQ(response.history(0).by(), kWithheldText);
  ASSERT_OK(restarted.Replace({}, [&](std::string_view bytes) { return Keep(bytes); }));
  EXPECT_EQ(stored_, "");
  response = Answer();
  restarted.Withhold(response);
  EXPECT_EQ(response.history(0).by(), kName);
  EXPECT_THAT(restarted.Load("\xff\xff"), StatusIs(base::StatusCode::kDataLoss, _));
}

TEST_F(RestrictionsTest, ADiskThatRefusesChangesNothing) {
  Restrict(privacy::v1::OFFICIAL, "", kName);
  EXPECT_THAT(restrictions_.Replace(
                  {}, [](std::string_view) { return base::ResourceExhausted("disk full"); }),
              StatusIs(base::StatusCode::kResourceExhausted, _));
  EXPECT_TRUE(restrictions_.any());
}

TEST_F(RestrictionsTest, SealedNamesAndTextsOfTheLaboratoryAreWithheld) {
  const std::string reference(compliance::kSubjectRefBytes, 'r');
  const std::string theirs = compliance::SealField(key_, reference, "place", "J. Snow");
  storage::v1::SampleRecord record;
  record.set_laboratory_id("lab-a");
  record.set_sampled_by_sealed(theirs);
  record.set_analysed_by_sealed(
      compliance::SealField(key_, std::string(16, 'o'), "place", "W. Farr"));
  record.set_comment("J. Snow was late");
  record.set_amendment_reason("typing error");
  record.set_value(17);
  Restrict(privacy::v1::SAMPLER, "lab-a", "J. Snow", reference);
  EXPECT_TRUE(restrictions_.Sealed(theirs));
  EXPECT_FALSE(restrictions_.Sealed(record.analysed_by_sealed()));
  storage::v1::SampleRecord elsewhere = record;
  restrictions_.Withhold(record, "lab-a");
  EXPECT_EQ(record.sampled_by_sealed(), "");
  EXPECT_NE(record.analysed_by_sealed(), "");
  EXPECT_EQ(record.comment(), kWithheldText);
  EXPECT_EQ(record.amendment_reason(), "typing error");
  EXPECT_EQ(record.value(), 17);
  restrictions_.Withhold(elsewhere, "lab-b");
  EXPECT_EQ(elsewhere.comment(), "J. Snow was late") << "of another laboratory: another person";
}

// Whatever the schema says is an official's name is withheld in whatever answers with it.
TEST_F(RestrictionsTest, EveryAnswerOfTheSchemaThatHoldsAnOfficialIsCovered) {
  namespace pb = google::protobuf;
  Restrict(privacy::v1::OFFICIAL, "", kName);
  int fields = 0;
  for (const pb::Descriptor* message : compliance::AllMessages(compliance::SchemaFiles())) {
    const pb::Message& prototype = *pb::MessageFactory::generated_factory()->GetPrototype(message);
    for (int i = 0; i < message->field_count(); ++i) {
      const pb::FieldDescriptor& field = *message->field(i);
      const auto& policy = compliance::FieldPolicyOf(field);
      if (policy.category() != privacy::v1::IDENTITY || policy.subject() != privacy::v1::OFFICIAL ||
          field.is_repeated()) {
        continue;
      }
      ++fields;
      const std::unique_ptr<pb::Message> filled(prototype.New());
      filled->GetReflection()->SetString(filled.get(), &field, kName);
      restrictions_.Withhold(*filled);
      EXPECT_EQ(filled->GetReflection()->GetString(*filled, &field), kWithheldText)
          << field.full_name();
    }
  }
  EXPECT_GE(fields, 15) << "it tried nothing";
}

TEST(PersonCollectorTest, GivesWhatIsTheirsWithItsEndAndNamesNobodyElse) {
  const crypto::Key256 key = crypto::Key256::Random();
  compliance::v1::PersonToErase person;
  person.set_subject(privacy::v1::OFFICIAL);
  person.set_value(kName);
  person.set_name_digest(compliance::NameDigest(key, privacy::v1::OFFICIAL, "", kName));
  const auto matcher = PersonMatcher::Make({person}, key.view());
  ASSERT_OK(matcher);
  PersonCollector collector("alerting", *matcher);

  storage::v1::AlertEventRecord event;
  event.set_sequence(5);
  event.set_at_us(base::ToMicros(base::ParseInstant("2031-06-01T12:00:00Z").value()));
  event.set_by("B. Other");
  event.set_comment("nothing of note");
  event.mutable_alert()->set_acknowledged_by(kName);
  event.mutable_alert()->set_acknowledged_at_us(event.at_us());
  const auto held = collector.Collect(event, "");
  ASSERT_TRUE(held);
  EXPECT_EQ(held->record(), "belgrand.storage.v1.AlertEventRecord");
  std::vector<std::string> personal;
  for (const auto& field : held->fields()) {
    if (field.category() == privacy::v1::NOT_PERSONAL) continue;
    personal.push_back(field.name() + "=" + field.value());
    EXPECT_EQ(base::FormatInstant(ToInstant(field.gone_at())), "2033-06-01T12:00:00Z");
  }
  EXPECT_THAT(personal, ElementsAre("alert.acknowledged_by=A. Official",
                                    "alert.acknowledged_at_us=2031-06-01T12:00:00Z"));
  EXPECT_EQ(held->SerializeAsString().find("B. Other"), std::string::npos);
  EXPECT_THAT(held->SerializeAsString(), Not(HasSubstr("nothing of note")));

  event.mutable_alert()->set_acknowledged_by("B. Other");
  EXPECT_FALSE(collector.Collect(event, "")) << "nothing of theirs is left";
  event.set_comment("told A. Official of it");
  ASSERT_TRUE(collector.Collect(event, ""));
  EXPECT_FALSE(collector.Collect(event, "lab-a")) << "texts of a laboratory name its own people";
}

}  // namespace
}  // namespace belgrand::shared
