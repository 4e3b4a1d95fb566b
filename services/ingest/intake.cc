#include "services/ingest/intake.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "platform/rpc/channel.h"
#include "sample/text.h"
#include "services/ingest/content_hash.h"
#include "services/ingest/peer_status.h"
#include "services/ingest/verdict_text.h"
#include "services/shared/sample_convert.h"
#include "services/shared/sealed_place.h"

namespace belgrand::ingest {
namespace {

using sample::Rule;
using sample::Text;
using sample::Violation;
using timeseries::v1::AppendSamplesResponse;
using timeseries::v1::SampleVersion;

constexpr base::Duration kSealTimeout = std::chrono::seconds(15);
constexpr base::Duration kAppendTimeout = std::chrono::seconds(30);
// Of findings in one answer.
constexpr std::size_t kFindingBytes = std::size_t{4} << 20;

bool NamesUnknownSite(const std::vector<Violation>& violations) {
  return std::any_of(violations.begin(), violations.end(),
                     [](const Violation& v) { return v.rule() == Rule::kUnknownSite; });
}

}  // namespace

// A row on its way.
struct Intake::Judged {
  sample::Validated validated;
  std::string sample_id;
  SampleVersion version;
  std::string sampler_ref;
  std::string analyst_ref;
  std::string amender_ref;
  v1::Verdict::Outcome outcome = v1::Verdict::REJECTED;
  std::uint32_t current_version = 0;
  std::uint64_t feed_sequence = 0;
};

Intake::Intake(Peers peers, const base::Clock& clock, IngestMetrics& metrics)
    : peers_(std::move(peers)),
      clock_(clock),
      metrics_(metrics),
      sites_(*peers_.sites, clock),
      last_values_(*peers_.timeseries) {}

base::StatusOr<Verdicts> Intake::Process(const Batch& batch) {
  const base::Instant started = clock_.Now();
  ASSIGN_OR_RETURN(std::vector<Judged> rows, Judge(batch));
  RETURN_IF_ERROR(Seal(batch, rows));
  PrepareLastValues(rows);
  RETURN_IF_ERROR(Append(batch, rows));
  metrics_.batch_seconds.Observe(std::chrono::duration<double>(clock_.Now() - started).count());
  return Conclude(batch, rows);
}

base::StatusOr<std::vector<Intake::Judged>> Intake::Judge(const Batch& batch) {
  ASSIGN_OR_RETURN(SiteCache::Snapshot sites, sites_.Get());
  const base::Instant now = clock_.Now();
  std::vector<Judged> rows;
  rows.reserve(static_cast<std::size_t>(batch.samples.size()));
  bool fresh = false;
  for (const v1::Sample& sent : batch.samples) {
    const sample::Row row = shared::ToRow(sent);
    Judged judged;
    judged.validated = sample::Validate(row, sites.get(), now);
    if (!fresh && NamesUnknownSite(judged.validated.violations)) {
      ASSIGN_OR_RETURN(sites, sites_.NewerThan(sites));
      fresh = true;
      judged.validated = sample::Validate(row, sites.get(), now);
    }
    if (!batch.only_laboratory.empty() && row.laboratory_id != batch.only_laboratory) {
      judged.validated.measurement.reset();
      judged.validated.violations.push_back(
          OtherLaboratory(row.laboratory_id, batch.only_laboratory));
    }
    judged.sample_id = sample::Printable(row.sample_id);
    rows.push_back(std::move(judged));
  }
  return rows;
}

base::Status Intake::Seal(const Batch& batch, std::vector<Judged>& rows) {
  compliance::v1::SealFieldsRequest request;
  // Where each sealed value goes, in the order of the request.
  std::vector<std::pair<std::string*, std::string*>> destinations;
  for (Judged& row : rows) {
    if (!row.validated.ok()) continue;
    const sample::Measurement& m = *row.validated.measurement;
    const auto add = [&](const std::string& person, privacy::v1::Subject subject,
                         std::string_view field, std::string* sealed, std::string* reference) {
      if (person.empty()) return;
      auto* plain = request.add_fields();
      plain->set_subject(subject);
      plain->set_tenant(m.laboratory_id);
      plain->set_value(person);
      plain->set_place(shared::SealedPlace(field, m.laboratory_id, m.sample_id, m.target, m.gene));
      destinations.emplace_back(sealed, reference);
    };
    add(row.validated.sampled_by, privacy::v1::SAMPLER, "sampled_by_sealed",
        row.version.mutable_sampled_by_sealed(), &row.sampler_ref);
    add(row.validated.analysed_by, privacy::v1::LAB_STAFF, "analysed_by_sealed",
        row.version.mutable_analysed_by_sealed(), &row.analyst_ref);
    add(row.validated.amended_by, privacy::v1::LAB_STAFF, "amended_by_sealed",
        row.version.mutable_amended_by_sealed(), &row.amender_ref);
  }
  if (destinations.empty()) return base::OkStatus();
  request.set_look_up_only(batch.mode == Mode::kValidateOnly);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kSealTimeout, batch.deadline);
  compliance::v1::SealFieldsResponse response;
  RETURN_IF_ERROR(
      FromPeer(peers_.compliance->SealFields(&context, request, &response), "the keyring"));
  if (static_cast<std::size_t>(response.fields_size()) != destinations.size()) {
    return base::Internal("the keyring sealed {} of {} fields", response.fields_size(),
                          destinations.size());
  }
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    auto& field = *response.mutable_fields(static_cast<int>(i));
    *destinations[i].first = std::move(*field.mutable_sealed());
    *destinations[i].second = std::move(*field.mutable_subject_ref());
    // A person whom the keyring does not know would get a new reference: no stored row has it.
    if (destinations[i].second->empty()) {
      *destinations[i].second = "not known: " + request.fields(static_cast<int>(i)).value();
    }
  }
  if (batch.mode == Mode::kStore)
    metrics_.sealed_fields.Increment(static_cast<double>(destinations.size()));
  return base::OkStatus();
}

base::Status Intake::Append(const Batch& batch, std::vector<Judged>& rows) {
  timeseries::v1::AppendSamplesRequest request;
  std::vector<Judged*> sent;
  for (Judged& row : rows) {
    if (!row.validated.ok()) continue;
    SampleVersion version = shared::ToVersion(*row.validated.measurement);
    version.set_sampled_by_sealed(std::move(*row.version.mutable_sampled_by_sealed()));
    version.set_analysed_by_sealed(std::move(*row.version.mutable_analysed_by_sealed()));
    version.set_amended_by_sealed(std::move(*row.version.mutable_amended_by_sealed()));
    version.set_comment(row.validated.comment);
    version.set_reported_unit(row.validated.reported_unit);
    version.set_amendment_reason(row.validated.amendment_reason);
    version.set_request_id(batch.request_id);
    version.set_content_hash(ContentHash(*row.validated.measurement, row.sampler_ref,
                                         row.analyst_ref, row.validated.comment));
    row.version = std::move(version);
    *request.add_samples() = row.version;
    sent.push_back(&row);
  }
  if (sent.empty()) return base::OkStatus();
  request.set_dry_run(batch.mode == Mode::kValidateOnly);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kAppendTimeout, batch.deadline);
  AppendSamplesResponse response;
  RETURN_IF_ERROR(FromPeer(peers_.timeseries->AppendSamples(&context, request, &response),
                           "the time series store"));
  if (static_cast<std::size_t>(response.results_size()) != sent.size()) {
    return base::Internal("the time series store answered {} of {} rows", response.results_size(),
                          sent.size());
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    Settle(batch, response.results(static_cast<int>(i)), *sent[i]);
  }
  return base::OkStatus();
}

void Intake::Settle(const Batch& batch, const AppendSamplesResponse::Result& result, Judged& row) {
  const auto store = [&](v1::Verdict::Outcome outcome) {
    row.outcome = outcome;
    row.current_version = result.version();
    if (batch.mode == Mode::kStore) row.feed_sequence = result.feed_sequence();
  };
  switch (result.outcome()) {
    case AppendSamplesResponse::STORED:
      return store(v1::Verdict::ACCEPTED);
    case AppendSamplesResponse::AMENDED:
      return store(v1::Verdict::AMENDED);
    case AppendSamplesResponse::DUPLICATE:
      row.outcome = v1::Verdict::DUPLICATE;
      row.current_version = result.has_previous() ? result.previous().version() : result.version();
      if (result.has_previous() && result.previous().content_hash() != row.version.content_hash()) {
        row.validated.warnings.push_back({"amendment_reason",
                                          "",
                                          Text::kSupersededResend,
                                          {std::to_string(result.previous().version())}});
      }
      return;
    case AppendSamplesResponse::UNKNOWN_SITE:
      row.validated.violations.push_back(
          {"site_id", row.version.site_id(), Text::kUnknownSite, {}});
      return;
    case AppendSamplesResponse::TOO_MANY_VERSIONS:
      row.validated.violations.push_back(TooManyVersions(result.previous(), row.version));
      return;
    default:
      row.validated.violations.push_back(
          ReasonRequired(result.previous(), row.version, batch.request_id));
  }
}

void Intake::PrepareLastValues(const std::vector<Judged>& rows) {
  std::vector<const sample::Measurement*> measurements;
  measurements.reserve(rows.size());
  for (const Judged& row : rows) {
    if (row.validated.ok()) measurements.push_back(&*row.validated.measurement);
  }
  last_values_.Prepare(measurements);
}

Verdicts Intake::Conclude(const Batch& batch, std::vector<Judged>& rows) {
  Verdicts verdicts;
  std::size_t budget = kFindingBytes;
  const sample::Language language = LanguageOf(batch.language);
  LastValues::Batch last_values(last_values_);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Judged& row = rows[i];
    v1::Verdict& verdict = *verdicts.Add();
    verdict.set_row(static_cast<std::uint32_t>(i));
    verdict.set_sample_id(row.sample_id);
    verdict.set_outcome(row.outcome);
    verdict.set_version(row.current_version);
    verdict.set_feed_sequence(row.feed_sequence);
    if (row.outcome == v1::Verdict::ACCEPTED || row.outcome == v1::Verdict::AMENDED) {
      const sample::Measurement& m = *row.validated.measurement;
      if (auto jump = last_values.Compare(m)) row.validated.warnings.push_back(std::move(*jump));
    }
    AddFindings(row.validated.violations, language, budget, verdict.mutable_violations());
    if (row.outcome != v1::Verdict::REJECTED) {
      AddFindings(row.validated.warnings, language, budget, verdict.mutable_warnings());
    }
    if (batch.mode == Mode::kStore) Count(row);
  }
  if (batch.mode == Mode::kStore) last_values.Commit();
  return verdicts;
}

void Intake::Count(const Judged& row) {
  switch (row.outcome) {
    case v1::Verdict::ACCEPTED:
      metrics_.accepted.Increment();
      break;
    case v1::Verdict::DUPLICATE:
      metrics_.duplicate.Increment();
      break;
    case v1::Verdict::AMENDED:
      metrics_.amended.Increment();
      break;
    default:
      metrics_.rejected.Increment();
  }
  for (const Violation& violation : row.validated.violations) {
    metrics_.by_rule[static_cast<std::size_t>(violation.rule())]->Increment();
  }
  if (row.outcome == v1::Verdict::REJECTED) return;
  for (const Violation& warning : row.validated.warnings) {
    metrics_.by_rule[static_cast<std::size_t>(warning.rule())]->Increment();
  }
}

}  // namespace belgrand::ingest
