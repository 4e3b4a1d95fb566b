// What `belgrand backtest --report DIR` writes: the comparison of detectors as CSV, JSON and a
// page.
//
// The bytes follow from the input and the options alone: no date of today, no machine, no number of
// threads. Thread safety: pure functions, except WriteReport, which writes files.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "detection/comparison.h"
#include "platform/base/error.h"

namespace belgrand::cli {

enum class Language { kEnglish, kFrench };

// Chooses between the two texts of a phrase.
struct Say {
  Language language = Language::kEnglish;
  std::string operator()(std::string_view english, std::string_view french) const {
    return std::string(language == Language::kFrench ? french : english);
  }
};

struct BacktestReport {
  std::string samples;  // name of the file, without its folder
  std::vector<detection::Observation> observations;
  std::vector<detection::Wave> waves;
  std::string waves_origin;  // "reported cases"
  std::vector<detection::InjectedSpike> spikes;
  std::vector<detection::Trial> trials;
};

std::string_view NameOf(detection::TrialKind kind);  // "waves" or "spikes"

// A line a trial and detector: thresholds chosen, figures held out, figures at its own threshold.
std::string ComparisonCsv(const BacktestReport& report);
// A line a trial, detector and threshold, over all areas.
std::string CurveCsv(const BacktestReport& report);
// Everything of both, and the halves.
std::string ReportJson(const BacktestReport& report);
// A page of its own: no script, no address to load anything from.
std::string ReportHtml(const BacktestReport& report, Language language = Language::kEnglish);

// comparison.csv, curve.csv, report.json, report.html, the same in French as report.fr.html and,
// where spikes were injected, injected.csv; the folder is made.
base::Status WriteReport(const BacktestReport& report, const std::filesystem::path& folder);

}  // namespace belgrand::cli
