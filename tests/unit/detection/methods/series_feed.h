// Feeds series of samples to an engine that runs the methods under test.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "detection/engine.h"
#include "platform/base/check.h"

namespace belgrand::detection {

inline std::vector<std::string> PublishedNames() {
  std::vector<std::string> names;
  for (const auto& detector : RegisteredDetectors()) {
    const DetectorInfo& info = detector->info();
    // Belgrand's own, on request too.
    if (info.name == "site-departure") continue;
    if (info.selection != Selection::kDefault) names.push_back(info.name);
  }
  return names;
}

class SeriesFeed {
 public:
  explicit SeriesFeed(const std::vector<std::string>& names, std::string target = "sars-cov-2")
      : engine_(Engine::Create(names).value()), target_(std::move(target)) {}

  // `value` nullopt: not detected. Changes of signals are collected in changes().
  void Add(std::int64_t day, std::optional<double> value, double lod = 1000,
           const std::string& site = "a", const std::string& method = "m1") {
    Observation o;
    o.measurement.laboratory_id = "lab";
    o.measurement.sample_id = std::to_string(++sequence_);
    o.measurement.site_id = site;
    o.measurement.target = target_;
    o.measurement.method_id = method;
    o.measurement.collected_at = base::Instant(std::chrono::days(day));
    o.measurement.lod = lod;
    o.measurement.loq = lod;
    o.measurement.value = value;
    o.measurement.censoring = value ? sample::Censoring::kNone : sample::Censoring::kNotDetected;
    o.district_id = "d";
    o.population = 1000;
    o.known_at = base::Instant(std::chrono::days(20000) + std::chrono::seconds(sequence_));
    o.feed_sequence = sequence_;
    for (SignalChange& change : engine_->OnSample(o)) changes_.push_back(std::move(change));
  }

  const std::vector<SignalChange>& changes() const { return changes_; }
  std::vector<std::string> Raised() const {
    std::vector<std::string> names;
    for (const SignalChange& change : changes_) {
      if (change.phase == Phase::kRaised) names.push_back(change.detector);
    }
    return names;
  }
  Engine& engine() { return *engine_; }

 private:
  std::unique_ptr<Engine> engine_;
  std::string target_;
  std::uint64_t sequence_ = 0;
  std::vector<SignalChange> changes_;
};

}  // namespace belgrand::detection
