#include "services/cli/week_data.h"

#include <algorithm>
#include <map>
#include <utility>

#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "belgrand/detection/v1/setup.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "sample/target.h"
#include "services/shared/sample_convert.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

using Alerts = alerting::v1::AlertingService::Stub;
using Series = timeseries::v1::TimeseriesService::Stub;
using Sites = timeseries::v1::SiteService::Stub;

constexpr auto kTimeout = std::chrono::seconds(60);
constexpr auto kSeriesTimeout = std::chrono::minutes(10);

bool Holds(const std::vector<std::string>& wanted, const std::string& name) {
  return wanted.empty() || std::ranges::find(wanted, name) != wanted.end();
}

base::Status ReadAlerts(const WeekChannels& channels, const WeekQuery& query, WeekData& data) {
  const auto stub = alerting::v1::AlertingService::NewStub(channels.alerting);
  alerting::v1::ListAlertsRequest list;
  *list.mutable_as_of() = shared::ToTimestamp(query.cutoff);
  alerting::v1::ListAlertsResponse listed;
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  RETURN_IF_ERROR(rpc::FromGrpc(stub->ListAlerts(&context, list, &listed)));
  for (alerting::v1::Alert& alert : *listed.mutable_alerts()) {
    if (alert.exercise() || !Holds(query.districts, alert.district_id()) ||
        !Holds(query.targets, alert.target())) {
      continue;
    }
    AlertStory& story = data.alerts.emplace_back();
    if (shared::ToInstant(alert.changed_at()) >= query.span.from) {
      alerting::v1::GetAlertRequest get;
      get.set_alert_id(alert.alert_id());
      *get.mutable_as_of() = list.as_of();
      alerting::v1::GetAlertResponse got;
      grpc::ClientContext one;
      rpc::SetTimeout(one, kTimeout);
      RETURN_IF_ERROR(rpc::FromGrpc(stub->GetAlert(&one, get, &got)));
      story.history.assign(got.history().begin(), got.history().end());
    }
    story.alert = std::move(alert);
  }
  std::ranges::sort(data.alerts, {}, [](const AlertStory& s) { return s.alert.alert_id(); });
  return base::OkStatus();
}

base::Status ReadSites(const WeekChannels& channels, const WeekQuery& query, WeekData& data) {
  const auto stub = timeseries::v1::SiteService::NewStub(channels.timeseries);
  timeseries::v1::ListSitesRequest request;
  request.set_with_catchments(query.with_catchments);
  *request.mutable_as_of() = shared::ToTimestamp(query.cutoff);
  timeseries::v1::ListSitesResponse response;
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  RETURN_IF_ERROR(rpc::FromGrpc(stub->ListSites(&context, request, &response)));
  for (timeseries::v1::Site& site : *response.mutable_sites()) {
    if (!LiesIn(site, query.districts)) continue;
    if (shared::ToInstant(site.recorded_at()) >= query.span.from) {
      timeseries::v1::GetSiteHistoryRequest get;
      get.set_site_id(site.site_id());
      timeseries::v1::GetSiteHistoryResponse got;
      grpc::ClientContext one;
      rpc::SetTimeout(one, kTimeout);
      RETURN_IF_ERROR(rpc::FromGrpc(stub->GetSiteHistory(&one, get, &got)));
      auto& versions = data.changed_sites.emplace_back();
      for (const timeseries::v1::Site& version : got.versions()) {
        if (shared::ToInstant(version.recorded_at()) <= query.cutoff) versions.push_back(version);
      }
    }
    data.sites.push_back(std::move(site));
  }
  return base::OkStatus();
}

// An older service does not know them, and a caller kept to some districts may not: the report then
// says so.
base::Status ReadSetups(const WeekChannels& channels, const WeekQuery& query, WeekData& data) {
  const auto stub = detection::v1::SetupService::NewStub(channels.detection);
  detection::v1::ListSetupsResponse response;
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  const base::Status status = rpc::FromGrpc(stub->ListSetups(&context, {}, &response));
  if (status.code() == base::StatusCode::kUnimplemented ||
      status.code() == base::StatusCode::kPermissionDenied) {
    data.setups_unknown = base::Message(status);
    return base::OkStatus();
  }
  RETURN_IF_ERROR(status);
  for (detection::v1::Setup& setup : *response.mutable_setups()) {
    if (shared::ToInstant(setup.since()) <= query.cutoff) data.setups.push_back(std::move(setup));
  }
  return base::OkStatus();
}

// A row that has been amended: all its versions up to the cut-off.
base::Status ReadVersions(Series& stub, const WeekQuery& query, RowVersions& row) {
  timeseries::v1::GetSampleHistoryRequest request;
  request.set_laboratory_id(row.front().laboratory_id());
  request.set_sample_id(row.front().sample_id());
  request.set_target(row.front().target());
  request.set_gene(row.front().gene());
  timeseries::v1::GetSampleHistoryResponse response;
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  RETURN_IF_ERROR(rpc::FromGrpc(stub.GetSampleHistory(&context, request, &response)));
  row.clear();
  for (timeseries::v1::SampleVersion& version : *response.mutable_versions()) {
    if (shared::ToInstant(version.recorded_at()) <= query.cutoff) row.push_back(std::move(version));
  }
  return base::OkStatus();
}

base::Status ReadOne(Series& stub, const WeekQuery& query, const std::string& site,
                     const std::string& target, WeekData& data) {
  timeseries::v1::ReadSeriesRequest request;
  request.set_site_id(site);
  request.set_target(target);
  *request.mutable_as_of() = shared::ToTimestamp(query.cutoff);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kSeriesTimeout);
  const auto reader = stub.ReadSeries(&context, request);
  const std::size_t first = data.rows.size();
  timeseries::v1::ReadSeriesResponse response;
  while (reader->Read(&response)) {
    for (timeseries::v1::SampleVersion& version : *response.mutable_samples()) {
      data.rows.emplace_back().push_back(std::move(version));
    }
  }
  RETURN_IF_ERROR(rpc::FromGrpc(reader->Finish()));
  for (std::size_t i = first; i < data.rows.size(); ++i) {
    if (data.rows[i].front().version() > 1) {
      RETURN_IF_ERROR(ReadVersions(stub, query, data.rows[i]));
    }
  }
  std::erase_if(data.rows, [](const RowVersions& row) { return row.empty(); });
  const auto at = data.rows.begin() + static_cast<std::ptrdiff_t>(first);
  std::sort(at, data.rows.end(), [](const RowVersions& a, const RowVersions& b) {
    return a.front().feed_sequence() < b.front().feed_sequence();
  });
  return base::OkStatus();
}

}  // namespace

bool LiesIn(const timeseries::v1::Site& site, const std::vector<std::string>& districts) {
  if (Holds(districts, site.district_id())) return true;
  return std::ranges::any_of(site.districts(), [&](const auto& dated) {
    return std::ranges::any_of(
        dated.shares(), [&](const auto& share) { return Holds(districts, share.district_id()); });
  });
}

base::StatusOr<WeekData> ReadWeek(const WeekChannels& channels, const WeekQuery& query) {
  WeekData data;
  data.span = query.span;
  data.cutoff = query.cutoff;
  RETURN_IF_ERROR(base::Annotate(ReadAlerts(channels, query, data), "alerts"));
  RETURN_IF_ERROR(base::Annotate(ReadSites(channels, query, data), "sites"));
  RETURN_IF_ERROR(base::Annotate(ReadSetups(channels, query, data), "detectors"));
  std::vector<std::string> targets = query.targets;
  if (targets.empty()) {
    for (const sample::Target& target : sample::KnownTargets()) targets.emplace_back(target.code);
  }
  const auto stub = timeseries::v1::TimeseriesService::NewStub(channels.timeseries);
  for (const timeseries::v1::Site& site : data.sites) {
    for (const std::string& target : targets) {
      RETURN_IF_ERROR(base::Annotate(ReadOne(*stub, query, site.site_id(), target, data),
                                     site.site_id() + " " + target));
    }
  }
  return data;
}

std::vector<detection::Observation> FeedOf(const WeekData& data, base::Instant before) {
  std::map<std::string, sample::Site> sites;
  for (const timeseries::v1::Site& site : data.sites) sites[site.site_id()] = shared::ToSite(site);
  std::vector<detection::Observation> feed;
  for (const RowVersions& row : data.rows) {
    for (const timeseries::v1::SampleVersion& version : row) {
      detection::Observation observation;
      observation.voided = version.voided();
      if (observation.voided) {
        observation.measurement = shared::IdentityOf(version);
      } else {
        auto measurement = shared::ToMeasurement(version);
        if (!measurement.ok()) continue;
        observation.measurement = *std::move(measurement);
      }
      const sample::Measurement& read = observation.measurement;
      const auto site = sites.find(read.site_id);
      if (read.collected_at >= before || site == sites.end()) continue;
      observation.district_id = site->second.district_id;
      observation.population =
          read.population_served.value_or(site->second.PopulationAt(read.collected_at));
      observation.shares = site->second.SharesAt(read.collected_at);
      observation.known_at = read.known_at.value_or(shared::ToInstant(version.recorded_at()));
      observation.feed_sequence = version.feed_sequence();
      observation.version = version.version();
      feed.push_back(std::move(observation));
    }
  }
  std::ranges::sort(feed, {}, &detection::Observation::feed_sequence);
  return feed;
}

}  // namespace belgrand::cli
