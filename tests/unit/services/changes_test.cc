// What changed, found in made histories.
#include "services/cli/changes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "services/cli/week.h"
#include "services/shared/timestamp.h"
#include "tests/support/status_matchers.h"

namespace belgrand::cli {
namespace {

using alerting::Language;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

base::Instant At(const std::string& text) { return *base::ParseInstant(text); }

// Week 47 of 2026: 16 to 22 November.
class ChangesTest : public ::testing::Test {
 protected:
  ChangesTest() {
    data_.span = *ParseWeek("2026-W47");
    data_.cutoff = At("2026-11-23T08:30:00Z");
    timeseries::v1::Site& site = data_.sites.emplace_back();
    site.set_site_id("W1");
    site.set_district_id("north");
    site.set_population_served(40000);
  }
  static timeseries::v1::SampleVersion Row(const std::string& id, const std::string& collected,
                                           const std::string& recorded, double value,
                                           std::uint32_t version = 1) {
    timeseries::v1::SampleVersion row;
    row.set_sample_id(id);
    row.set_laboratory_id("lab-a");
    row.set_site_id("W1");
    row.set_target("rsv");
    *row.mutable_collected_at() = shared::ToTimestamp(At(collected));
    *row.mutable_recorded_at() = shared::ToTimestamp(At(recorded));
    row.set_value(value);
    row.set_censoring(ingest::v1::NONE);
    row.set_lod(100);
    row.set_method_id("m");
    row.set_version(version);
    row.set_feed_sequence(++sequence_);
    return row;
  }
  static alerting::v1::AlertEvent Event(alerting::v1::EventKind kind, const std::string& at) {
    alerting::v1::AlertEvent event;
    event.set_sequence(++sequence_);
    event.set_kind(kind);
    *event.mutable_at() = shared::ToTimestamp(At(at));
    auto& alert = *event.mutable_alert();
    alert.set_alert_id("north/rsv/district-rise");
    alert.set_district_id("north");
    alert.set_target("rsv");
    alert.set_rule("district-rise");
    alert.set_alert_class(alerting::v1::DETECTION);
    alert.set_severity(detection::v1::WARNING);
    alert.set_acknowledged_by("Olga Official");
    return event;
  }
  Changes Find(Reasons reasons = Reasons::kTell) const {
    return FindChanges(data_, data_.span, reasons);
  }

  static inline std::uint64_t sequence_ = 0;
  WeekData data_;
};

TEST_F(ChangesTest, EventsOfTheWeekAreNewEndedOrRevisedAndOthersAreLeftOut) {
  AlertStory& story = data_.alerts.emplace_back();
  story.history = {Event(alerting::v1::OPENED, "2026-11-15T23:59:59Z"),
                   Event(alerting::v1::SEVERITY_CHANGED, "2026-11-16"),
                   Event(alerting::v1::DELIVERY_FAILED, "2026-11-17"),
                   Event(alerting::v1::RESOLVED_BY_HAND, "2026-11-18"),
                   Event(alerting::v1::REOPENED, "2026-11-22T23:59:59Z"),
                   Event(alerting::v1::RESOLVED_BY_DETECTION, "2026-11-23")};
  story.history[1].set_cause("rule district-rise raised WARNING on north");
  story.history[3].set_by("Olga Official");
  story.history[3].set_comment("asked the laboratory of Bob Brown");
  story.alert = story.history.back().alert();
  const Changes changes = Find();
  ASSERT_THAT(changes.opened, SizeIs(1));
  EXPECT_EQ(changes.opened[0].event.kind(), alerting::v1::REOPENED);
  ASSERT_THAT(changes.ended, SizeIs(1));
  EXPECT_EQ(changes.ended[0].reason, "asked the laboratory of Bob Brown");
  ASSERT_THAT(changes.revised, SizeIs(1));
  EXPECT_EQ(changes.revised[0].reason, "rule district-rise raised WARNING on north");
  const std::string text = ChangesText(changes, Language::kEnglish);
  EXPECT_THAT(text,
              AllOf(HasSubstr("New alerts: 1"), HasSubstr("back again"),
                    HasSubstr("why: asked the laboratory of Bob Brown"), Not(HasSubstr("Olga"))));
  EXPECT_THAT(ChangesJson(changes), Not(HasSubstr("Olga")));
  const Changes unknown_reader = Find(Reasons::kLeaveOut);
  EXPECT_EQ(unknown_reader.ended[0].reason, "");
  EXPECT_THAT(ChangesJson(unknown_reader), Not(HasSubstr("Bob")));
}

TEST_F(ChangesTest, AValueSaysWhatItWasWhatItIsAndWhy) {
  const auto first = Row("s1", "2026-11-02", "2026-11-04", 25000);
  auto second = Row("s1", "2026-11-02", "2026-11-17", 2500, 2);
  second.set_amendment_reason("decimal point");
  second.add_quality_flags(ingest::v1::ESTIMATED);
  auto third = Row("s1", "2026-11-02", "2026-11-19", 0, 3);
  third.clear_value();
  third.set_voided(true);
  third.set_amendment_reason("mixed up");
  auto late = Row("s1", "2026-11-02", "2026-11-24", 2600, 4);
  data_.rows = {{first, second, third, late}, {Row("s2", "2026-11-17", "2026-11-18", 900)}};
  const Changes changes = Find();
  ASSERT_THAT(changes.values, SizeIs(2)) << "a new row is none, nor what was known later";
  const std::string text = ChangesText(changes, Language::kEnglish);
  EXPECT_THAT(text, AllOf(HasSubstr("Amended values: 2"), HasSubstr("25,000 gc/L -> 2,500 gc/L"),
                          HasSubstr("nothing -> ESTIMATED"), HasSubstr("why: decimal point"),
                          HasSubstr("-> taken back"), HasSubstr("why: mixed up")));
  EXPECT_THAT(ChangesText(changes, Language::kFrench),
              AllOf(HasSubstr("Valeurs corrigées: 2"), HasSubstr("raison\u00a0: mixed up"),
                    HasSubstr("retiré")));
  const auto json = nlohmann::json::parse(ChangesJson(changes));
  EXPECT_EQ(json["amended_values"][0]["before"]["gc_per_l"], 25000);
  EXPECT_EQ(json["amended_values"][1]["after"]["voided"], true);
  EXPECT_EQ(json["amended_values"][1]["reason"], "mixed up");
  EXPECT_THAT(ChangesJson(Find(Reasons::kLeaveOut)), Not(HasSubstr("mixed up")));
}

TEST_F(ChangesTest, ASiteThatGaveValuesAndGivesNoneIsNamedWithItsCause) {
  auto held = Row("s2", "2026-11-17", "2026-11-18", 900);
  held.add_quality_flags(ingest::v1::NTC_AMPLIFIED);
  data_.rows = {{Row("s1", "2026-11-10", "2026-11-12", 900)}, {held}};
  Changes changes = Find();
  ASSERT_THAT(changes.excluded, SizeIs(1));
  EXPECT_EQ(changes.excluded[0].cause, ExclusionCause::kHeld);
  EXPECT_EQ(changes.excluded[0].detail, "NTC_AMPLIFIED");
  EXPECT_EQ(base::FormatDay(changes.excluded[0].last_used), "2026-11-10");

  data_.rows = {{Row("s1", "2026-11-10", "2026-11-12", 900)}};
  auto& gap = data_.alerts.emplace_back().alert;
  gap.set_alert_class(alerting::v1::DATA);
  gap.set_state(alerting::v1::OPEN);
  gap.set_district_id("north");
  gap.set_target("rsv");
  gap.set_rule("late-laboratory");
  gap.set_owner("laboratory of the port");
  gap.add_active_areas("W1");
  changes = Find();
  ASSERT_THAT(changes.excluded, SizeIs(1));
  EXPECT_EQ(changes.excluded[0].cause, ExclusionCause::kNothingCame);
  EXPECT_THAT(ChangesText(changes, Language::kEnglish),
              HasSubstr("why: nothing has come: late-laboratory (laboratory of the port)"));

  data_.rows = {{Row("s1", "2026-11-10", "2026-11-12", 900)},
                {Row("s2", "2026-11-17", "2026-11-18", 900)}};
  EXPECT_THAT(Find().excluded, IsEmpty());
  data_.rows = {{Row("s1", "2026-08-10", "2026-08-12", 900)}};
  EXPECT_THAT(Find().excluded, IsEmpty()) << "silent for long, missed by its plan";
}

TEST_F(ChangesTest, AnEditOfASiteNamesTheFields) {
  auto first = data_.sites[0];
  first.set_version(1);
  *first.mutable_recorded_at() = shared::ToTimestamp(At("2026-11-02"));
  auto second = first;
  second.set_version(2);
  second.set_population_served(44000);
  second.set_district_id("south");
  second.set_catalogue_version(7);
  *second.mutable_recorded_at() = shared::ToTimestamp(At("2026-11-20"));
  data_.changed_sites = {{first, second}};
  const Changes changes = Find();
  ASSERT_THAT(changes.sites, SizeIs(1));
  ASSERT_THAT(changes.sites[0].fields, SizeIs(2));
  EXPECT_EQ(changes.sites[0].fields[0].field, "district_id");
  EXPECT_EQ(changes.sites[0].fields[1].before, "40000");
  EXPECT_THAT(ChangesText(changes, Language::kEnglish),
              AllOf(HasSubstr("district: north -> south; persons served: 40000 -> 44000"),
                    HasSubstr("catalogue 7")));
}

TEST_F(ChangesTest, WhatJudgesNamesLimitsAndPlansFromWhatToWhatAndWhoseDoingItWas) {
  const auto part = [](google::protobuf::RepeatedPtrField<detection::v1::Setup::Part>& parts,
                       const char* name, const char* value) {
    auto& added = *parts.Add();
    added.set_name(name);
    added.set_value(value);
  };
  detection::v1::Setup first;
  *first.mutable_since() = shared::ToTimestamp(At("2026-11-17"));
  first.set_release("1.0");
  part(*first.mutable_methods(), "detector a", "version 1, limit 3");
  part(*first.mutable_methods(), "detector b", "version 1, limit 1");
  detection::v1::Setup second = first;
  *second.mutable_since() = shared::ToTimestamp(At("2026-11-18"));
  second.set_release("1.1");
  second.mutable_methods(0)->set_value("version 2, limit 2.5");
  detection::v1::Setup third = second;
  *third.mutable_since() = shared::ToTimestamp(At("2026-11-19"));
  third.mutable_methods()->RemoveLast();
  part(*third.mutable_settings(), "detectors chosen", "a");
  detection::v1::Setup later = third;
  *later.mutable_since() = shared::ToTimestamp(At("2026-11-23T08:00:00Z"));
  later.clear_settings();
  data_.setups = {first, second, third, later};
  const Changes changes = Find();
  ASSERT_THAT(changes.setups, SizeIs(2)) << "the first is no change, the last is of another week";
  EXPECT_FALSE(changes.setups[0].configured);
  EXPECT_TRUE(changes.setups[1].configured);
  EXPECT_THAT(ChangesText(changes, Language::kEnglish),
              AllOf(HasSubstr("detector a: version 1, limit 3 -> version 2, limit 2.5"),
                    HasSubstr("why: release 1.1 in place of 1.0"),
                    HasSubstr("detector b: version 1, limit 1 -> nothing"),
                    HasSubstr("detectors chosen: nothing -> a"),
                    HasSubstr("why: the configuration was changed")));
  data_.setups.clear();
  data_.setups_unknown = "not yours";
  EXPECT_THAT(ChangesText(Find(), Language::kEnglish), HasSubstr("not known: not yours"));
}

TEST(WeekTest, WeeksAreThoseOfIso8601) {
  const auto week = ParseWeek("2026-W47");
  ASSERT_OK(week);
  EXPECT_EQ(base::FormatInstant(week->from), "2026-11-16T00:00:00Z");
  EXPECT_EQ(base::FormatInstant(week->to), "2026-11-23T00:00:00Z");
  // Years of ISO 8601, their first and last days (calendar of the standard).
  EXPECT_EQ(WeekOf(At("2026-12-31")).name, "2026-W53");
  EXPECT_EQ(WeekOf(At("2027-01-03T23:59:59Z")).name, "2026-W53");
  EXPECT_EQ(WeekOf(At("2027-01-04")).name, "2027-W01");
  EXPECT_EQ(WeekOf(At("2024-12-30")).name, "2025-W01");
  EXPECT_EQ(WeekOf(At("2021-01-03")).name, "2020-W53");
  for (const char* wrong : {"2025-W53", "2026-W00", "2026-W54", "2026W47", "2026-47", "", "x"}) {
    EXPECT_FALSE(ParseWeek(wrong).ok()) << wrong;
  }
  for (base::Day day = *base::ParseDay("2019-12-25"); day < *base::ParseDay("2031-01-10");
       day += std::chrono::days(1)) {
    const Span span = WeekOf(base::Instant(day));
    const auto parsed = ParseWeek(span.name);
    ASSERT_OK(parsed);
    EXPECT_EQ(parsed->from, span.from);
    EXPECT_TRUE(span.from <= base::Instant(day) && base::Instant(day) < span.to) << span.name;
  }
  EXPECT_FALSE(ParseSpan("2026-W47", "2026-11-16", "").ok());
  EXPECT_FALSE(ParseSpan("", "2026-11-16", "2026-11-16").ok());
  EXPECT_FALSE(ParseSpan("", "", "").ok());
}

}  // namespace
}  // namespace belgrand::cli
