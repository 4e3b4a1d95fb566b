#include "compliance/retention.h"

#include "belgrand/ingest/v1/sample.pb.h"
#include "belgrand/storage/v1/alert_record.pb.h"
#include "belgrand/storage/v1/sample_record.pb.h"
#include "tests/support/status_matchers.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

base::Instant At(std::string_view text) { return base::ParseInstant(text).value(); }

std::string Moved(std::string_view from, std::string_view duration) {
  return base::FormatInstant(AddDuration(At(from), ParseIsoDuration(duration).value()));
}

TEST(IsoDurationTest, ReadsEveryPart) {
  EXPECT_THAT(ParseIsoDuration("P10Y"), IsOkAndHolds(CalendarDuration{120, 0, {}}));
  EXPECT_THAT(ParseIsoDuration("P1Y6M"), IsOkAndHolds(CalendarDuration{18, 0, {}}));
  EXPECT_THAT(ParseIsoDuration("P2W3D"), IsOkAndHolds(CalendarDuration{0, 17, {}}));
  EXPECT_THAT(ParseIsoDuration("P6M"), IsOkAndHolds(CalendarDuration{6, 0, {}}));
  EXPECT_THAT(ParseIsoDuration("PT6M"),
              IsOkAndHolds(CalendarDuration{0, 0, std::chrono::minutes(6)}));
  EXPECT_THAT(
      ParseIsoDuration("P1Y2M3DT4H5M6S"),
      IsOkAndHolds(CalendarDuration{
          14, 3, std::chrono::hours(4) + std::chrono::minutes(5) + std::chrono::seconds(6)}));
}

TEST(IsoDurationTest, RefusesEverythingElseAndNamesIt) {
  for (const char* text :
       {"",        "P",     "PT",       "P1",    "1Y",     "P1YT",          "p1y",
        "P-1Y",    "-P1Y",  "P1.5Y",    "P1D1Y", "P1Y1Y",  "P1H",           "PT1D",
        "P1Y ",    " P1Y",  "P0D",      "PT0S",  "P1001Y", "P99999999999Y", "P1YT1H1D",
        "PT1HT1M", "P1Y\n", "ten years"}) {
    EXPECT_THAT(ParseIsoDuration(text), StatusIs(base::StatusCode::kInvalidArgument,
                                                 HasSubstr("'" + std::string(text) + "'")));
  }
}

TEST(AddDurationTest, MovesOnTheCivilCalendar) {
  EXPECT_EQ(Moved("2021-03-01", "P1Y"), "2022-03-01T00:00:00Z");
  EXPECT_EQ(Moved("2021-01-31", "P1M"), "2021-02-28T00:00:00Z");
  EXPECT_EQ(Moved("2024-01-31", "P1M"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(Moved("2024-02-29", "P1Y"), "2025-02-28T00:00:00Z");
  EXPECT_EQ(Moved("2024-02-29", "P4Y"), "2028-02-29T00:00:00Z");
  EXPECT_EQ(Moved("2021-12-31T23:59:59.5Z", "P1D"), "2022-01-01T23:59:59.500000Z");
  EXPECT_EQ(Moved("2021-12-31T23:30:00Z", "PT1H"), "2022-01-01T00:30:00Z");
  EXPECT_EQ(Moved("2021-01-31", "P1M1D"), "2021-03-01T00:00:00Z");
  EXPECT_EQ(Moved("1969-12-31T12:00:00Z", "P1Y"), "1970-12-31T12:00:00Z");
}

TEST(RetentionPoliciesTest, ListsTheRecordThenItsFields) {
  const auto policies = RetentionPolicies(*storage::v1::SampleRecord::descriptor());
  std::vector<std::string> lines;
  for (const RetentionPolicy& policy : policies) {
    EXPECT_EQ(policy.message, "belgrand.storage.v1.SampleRecord");
    EXPECT_EQ(policy.clock_field, "recorded_at_us");
    lines.push_back(policy.field + " " + policy.text);
  }
  EXPECT_THAT(lines, ElementsAre(" P10Y", "sampled_by_sealed P1Y", "analysed_by_sealed P1Y",
                                 "amendment_reason P5Y", "amended_by_sealed P1Y", "comment P1Y"));
}

TEST(RetentionPoliciesTest, ReachesFieldsOfNestedRecords) {
  std::vector<std::string> lines;
  for (const auto& policy : RetentionPolicies(*storage::v1::AlertEventRecord::descriptor())) {
    EXPECT_EQ(policy.record_clock_field, "at_us");
    lines.push_back(policy.field + " " + policy.text + " " + policy.clock_field);
  }
  EXPECT_THAT(lines, UnorderedElementsAre(" P5Y at_us", "by P2Y at_us", "comment P2Y at_us",
                                          "alert.acknowledged_by P2Y alert.acknowledged_at_us",
                                          "alert.acknowledged_at_us P2Y alert.acknowledged_at_us"));
}

TEST(RetentionPoliciesTest, AreEmptyForWhatIsKeptOrNotStored) {
  EXPECT_THAT(RetentionPolicies(*storage::v1::SiteRecord::descriptor()), IsEmpty());
  EXPECT_THAT(RetentionPolicies(*ingest::v1::Sample::descriptor()), IsEmpty());
}

storage::v1::SampleRecord Record(std::string_view recorded_at) {
  storage::v1::SampleRecord record;
  record.set_sample_id("S1");
  record.set_sampled_by_sealed("sealed-1");
  record.set_analysed_by_sealed("sealed-2");
  record.set_amendment_reason("typed 10 for 100");
  record.set_recorded_at_us(base::ToMicros(At(recorded_at)));
  return record;
}

TEST(ExpiryTest, ComesAtTheInstantAndNotBefore) {
  const auto policies = RetentionPolicies(*storage::v1::SampleRecord::descriptor());
  const auto record = Record("2021-03-01T12:00:00Z");
  EXPECT_FALSE(IsExpired(policies[0], record, At("2031-03-01T11:59:59.999999Z")));
  EXPECT_TRUE(IsExpired(policies[0], record, At("2031-03-01T12:00:00Z")));
  EXPECT_FALSE(IsExpired(policies[1], record, At("2022-03-01T11:59:59.999999Z")));
  EXPECT_TRUE(IsExpired(policies[1], record, At("2022-03-01T12:00:00Z")));
}

TEST(ExpiryTest, OfAFieldThatIsNotThereNeverComes) {
  const auto policies = RetentionPolicies(*storage::v1::SampleRecord::descriptor());
  auto record = Record("2021-03-01T12:00:00Z");
  record.clear_sampled_by_sealed();
  EXPECT_FALSE(IsExpired(policies[1], record, At("2030-01-01")));
  EXPECT_TRUE(IsExpired(policies[2], record, At("2030-01-01")));
}

TEST(ExpiryTest, NeverTouchesARecordThatCannotBeDated) {
  const auto policies = RetentionPolicies(*storage::v1::SampleRecord::descriptor());
  auto record = Record("2021-03-01");
  for (const std::int64_t micros : {std::int64_t{0}, std::numeric_limits<std::int64_t>::max(),
                                    std::numeric_limits<std::int64_t>::min()}) {
    record.set_recorded_at_us(micros);
    EXPECT_FALSE(IsExpired(policies[0], record, At("2150-01-01"))) << micros;
    EXPECT_THAT(ClearExpiredFields(&record, At("2150-01-01")), IsEmpty()) << micros;
  }
}

TEST(ClearExpiredFieldsTest, ClearsWhatIsDueAndNothingElse) {
  auto record = Record("2021-03-01T12:00:00Z");
  const std::string before = record.SerializeAsString();
  EXPECT_THAT(ClearExpiredFields(&record, At("2022-03-01")), IsEmpty());
  EXPECT_EQ(record.SerializeAsString(), before);
  EXPECT_THAT(ClearExpiredFields(&record, At("2022-03-02")),
              ElementsAre("sampled_by_sealed", "analysed_by_sealed"));
  EXPECT_EQ(record.sampled_by_sealed(), "");
  EXPECT_EQ(record.amendment_reason(), "typed 10 for 100");
  EXPECT_EQ(record.sample_id(), "S1");
  EXPECT_THAT(ClearExpiredFields(&record, At("2022-03-02")), IsEmpty());
  EXPECT_THAT(ClearExpiredFields(&record, At("2026-03-02")), ElementsAre("amendment_reason"));
}

TEST(ClearExpiredFieldsTest, ReachesANestedRecord) {
  storage::v1::AlertEventRecord event;
  event.set_at_us(base::ToMicros(At("2021-03-01")));
  event.mutable_alert()->set_alert_id("A");
  event.mutable_alert()->set_acknowledged_by("a name");
  event.mutable_alert()->set_changed_at_us(base::ToMicros(At("2021-03-01")));
  EXPECT_THAT(ClearExpiredFields(&event, At("2023-03-01")), ElementsAre("alert.acknowledged_by"));
  EXPECT_EQ(event.alert().acknowledged_by(), "");
  EXPECT_EQ(event.alert().alert_id(), "A");
}

TEST(ClearExpiredFieldsTest, CountsAFieldWithAClockOfItsOwnFromThatClock) {
  storage::v1::AlertRecord alert;
  alert.set_acknowledged_by("a name");
  alert.set_acknowledged_at_us(base::ToMicros(At("2021-03-01")));
  alert.set_changed_at_us(base::ToMicros(At("2022-12-31")));
  storage::v1::AlertEventRecord event;
  event.set_at_us(base::ToMicros(At("2022-12-31")));
  event.set_by("who closed it");
  *event.mutable_alert() = alert;
  const base::Instant before = At("2023-02-28T23:59:59.999999Z");
  EXPECT_THAT(ClearExpiredFields(&alert, before), IsEmpty());
  EXPECT_THAT(ClearExpiredFields(&event, before), IsEmpty());
  EXPECT_THAT(ClearExpiredFields(&alert, At("2023-03-01")),
              ElementsAre("acknowledged_by", "acknowledged_at_us"));
  EXPECT_THAT(ClearExpiredFields(&event, At("2023-03-01")),
              ElementsAre("alert.acknowledged_by", "alert.acknowledged_at_us"));
  EXPECT_EQ(alert.acknowledged_by(), "");
  EXPECT_EQ(event.alert().acknowledged_by(), "");
  EXPECT_EQ(event.by(), "who closed it") << "a later act";
  EXPECT_THAT(ClearExpiredFields(&event, At("2024-12-31")), ElementsAre("by"));
}

}  // namespace
}  // namespace belgrand::compliance
