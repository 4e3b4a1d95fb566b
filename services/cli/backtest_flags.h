// Flags of `belgrand backtest`, and the files they name.
#pragma once

#include <string>
#include <vector>

#include "detection/waves.h"
#include "platform/base/error.h"
#include "services/cli/history.h"

namespace belgrand::cli {

struct BacktestFlags {
  HistoryFlags history;
  std::string alerts;
  std::string waves;
  std::string cases;
  std::string cases_target = "sars-cov-2";
  bool waves_from_samples = false;
  std::string report;
  std::string inject;
  std::string budget = "1/area-year";
  std::vector<std::string> detectors;
  detection::FalseAlarmPolicy false_alarms;
  std::string rates;
};

// The waves to judge by and where they come from, in words; empty when no flag asks for any.
struct KnownWaves {
  std::vector<detection::Wave> waves;
  std::string origin;
};
base::StatusOr<KnownWaves> LoadWaves(const BacktestFlags& flags,
                                     const std::vector<detection::Observation>& observations);
// "1/area-year" or "1": false alerts an area-year. InvalidArgument names the text.
base::StatusOr<double> ParseBudget(const std::string& text);

// `backtest --rates`: how often each detector alarms at each limit, whatever was true.
base::Status WriteAlarmRates(const BacktestFlags& flags);

// `backtest --report`: detectors side by side.
base::Status CompareDetectors(const BacktestFlags& flags);

}  // namespace belgrand::cli
