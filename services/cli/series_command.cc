#include "services/cli/series_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/file.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "sample/target.h"
#include "services/cli/alerts_words.h"
#include "services/cli/client_flags.h"
#include "services/cli/series_table.h"
#include "services/cli/sites_client.h"
#include "services/shared/sample_convert.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

constexpr base::Duration kTimeout = std::chrono::minutes(10);

struct Flags {
  ClientFlags client;
  std::string site;
  std::string target;
  std::vector<std::string> ways;
  std::string from;
  std::string to;
  std::string as_of;
  std::string csv;
};

base::Status SetTime(std::string_view name, const std::string& text,
                     google::protobuf::Timestamp* (timeseries::v1::ReadSeriesRequest::*field)(),
                     timeseries::v1::ReadSeriesRequest& request) {
  if (text.empty()) return base::OkStatus();
  const auto instant = base::ParseInstant(text);
  if (!instant.ok()) return base::Annotate(instant.status(), name);
  *(request.*field)() = shared::ToTimestamp(*instant);
  return base::OkStatus();
}

base::StatusOr<timeseries::v1::ReadSeriesRequest> RequestOf(const Flags& flags) {
  using Request = timeseries::v1::ReadSeriesRequest;
  const auto target = sample::CanonicalTarget(flags.target);
  if (!target) {
    return base::InvalidArgument("target \"{}\" is not known; known: {}", flags.target,
                                 sample::TargetList());
  }
  Request request;
  request.set_site_id(flags.site);
  request.set_target(std::string(*target));
  RETURN_IF_ERROR(SetTime("--from", flags.from, &Request::mutable_from, request));
  RETURN_IF_ERROR(SetTime("--to", flags.to, &Request::mutable_to, request));
  RETURN_IF_ERROR(SetTime("--as-of", flags.as_of, &Request::mutable_as_of, request));
  return request;
}

base::StatusOr<std::vector<sample::Measurement>> Read(
    const std::shared_ptr<grpc::Channel>& channel,
    const timeseries::v1::ReadSeriesRequest& request) {
  const auto stub = timeseries::v1::TimeseriesService::NewStub(channel);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  const auto reader = stub->ReadSeries(&context, request);
  std::vector<sample::Measurement> rows;
  base::Status status = base::OkStatus();
  timeseries::v1::ReadSeriesResponse response;
  while (status.ok() && reader->Read(&response)) {
    for (const timeseries::v1::SampleVersion& version : response.samples()) {
      if (version.voided()) continue;
      auto measurement = shared::ToMeasurement(version);
      if (!measurement.ok()) {
        status = base::Annotate(measurement.status(), version.sample_id());
        break;
      }
      rows.push_back(*std::move(measurement));
    }
  }
  if (!status.ok()) context.TryCancel();
  const base::Status finished = rpc::FromGrpc(reader->Finish());
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(finished);
  return rows;
}

base::Status Series(const Flags& flags) {
  ASSIGN_OR_RETURN(const timeseries::v1::ReadSeriesRequest request, RequestOf(flags));
  std::vector<sample::Normalisation> ways;
  for (const std::string& name : flags.ways) {
    if (const auto way = sample::ParseNormalisation(name)) ways.push_back(*way);
  }
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  timeseries::v1::ListSitesRequest wanted;
  wanted.set_site_id(flags.site);
  ASSIGN_OR_RETURN(const auto sites, SitesClient(channel).List(wanted));
  if (sites.sites().empty()) {
    return base::NotFound("site \"{}\" is not in the catalogue", flags.site);
  }
  ASSIGN_OR_RETURN(auto rows, Read(channel, request));
  const auto series = MakeSeries(std::move(rows), shared::ToSite(sites.sites(0)), ways);
  if (flags.csv.empty()) {
    std::cout << SeriesText(series, ways, LanguageOf(flags.client));
    return base::OkStatus();
  }
  RETURN_IF_ERROR(base::WriteFileAtomically(flags.csv, SeriesCsv(series, ways), 0644));
  std::cout << fmt::format("{}: {} rows\n", flags.csv, series.size());
  return base::OkStatus();
}

int Run(const Flags& flags) {
  const base::Status status = Series(flags);
  if (status.ok()) return kExitOk;
  std::cerr << base::Message(status) << "\n";
  return status.code() == base::StatusCode::kInvalidArgument ? kExitUsage : kExitRuntime;
}

}  // namespace

void AddSeries(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  app.add_option("--site", flags->site, "Site of the catalogue")->required();
  app.add_option("--target", flags->target, "Target, such as sars-cov-2")->required();
  app.add_option("--normalise", flags->ways,
                 "Beside the raw values: flow (load per 100,000 persons and day), pmmov (per copy "
                 "of pepper mild mottle virus), ammonium (load per 100,000 persons, counted by "
                 "their ammonium); several with commas")
      ->delimiter(',')
      ->check(CLI::IsMember({"flow", "pmmov", "ammonium"}));
  app.add_option("--from", flags->from, "Collected from this day or time on");
  app.add_option("--to", flags->to, "Collected before this day or time");
  app.add_option("--as-of", flags->as_of, "As it was known then");
  app.add_option("--csv", flags->csv, "File to write instead of a table for people");
  AddClientFlags(app, flags->client);
  app.callback([flags, &run] { run = [flags] { return Run(*flags); }; });
}

}  // namespace belgrand::cli
