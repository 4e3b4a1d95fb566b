#include "services/cli/amendment_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "alerting/render.h"
#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"

namespace belgrand::cli {
namespace {

constexpr auto kTimeout = std::chrono::seconds(30);
constexpr std::size_t kShownRows = 20;

using Name = std::tuple<std::string, std::string, std::string>;  // laboratory, sample, target

bool HoldsOneOf(const alerting::v1::Alert& alert, const std::set<Name>& touched) {
  return std::ranges::any_of(alert.evidence().samples(), [&](const auto& sample) {
    return touched.contains({sample.laboratory_id(), sample.sample_id(), alert.target()});
  });
}

// The evidence of an alert names the sites whose series it rests on.
bool StandsOn(const alerting::v1::Alert& alert, const std::set<std::string>& series) {
  const auto touches = [&](const std::string& site) {
    return series.contains(site + '\n' + alert.target());
  };
  return std::ranges::any_of(alert.evidence().samples(),
                             [&](const auto& sample) { return touches(sample.site_id()); }) ||
         std::ranges::any_of(alert.evidence().sites(),
                             [&](const auto& site) { return touches(site.site_id()); });
}

void AddAlerts(const std::shared_ptr<grpc::Channel>& channel, AmendmentReport& report) {
  alerting::v1::ListAlertsRequest request;
  request.add_states(alerting::v1::OPEN);
  request.add_states(alerting::v1::ACKNOWLEDGED);
  request.add_states(alerting::v1::ESCALATED);
  request.add_states(alerting::v1::OPEN_AGAIN);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  alerting::v1::ListAlertsResponse response;
  const auto stub = alerting::v1::AlertingService::NewStub(channel);
  const base::Status status = rpc::FromGrpc(stub->ListAlerts(&context, request, &response));
  if (!status.ok()) {
    report.alerts_unknown = base::Message(status);
    return;
  }
  std::set<Name> touched;
  std::set<std::string> series;
  for (const TouchedRow& row : report.rows) {
    touched.insert({row.laboratory_id, row.sample_id, row.target});
    series.insert(row.site_id + '\n' + row.target);
  }
  for (const alerting::v1::Alert& alert : response.alerts()) {
    if (HoldsOneOf(alert, touched)) {
      report.alerts.push_back(alert);
    } else if (StandsOn(alert, series)) {
      ++report.other_alerts;
    }
  }
}

std::string NameOf(const TouchedRow& row) {
  return fmt::format("{} {} {}{}{}", row.laboratory_id, row.sample_id, row.target,
                     row.gene.empty() ? "" : " ", row.gene);
}

}  // namespace

AmendmentReport ReportAmendment(const std::shared_ptr<grpc::Channel>& channel,
                                std::vector<TouchedRow> rows) {
  AmendmentReport report;
  report.rows = std::move(rows);
  if (!report.rows.empty()) AddAlerts(channel, report);
  return report;
}

std::string RenderReport(const AmendmentReport& report) {
  if (report.rows.empty()) return "no stored row would change\n";
  std::string text = fmt::format("{} stored row(s) get a new version:\n", report.rows.size());
  std::map<std::string, std::size_t> series;
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const TouchedRow& row = report.rows[i];
    ++series[row.site_id + " " + row.target];
    if (i < kShownRows) {
      text += fmt::format("  {}: version {} -> {}\n", NameOf(row), row.new_version - 1,
                          row.new_version);
    }
  }
  if (report.rows.size() > kShownRows) {
    text += fmt::format("  and {} more\n", report.rows.size() - kShownRows);
  }
  text += fmt::format("{} series change:\n", series.size());
  for (const auto& [name, rows] : series) text += fmt::format("  {}: {} row(s)\n", name, rows);
  if (!report.alerts_unknown.empty()) {
    return text + fmt::format("alerts could not be asked for: {}\n", report.alerts_unknown);
  }
  text += fmt::format("{} unresolved alert(s) rest on these samples{}\n", report.alerts.size(),
                      report.alerts.empty() ? "" : ":");
  for (const auto& alert : report.alerts) text += "  " + alerting::RenderLine(alert) + "\n";
  if (report.other_alerts > 0) {
    text +=
        fmt::format("{} other unresolved alert(s) stand on these series\n", report.other_alerts);
  }
  return text;
}

}  // namespace belgrand::cli
