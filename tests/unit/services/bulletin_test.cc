// The bulletin of made weeks: its numbers, its page, its archive.
#include "services/cli/bulletin.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "services/cli/bulletin_archive.h"
#include "services/cli/pdf.h"
#include "services/shared/timestamp.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::cli {
namespace {

using alerting::Language;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

base::Instant At(const std::string& text) { return *base::ParseInstant(text); }

// A week of `districts` districts with one site each, sampled twice a week for half a year, the
// level of the first one rising.
WeekData MadeWeek(int districts, const std::string& name = "north") {
  WeekData data;
  data.span = *ParseWeek("2026-W47");
  data.cutoff = At("2026-11-23T08:30:00Z");
  std::uint64_t sequence = 0;
  for (int d = 0; d < districts; ++d) {
    timeseries::v1::Site& site = data.sites.emplace_back();
    site.set_site_id(fmt::format("W{:03}", d));
    site.set_district_id(d == 0 ? name : fmt::format("{} {:03}", name, d));
    site.set_population_served(40000);
    site.set_institution(timeseries::v1::NOT_INSTITUTION_SPECIFIC);
  }
  for (int day = 0; day < 182; day += 3) {
    for (int d = 0; d < districts; ++d) {
      timeseries::v1::SampleVersion row;
      row.set_sample_id(fmt::format("s{}-{}", d, day));
      row.set_laboratory_id("lab-a");
      row.set_site_id(data.sites[static_cast<std::size_t>(d)].site_id());
      row.set_target("rsv");
      const base::Instant at = data.span.to - std::chrono::days(182 - day);
      *row.mutable_collected_at() = shared::ToTimestamp(at);
      *row.mutable_recorded_at() = shared::ToTimestamp(at + std::chrono::days(1));
      const double noise = 0.1 * std::sin(12.9898 * (day + 1) + 78.233 * d);
      const double lift = d == 0 ? 1.2 * std::max(0, day - 150) / 30.0 : 0;
      row.set_value(std::pow(10.0, 4 + lift + noise));
      row.set_censoring(ingest::v1::NONE);
      row.set_lod(100);
      row.set_method_id("m");
      row.set_version(1);
      row.set_feed_sequence(++sequence);
      data.rows.push_back({row});
    }
  }
  return data;
}

void AddAlert(WeekData& data, const std::string& district, detection::v1::Severity severity) {
  auto& story = data.alerts.emplace_back();
  story.alert.set_alert_id(district + "/rsv/district-rise");
  story.alert.set_district_id(district);
  story.alert.set_target("rsv");
  story.alert.set_rule("district-rise");
  story.alert.set_alert_class(alerting::v1::DETECTION);
  story.alert.set_state(alerting::v1::OPEN);
  story.alert.set_severity(severity);
  alerting::v1::AlertEvent& event = story.history.emplace_back();
  event.set_sequence(data.alerts.size());
  event.set_kind(alerting::v1::OPENED);
  *event.mutable_at() = shared::ToTimestamp(At("2026-11-18T10:00:00Z"));
  event.set_cause("rule district-rise raised on " + district);
  *event.mutable_alert() = story.alert;
}

void Outline(timeseries::v1::Site& site, double longitude) {
  site.mutable_catchment()->set_license("CC-BY-4.0");
  auto& ring = *site.mutable_catchment()->add_polygons()->add_rings();
  for (const double at : {0., 56., 1., 56., 1., 57., 0., 56.}) {
    ring.add_positions(ring.positions_size() % 2 == 0 ? at + longitude : at);
  }
}

TEST(BulletinTest, TheUrgentComesFirstWithLevelTrendAlertAndConfidence) {
  WeekData data = MadeWeek(3);
  AddAlert(data, "north 002", detection::v1::CRITICAL);
  const auto bulletin = MakeBulletin(data);
  ASSERT_OK(bulletin);
  ASSERT_THAT(bulletin->lines, SizeIs(3));
  EXPECT_EQ(bulletin->lines[0].district_id, "north 002");
  EXPECT_EQ(bulletin->lines[0].severity, 3);
  const DistrictLine& rising = bulletin->lines[1];
  EXPECT_EQ(rising.district_id, "north") << "of equals the one with the higher level or growth";
  EXPECT_EQ(rising.trend(), Trend::kRising);
  EXPECT_EQ(rising.samples, 2U);
  EXPECT_EQ(rising.samples_of_four_weeks, 9U);
  ASSERT_TRUE(rising.state.has_value());
  EXPECT_NEAR(rising.state->estimate_log10, 5.1, 0.4);
  ASSERT_TRUE(rising.wval.has_value()) << "half a year of a target with a scale";
  EXPECT_GT(*rising.wval, 1);
  EXPECT_NE(rising.confidence(), Confidence::kNone);
  EXPECT_EQ(bulletin->changes.opened.size(), 1U);
  ASSERT_THAT(bulletin->curves, SizeIs(3));
  EXPECT_EQ(bulletin->curves[1].dots.size(), 61U);
  EXPECT_FALSE(bulletin->curves[1].pieces.empty());
}

TEST(BulletinTest, WhatIsHeldTakenBackOrMissingIsSaid) {
  WeekData data = MadeWeek(2);
  const std::size_t last = data.rows.size() - 1;  // of "north 001"
  auto voided = data.rows[last].front();
  voided.set_voided(true);
  voided.clear_value();
  voided.set_version(2);
  voided.set_feed_sequence(10000);
  voided.set_amendment_reason("dropped by Bob Brown");
  data.rows[last].push_back(voided);
  data.rows[last - 2].front().add_quality_flags(ingest::v1::NTC_AMPLIFIED);
  auto& gap = data.alerts.emplace_back().alert;
  gap.set_alert_class(alerting::v1::DATA);
  gap.set_state(alerting::v1::OPEN);
  gap.set_district_id("north 001");
  gap.set_target("rsv");
  gap.set_rule("missing-sample");
  gap.set_owner("team of the port");
  gap.add_active_areas("W001");
  const auto bulletin = MakeBulletin(data);
  ASSERT_OK(bulletin);
  EXPECT_EQ(bulletin->voided, 1U);
  ASSERT_THAT(bulletin->held_back, SizeIs(1));
  EXPECT_EQ(bulletin->held_back[0].why, "NTC_AMPLIFIED");
  EXPECT_THAT(bulletin->without_data, ::testing::ElementsAre("north 001"));
  const std::string html = BulletinHtml(*bulletin, Language::kEnglish);
  EXPECT_THAT(html, AllOf(HasSubstr("1 results held back: NTC_AMPLIFIED"),
                          HasSubstr("1 results of the week were taken back"),
                          HasSubstr("missing-sample; team of the port to act"),
                          HasSubstr("Fewer than two usable results"),
                          HasSubstr("Without site W001"), Not(HasSubstr("Bob Brown"))));
}

TEST(BulletinTest, ThePageIsReadableWithoutEyesAndWithoutColours) {
  WeekData data = MadeWeek(3);
  Outline(data.sites[0], 10);
  Outline(data.sites[1], 12);
  data.sites[1].set_institution(timeseries::v1::CORRECTIONAL);
  AddAlert(data, "north", detection::v1::WARNING);
  const auto bulletin = MakeBulletin(data);
  ASSERT_OK(bulletin);
  for (const Language language : {Language::kEnglish, Language::kFrench}) {
    const bool french = language == Language::kFrench;
    const std::string html = BulletinHtml(*bulletin, language);
    EXPECT_THAT(html, HasSubstr(french ? "<html lang=\"fr\">" : "<html lang=\"en\">"));
    std::size_t drawings = 0;
    for (std::size_t at = html.find("<svg"); at != std::string::npos; at = html.find("<svg", at)) {
      const std::string tag = html.substr(at, html.find('>', at) - at);
      EXPECT_THAT(tag, AllOf(HasSubstr("role=\"img\""), HasSubstr("aria-labelledby=\"")));
      // What labels it is in it.
      const std::size_t named = tag.find("aria-labelledby=\"") + 17;
      const std::string first = tag.substr(named, tag.find(' ', named) - named);
      EXPECT_THAT(html, HasSubstr("<title id=\"" + first + "\">"));
      ++drawings;
      at += 4;
    }
    EXPECT_EQ(drawings, 4U) << "a map and three curves";
    EXPECT_THAT(html, AllOf(HasSubstr("<caption>"), HasSubstr("<th scope=\"col\""),
                            HasSubstr("<th scope=\"row\">north</th>"), HasSubstr("!!"),
                            HasSubstr("text-anchor=\"middle\" fill=\"#111\">north</text>"),
                            Not(HasSubstr("<script")), Not(HasSubstr("src="))));
  }
  ASSERT_THAT(bulletin->shapes, SizeIs(1)) << "the outline of a prison is not drawn";
  EXPECT_THAT(BulletinHtml(*bulletin, Language::kFrench),
              AllOf(HasSubstr("alerte"), HasSubstr("hors de la carte")));
}

TEST(BulletinTest, NamesOfLaboratoriesAndDistrictsAreTextAndNotMarkup) {
  WeekData data = MadeWeek(1, "<b>&\"x");
  AddAlert(data, "<b>&\"x", detection::v1::WATCH);
  Outline(data.sites[0], 10);
  const auto bulletin = MakeBulletin(data);
  ASSERT_OK(bulletin);
  const std::string html = BulletinHtml(*bulletin, Language::kEnglish);
  EXPECT_THAT(html, AllOf(HasSubstr("&lt;b&gt;&amp;&quot;x"), Not(HasSubstr("<b>"))));
}

TEST(BulletinTest, AFullWeekOfManyDistrictsStaysOnTwoSheets) {
  if (!CheckPdfTool().ok() || std::system("command -v pdfinfo >/dev/null") != 0) {
    GTEST_SKIP() << "weasyprint or pdfinfo (poppler-utils) is not installed: ./dev setup";
  }
  WeekData data = MadeWeek(40, "Metropolitan district with a very long name of many words");
  for (std::size_t d = 0; d < data.sites.size(); ++d) {
    Outline(data.sites[d], 2 * static_cast<double>(d));
    data.sites[d].mutable_catchment()->set_attribution(std::string(600, 'a'));
    AddAlert(data, data.sites[d].district_id(), detection::v1::CRITICAL);
    auto amended = data.rows[data.rows.size() - 1 - d].front();
    amended.set_version(2);
    amended.set_feed_sequence(20000 + d);
    amended.set_value(17);
    *amended.mutable_recorded_at() = shared::ToTimestamp(At("2026-11-20"));
    data.rows[data.rows.size() - 1 - d].push_back(amended);
    auto gap = data.alerts.back();
    gap.alert.set_alert_class(alerting::v1::DATA);
    gap.alert.set_owner(std::string(300, 'o'));
    data.alerts.push_back(gap);
  }
  auto bulletin = MakeBulletin(data);
  ASSERT_OK(bulletin);
  FollowVersion(data, 3, At("2026-11-19"),
                std::vector<LineChange>(30, {"Metropolitan district with a very long name",
                                             "rsv",
                                             {{"trend", "rising", "falling"}}}),
                *bulletin);
  const testing::TempDir dir;
  for (const Language language : {Language::kEnglish, Language::kFrench}) {
    const std::filesystem::path html = dir.path() / "b.html";
    const std::filesystem::path pdf = dir.path() / "b.pdf";
    std::ofstream(html, std::ios::binary) << BulletinHtml(*bulletin, language);
    ASSERT_OK(WritePdf(html, pdf, data.cutoff));
    FILE* const pipe = ::popen(("pdfinfo '" + pdf.string() + "'").c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::array<char, 4096> text{};
    const std::size_t size = std::fread(text.data(), 1, text.size() - 1, pipe);
    ::pclose(pipe);
    EXPECT_THAT(std::string(text.data(), size), ::testing::ContainsRegex("Pages: +2\n"));
    // The last line of the second sheet is on it, not cut off below.
    FILE* const words = ::popen(("pdftotext -layout '" + pdf.string() + "' -").c_str(), "r");
    ASSERT_NE(words, nullptr);
    std::string read;
    while (const std::size_t piece = std::fread(text.data(), 1, text.size(), words)) {
      read.append(text.data(), piece);
    }
    ::pclose(words);
    EXPECT_THAT(read, ::testing::ContainsRegex(language == Language::kEnglish
                                                   ? "and [0-9]+ more: bulletin.json"
                                                   : "et [0-9]+ autres : bulletin.json"));
    const std::string last = language == Language::kEnglish ? "Read it with care" : "À lire avec";
    EXPECT_GT(read.rfind("bulletin.json"), read.find(last)) << "the caveats end on the sheet";
  }
}

TEST(BulletinArchiveTest, VersionsAreWholeAndStay) {
  const testing::TempDir dir;
  const BulletinArchive archive(dir.path(), "2026-W47");
  auto newest = archive.Newest();
  ASSERT_OK(newest);
  EXPECT_FALSE(newest->has_value());
  ASSERT_OK(archive.Add(1, {{"bulletin.json", "one"}, {"bulletin.en.html", "page"}}));
  ASSERT_OK(archive.Add(2, {{"bulletin.json", "two"}}));
  EXPECT_EQ(archive.Add(2, {{"bulletin.json", "other"}}).status().code(),
            base::StatusCode::kAlreadyExists);
  // What a crash may have left.
  std::filesystem::create_directories(dir.path() / "2026-W47" / ".v3.new");
  for (int version = 10; version <= 11; ++version) {
    ASSERT_OK(archive.Add(version, {{"bulletin.json", fmt::format("{}", version)}}));
  }
  newest = archive.Newest();
  ASSERT_OK(newest);
  EXPECT_EQ((*newest)->version, 11) << "by number, not by name";
  EXPECT_EQ((*newest)->json, "11");
  ASSERT_OK(archive.Add(3, {{"bulletin.json", "three"}}));
  std::ifstream first(dir.path() / "2026-W47" / "v1" / "bulletin.json");
  std::string text;
  first >> text;
  EXPECT_EQ(text, "one");
}

TEST(BulletinArchiveTest, OnlyOtherNumbersMakeAnotherVersion) {
  WeekData data = MadeWeek(2);
  const auto first = MakeBulletin(data);
  ASSERT_OK(first);
  const std::string before = BulletinJson(*first);
  data.cutoff += std::chrono::hours(5);
  const auto later = MakeBulletin(data);
  ASSERT_OK(later);
  const auto unchanged = SaysTheSame(before, BulletinJson(*later));
  ASSERT_OK(unchanged);
  EXPECT_TRUE(*unchanged) << "an hour later with the same data";
  EXPECT_EQ(*CutoffOf(before), "2026-11-23T08:30:00Z");
  EXPECT_FALSE(SaysTheSame("{}", before).ok());
  EXPECT_FALSE(CutoffOf("damaged").ok());

  auto amended = data.rows.back().front();
  amended.set_version(2);
  amended.set_value(9e6);
  amended.set_feed_sequence(10000);
  *amended.mutable_recorded_at() = shared::ToTimestamp(At("2026-11-23T10:00:00Z"));
  data.rows.back().push_back(amended);
  auto second = MakeBulletin(data);
  ASSERT_OK(second);
  const std::string after = BulletinJson(*second);
  const auto same = SaysTheSame(before, after);
  ASSERT_OK(same);
  EXPECT_FALSE(*same);
  const auto lines = ChangedLines(before, after);
  ASSERT_THAT(lines, SizeIs(1)) << "the other district says what it said";
  EXPECT_EQ(lines[0].district_id, "north 001");
  FollowVersion(data, 1, At("2026-11-23T08:30:00Z"), lines, *second);
  EXPECT_EQ(second->version, 2);
  EXPECT_THAT(second->since->changes.values, SizeIs(1));
  EXPECT_THAT(BulletinHtml(*second, Language::kEnglish),
              AllOf(HasSubstr("It replaces version 1"), HasSubstr("\u2192 9,000,000 gc/L")));
}

}  // namespace
}  // namespace belgrand::cli
