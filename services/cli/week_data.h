// All that a report on changes and a bulletin are made of, as the services know it at one instant,
// the cut-off: alerts with their history, rows with their versions, the catalogue of sites.
//
// Read through the interfaces that every official has, as of the cut-off, so that the same call
// gives the same data later. Series are read whole: a row of any age may have been amended.
//
// Thread safety: none.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <vector>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/detection/v1/setup.pb.h"
#include "belgrand/timeseries/v1/timeseries.pb.h"
#include "detection/observation.h"
#include "platform/base/error.h"
#include "platform/base/time.h"
#include "services/cli/week.h"

namespace belgrand::cli {

struct AlertStory {
  // As it stood at the cut-off.
  alerting::v1::Alert alert;
  // Oldest first; empty of an alert that nothing happened to since the beginning of the span.
  std::vector<alerting::v1::AlertEvent> history;
};

// One row, oldest version first. Of a row that was never amended there is one version; the versions
// are complete.
using RowVersions = std::vector<timeseries::v1::SampleVersion>;

struct WeekData {
  Span span;
  base::Instant cutoff{};
  // Exercises are left out. In order of alert_id.
  std::vector<AlertStory> alerts;
  // In order of site, target and feed number of the first version.
  std::vector<RowVersions> rows;
  // As of the cut-off, in order of site_id.
  std::vector<timeseries::v1::Site> sites;
  // Of sites that were changed since the beginning of the span: every version, oldest first.
  std::vector<std::vector<timeseries::v1::Site>> changed_sites;
  // What has judged up to the cut-off, oldest first; or why nobody says so.
  std::vector<detection::v1::Setup> setups;
  std::string setups_unknown;
};

struct WeekQuery {
  Span span;
  base::Instant cutoff{};
  // Empty: all.
  std::vector<std::string> districts;
  std::vector<std::string> targets;
  // With the polygons of sites.
  bool with_catchments = false;
};

// Where the roles are; the same channel when one process serves all.
struct WeekChannels {
  std::shared_ptr<grpc::Channel> alerting;
  std::shared_ptr<grpc::Channel> timeseries;
  std::shared_ptr<grpc::Channel> detection;
};

base::StatusOr<WeekData> ReadWeek(const WeekChannels& channels, const WeekQuery& query);

// Whether a site counts in one of the districts (empty: any).
bool LiesIn(const timeseries::v1::Site& site, const std::vector<std::string>& districts);

// Every version of every row that was collected before `before`, in the order in which they became
// known: what detection has followed of them. Rows that this release cannot read are left out.
std::vector<detection::Observation> FeedOf(const WeekData& data, base::Instant before);

}  // namespace belgrand::cli
