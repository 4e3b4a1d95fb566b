#include "detection/sweep.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "detection/engine.h"
#include "detection/hysteresis.h"

namespace belgrand::detection {
namespace {

constexpr std::size_t kProgressEvery = 256;

std::vector<std::string> NamesOfAll() {
  std::vector<std::string> names;
  for (const auto& detector : RegisteredDetectors()) names.push_back(detector->info().name);
  return names;
}

SweptDetector Prepared(const Detector& detector) {
  SweptDetector swept;
  swept.detector = &detector;
  swept.thresholds = detector.info().sweep;
  const double own = detector.info().threshold;
  auto& values = swept.thresholds;
  auto at = std::lower_bound(values.begin(), values.end(), own);
  if (at == values.end() || *at != own) at = values.insert(at, own);
  swept.own = static_cast<std::size_t>(at - values.begin());
  swept.alerts.resize(values.size());
  return swept;
}

// The signals of one detector on one area, at every threshold.
struct Signals {
  std::vector<Hold> holds;
  std::vector<AlertRow> open;  // meaningful where the hold is active
  std::size_t active = 0;
};

class PartitionSweep {
 public:
  PartitionSweep(const std::vector<SweptDetector>& detectors, const Observation& first)
      : district_(first.district_id), target_(first.measurement.target) {
    for (const SweptDetector& swept : detectors) {
      alerts_.emplace_back(swept.thresholds.size());
      detectors_.push_back(&swept);
    }
  }

  void Take(const Reading& reading) {
    const auto key = std::pair(reading.detector, std::string(reading.area_id));
    Signals& signals = areas_[key];
    const SweptDetector& swept = *detectors_[reading.detector];
    if (signals.holds.empty()) {
      signals.holds.resize(swept.thresholds.size());
      signals.open.resize(swept.thresholds.size());
    }
    if (!reading.finding) {
      Silence(reading, signals);
      return;
    }
    const DetectorInfo& info = swept.detector->info();
    for (std::size_t t = 0; t < swept.thresholds.size(); ++t) {
      const Finding finding = swept.detector->Judge(*reading.finding, swept.thresholds[t]);
      Hold& hold = signals.holds[t];
      const auto phase = hold.Take(info, finding, reading.newest_day);
      if (!phase) continue;
      AlertRow& row = signals.open[t];
      const base::Day day = base::DayOf(reading.known_at);
      if (*phase == Phase::kRaised) {
        ++signals.active;
        const base::Day observed{std::chrono::days(static_cast<std::int64_t>(reading.newest_day))};
        row = AlertRow{reading.level, key.second, target_,  day, observed, {},
                       hold.severity, info.name,  district_};
        continue;
      }
      row.severity = hold.severity;
      if (*phase == Phase::kCleared) Close(reading.detector, t, day, signals);
    }
  }

  // By detector and threshold; signals that are still open have no end.
  std::vector<std::vector<std::vector<AlertRow>>> Finish() {
    for (auto& [key, signals] : areas_) {
      for (std::size_t t = 0; t < signals.holds.size(); ++t) {
        if (signals.holds[t].active) alerts_[key.first][t].push_back(std::move(signals.open[t]));
      }
    }
    return std::move(alerts_);
  }

 private:
  void Silence(const Reading& reading, Signals& signals) {
    if (signals.active == 0) return;
    for (std::size_t t = 0; t < signals.holds.size(); ++t) {
      if (!signals.holds[t].active) continue;
      Close(reading.detector, t, base::DayOf(reading.known_at), signals);
      signals.holds[t] = Hold{};
    }
  }

  void Close(std::size_t detector, std::size_t threshold, base::Day day, Signals& signals) {
    --signals.active;
    signals.open[threshold].closed_on = day;
    alerts_[detector][threshold].push_back(std::move(signals.open[threshold]));
  }

  const std::string district_;
  const std::string target_;
  std::vector<const SweptDetector*> detectors_;
  std::map<std::pair<std::size_t, std::string>, Signals> areas_;
  std::vector<std::vector<std::vector<AlertRow>>> alerts_;
};

}  // namespace

base::StatusOr<std::vector<SweptDetector>> RunSweep(const std::vector<Observation>& observations,
                                                    const std::vector<std::string>& detectors,
                                                    unsigned threads,
                                                    const OnProgress& on_progress) {
  const std::vector<std::string> names = detectors.empty() ? NamesOfAll() : detectors;
  const std::vector<Partition> partitions = PartitionByGroup(observations);
  std::vector<std::unique_ptr<Engine>> engines;
  for (std::size_t i = 0; i < std::max<std::size_t>(partitions.size(), 1); ++i) {
    ASSIGN_OR_RETURN(auto engine, Engine::Create(names));
    engines.push_back(std::move(engine));
  }
  std::vector<SweptDetector> swept;
  for (const Detector* detector : engines.front()->detectors())
    swept.push_back(Prepared(*detector));

  Progress progress(observations.size(), on_progress);
  std::vector<std::vector<std::vector<std::vector<AlertRow>>>> results(partitions.size());
  InParallel(partitions.size(), threads, [&](std::size_t i) {
    PartitionSweep sweep(swept, *partitions[i].front());
    Engine& engine = *engines[i];
    engine.Watch([&sweep](const Reading& reading) { sweep.Take(reading); });
    std::size_t done = 0;
    for (const Observation* observation : partitions[i]) {
      engine.OnSample(*observation);
      if (++done % kProgressEvery == 0) progress.Add(kProgressEvery);
    }
    progress.Add(done % kProgressEvery);
    results[i] = sweep.Finish();
    engines[i].reset();
  });
  for (auto& result : results) {
    for (std::size_t d = 0; d < swept.size(); ++d) {
      for (std::size_t t = 0; t < result[d].size(); ++t) {
        std::move(result[d][t].begin(), result[d][t].end(), std::back_inserter(swept[d].alerts[t]));
      }
    }
  }
  for (SweptDetector& detector : swept) {
    for (std::vector<AlertRow>& alerts : detector.alerts) SortAlerts(alerts);
  }
  return swept;
}

}  // namespace belgrand::detection
