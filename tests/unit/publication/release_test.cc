// Whole releases, one after the other, against the attacker who knows them all.
#include "publication/release.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "publication/ledger.h"
#include "publication/render.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/publication/country.h"

namespace belgrand::publication {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

NoiseSource Zeros() {
  return NoiseSource([](void* out, std::size_t size) { std::memset(out, 0, size); });
}

NoiseSource Seeded(std::uint64_t seed) {
  return NoiseSource([generator = std::mt19937_64(seed)](void* out, std::size_t size) mutable {
    const std::uint64_t drawn = generator();
    std::memcpy(out, &drawn, std::min<std::size_t>(8, size));
  });
}

ReleaseOptions Options(const std::string& day, PlanOptions::Sites sites, int period_weeks = 1) {
  ReleaseOptions options;
  options.plan.publication_day = *base::ParseDay(day);
  options.plan.sites = sites;
  options.plan.period_weeks = period_weeks;
  options.created = base::Instant(options.plan.publication_day);
  return options;
}

std::size_t CountOf(const Release& release, Verdict verdict) {
  return static_cast<std::size_t>(
      std::count_if(release.plan.cells.begin(), release.plan.cells.end(),
                    [&](const Cell& cell) { return cell.verdict == verdict; }));
}

constexpr auto kSites = PlanOptions::Sites::kWhereAllowed;
constexpr auto kNoSites = PlanOptions::Sites::kNever;

// Every country is published four times: by week, with late results joining, by four weeks, and by
// week again; with the sites that may stand alone or without them.
TEST(ReleaseTest, GivesNothingAwayOverManyReleases) {
  std::size_t won_without = 0;
  std::size_t countries_won = 0;
  std::size_t released = 0;
  std::size_t secondary = 0;
  const int countries = 60;
  NoiseSource noise = Zeros();
  for (unsigned seed = 1; seed <= countries; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    const Country country(seed, 10 + static_cast<int>(seed) % 40, 2 + static_cast<int>(seed) % 7);
    const auto sites = seed % 2 == 0 ? kSites : kNoSites;
    std::vector<Record> records;
    std::size_t won = 0;
    const auto publish = [&](const std::vector<SiteWeek>& weeks, int period_weeks) {
      const auto release =
          Compose(weeks, records, Options("2025-06-01", sites, period_weeks), noise);
      ASSERT_OK(release.status());
      EXPECT_EQ(release->attack.won_before, 0U);
      EXPECT_EQ(release->attack.frozen, 0U);
      won += release->attack.won_without;
      released += CountOf(*release, Verdict::kReleased);
      secondary += CountOf(*release, Verdict::kSecondary);
      Record record = release->record;
      record.number = static_cast<std::uint32_t>(records.size()) + 1;
      record.previous_sha256 = records.empty() ? "" : std::string(64, 'a');
      const auto parsed = ParseRecord(FormatRecord(record));
      ASSERT_OK(parsed.status());
      EXPECT_EQ(*parsed, record);
      records.push_back(*parsed);
      for (const WonContribution& lost : Reattack(records, 25)) {
        ADD_FAILURE() << NameOf(lost.finding) << " " << lost.key.site_id;
      }
    };
    publish(country.Weeks(0, 8, 70), 1);
    publish(country.Weeks(0, 8, 90), 1);
    publish(country.Weeks(0, 8), 4);
    publish(country.Weeks(0, 8), 1);
    won_without += won;
    countries_won += won > 0;
  }
  std::cout << "without secondary suppression the attacker wins " << won_without
            << " contributions in " << countries_won << " of " << countries
            << " countries, with it none; released " << released << ", left out " << secondary
            << "\n";
  EXPECT_GT(countries_won, countries * 3 / 4);
  EXPECT_GT(released, secondary);
}

TEST(ReleaseTest, RepeatsItselfWithoutNewEntries) {
  const Country country(7, 30, 4);
  NoiseSource noise = Zeros();
  const auto options = Options("2025-06-01", kSites);
  auto first = Compose(country.Weeks(0, 4), {}, options, noise);
  ASSERT_OK(first.status());
  const auto again = Compose(country.Weeks(0, 4), {first->record}, options, noise);
  ASSERT_OK(again.status());
  EXPECT_EQ(ReleaseCsv(*again, options), ReleaseCsv(*first, options));
  EXPECT_THAT(again->record.cells, IsEmpty());
  EXPECT_THAT(again->record.contributions, IsEmpty());
}

TEST(ReleaseTest, PublishesNothingBackwardsOfASiteThatHasGrown) {
  const Country country(7, 30, 4);
  std::vector<SiteWeek> weeks = country.Weeks(0, 3);
  weeks.erase(weeks.begin() + 1, weeks.end());
  weeks[0].site_class = Classify(2'999, InstitutionKind::kNone, Rules());
  NoiseSource noise = Zeros();
  const auto options = Options("2025-06-01", kSites);
  const auto before = Compose(weeks, {}, options, noise);
  ASSERT_OK(before.status());
  weeks[0].site_class = Classify(3'001, InstitutionKind::kNone, Rules());
  SiteWeek later = weeks[0];
  later.week += std::chrono::days(70);
  weeks.push_back(later);
  const auto after = Compose(weeks, {before->record}, options, noise);
  ASSERT_OK(after.status());
  std::vector<base::Day> alone;
  for (const Cell& cell : after->plan.cells) {
    if (cell.level == Level::kSite) alone.push_back(cell.period_start);
  }
  EXPECT_THAT(alone, ::testing::ElementsAre(later.week));
}

TEST(ReleaseTest, ShowsNoTraceOfASiteThatIsNeverPublishedAlone) {
  const Country country(11, 60, 6);
  const auto options = Options("2025-06-01", kSites);
  const auto weeks = country.Weeks(0, 6);
  NoiseSource noise = Zeros();
  const auto release = Compose(weeks, {}, options, noise);
  ASSERT_OK(release.status());
  const std::string text = ReleaseCsv(*release, options) + ReleaseMetadata(*release, options, {});
  std::size_t hidden = 0;
  for (const SiteWeek& week : weeks) {
    if (week.site_class != SiteClass::kProtected) continue;
    ++hidden;
    EXPECT_THAT(text, Not(HasSubstr(week.site_id)));
  }
  EXPECT_GT(hidden, 20U);
}

TEST(ReleaseTest, ShowsSuppressedAndDelayedNumbersWithoutTheirReason) {
  const Country country(12, 40, 8);
  const auto options = Options("2024-02-06", kNoSites);
  NoiseSource noise = Zeros();
  const auto release = Compose(country.Weeks(0, 5), {}, options, noise);
  ASSERT_OK(release.status());
  std::istringstream csv(ReleaseCsv(*release, options));
  std::string line;
  std::getline(csv, line);
  std::size_t withheld = 0;
  while (std::getline(csv, line)) {
    if (line.find(",released,") != std::string::npos) continue;
    EXPECT_TRUE(line.ends_with(",suppressed,,,") || line.ends_with(",delayed,,,")) << line;
    ++withheld;
  }
  EXPECT_EQ(withheld, release->plan.cells.size() - CountOf(*release, Verdict::kReleased));
  EXPECT_GT(CountOf(*release, Verdict::kTooEarly), 0U);
}

TEST(ReleaseTest, DrawsACountOnceAndStopsWhereTheBudgetIsSpent) {
  const Country country(13, 60, 4);
  auto options = Options("2025-06-01", kNoSites);
  options.noise = NoiseOptions{{1, 2}, 2'000'000};
  NoiseSource noise = Seeded(1);
  const auto first = Compose(country.Weeks(0, 4), {}, options, noise);
  ASSERT_OK(first.status());
  EXPECT_EQ(SpentMicroEpsilon({first->record}, std::chrono::year(2024)), 2'000'000);
  const auto again = Compose(country.Weeks(0, 4), {first->record}, options, noise);
  ASSERT_OK(again.status());
  EXPECT_EQ(CountsCsv(*again, options), CountsCsv(*first, options));
  EXPECT_THAT(again->record.counts, IsEmpty());
  // Another day, another clock: the budget is that of the data's year.
  options.plan.publication_day += std::chrono::days(3'650);
  EXPECT_THAT(Compose(country.Weeks(0, 5), {first->record}, options, noise).status(),
              StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("the counts of 2024")));
}

// Two weeks of six sites, three of which are never seen alone.
std::vector<SiteWeek> SmallCountry() {
  std::vector<SiteWeek> weeks;
  for (int week = 0; week < 2; ++week) {
    for (int i = 0; i < 6; ++i) {
      SiteWeek entry;
      entry.site_id = fmt::format("site-{}", i);
      entry.target = "sars-cov-2";
      entry.week = *base::ParseDay("2024-01-01") + std::chrono::days(7 * week);
      entry.milli_gc_per_l = 1'000'000LL * (10 + 3 * i + week);
      entry.detected = true;
      const std::int64_t persons = i < 3 ? 30'000 + 10'000 * i : 2'000 + 100 * i;
      entry.site_class = Classify(persons, InstitutionKind::kNone, Rules());
      entry.district_id = i % 2 == 0 ? "north" : "south";
      entry.persons = {{entry.district_id, persons}};
      weeks.push_back(entry);
    }
  }
  return weeks;
}

// A record that was written has to be read for ever; a change of these bytes is a new format.
TEST(GoldenTest, RecordAndFilesHaveTheCommittedBytes) {
  auto options = Options("2024-02-01", kSites);
  options.noise = NoiseOptions{{1, 2}, 4'000'000};
  NoiseSource noise = Seeded(1);
  const auto release = Compose(SmallCountry(), {}, options, noise);
  ASSERT_OK(release.status());
  Record record = release->record;
  record.number = 1;
  MetadataFacts facts;
  facts.number = 1;
  facts.record_sha256 = std::string(64, '0');
  facts.csv_name = "release-000001.csv";
  facts.counts_name = "release-000001-counts.csv";
  facts.title = "Pathogens in wastewater";
  const char* source = std::getenv("BELGRAND_SOURCE_DIR");
  const auto folder = std::filesystem::path(source == nullptr ? "." : source) / "tests/golden";
  for (const auto& [name, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"publication_record.json", FormatRecord(record)},
           {"publication_release.csv", ReleaseCsv(*release, options)},
           {"publication_counts.csv", CountsCsv(*release, options)},
           {"publication_release.json", ReleaseMetadata(*release, options, facts)}}) {
    std::ifstream in(folder / name, std::ios::binary);
    const std::string golden{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(bytes, golden) << name;
    if (const char* out = std::getenv("BELGRAND_WRITE_GOLDEN"); out != nullptr) {
      std::ofstream(std::filesystem::path(out) / name, std::ios::binary) << bytes;
    }
  }
}

TEST(LedgerTest, NoticesARecordThatWasChangedOrTakenOut) {
  const testing::TempDir folder;
  const Country country(14, 30, 4);
  NoiseSource noise = Zeros();
  {
    auto ledger = Ledger::Open(folder.path());
    ASSERT_OK(ledger.status());
    for (int week = 1; week <= 3; ++week) {
      const auto release = Compose(country.Weeks(0, week), ledger->records(),
                                   Options("2025-06-01", kNoSites), noise);
      ASSERT_OK(release.status());
      ASSERT_OK(ledger->Append(release->record));
    }
    EXPECT_THAT(Ledger::Open(folder.path()).status(),
                StatusIs(base::StatusCode::kFailedPrecondition, ::testing::_));
  }
  auto whole = Ledger::Open(folder.path());
  ASSERT_OK(whole.status());
  EXPECT_EQ(whole->records().size(), 3U);
  whole = base::NotFound("closed");
  const auto second = folder.path() / "record-000002.json";
  std::string text;
  {
    std::ifstream in(second, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  const auto write = [&](const std::string& bytes) {
    std::ofstream(second, std::ios::binary | std::ios::trunc) << bytes;
  };
  write(text + "\n");
  EXPECT_THAT(Ledger::Open(folder.path()).status(),
              StatusIs(base::StatusCode::kDataLoss, HasSubstr("record-000003")));
  std::filesystem::remove(second);
  EXPECT_THAT(Ledger::Open(folder.path()).status(),
              StatusIs(base::StatusCode::kDataLoss, HasSubstr("nothing is published")));
  write(text);
  EXPECT_OK(Ledger::Open(folder.path()).status());
}

TEST(RecordTest, IsRefusedWhereItIsNotWhole) {
  Record record;
  record.number = 1;
  record.cells.push_back({Level::kTotal,
                          "",
                          "sars-cov-2",
                          *base::ParseDay("2024-01-01"),
                          1,
                          "12",
                          {{{"a", "sars-cov-2", *base::ParseDay("2024-01-01")}, 5}}});
  const std::string good = FormatRecord(record);
  ASSERT_OK(ParseRecord(good).status());
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"format\":1", "\"format\":2"},
           {"\"number\":1", "\"number\":0"},
           {"2024-01-01\",1,\"12\"", "2024-01-01\",0,\"12\""},
           {"\"2024-01-01\",5]", "\"2024-01-01\",-5]"},
           {"\"2024-01-01\",5]", "\"2024-02-31\",5]"},
           {"\"counts\":[]", "\"counts\":[],\"more\":1"},
           {"\"counts\":[]", "\"counts\":{}"},
           {"\"epsilon\":\"1\"", "\"epsilon\":\"2/2\""},
           {"[[\"a\"", "[[7"}}) {
    std::string bad = good;
    const std::size_t at = bad.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bad.replace(at, from.size(), to);
    EXPECT_THAT(ParseRecord(bad).status(),
                StatusIs(base::StatusCode::kInvalidArgument, ::testing::_))
        << bad;
  }
}

}  // namespace
}  // namespace belgrand::publication
