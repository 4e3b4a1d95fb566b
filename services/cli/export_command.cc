#include "services/cli/export_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "sample/target.h"
#include "services/cli/client_flags.h"
#include "services/cli/import_report.h"
#include "services/cli/package_writer.h"
#include "services/shared/sample_convert.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

constexpr base::Duration kListTimeout = std::chrono::seconds(60);
constexpr base::Duration kSeriesTimeout = std::chrono::minutes(10);

struct Flags {
  ClientFlags client;
  std::string format;
  std::string out;
  std::vector<std::string> sites;
  std::vector<std::string> targets;
  std::string from;
  std::string to;
  std::string as_of;
  std::string license;
  std::string title = "Wastewater measurements";
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
  Request request;
  RETURN_IF_ERROR(SetTime("--from", flags.from, &Request::mutable_from, request));
  RETURN_IF_ERROR(SetTime("--to", flags.to, &Request::mutable_to, request));
  RETURN_IF_ERROR(SetTime("--as-of", flags.as_of, &Request::mutable_as_of, request));
  return request;
}

base::StatusOr<std::vector<std::string>> TargetsOf(const Flags& flags) {
  std::vector<std::string> targets;
  for (const std::string& text : flags.targets) {
    const auto code = sample::CanonicalTarget(text);
    if (!code.has_value()) {
      return base::InvalidArgument("target \"{}\" is not known; known: {}", text,
                                   sample::TargetList());
    }
    targets.emplace_back(*code);
  }
  if (targets.empty()) {
    for (const sample::Target& target : sample::KnownTargets()) targets.emplace_back(target.code);
  }
  return targets;
}

// The sites that were asked for, or all.
base::StatusOr<std::vector<sample::Site>> ListSites(const std::shared_ptr<grpc::Channel>& channel,
                                                    const std::vector<std::string>& wanted) {
  const auto stub = timeseries::v1::SiteService::NewStub(channel);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kListTimeout);
  timeseries::v1::ListSitesResponse response;
  RETURN_IF_ERROR(rpc::FromGrpc(stub->ListSites(&context, {}, &response)));
  std::set<std::string> missing(wanted.begin(), wanted.end());
  std::vector<sample::Site> sites;
  for (const timeseries::v1::Site& site : response.sites()) {
    if (!wanted.empty() && missing.erase(site.site_id()) == 0) continue;
    sites.push_back(shared::ToSite(site));
  }
  if (!missing.empty()) {
    return base::NotFound("site \"{}\" is not in the catalogue", *missing.begin());
  }
  return sites;
}

// Adds the rows of one series; how many they are.
base::StatusOr<std::size_t> ExportSeries(timeseries::v1::TimeseriesService::Stub& stub,
                                         const timeseries::v1::ReadSeriesRequest& request,
                                         PackageWriter& writer) {
  grpc::ClientContext context;
  rpc::SetTimeout(context, kSeriesTimeout);
  const auto reader = stub.ReadSeries(&context, request);
  std::size_t rows = 0;
  base::Status status = base::OkStatus();
  timeseries::v1::ReadSeriesResponse response;
  while (status.ok() && reader->Read(&response)) {
    for (const timeseries::v1::SampleVersion& version : response.samples()) {
      if (version.voided()) continue;
      const auto measurement = shared::ToMeasurement(version);
      if (!measurement.ok()) {
        status = base::Annotate(measurement.status(), version.sample_id());
        break;
      }
      writer.Write(*measurement);
      ++rows;
    }
  }
  if (!status.ok()) context.TryCancel();
  const base::Status finished = rpc::FromGrpc(reader->Finish());
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(finished);
  return rows;
}

base::Status Export(const Flags& flags) {
  ASSIGN_OR_RETURN(timeseries::v1::ReadSeriesRequest request, RequestOf(flags));
  ASSIGN_OR_RETURN(const std::vector<std::string> targets, TargetsOf(flags));
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  ASSIGN_OR_RETURN(const std::vector<sample::Site> sites, ListSites(channel, flags.sites));
  const auto format = flags.format == "odm" ? ExportFormat::kOdm : ExportFormat::kFrictionless;
  ASSIGN_OR_RETURN(const std::unique_ptr<PackageWriter> writer,
                   PackageWriter::Create(format, flags.out,
                                         {.title = flags.title,
                                          .license = flags.license,
                                          .created = base::Clock::System().Now()}));
  const auto stub = timeseries::v1::TimeseriesService::NewStub(channel);
  std::size_t rows = 0;
  std::size_t series = 0;
  for (const sample::Site& site : sites) {
    writer->PutSite(site);
    for (const std::string& target : targets) {
      request.set_site_id(site.site_id);
      request.set_target(target);
      ASSIGN_OR_RETURN(const std::size_t added, ExportSeries(*stub, request, *writer));
      rows += added;
      series += added > 0;
    }
  }
  RETURN_IF_ERROR(writer->Finish());
  std::cout << fmt::format("{}: {} rows of {} series at {} sites\n", flags.out, Grouped(rows),
                           Grouped(series), Grouped(sites.size()));
  return base::OkStatus();
}

int Run(const Flags& flags) {
  const base::Status status = Export(flags);
  if (!status.ok()) std::cerr << base::Message(status) << "\n";
  return status.ok() ? kExitOk : kExitRuntime;
}

}  // namespace

void AddExport(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  app.add_option("--format", flags->format,
                 "odm: PHES-ODM v2 long tables; frictionless: data package")
      ->required()
      ->check(CLI::IsMember({"odm", "frictionless"}));
  app.add_option("--out", flags->out, "folder for the files; holds none of them yet")->required();
  app.add_option("--site", flags->sites, "only these sites; all when not given");
  app.add_option("--target", flags->targets, "only these targets; all when not given");
  app.add_option("--from", flags->from, "collected from this day or time on");
  app.add_option("--to", flags->to, "collected before this day or time");
  app.add_option("--as-of", flags->as_of, "as it was known then");
  app.add_option("--license", flags->license, "licence of the data, such as CC-BY-4.0");
  app.add_option("--title", flags->title, "title of the data package")->capture_default_str();
  AddClientFlags(app, flags->client);
  app.callback([flags, &run] { run = [flags] { return Run(*flags); }; });
}

}  // namespace belgrand::cli
