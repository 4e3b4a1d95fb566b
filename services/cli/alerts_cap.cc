#include "services/cli/alerts_cap.h"

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <vector>

#include "alerting/cap.h"
#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/client_verb.h"

namespace belgrand::cli {
namespace {

constexpr auto kTimeout = std::chrono::seconds(30);

struct Flags {
  ClientFlags client;
  std::string alert_id;
  std::uint64_t event = 0;
  alerting::CapOptions cap;
  int hours = 168;
  bool exercise = false;
  bool polygons = false;
  std::string sites_server;
};

base::StatusOr<timeseries::v1::ListSitesResponse> Sites(const Flags& flags,
                                                        const std::string& district) {
  ClientFlags where = flags.client;
  if (!flags.sites_server.empty()) where.server = flags.sites_server;
  ASSIGN_OR_RETURN(const auto channel, Connect(where));
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  timeseries::v1::ListSitesRequest request;
  request.set_district_id(district);
  request.set_with_catchments(true);
  timeseries::v1::ListSitesResponse response;
  const auto stub = timeseries::v1::SiteService::NewStub(channel);
  RETURN_IF_ERROR(base::Annotate(rpc::FromGrpc(stub->ListSites(&context, request, &response)),
                                 "polygons (see --sites-server)"));
  return response;
}

// The outer rings of a district's catchments; says under which licences on standard error.
base::Status AddPolygons(const Flags& flags, const std::string& district,
                         alerting::CapOptions& options) {
  ASSIGN_OR_RETURN(const auto sites, Sites(flags, district));
  for (const auto& site : sites.sites()) {
    for (const auto& polygon : site.catchment().polygons()) {
      if (polygon.rings().empty()) continue;
      std::vector<alerting::CapPosition> ring;
      const auto& positions = polygon.rings(0).positions();
      for (int i = 0; i + 1 < positions.size(); i += 2) {
        ring.emplace_back(positions.Get(i + 1), positions.Get(i));
      }
      options.polygons.push_back(std::move(ring));
    }
    if (site.catchment().polygons().empty()) continue;
    std::cerr << fmt::format(
        "catchment of {}: licence {}{}{}\n", site.site_id(), site.catchment().license(),
        site.catchment().attribution().empty() ? "" : "; name ", site.catchment().attribution());
  }
  if (options.polygons.empty()) {
    std::cerr << fmt::format("no catchment of district {} is in the catalogue: none is drawn\n",
                             district);
  }
  return base::OkStatus();
}

base::Status Compose(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  alerting::v1::GetAlertRequest request;
  request.set_alert_id(flags.alert_id);
  alerting::v1::GetAlertResponse response;
  const auto stub = alerting::v1::AlertingService::NewStub(channel);
  RETURN_IF_ERROR(rpc::FromGrpc(stub->GetAlert(&context, request, &response)));
  const std::vector<alerting::v1::AlertEvent> history(response.history().begin(),
                                                      response.history().end());
  alerting::CapOptions options = flags.cap;
  options.expires_after = std::chrono::hours(flags.hours);
  if (flags.exercise) options.status = alerting::CapOptions::Status::kExercise;
  if (flags.polygons) {
    RETURN_IF_ERROR(AddPolygons(flags, response.alert().district_id(), options));
  }
  const std::uint64_t event = flags.event != 0 ? flags.event : alerting::NewestForCap(history);
  ASSIGN_OR_RETURN(const std::string message, alerting::ComposeCap(history, event, options));
  std::cout << message;
  return base::OkStatus();
}

}  // namespace

void AddAlertsCap(CLI::App& alerts, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  auto* cap = AddClientVerb(alerts, run, flags, "cap",
                            "Print an alert as a draft for a public notice (CAP 1.2)", Compose);
  cap->add_option("id", flags->alert_id, "id of the alert, as listed")->required();
  cap->add_option("--sender", flags->cap.sender, "name of the sender, like alerts@city.example")
      ->required();
  cap->add_option("--event", flags->event, "about this event; default: the newest that counts");
  cap->add_option("--sender-name", flags->cap.sender_name, "who warns, in words");
  cap->add_option("--contact", flags->cap.contact, "whom to ask");
  cap->add_option("--hours", flags->hours, "hours until it expires")
      ->capture_default_str()
      ->check(CLI::Range(1, 24 * 365));
  cap->add_flag("--exercise", flags->exercise, "status Exercise instead of Draft");
  cap->add_flag("--polygons", flags->polygons,
                "with the catchments of the district's sites; their licences are printed");
  cap->add_option("--sites-server", flags->sites_server,
                  "host:port of the site catalogue; default: --server");
}

}  // namespace belgrand::cli
