// Flags of `belgrand backtest`, and the files they name.
#pragma once

#include <string>
#include <vector>

#include "detection/backtest.h"
#include "detection/waves.h"
#include "platform/base/error.h"

namespace belgrand::cli {

struct BacktestFlags {
  std::string samples;
  std::string alerts;
  std::string waves;
  std::string cases;
  std::string cases_target = "sars-cov-2";
  std::string report;
  std::string inject;
  std::string budget = "1/area-year";
  std::vector<std::string> detectors;
  unsigned threads = 0;
};

base::StatusOr<std::vector<detection::Observation>> LoadObservations(const BacktestFlags& flags,
                                                                     detection::ReadReport& report);
// Empty when neither --waves nor --cases is given.
base::StatusOr<std::vector<detection::Wave>> LoadWaves(const BacktestFlags& flags);
unsigned ThreadsOf(const BacktestFlags& flags);
// "1/area-year" or "1": false alerts an area-year. InvalidArgument names the text.
base::StatusOr<double> ParseBudget(const std::string& text);

// `backtest --report`: detectors side by side.
base::Status CompareDetectors(const BacktestFlags& flags);

}  // namespace belgrand::cli
