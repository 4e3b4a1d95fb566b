// The report of a backtest: what an official reads, and what a program reads.
#include "services/cli/backtest_report.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "detection/simulate.h"
#include "detection/sweep.h"
#include "tests/support/simulated_feed.h"

namespace belgrand::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Two simulated districts, one with a name that a page must not take for markup.
BacktestReport Report(unsigned threads) {
  detection::SimulationOptions options;
  options.seed = 3;
  options.districts = 2;
  const detection::Simulation simulation = detection::Simulate(options).value();
  const auto named = [](const std::string& area) {
    return area == "district-1" ? std::string("<b>Upper</b> & Lower") : area;
  };
  BacktestReport report;
  report.samples = "samples.csv";
  report.observations = testing::ObservationsOf(simulation);
  for (detection::Observation& o : report.observations) o.district_id = named(o.district_id);
  for (const detection::TrueEvent& e : simulation.events) {
    if (!e.spike) report.waves.push_back({named(e.area_id), e.target, e.onset, e.peak});
  }
  report.waves_origin = "a list of waves";
  const std::vector<std::string> detectors = {"district-rise", "district-cusum", "site-spike",
                                              "site-cusum"};
  const auto swept = detection::RunSweep(report.observations, detectors, threads).value();
  report.trials.push_back(detection::CompareOnWaves(swept, report.waves, report.observations, 1));
  detection::InjectOptions inject;
  inject.spikes = 10;
  detection::Injection injection = detection::InjectSpikes(report.observations, inject);
  const auto again = detection::RunSweep(injection.observations, detectors, threads).value();
  report.trials.push_back(
      detection::CompareOnSpikes(again, injection.spikes, injection.observations, 1));
  report.spikes = injection.spikes;
  report.observations = injection.observations;
  return report;
}

TEST(BacktestReportTest, TheSameInputGivesTheSameBytes) {
  const BacktestReport one = Report(1);
  const BacktestReport two = Report(2);
  EXPECT_EQ(ReportHtml(one), ReportHtml(two));
  EXPECT_EQ(ReportHtml(one, Language::kFrench), ReportHtml(two, Language::kFrench));
  EXPECT_EQ(ReportJson(one), ReportJson(two));
  EXPECT_EQ(ComparisonCsv(one), ComparisonCsv(two));
  EXPECT_EQ(CurveCsv(one), CurveCsv(two));
}

TEST(BacktestReportTest, ThePageSaysInWordsWhatTheTableSays) {
  const BacktestReport report = Report(2);
  const std::string page = ReportHtml(report);
  for (const detection::Trial& trial : report.trials) {
    const detection::Tally& own = trial.detectors.at(0).held_out;
    ASSERT_EQ(trial.detectors[0].name, detection::OwnDetector(trial.kind));
    EXPECT_THAT(page, HasSubstr(fmt::format("{} of {} ({:.0f} %", own.caught, own.events,
                                            100 * own.sensitivity())));
  }
  EXPECT_THAT(page, HasSubstr("known from a list of waves"));
  EXPECT_THAT(page, HasSubstr("In short"));
  EXPECT_THAT(page, HasSubstr("What these figures cannot tell"));
  EXPECT_THAT(page, HasSubstr("district-cusum"));
}

TEST(BacktestReportTest, TheFrenchPageSaysTheSameFiguresAndNoEnglish) {
  const BacktestReport report = Report(2);
  const std::string page = ReportHtml(report, Language::kFrench);
  for (const detection::Trial& trial : report.trials) {
    const detection::Tally& own = trial.detectors.at(0).held_out;
    EXPECT_THAT(page, HasSubstr(fmt::format("{} sur {} ({:.0f} %", own.caught, own.events,
                                            100 * own.sensitivity())));
  }
  EXPECT_THAT(page, HasSubstr("<html lang=fr>"));
  EXPECT_THAT(page, HasSubstr("connues par : une liste de vagues"));
  for (const char* english : {"In short", "false alert", " waves", "held out", "samples", " and ",
                              "caught", "limits", "own threshold"}) {
    // The name of the file is the caller's.
    std::string text = page;
    for (auto at = text.find("samples.csv"); at != std::string::npos;
         at = text.find("samples.csv")) {
      text.erase(at, 11);
    }
    EXPECT_THAT(text, Not(HasSubstr(english)));
  }
}

TEST(BacktestReportTest, ThePageStandsAloneAndTakesNamesAsText) {
  const std::string page = ReportHtml(Report(2));
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;Upper&lt;/b&gt; &amp; Lower"));
  EXPECT_THAT(page, Not(HasSubstr("<b>Upper")));
  for (const char* foreign : {"<script", "http://", "https://", "<link", "<img", "@import"}) {
    EXPECT_THAT(page, Not(HasSubstr(foreign)));
  }
}

TEST(BacktestReportTest, TheJsonHoldsEveryPointOfEveryCurve) {
  const BacktestReport report = Report(2);
  const auto json = nlohmann::json::parse(ReportJson(report));
  EXPECT_EQ(json.at("waves").size(), report.waves.size());
  ASSERT_EQ(json.at("trials").size(), 2U);
  for (std::size_t t = 0; t < 2; ++t) {
    const auto& detectors = json["trials"][t].at("detectors");
    ASSERT_EQ(detectors.size(), 2U);
    EXPECT_FALSE(detectors[0].contains("beside_own"));
    EXPECT_TRUE(detectors[1].contains("beside_own"));
    for (std::size_t d = 0; d < 2; ++d) {
      EXPECT_EQ(detectors[d].at("curve").size(), report.trials[t].detectors[d].curve.size());
      EXPECT_EQ(detectors[d].at("held_out").at("caught"),
                report.trials[t].detectors[d].held_out.caught);
      EXPECT_EQ(detectors[d].at("missed").size(),
                report.trials[t].detectors[d].held_out.events -
                    report.trials[t].detectors[d].held_out.caught);
    }
  }
}

}  // namespace
}  // namespace belgrand::cli
