// A history of samples as the commands that look back on one read it: backtest and smooth.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "detection/backtest.h"
#include "platform/base/error.h"

namespace belgrand::cli {

struct HistoryFlags {
  std::string samples;
  std::string mapping;
  std::string sites;
  std::string sheet;
  unsigned threads = 0;
  // Rows whose unit is no concentration are series of their own.
  bool keep_loads = false;
  // "flow", "pmmov" or "ammonium" (sample/normalise.h); empty: raw.
  std::string normalise;
};

// --samples and what goes with it, and --threads.
void AddHistoryFlags(CLI::App& app, HistoryFlags& flags);
// --normalise.
CLI::Option* AddNormaliseFlag(CLI::App& app, HistoryFlags& flags);
// Rows that intake refuses are left out and counted.
base::StatusOr<std::vector<detection::Observation>> LoadHistory(const HistoryFlags& flags,
                                                                detection::ReadReport& report);
// Says what was left out and why; nothing when nothing was.
void ShowLeftOut(const detection::ReadReport& report);
unsigned ThreadsOf(const HistoryFlags& flags);

}  // namespace belgrand::cli
