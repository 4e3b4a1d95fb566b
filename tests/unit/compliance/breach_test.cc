// The scope of a breach against entries made by hand, and the pages made of it.
#include "compliance/breach.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const base::Instant kMorning = base::ParseInstant("2026-11-20T08:00:00Z").value();
constexpr char kThief[] = "0123456789abcdef";
constexpr char kListAlerts[] = "/belgrand.alerting.v1.AlertingService/ListAlerts";
constexpr char kSubmit[] = "/belgrand.ingest.v1.IngestService/SubmitSamples";

storage::v1::AuditEntry Entry(std::string_view actor, std::string_view method, base::Instant at,
                              std::uint64_t records = 1, int status = 0) {
  storage::v1::AuditEntry entry;
  entry.set_actor_ref(std::string(actor));
  entry.set_role(privacy::v1::HEALTH_OFFICIAL);
  entry.set_method(std::string(method));
  entry.set_at_us(base::ToMicros(at));
  entry.set_record_count(records);
  entry.set_status_code(status);
  return entry;
}

class BreachTest : public ::testing::Test {
 protected:
  void Take(const storage::v1::AuditEntry& entry) { scoper_.Take(entry.SerializeAsString()); }
  BreachScope Done() { return scoper_.Done("official:thief", 7); }

  const Register processing_ = BuildRegister();
  BreachScoper scoper_{kThief, processing_, kMorning, kMorning + std::chrono::hours(24)};
};

TEST_F(BreachTest, CountsTheCredentialsOwnCallsInTheWindowAndNoOther) {
  Take(Entry(kThief, kListAlerts, kMorning - std::chrono::hours(1), 100));
  Take(Entry(kThief, kListAlerts, kMorning, 3));
  Take(Entry(kThief, kListAlerts, kMorning + std::chrono::hours(2), 0));
  Take(Entry(kThief, kListAlerts, kMorning + std::chrono::hours(3), 9, 7));
  Take(Entry("somebody else   ", kListAlerts, kMorning + std::chrono::hours(1), 50));
  Take(Entry(kThief, kListAlerts, kMorning + std::chrono::hours(25), 100));
  scoper_.Take("\xff\xff no entry");
  const BreachScope scope = Done();
  EXPECT_EQ(scope.entries, 4U);
  EXPECT_EQ(scope.unreadable, 1U);
  ASSERT_THAT(scope.uses, SizeIs(1));
  const MethodUse& use = scope.uses.front();
  EXPECT_EQ(use.method, "belgrand.alerting.v1.AlertingService.ListAlerts");
  EXPECT_EQ(use.answered, 2U);
  EXPECT_EQ(use.refused, 1U);
  EXPECT_EQ(use.records, 3U);
  EXPECT_EQ(use.unbounded, 1U);
  EXPECT_EQ(use.first, kMorning);
  EXPECT_EQ(use.last, kMorning + std::chrono::hours(3));
}

TEST_F(BreachTest, NamesTheFieldsThatTheRegisterSaysAnAnswerShows) {
  Take(Entry(kThief, kListAlerts, kMorning));
  Take(Entry("another official", kListAlerts, kMorning - std::chrono::hours(999)));
  const BreachScope scope = Done();
  ASSERT_THAT(scope.uses, SizeIs(1));
  EXPECT_THAT(scope.uses.front().fields, Not(IsEmpty()));
  bool officials = false;
  for (const PersonsBound& bound : scope.persons) {
    EXPECT_THAT(bound.fields, Not(IsEmpty()));
    if (bound.subject == privacy::v1::OFFICIAL) {
      officials = true;
      EXPECT_EQ(bound.at_most, 2U);  // every official the log has seen, in any hour
    }
    if (bound.subject == privacy::v1::LAB_STAFF) {
      EXPECT_EQ(bound.at_most, 7U);
    }
  }
  EXPECT_TRUE(officials);
}

TEST_F(BreachTest, CountsWhatRoleAndPurposeWereShownAndNoMore) {
  storage::v1::AuditEntry entry = Entry(kThief, kListAlerts, kMorning);
  entry.set_role(privacy::v1::SERVICE_OPERATOR);
  entry.set_purpose(privacy::v1::OPERATION);
  Take(entry);
  EXPECT_FALSE(Done().showed_personal_fields()) << "operators read alerts without names";
  entry.set_role(privacy::v1::HEALTH_OFFICIAL);
  entry.set_purpose(privacy::v1::OUTBREAK_RESPONSE);
  Take(entry);
  EXPECT_TRUE(Done().showed_personal_fields());
  EXPECT_THAT(Done().uses.front().fields, Not(IsEmpty()));
}

TEST_F(BreachTest, ARefusedCallShowedNothing) {
  Take(Entry(kThief, kListAlerts, kMorning, 1, 7));
  const BreachScope scope = Done();
  EXPECT_TRUE(scope.used());
  EXPECT_FALSE(scope.showed_personal_fields());
  EXPECT_THAT(scope.uses.front().fields, IsEmpty());
}

TEST_F(BreachTest, KeepsAHundredObjectsAndCountsTheOthers) {
  for (int i = 0; i < 130; ++i) {
    storage::v1::AuditEntry entry = Entry(kThief, kSubmit, kMorning);
    entry.set_object_ref("site-" + std::to_string(i));
    Take(entry);
  }
  const BreachScope scope = Done();
  ASSERT_THAT(scope.uses, SizeIs(1));
  EXPECT_THAT(scope.uses.front().objects, SizeIs(BreachScope::kMaxObjects));
  EXPECT_EQ(scope.uses.front().more_objects, 30U);
}

TEST_F(BreachTest, TheFileIsReadBackAndThePagesAreInBothLanguages) {
  Take(Entry(kThief, kListAlerts, kMorning));
  BreachFile file{Done(), kMorning + std::chrono::hours(30), kMorning + std::chrono::hours(31)};
  file.scope.pruned = {"city.example/audit/2026h1"};
  const std::string json = BreachJson(file);
  EXPECT_EQ(json, BreachJson(file));
  const auto aware = BreachAwareAt(json);
  ASSERT_OK(aware);
  EXPECT_EQ(*aware, file.aware_at);
  const std::string english = BreachMarkdown(file, {}, Language::kEnglish);
  EXPECT_THAT(english, HasSubstr("2026-11-24T14:00:00Z"));  // 72 hours after it was known
  EXPECT_THAT(english, HasSubstr("health official | 1 |"));
  EXPECT_THAT(english, HasSubstr("city.example/audit/2026h1"));
  EXPECT_THAT(english, HasSubstr("not declared"));
  Declaration declaration;
  declaration.controller = "Ville de Lutèce";
  const std::string french = BreachMarkdown(file, declaration, Language::kFrench);
  EXPECT_THAT(french, HasSubstr("art. 33 RGPD, 72 heures"));
  EXPECT_THAT(french, HasSubstr("Ville de Lutèce"));
  EXPECT_THAT(french, Not(HasSubstr("persons")));
}

TEST_F(BreachTest, WithoutAnyEntryThePageSaysSo) {
  const BreachFile file{Done(), {}, {}};
  EXPECT_FALSE(file.scope.used());
  EXPECT_THAT(BreachMarkdown(file, {}, Language::kEnglish), HasSubstr("Nothing: the log has no"));
}

TEST(BreachClockTest, RunFromTheHourItWasKnown) {
  const base::Instant aware = base::ParseInstant("2027-01-28T10:00:00Z").value();
  std::vector<std::string> due;
  for (const BreachClock& clock : BreachClocks(aware)) {
    due.push_back(clock.what + " " + base::FormatInstant(clock.due));
  }
  EXPECT_THAT(
      due,
      ElementsAre("nis2_early_warning 2027-01-29T10:00:00Z", "gdpr_authority 2027-01-31T10:00:00Z",
                  "nis2_notification 2027-01-31T10:00:00Z", "nis2_report 2027-02-28T10:00:00Z"));
}

TEST(BreachClockTest, SaysWhatIsLeftAndWhatIsOver) {
  const BreachClock clock{"gdpr_authority", kMorning};
  EXPECT_THAT(ClockText(clock, kMorning - std::chrono::minutes(125), Language::kEnglish),
              HasSubstr("2 h 05 min left"));
  EXPECT_THAT(ClockText(clock, kMorning + std::chrono::minutes(61), Language::kFrench),
              HasSubstr("dépassée de 1 h 01 min"));
}

TEST(BreachFileTest, RefusesWhatIsNoBreachFile) {
  for (const char* text : {"", "[]", "{}", R"({"format": 2, "aware_at": "2026-01-01"})",
                           R"({"format": 1, "aware_at": 5})"}) {
    EXPECT_THAT(BreachAwareAt(text), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("")))
        << text;
  }
}

}  // namespace
}  // namespace belgrand::compliance
