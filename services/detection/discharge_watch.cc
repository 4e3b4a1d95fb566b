#include "services/detection/discharge_watch.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <cmath>

#include "platform/base/log.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/shared/timestamp.h"

namespace belgrand::detection {
namespace {

// Most signals in one report, as the outbox does.
constexpr std::size_t kMostSignals = 100;
// A strong one is told as a warning: twice the rule's limit.
constexpr double kWarningZ = 12;

std::int64_t SlotBefore(std::int64_t time_us) {
  return time_us / sensor::kSlotUs * sensor::kSlotUs;
}

}  // namespace

v1::Signal DischargeSignal(const std::string& site_id, const std::string& district_id,
                           const sensor::DischargeDetector::Change& change, std::int64_t known_us) {
  const sensor::Discharge& discharge = change.discharge;
  const bool over = change.phase == sensor::DischargeDetector::Phase::kEnded;
  double worst = 0;
  for (const auto& [quantity, departure] : discharge.worst) {
    worst = std::max(worst, std::abs(departure.z));
  }
  v1::Signal signal;
  signal.set_signal_key(
      fmt::format("site/{}/{}/{}", site_id, DischargeWatch::kTarget, DischargeWatch::kDetector));
  signal.set_phase(over ? v1::Signal::CLEARED : v1::Signal::RAISED);
  signal.set_level(v1::SITE);
  signal.set_area_id(site_id);
  signal.set_district_id(district_id);
  signal.set_target(std::string(DischargeWatch::kTarget));
  signal.set_kind(v1::SPIKE);
  signal.set_severity(worst >= kWarningZ ? v1::WARNING : v1::WATCH);
  signal.set_detector(std::string(DischargeWatch::kDetector));
  signal.set_detector_version(std::string(DischargeWatch::kDetectorVersion));
  // Two changes of one site never share it: the slots go on.
  signal.set_feed_sequence(static_cast<std::uint64_t>(known_us / sensor::kSlotUs));
  const base::Instant known = base::FromMicros(known_us);
  *signal.mutable_observed_at() =
      shared::ToTimestamp(base::FromMicros(discharge.to_us.value_or(known_us)));
  *signal.mutable_known_at() = shared::ToTimestamp(known);
  *signal.mutable_recorded_at() = shared::ToTimestamp(known);
  v1::Evidence& evidence = *signal.mutable_evidence();
  evidence.set_score(worst);
  evidence.set_limit(sensor::DischargeRule().limit);
  evidence.set_explanation(sensor::Describe(site_id, discharge, sensor::Language::kEnglish));
  evidence.set_explanation_fr(sensor::Describe(site_id, discharge, sensor::Language::kFrench));
  return signal;
}

base::StatusOr<sensor::Points> DischargeWatch::ReadSeries(
    const std::string& sensor_id, std::int64_t from_us, std::int64_t to_us,
    sensor::v1::SensorService::StubInterface& sensors) {
  sensor::v1::ReadReadingsRequest request;
  request.set_sensor_id(sensor_id);
  *request.mutable_from() = shared::ToTimestamp(base::FromMicros(from_us));
  *request.mutable_to() = shared::ToTimestamp(base::FromMicros(to_us));
  grpc::ClientContext context;
  rpc::SetTimeout(context, std::chrono::seconds(60));
  const StopSignal::Call call(stop_, context);
  const auto reader = sensors.ReadReadings(&context, request);
  sensor::Points points;
  for (sensor::v1::ReadReadingsResponse part; reader->Read(&part);) {
    const int count = std::min({part.measured_at_us_size(), part.values_size(), part.flags_size(),
                                part.failed_tests_size()});
    for (int i = 0; i < count; ++i) {
      points.push_back({part.measured_at_us(i),
                        part.values(i),
                        {static_cast<sensor::Flag>(part.flags(i)),
                         static_cast<std::uint8_t>(part.failed_tests(i))}});
    }
  }
  RETURN_IF_ERROR(rpc::FromGrpc(reader->Finish()));
  return points;
}

base::Status DischargeWatch::ReadSite(const std::string& site_id,
                                      const std::vector<sensor::v1::Sensor>& sensors,
                                      const std::string& district_id, const Stubs& stubs) {
  const std::int64_t now_us = base::ToMicros(clock_.Now());
  const std::int64_t to_us = SlotBefore(now_us - kSettling.count());
  const auto [place, is_new] = sites_.try_emplace(site_id);
  Site& site = place->second;
  if (is_new) {
    site.read_to_us = SlotBefore(now_us - kHistory.count());
    site.silent_until_us = site.read_to_us + kLearning.count();
  }
  if (site.read_to_us >= to_us) return base::OkStatus();
  std::vector<std::pair<sensor::Quantity, sensor::Points>> series;
  for (const sensor::v1::Sensor& s : sensors) {
    const auto quantity = sensor::QuantityOf(static_cast<int>(s.quantity()));
    if (!quantity) continue;
    ASSIGN_OR_RETURN(auto points, ReadSeries(s.sensor_id(), site.read_to_us, to_us, stubs.sensors));
    series.emplace_back(*quantity, std::move(points));
  }
  site.read_to_us = to_us;
  for (const sensor::Slot& slot : sensor::SlotsOf(series)) {
    const auto change = site.detector.Take(slot);
    const std::int64_t known_us = slot.from_us + sensor::kSlotUs;
    if (!change) continue;
    const std::optional<std::int64_t> ended_us = change->discharge.to_us;
    book_.Note(site_id, base::FromMicros(change->discharge.from_us),
               ended_us ? std::optional(base::FromMicros(*ended_us)) : std::nullopt);
    if (change->discharge.known_us < site.silent_until_us) continue;
    to_report_.push_back(DischargeSignal(site_id, district_id, *change, known_us));
  }
  return base::OkStatus();
}

base::Status DischargeWatch::Report(alerting::v1::AlertingService::StubInterface& alerting) {
  while (!to_report_.empty()) {
    const std::size_t count = std::min(to_report_.size(), kMostSignals);
    alerting::v1::ReportSignalsRequest request;
    for (std::size_t i = 0; i < count; ++i) *request.add_signals() = to_report_[i];
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(30));
    const StopSignal::Call call(stop_, context);
    alerting::v1::ReportSignalsResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(alerting.ReportSignals(&context, request, &response)));
    to_report_.erase(to_report_.begin(), to_report_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return base::OkStatus();
}

base::Status DischargeWatch::LookOnce(const Stubs& stubs) {
  RETURN_IF_ERROR(Report(stubs.alerting));
  if (!directory_) directory_ = std::make_unique<SiteDirectory>(stubs.sites, stop_);
  sensor::v1::ListSensorsResponse listed;
  {
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(10));
    const StopSignal::Call call(stop_, context);
    const grpc::Status status = stubs.sensors.ListSensors(&context, {}, &listed);
    if (!status.ok()) return base::Annotate(rpc::FromGrpc(status), "listing the sensors");
  }
  std::map<std::string, std::vector<sensor::v1::Sensor>> by_site;
  for (const sensor::v1::Sensor& s : listed.sensors()) by_site[s.site_id()].push_back(s);
  std::erase_if(by_site, [](const auto& site) { return site.second.size() < 2; });
  if (by_site.empty()) return base::OkStatus();
  RETURN_IF_ERROR(directory_->Refresh(clock_.Now()));
  for (const auto& [site_id, sensors] : by_site) {
    const sample::Site* known = directory_->Find(site_id);
    // A site that left the catalogue has nobody to tell.
    if (known == nullptr) continue;
    RETURN_IF_ERROR(ReadSite(site_id, sensors, known->district_id, stubs));
  }
  return Report(stubs.alerting);
}

void DischargeWatch::Run(const Stubs& stubs) {
  bool told = false;
  // In one process the sensors start after this.
  if (stop_.Pause(std::chrono::seconds(5))) return;
  while (!stop_.stopped()) {
    const base::Status status = LookOnce(stubs);
    if (stop_.stopped()) return;
    // Once for each outage.
    if (!status.ok() && !told) {
      base::Log(base::LogLevel::kWarning, "discharge_watch_interrupted", {{"status", status}});
    }
    told = !status.ok();
    if (stop_.Pause(kEvery)) return;
  }
}

}  // namespace belgrand::detection
