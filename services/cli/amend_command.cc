#include "services/cli/amend_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "belgrand/ingest/v1/ingest.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "sample/target.h"
#include "sample/text.h"
#include "services/cli/amendment_report.h"
#include "services/cli/client_flags.h"
#include "services/cli/import_client.h"
#include "services/cli/import_report.h"
#include "services/cli/sample_load.h"

namespace belgrand::cli {
namespace {

using ingest::v1::Verdict;

constexpr auto kTimeout = std::chrono::seconds(60);

struct AmendFlags {
  ClientFlags client;
  std::string file;
  bool dry_run = false;
};

struct VoidFlags {
  ClientFlags client;
  std::string laboratory;
  std::string sample;
  std::string target;
  std::string gene;
  std::string reason;
  std::string by;
  bool dry_run = false;
};

// Target and gene as the service reads them: a target written as a gene gives both.
TouchedRow NameOf(const std::string& laboratory, const std::string& sample,
                  const std::string& target, const std::string& gene) {
  TouchedRow touched;
  touched.laboratory_id = laboratory;
  touched.sample_id = sample;
  touched.target = sample::CanonicalTarget(target).value_or(std::string_view(target));
  touched.gene = gene.empty() ? std::string(sample::GeneOfTarget(target)) : sample::Lower(gene);
  return touched;
}

base::StatusOr<ImportTotals> Send(ImportClient& client, const SampleFile& file,
                                  const AmendFlags& flags, Persistence persistence,
                                  std::vector<TouchedRow>& touched) {
  ImportOptions options;
  options.persistence = persistence;
  options.language = VerdictLanguage(flags.client);
  std::size_t shown = 0;
  return client.Send(
      file.rows, options,
      {.on_verdict =
           [&](const sample::Row& row, const Verdict& verdict) {
             if (verdict.outcome() == Verdict::AMENDED) {
               touched.push_back(NameOf(row.laboratory_id, row.sample_id, row.target, row.gene));
               touched.back().site_id = row.site_id;
               touched.back().new_version = verdict.version();
             } else if (verdict.outcome() == Verdict::REJECTED && shown++ < kShownRejections) {
               ShowRejection(row.line, verdict);
             }
           },
       .on_progress = {}});
}

base::StatusOr<ImportTotals> RunAmend(const AmendFlags& flags) {
  ASSIGN_OR_RETURN(const SampleFile file, LoadSamples(flags.file, std::nullopt, RowOrder::kFile));
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  ImportClient client(channel, base::Clock::System());
  std::vector<TouchedRow> touched;
  ASSIGN_OR_RETURN(ImportTotals totals, Send(client, file, flags, Persistence::kDryRun, touched));
  std::cout << RenderReport(ReportAmendment(channel, std::move(touched)));
  if (!flags.dry_run && totals.rejected == 0) {
    std::vector<TouchedRow> ignored;
    ASSIGN_OR_RETURN(totals, Send(client, file, flags, Persistence::kStore, ignored));
  }
  ShowTotals(fmt::format("{}: {} rows{}", flags.file, Grouped(totals.rows()),
                         flags.dry_run         ? ", dry run: nothing was stored"
                         : totals.rejected > 0 ? ": nothing was stored, for some were rejected"
                                               : ""),
             totals);
  return totals;
}

int Amend(const AmendFlags& flags) {
  const auto totals = RunAmend(flags);
  if (!totals.ok()) {
    std::cerr << base::Message(totals.status()) << "\n";
    return kExitRuntime;
  }
  return totals->rejected == 0 ? kExitOk : kExitRuntime;
}

base::StatusOr<Verdict> SendVoid(ingest::v1::IngestService::Stub& stub, const VoidFlags& flags,
                                 Persistence persistence) {
  ingest::v1::VoidSamplesRequest request;
  auto& row = *request.add_rows();
  row.set_laboratory_id(flags.laboratory);
  row.set_sample_id(flags.sample);
  row.set_target(flags.target);
  row.set_gene(flags.gene);
  request.set_reason(flags.reason);
  request.set_voided_by(flags.by);
  request.set_validate_only(persistence == Persistence::kDryRun);
  request.set_language(VerdictLanguage(flags.client));
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  ingest::v1::VoidSamplesResponse response;
  RETURN_IF_ERROR(rpc::FromGrpc(stub.VoidSamples(&context, request, &response)));
  if (response.verdicts_size() != 1) return base::Internal("the service gave no verdict");
  return response.verdicts(0);
}

// The site of a stored row, from its newest version.
base::StatusOr<std::string> SiteOf(const std::shared_ptr<grpc::Channel>& channel,
                                   const TouchedRow& row) {
  timeseries::v1::GetSampleHistoryRequest request;
  request.set_laboratory_id(row.laboratory_id);
  request.set_sample_id(row.sample_id);
  request.set_target(row.target);
  request.set_gene(row.gene);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  timeseries::v1::GetSampleHistoryResponse response;
  const auto stub = timeseries::v1::TimeseriesService::NewStub(channel);
  RETURN_IF_ERROR(rpc::FromGrpc(stub->GetSampleHistory(&context, request, &response)));
  if (response.versions().empty()) return base::NotFound("the row has no version");
  return response.versions().rbegin()->site_id();
}

base::StatusOr<Verdict> RunVoid(const VoidFlags& flags) {
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  const auto stub = ingest::v1::IngestService::NewStub(channel);
  ASSIGN_OR_RETURN(const Verdict judged, SendVoid(*stub, flags, Persistence::kDryRun));
  if (judged.outcome() != Verdict::VOIDED) return judged;
  TouchedRow row = NameOf(flags.laboratory, flags.sample, flags.target, flags.gene);
  row.new_version = judged.version();
  ASSIGN_OR_RETURN(row.site_id, SiteOf(channel, row));
  std::cout << RenderReport(ReportAmendment(channel, {row}));
  if (flags.dry_run) return judged;
  return SendVoid(*stub, flags, Persistence::kStore);
}

int Void(const VoidFlags& flags) {
  const auto verdict = RunVoid(flags);
  if (!verdict.ok()) {
    std::cerr << base::Message(verdict.status()) << "\n";
    return kExitRuntime;
  }
  if (verdict->outcome() == Verdict::REJECTED) {
    ShowRejection(1, *verdict);
    return kExitRuntime;
  }
  std::cout << (verdict->outcome() == Verdict::DUPLICATE ? "void already: nothing was changed\n"
                : flags.dry_run                          ? "dry run: nothing was stored\n"
                                                         : "voided\n");
  return kExitOk;
}

}  // namespace

void AddAmend(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<AmendFlags>();
  app.add_option("file", flags->file,
                 "CSV of corrected samples with amendment_reason (docs/formats/sample_csv.md)")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_flag("--dry-run", flags->dry_run, "say what would change, store nothing");
  AddClientFlags(app, flags->client);
  app.callback([flags, &run] { run = [flags] { return Amend(*flags); }; });
}

void AddVoid(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<VoidFlags>();
  app.add_option("--lab", flags->laboratory, "laboratory of the sample")->required();
  app.add_option("--sample", flags->sample, "sample_id")->required();
  app.add_option("--target", flags->target, "target of the row")->required();
  app.add_option("--gene", flags->gene, "gene of the row, where it has one");
  app.add_option("--reason", flags->reason, "why it is taken back")->required();
  app.add_option("--by", flags->by, "who decided it; kept sealed");
  app.add_flag("--dry-run", flags->dry_run, "say what would change, store nothing");
  AddClientFlags(app, flags->client);
  app.callback([flags, &run] { run = [flags] { return Void(*flags); }; });
}

}  // namespace belgrand::cli
