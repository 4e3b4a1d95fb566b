#include "services/detection/detection_role.h"

#include <algorithm>
#include <thread>

#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "services/detection/detection_metrics.h"
#include "services/detection/detection_service.h"
#include "services/detection/discharge_watch.h"
#include "services/detection/follower.h"
#include "services/detection/gap_watch.h"
#include "services/detection/handover.h"
#include "services/detection/setup.h"
#include "services/shared/timestamp.h"

namespace belgrand::detection {
namespace {

class DetectionRole final : public shared::Role {
 public:
  DetectionRole(const shared::Runtime& runtime, std::unique_ptr<SignalOutbox> outbox,
                std::unique_ptr<Engine> engine, Follower::Stored stored, GapRules gap_rules,
                Holds gaps, std::vector<v1::Setup> setups)
      : peers_(runtime.peers),
        metrics_(runtime.metrics),
        outbox_(std::move(outbox)),
        handover_(*outbox_, metrics_),
        follower_(std::move(engine), *outbox_, metrics_, runtime.clock, discharges_,
                  std::move(stored), [this] { handover_.Wake(); }),
        watches_sensors_(gap_rules.silent_after.has_value()),
        gap_watch_(std::move(gap_rules), *outbox_, runtime.clock, std::move(gaps),
                   [this] { handover_.Wake(); }),
        service_(runtime.guard, follower_, *outbox_),
        setups_(runtime.guard, std::move(setups)),
        watch_(runtime.clock, discharges_) {}
  ~DetectionRole() override { Stop(); }

  std::string_view name() const override { return "detection"; }
  std::vector<grpc::Service*> services() override { return {&service_, &setups_}; }

  base::Status Start() override {
    const auto timeseries_channel = peers_.Channel(shared::RoleName::kTimeseries);
    timeseries_ = timeseries::v1::TimeseriesService::NewStub(timeseries_channel);
    sites_ = timeseries::v1::SiteService::NewStub(timeseries_channel);
    alerting_ = alerting::v1::AlertingService::NewStub(peers_.Channel(shared::RoleName::kAlerting));
    follow_thread_ = std::thread([this] { follower_.Run(*timeseries_, *sites_); });
    handover_thread_ = std::thread([this] { handover_.Run(*alerting_); });
    // Where the sensors are served elsewhere and nobody said where, there are none to watch.
    if (watches_sensors_ || peers_.Has(shared::RoleName::kSensors)) {
      sensors_ = sensor::v1::SensorService::NewStub(peers_.Channel(shared::RoleName::kSensors));
    }
    if (peers_.Has(shared::RoleName::kSensors)) {
      watch_thread_ = std::thread([this] { watch_.Run({*sensors_, *sites_, *alerting_}); });
    }
    gap_thread_ = std::thread([this] {
      gap_watch_.Run({.arrivals = [this] { return follower_.Arrivals(); },
                      .sites = sites_.get(),
                      .sensors = watches_sensors_ ? sensors_.get() : nullptr});
    });
    return base::OkStatus();
  }

  void Stop() override {
    follower_.Stop();
    gap_watch_.Stop();
    handover_.Stop();
    watch_.Stop();
    if (watch_thread_.joinable()) watch_thread_.join();
    if (follow_thread_.joinable()) follow_thread_.join();
    if (gap_thread_.joinable()) gap_thread_.join();
    if (handover_thread_.joinable()) handover_thread_.join();
  }

  base::Status Ready() override {
    RETURN_IF_ERROR(outbox_->WriteStatus());
    return follower_.Health();
  }
  base::Status StoreStatus() override { return outbox_->WriteStatus(); }
  base::Status BackUp(backup::Sink& sink) override { return outbox_->BackUp(sink); }

 private:
  const shared::Peers& peers_;
  DetectionMetrics metrics_;
  std::unique_ptr<SignalOutbox> outbox_;
  Handover handover_;
  DischargeBook discharges_;
  Follower follower_;
  const bool watches_sensors_;
  GapWatch gap_watch_;
  DetectionServiceImpl service_;
  SetupServiceImpl setups_;
  DischargeWatch watch_;
  std::unique_ptr<timeseries::v1::TimeseriesService::Stub> timeseries_;
  std::unique_ptr<timeseries::v1::SiteService::Stub> sites_;
  std::unique_ptr<alerting::v1::AlertingService::Stub> alerting_;
  std::unique_ptr<sensor::v1::SensorService::Stub> sensors_;
  std::thread follow_thread_;
  std::thread gap_thread_;
  std::thread handover_thread_;
  std::thread watch_thread_;
};

// What has judged so far, and what judges from now on where that is another.
base::StatusOr<std::vector<v1::Setup>> SetupsUntilNow(SignalOutbox& outbox, v1::Setup now,
                                                      const base::Clock& clock) {
  ASSIGN_OR_RETURN(std::vector<v1::Setup> setups, outbox.LoadSetups());
  if (!setups.empty() && SameSetup(setups.back(), now)) return setups;
  base::Instant since = clock.Now();
  if (!setups.empty()) {
    since = std::max(since, shared::ToInstant(setups.back().since()) + base::Duration(1));
  }
  *now.mutable_since() = shared::ToTimestamp(since);
  RETURN_IF_ERROR(outbox.AddSetup(now));
  setups.push_back(std::move(now));
  return setups;
}

}  // namespace

base::StatusOr<std::unique_ptr<shared::Role>> CreateDetectionRole(const config::v1::Config& config,
                                                                  const shared::Runtime& runtime) {
  const auto& names = config.detection().detectors();
  const FalseAlarmPolicy policy{config.detection().false_alerts_per_district_year(),
                                config.detection().false_discovery_rate()};
  ASSIGN_OR_RETURN(auto engine, Engine::Create({names.begin(), names.end()}, policy));
  ASSIGN_OR_RETURN(auto outbox, SignalOutbox::Open(runtime.data_dir / "detection"));
  Follower::Stored stored;
  ASSIGN_OR_RETURN(stored.progress, outbox->LoadProgress());
  ASSIGN_OR_RETURN(stored.holds, outbox->LoadHolds());
  ASSIGN_OR_RETURN(auto gaps, outbox->LoadGaps());
  ASSIGN_OR_RETURN(auto setups,
                   SetupsUntilNow(*outbox, SetupOf(*engine, config.detection()), runtime.clock));
  return std::make_unique<DetectionRole>(runtime, std::move(outbox), std::move(engine),
                                         std::move(stored), GapRulesOf(config.detection()),
                                         std::move(gaps), std::move(setups));
}

}  // namespace belgrand::detection
