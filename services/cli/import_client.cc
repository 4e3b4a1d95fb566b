#include "services/cli/import_client.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "sample/text.h"
#include "sample/validate.h"
#include "services/shared/sample_convert.h"

namespace belgrand::cli {
namespace {

using ingest::v1::Verdict;

constexpr base::Duration kCallTimeout = std::chrono::seconds(60);
constexpr std::size_t kSitesPerCall = 5'000;

Verdict JudgeHere(const sample::Row& row, base::Instant now, ingest::v1::Language language) {
  const auto words =
      language == ingest::v1::FRENCH ? sample::Language::kFrench : sample::Language::kEnglish;
  Verdict verdict;
  verdict.set_sample_id(sample::Printable(row.sample_id));
  verdict.set_outcome(Verdict::REJECTED);
  for (const sample::Violation& violation : sample::Validate(row, nullptr, now).violations) {
    *verdict.add_violations() = shared::ToProto(violation, words);
  }
  return verdict;
}

void CountRules(const google::protobuf::RepeatedPtrField<ingest::v1::Violation>& findings,
                std::map<std::string, std::size_t>& counts) {
  std::set<std::string> rules;
  for (const auto& finding : findings) rules.insert(finding.rule());
  for (const std::string& rule : rules) ++counts[rule];
}

}  // namespace

void ImportTotals::Add(const Verdict& verdict) {
  switch (verdict.outcome()) {
    case Verdict::ACCEPTED:
      ++accepted;
      break;
    case Verdict::DUPLICATE:
      ++duplicate;
      break;
    case Verdict::AMENDED:
      ++amended;
      break;
    case Verdict::VOIDED:
      ++voided;
      break;
    default:
      ++rejected;
  }
  if (!verdict.warnings().empty()) ++warned;
  CountRules(verdict.violations(), rejected_by_rule);
  CountRules(verdict.warnings(), warned_by_rule);
}

std::variant<ingest::v1::Sample, Verdict> PrepareRow(const sample::Row& row, base::Instant now,
                                                     ingest::v1::Language language) {
  auto proto = shared::ToProto(row);
  if (proto.ok() && row.reader_violations.empty()) return *std::move(proto);
  return JudgeHere(row, now, language);
}

ImportClient::ImportClient(const std::shared_ptr<grpc::Channel>& channel, const base::Clock& clock,
                           const std::shared_ptr<grpc::Channel>& sites)
    : clock_(clock),
      sites_(timeseries::v1::SiteService::NewStub(sites == nullptr ? channel : sites)),
      sender_(channel) {}

base::StatusOr<std::size_t> ImportClient::RegisterSites(std::span<const sample::Site> sites) {
  timeseries::v1::ListSitesResponse known;
  grpc::ClientContext listing;
  rpc::SetTimeout(listing, kCallTimeout);
  RETURN_IF_ERROR(rpc::FromGrpc(sites_->ListSites(&listing, {}, &known)));
  std::map<std::string_view, const timeseries::v1::Site*> by_id;
  for (const auto& site : known.sites()) by_id.emplace(site.site_id(), &site);
  std::size_t changed = 0;
  while (!sites.empty()) {
    timeseries::v1::PutSitesRequest request;
    const auto chunk = sites.first(std::min(kSitesPerCall, sites.size()));
    for (const sample::Site& site : chunk) {
      timeseries::v1::Site& said = *request.add_sites() = shared::ToProto(site);
      const auto at = by_id.find(site.site_id);
      if (at == by_id.end()) continue;
      // A file of samples knows of no dates, and often of no name: it does not correct a catalogue
      // that does.
      if (site.name == site.site_id) said.clear_name();
      if (!at->second->populations().empty()) said.clear_population_served();
      if (!at->second->districts().empty()) said.clear_district_id();
    }
    grpc::ClientContext context;
    rpc::SetTimeout(context, kCallTimeout);
    timeseries::v1::PutSitesResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(sites_->PutSites(&context, request, &response)));
    changed += response.added() + response.changed();
    sites = sites.subspan(chunk.size());
  }
  return changed;
}

base::StatusOr<Verdicts> ImportClient::Judge(std::span<const sample::Row> rows,
                                             const ImportOptions& options) {
  std::vector<ingest::v1::Sample> samples;
  // For each sample, its row.
  std::vector<int> positions;
  Verdicts verdicts;
  for (const sample::Row& row : rows) {
    auto prepared = PrepareRow(row, clock_.Now(), options.language);
    if (auto* sample = std::get_if<ingest::v1::Sample>(&prepared)) {
      samples.push_back(std::move(*sample));
      positions.push_back(verdicts.size());
      verdicts.Add();
    } else {
      *verdicts.Add() = std::get<Verdict>(std::move(prepared));
    }
  }
  SampleSender::Options sending;
  sending.persistence = options.persistence;
  sending.language = options.language;
  sending.patience = options.patience;
  sending.on_wait = options.on_wait;
  ASSIGN_OR_RETURN(Verdicts answers, sender_.Send(samples, sending));
  for (std::size_t i = 0; i < positions.size(); ++i) {
    verdicts[positions[i]] = std::move(answers[static_cast<int>(i)]);
  }
  return verdicts;
}

base::StatusOr<ImportTotals> ImportClient::Send(std::span<const sample::Row> rows,
                                                const ImportOptions& options,
                                                const ImportCallbacks& callbacks) {
  ImportTotals totals;
  const std::size_t total = rows.size();
  while (!rows.empty()) {
    const auto part =
        rows.first(std::min(std::max<std::size_t>(options.batch_rows, 1), rows.size()));
    ASSIGN_OR_RETURN(const Verdicts verdicts, Judge(part, options));
    for (std::size_t i = 0; i < part.size(); ++i) {
      const Verdict& verdict = verdicts[static_cast<int>(i)];
      totals.Add(verdict);
      if (callbacks.on_verdict) callbacks.on_verdict(part[i], verdict);
    }
    if (callbacks.on_progress) callbacks.on_progress(totals.rows(), total);
    rows = rows.subspan(part.size());
  }
  return totals;
}

}  // namespace belgrand::cli
