// Tells alerting what of the data is missing (detection/gaps.h): looks at the catalogue of sites,
// at what has arrived, and at the sensors, again and again.
//
// A gap is told once two looks in a row have found it, so that rows which a broken line held back
// are taken in first; and nothing is looked at while the change feed is not read to its end: then
// it is this service that does not know. What was told is on disk, in one batch with the signals
// that tell it, so a restart tells nothing twice and forgets nothing.
//
// Thread safety: Run on one thread; Stop from any. Borrows everything.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "belgrand/config/v1/config.pb.h"
#include "belgrand/sensor/v1/sensor.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "detection/gaps.h"
#include "platform/base/clock.h"
#include "services/detection/backoff.h"
#include "services/detection/signal_outbox.h"

namespace belgrand::detection {

// What is wrong with the plans and the watch of sensors; empty: nothing.
std::vector<std::string> CheckGapRules(const config::v1::Detection& config);
// REQUIRES: CheckGapRules found nothing.
GapRules GapRulesOf(const config::v1::Detection& config);

class GapWatch {
 public:
  static constexpr base::Duration kInterval = std::chrono::seconds(5);

  struct Sources {
    // What has arrived; absent while the feed is not read to its end.
    std::function<std::optional<ArrivalBook>()> arrivals;
    timeseries::v1::SiteService::StubInterface* sites = nullptr;
    // Null where sensors are not watched.
    sensor::v1::SensorService::StubInterface* sensors = nullptr;
  };

  // `told`: as the outbox has it. `on_signals` is called after signals were written.
  GapWatch(GapRules rules, SignalOutbox& outbox, const base::Clock& clock, Holds told,
           std::function<void()> on_signals);

  // Until Stop.
  void Run(const Sources& sources);
  void Stop() { stop_.Stop(); }
  // Something is expected, or was told of and must be taken back.
  bool HasWork() const;

 private:
  base::Status Look(const Sources& sources);
  base::StatusOr<std::vector<PlannedSite>> ReadSites(const Sources& sources);
  base::StatusOr<std::vector<SensorState>> ReadSensors(const Sources& sources);
  // The difference between what was told and what is to be told now, oldest cause first.
  std::vector<v1::Signal> Difference(const std::vector<Gap>& gaps) const;

  const GapRules rules_;
  SignalOutbox& outbox_;
  const base::Clock& clock_;
  const std::function<void()> on_signals_;
  StopSignal stop_;
  // With what they explain, by district and signal key.
  Holds told_;
  // District and signal key of what the last look found.
  std::set<std::pair<std::string, std::string>> seen_;
};

}  // namespace belgrand::detection
