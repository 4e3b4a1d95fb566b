// What `belgrand backtest --report DIR` writes: the comparison of detectors as CSV, JSON and a
// page.
//
// The bytes follow from the input and the options alone: no date of today, no machine, no number of
// threads. Thread safety: pure functions, except WriteReport, which writes files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "detection/comparison.h"
#include "platform/base/error.h"

namespace belgrand::cli {

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
std::string ReportHtml(const BacktestReport& report);

// comparison.csv, curve.csv, report.json, report.html and, where spikes were injected,
// injected.csv; the folder is made.
base::Status WriteReport(const BacktestReport& report, const std::filesystem::path& folder);

}  // namespace belgrand::cli
