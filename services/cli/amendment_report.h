// What a change of stored rows touches: rows with their versions, series, alerts. Shown before it
// is committed.
//
// An alert is named when its evidence holds a touched sample; other open alerts of a touched series
// are counted, for they may move too. Who may not read alerts (a laboratory's certificate) is told
// so instead.
//
// Thread safety: one call at a time.
#pragma once

#include <grpcpp/channel.h>

#include <optional>
#include <string>
#include <vector>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "platform/base/error.h"

namespace belgrand::cli {

// A stored row that would get a new version.
struct TouchedRow {
  std::string laboratory_id;
  std::string sample_id;
  std::string site_id;
  // Its code.
  std::string target;
  std::string gene;
  std::uint32_t new_version = 0;
};

struct AmendmentReport {
  std::vector<TouchedRow> rows;
  // Unresolved alerts with a touched sample in their evidence.
  std::vector<alerting::v1::Alert> alerts;
  // Other unresolved alerts that stand on a touched series.
  std::size_t other_alerts = 0;
  // Why alerts could not be asked for; empty: they were.
  std::string alerts_unknown;
};

// Never fails for want of the alerts: then the report says so.
AmendmentReport ReportAmendment(const std::shared_ptr<grpc::Channel>& channel,
                                std::vector<TouchedRow> rows);
std::string RenderReport(const AmendmentReport& report);

}  // namespace belgrand::cli
