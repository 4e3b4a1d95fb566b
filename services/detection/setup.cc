#include "services/detection/setup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "platform/base/version.h"

namespace belgrand::detection {
namespace {

std::string Seconds(const google::protobuf::Duration& duration) {
  return fmt::format("{:g} s", static_cast<double>(duration.seconds()) +
                                   1e-9 * static_cast<double>(duration.nanos()));
}

void Add(google::protobuf::RepeatedPtrField<v1::Setup::Part>& parts, std::string name,
         std::string value) {
  v1::Setup::Part& part = *parts.Add();
  part.set_name(std::move(name));
  part.set_value(std::move(value));
}

std::string PlanText(const config::v1::SamplingPlan& plan) {
  std::string text = "every " + Seconds(plan.every());
  if (plan.has_result_within()) text += ", result within " + Seconds(plan.result_within());
  if (plan.has_grace()) text += ", grace " + Seconds(plan.grace());
  const auto list = [&](std::string_view what, const auto& names) {
    if (!names.empty()) text += fmt::format(", {} {}", what, fmt::join(names, " "));
  };
  list("districts", plan.district_ids());
  list("sites", plan.site_ids());
  list("targets", plan.targets());
  return text + ", owner " + plan.owner();
}

bool SameParts(const google::protobuf::RepeatedPtrField<v1::Setup::Part>& a,
               const google::protobuf::RepeatedPtrField<v1::Setup::Part>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const v1::Setup::Part& x, const v1::Setup::Part& y) {
                      return x.name() == y.name() && x.value() == y.value();
                    });
}

}  // namespace

v1::Setup SetupOf(const Engine& engine, const config::v1::Detection& config) {
  v1::Setup setup;
  setup.set_release(base::kVersion);
  const std::string fingerprint = engine.Fingerprint();
  Add(*setup.mutable_methods(), "engine", fingerprint.substr(0, fingerprint.find(';')));
  for (const Detector* detector : engine.detectors()) {
    const DetectorInfo& info = detector->info();
    Add(*setup.mutable_methods(), "detector " + info.name,
        fmt::format("version {}, limit {:g}, ends after {} quiet samples in {:g} days",
                    info.version, info.threshold, info.quiet_samples, info.quiet_days));
  }
  if (!config.detectors().empty()) {
    Add(*setup.mutable_settings(), "detectors chosen",
        fmt::format("{}", fmt::join(config.detectors(), " ")));
  }
  if (config.false_alerts_per_district_year() > 0) {
    Add(*setup.mutable_settings(), "false alerts",
        fmt::format("at most {:g} a district and year", config.false_alerts_per_district_year()));
  }
  if (config.false_discovery_rate() > 0) {
    Add(*setup.mutable_settings(), "false discovery rate",
        fmt::format("at most {:g} of all that is raised", config.false_discovery_rate()));
  }
  for (const config::v1::SamplingPlan& plan : config.sampling_plans()) {
    Add(*setup.mutable_settings(), "sampling plan " + plan.name(), PlanText(plan));
  }
  if (config.has_sensor_watch()) {
    Add(*setup.mutable_settings(), "sensor watch",
        fmt::format("silent after {}, owner {}",
                    config.sensor_watch().has_silent_after()
                        ? Seconds(config.sensor_watch().silent_after())
                        : "the usual time",
                    config.sensor_watch().owner()));
  }
  return setup;
}

bool SameSetup(const v1::Setup& a, const v1::Setup& b) {
  return SameParts(a.methods(), b.methods()) && SameParts(a.settings(), b.settings());
}

grpc::Status SetupServiceImpl::ListSetups(grpc::ServerContext* context,
                                          const v1::ListSetupsRequest*,
                                          v1::ListSetupsResponse* response) {
  return guard_.Unary(*context, "belgrand.detection.v1.SetupService.ListSetups",
                      [&](const shared::Caller&, shared::CallReport&) -> base::Status {
                        response->mutable_setups()->Assign(setups_.begin(), setups_.end());
                        return base::OkStatus();
                      });
}

}  // namespace belgrand::detection
