// What changed and the week's bulletin, as an official makes them with the real binary: a wave, an
// alert, an amended value, and the versions of the archive.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "platform/base/clock.h"
#include "platform/base/file.h"
#include "platform/base/time.h"
#include "tests/support/client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wave.h"

namespace belgrand::testing {
namespace {

using shared::RoleName;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

// "2026-W47" of a day, by the library and not by the code under test.
std::string WeekName(base::Day day) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(day);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%G-W%V", &parts);
  return text.data();
}

std::string OutputOf(const std::string& command) {
  std::string out;
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> piece{};
  while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), pipe)) {
    out.append(piece.data(), size);
  }
  ::pclose(pipe);
  return out;
}

bool HasTools() {
  return std::system("command -v weasyprint >/dev/null && command -v pdfinfo >/dev/null") == 0;
}

class BulletinTest : public ::testing::Test {
 protected:
  void SetUp() override {
    deployment_ = std::make_unique<Deployment>(Shape::kOneProcess, dir_.path() / "run");
    ASSERT_OK(deployment_->Start());
    client_ = std::make_unique<Client>(*deployment_);
    options_.days = 168;
    options_.wave_starts = 140;  // it is rising still
    today_ = base::DayOf(base::Clock::System().Now());
    options_.first_day = today_.time_since_epoch().count() - options_.days;
    std::vector<timeseries::v1::Site> sites = WaveSites(options_);
    // Only the first district has an outline.
    auto& catchment = *sites.front().mutable_catchment();
    catchment.set_license("CC-BY-4.0");
    catchment.set_attribution("City <of> North");
    auto& ring = *catchment.add_polygons()->add_rings();
    for (const double at : {24., 56., 25., 56., 25., 57., 24., 56.}) ring.add_positions(at);
    ASSERT_OK(client_->PutSites(sites));
    samples_ = WaveSamples(options_);
    for (std::size_t i = 0; i < samples_.size(); i += 200) {
      const auto end =
          samples_.begin() + static_cast<std::ptrdiff_t>(std::min(i + 200, samples_.size()));
      ASSERT_OK(client_->Submit({samples_.begin() + static_cast<std::ptrdiff_t>(i), end}));
    }
    ASSERT_TRUE(Eventually([&] { return HasAlert(); })) << "the wave raises no alert";
  }

  bool HasAlert() {
    const auto progress = Call<detection::v1::GetProgressResponse>(
        *client_->detection, &detection::v1::DetectionService::Stub::GetProgress,
        detection::v1::GetProgressRequest());
    if (!progress.ok() || progress->processed_sequence() < samples_.size()) return false;
    return Run({"alerts", "list", "--ids"}).out.find("district-0/sars-cov-2") != std::string::npos;
  }

  CommandResult Run(std::vector<std::string> arguments) {
    for (const std::string& flag : deployment_->ClientFlags(RoleName::kAlerting, "official")) {
      arguments.push_back(flag);
    }
    return RunBelgrand(arguments);
  }
  CommandResult Bulletin(const fs::path& out, std::vector<std::string> more = {"--no-pdf"}) {
    std::vector<std::string> arguments = {"bulletin", "--week", week(), "--out", out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }
  // The week of yesterday, on which the newest sample can have been collected.
  std::string week() const { return WeekName(today_ - std::chrono::days(1)); }
  fs::path out() const { return dir_.path() / "bulletins"; }
  fs::path Version(int number) const { return out() / week() / fmt::format("v{}", number); }
  static std::string Read(const fs::path& path) {
    const auto text = base::ReadFile(path);
    return text.ok() ? *text : path.string() + " cannot be read";
  }
  ingest::v1::Sample Amend(double value, const std::string& reason) {
    ingest::v1::Sample sample = samples_.back();
    sample.set_value(value);
    sample.set_amendment_reason(reason);
    sample.set_amended_by("Amelia Amender");
    EXPECT_OK(client_->Submit({sample}));
    return sample;
  }

  const TempDir dir_;
  std::unique_ptr<Deployment> deployment_;
  std::unique_ptr<Client> client_;
  WaveOptions options_;
  std::vector<ingest::v1::Sample> samples_;
  base::Day today_{};
};

TEST_F(BulletinTest, ASecondVersionNamesTheAmendedValueAndTheFirstOneStays) {
  const CommandResult first = Bulletin(out());
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("version 1, 2 districts"));
  const std::string page = Read(Version(1) / "bulletin.en.html");
  EXPECT_THAT(page,
              AllOf(HasSubstr("<html lang=\"en\">"), HasSubstr("<th scope=\"row\">district-0"),
                    HasSubstr("Data cut-off: "), HasSubstr("Not for publication"),
                    HasSubstr("district-1: "), HasSubstr("(not on the map)"),
                    HasSubstr("CC-BY-4.0, City &lt;of&gt; North")));
  EXPECT_THAT(page, AllOf(Not(HasSubstr("sampler of")), Not(HasSubstr("analyst of"))));
  EXPECT_THAT(Read(Version(1) / "bulletin.fr.html"),
              AllOf(HasSubstr("<html lang=\"fr\">"), HasSubstr("Données arrêtées le ")));
  const CommandResult again = Bulletin(out());
  EXPECT_THAT(again.out, HasSubstr("nothing has changed since version 1")) << again.err;
  EXPECT_FALSE(fs::exists(Version(2)));

  const std::string json = Read(Version(1) / "bulletin.json");
  const ingest::v1::Sample amended = Amend(1234567, "decimal point of Bob Brown");
  const CommandResult second = Bulletin(out());
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("it replaces version 1: 1 amended values"));
  const std::string replaced = Read(Version(2) / "bulletin.en.html");
  EXPECT_THAT(replaced, AllOf(HasSubstr("Version 2."), HasSubstr("It replaces version 1"),
                              HasSubstr("Amended: lab-a " + amended.sample_id()),
                              HasSubstr("\u2192 1,230,000 gc/L")));
  EXPECT_THAT(replaced, AllOf(Not(HasSubstr("Bob Brown")), Not(HasSubstr("Amelia"))))
      << "reasons may name persons, a bulletin does not";
  EXPECT_EQ(Read(Version(1) / "bulletin.json"), json) << "archived is archived";
  EXPECT_EQ(Read(Version(1) / "bulletin.en.html"), page);
}

TEST_F(BulletinTest, TheSameDataAsOfTheSameHourGiveTheSameBytesAndTheScreensNumbers) {
  const std::string hour = base::FormatInstant(base::Clock::System().Now());
  Amend(7654321, "after the cut-off");
  for (const char* folder : {"a", "b"}) {
    const CommandResult made = Bulletin(dir_.path() / folder, {"--no-pdf", "--as-of", hour});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  for (const char* name : {"bulletin.en.html", "bulletin.fr.html", "bulletin.json"}) {
    const fs::path in_week = fs::path(week()) / "v1" / name;
    EXPECT_EQ(Read(dir_.path() / "a" / in_week), Read(dir_.path() / "b" / in_week)) << name;
  }
  EXPECT_THAT(Read(dir_.path() / "a" / week() / "v1/bulletin.json"), Not(HasSubstr("7654321")));

  // As of now: what detection says on the wire.
  ASSERT_TRUE(Eventually([&] {
    const auto progress = Call<detection::v1::GetProgressResponse>(
        *client_->detection, &detection::v1::DetectionService::Stub::GetProgress,
        detection::v1::GetProgressRequest());
    return progress.ok() && progress->processed_sequence() > samples_.size();
  }));
  ASSERT_EQ(Bulletin(out()).exit_code, 0);
  const auto json = nlohmann::json::parse(Read(Version(1) / "bulletin.json"));
  const auto states = Call<detection::v1::ListAreaStatesResponse>(
      *client_->detection, &detection::v1::DetectionService::Stub::ListAreaStates,
      detection::v1::ListAreaStatesRequest());
  ASSERT_OK(states);
  int compared = 0;
  for (const auto& state : states->states()) {
    if (state.level() != detection::v1::DISTRICT) continue;
    for (const auto& line : json["data"]["lines"]) {
      if (line["district_id"] != state.district_id()) continue;
      ++compared;
      EXPECT_NEAR(line["estimate_gc_per_l"].get<double>(), std::pow(10.0, state.estimate_log10()),
                  1e-4 * std::pow(10.0, state.estimate_log10()));
      EXPECT_NEAR(line["growth_per_day"].get<double>(), state.growth_per_day(), 1e-4);
    }
  }
  EXPECT_EQ(compared, options_.districts);
}

TEST_F(BulletinTest, ChangesNameAlertsValuesAndSitesWithTheirReasons) {
  const ingest::v1::Sample amended = Amend(1234567, "decimal point");
  ASSERT_EQ(Run({"alerts", "list"}).exit_code, 0);
  const std::string id = "district-0/sars-cov-2/district-rise";
  const CommandResult closed = Run(
      {"alerts", "dismiss", id, "--by", "Olga Official", "--reason", "known outbreak at the fair"});
  ASSERT_EQ(closed.exit_code, 0) << closed.err;
  const std::string week_now = WeekName(base::DayOf(base::Clock::System().Now()));
  const CommandResult told = Run({"alerts", "changes", "--week", week_now});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, AllOf(HasSubstr("Amended values: 1"), HasSubstr("1,230,000 gc/L"),
                              HasSubstr("why: decimal point"), HasSubstr(amended.sample_id()),
                              HasSubstr("why: known outbreak at the fair"),
                              HasSubstr("why: rule district-rise raised"), Not(HasSubstr("Olga")),
                              HasSubstr("Detectors, limits, sampling plans: 0"),
                              Not(HasSubstr("not known"))));
  const CommandResult french = Run({"alerts", "changes", "--week", week_now, "--lang", "fr"});
  EXPECT_THAT(french.out, AllOf(HasSubstr("Valeurs corrigées: 1"), HasSubstr("Nouvelles alertes")));
  const CommandResult programs = Run({"alerts", "changes", "--week", week_now, "--json"});
  const auto json = nlohmann::json::parse(programs.out);
  ASSERT_EQ(json["amended_values"].size(), 1U);
  EXPECT_EQ(json["amended_values"][0]["after"]["gc_per_l"], 1234567);
  EXPECT_EQ(json["amended_values"][0]["reason"], "decimal point");
  EXPECT_EQ(json["sites"].size(), 6U) << "every site is new in the catalogue";
  const std::string before = base::FormatInstant(base::Instant(today_ - std::chrono::days(28)));
  const CommandResult earlier = Run({"alerts", "changes", "--from", before, "--to",
                                     base::FormatDay(today_ - std::chrono::days(20))});
  EXPECT_THAT(earlier.out, AllOf(HasSubstr("Amended values: 0"), HasSubstr("New alerts: 0")));
  EXPECT_EQ(Run({"alerts", "changes", "--week", "2026-W60"}).exit_code, 1);
  EXPECT_EQ(Run({"alerts", "changes"}).exit_code, 1);
}

TEST_F(BulletinTest, ThePdfHasExactlyTwoPagesInBothLanguages) {
  if (!HasTools()) {
    GTEST_SKIP() << "weasyprint or pdfinfo (poppler-utils) is not installed: ./dev setup";
  }
  ASSERT_EQ(Bulletin(out()).exit_code, 0);
  EXPECT_FALSE(fs::exists(Version(1) / "bulletin.en.pdf"));
  const CommandResult made = Bulletin(out(), {});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("nothing has changed")) << "only the PDFs were missing";
  for (const char* language : {"en", "fr"}) {
    const fs::path pdf = Version(1) / fmt::format("bulletin.{}.pdf", language);
    const std::string info = OutputOf("pdfinfo '" + pdf.string() + "'");
    EXPECT_THAT(info, AllOf(::testing::ContainsRegex("Pages: +2\n"), HasSubstr("A4"))) << language;
    EXPECT_THAT(OutputOf("pdftotext -layout '" + pdf.string() + "' -"),
                AllOf(HasSubstr("district-0"), HasSubstr("10^4")));
  }
}

TEST_F(BulletinTest, SaysWhenThePdfToolIsAbsentBeforeItAsksForAnything) {
  const char* const path = std::getenv("PATH");
  const std::string kept = path == nullptr ? "" : path;
  ASSERT_EQ(::setenv("PATH", "/nonexistent", 1), 0);
  const CommandResult made = Bulletin(out(), {});
  ASSERT_EQ(::setenv("PATH", kept.c_str(), 1), 0);
  EXPECT_EQ(made.exit_code, 1);
  EXPECT_THAT(made.err, AllOf(HasSubstr("apt-get install weasyprint"), HasSubstr("--no-pdf")));
  EXPECT_FALSE(fs::exists(out()));
}

}  // namespace
}  // namespace belgrand::testing
