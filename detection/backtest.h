// The engine over a file: each row enters when it became known, and every alert is written down
// with the day on which it would have been raised.
//
// It runs the class that the service runs (detection/engine.h) on the same order, so what it says
// of the past is what the service would have said then. Groups of (district, target) are
// independent and run in parallel; the result does not depend on the number of threads. Thread
// safety: RunBacktest is a pure function.
#pragma once

#include <cstdint>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "detection/false_alarms.h"
#include "detection/observation.h"
#include "detection/partition.h"
#include "detection/signal.h"
#include "platform/base/error.h"

namespace belgrand::sample {
class SampleFileReader;
}

namespace belgrand::detection {

struct ReadOptions {
  // Rows are judged as of then: a date after it lies in the future.
  base::Instant now{};
  // What becomes of a row whose unit is no concentration (a load a day, a ratio).
  enum class Loads {
    kReject,
    // It is a series of its own, named after target and unit ("fluav gc/d"), its number unchanged.
    kKeep,
  } loads = Loads::kReject;
};

struct ReadReport {
  std::uint64_t rows = 0;
  std::uint64_t used = 0;
  // Of those used: with a unit that is no concentration.
  std::uint64_t loads = 0;
  // Rows that say again what is known already.
  std::uint64_t duplicates = 0;
  // Rows that intake refuses, by rule (docs/errors.md); one that breaks two counts under both.
  std::map<std::string, std::uint64_t> rejected;
};

// Reads a file of samples in any of its formats and puts its rows in the order in which they became
// known (known_on, else collected_on; then collected_on; then the file). Each row is judged by the
// rules of intake (sample/validate.h) and left out where intake would refuse it; the sites are
// those that the file describes, so that nothing is said of a site of which it says nothing. A
// repeated (laboratory, sample, target, gene) is a duplicate, an amendment with a reason, or
// refused without one. InvalidArgument: the file cannot be read at all.
base::StatusOr<std::vector<Observation>> ReadObservations(sample::SampleFileReader& reader,
                                                          const ReadOptions& options,
                                                          ReadReport& report);
// A CSV file whose format is found by its header.
base::StatusOr<std::vector<Observation>> ReadObservations(std::istream& in,
                                                          const ReadOptions& options,
                                                          ReadReport& report);

struct AlertRow {
  AreaLevel level = AreaLevel::kSite;
  std::string area_id;
  std::string target;
  base::Day opened_on{};                 // when the news was known
  base::Day observed_on{};               // when the newest sample behind it was collected
  std::optional<base::Day> closed_on;    // absent: still open at the end
  Severity severity = Severity::kWatch;  // the highest reached
  std::string detector;
  std::string district_id;  // of a district: itself
  // Which change of its part of the history opened and closed it, counted from 1: several may fall
  // on one day. Comparable within a district and target; 0: not counted, or still open.
  std::uint64_t opened_order = 0;
  std::uint64_t closed_order = 0;
};

struct BacktestResult {
  // By opening day, then level (district first), area, target, detector.
  std::vector<AlertRow> alerts;
  std::uint64_t observations = 0;
  std::uint64_t held = 0;
  std::uint64_t too_late = 0;
  // Years of (area, target) between its first and last sample, for rates.
  double district_years = 0;
  double site_years = 0;
};

// REQUIRES: `observations` in the order in which they became known. A policy of false alarms
// compares all districts, sites and targets, so that with one the history is read by one thread.
base::StatusOr<BacktestResult> RunBacktest(const std::vector<Observation>& observations,
                                           const std::vector<std::string>& detectors,
                                           unsigned threads, const OnProgress& on_progress = {},
                                           const FalseAlarmPolicy& policy = {});

// The order of BacktestResult::alerts.
void SortAlerts(std::vector<AlertRow>& alerts);

// A field of a CSV file, quoted where needed.
std::string CsvText(const std::string& text);
// "level,area,target,opened_on,closed_on,severity,detector,observed_on,district,opened_order,closed_order"
// and a line an alert.
std::string AlertsCsv(const std::vector<AlertRow>& alerts);

}  // namespace belgrand::detection
