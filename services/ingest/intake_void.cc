// Rows that are taken back: the way of a batch, shorter, for there is no measurement to judge.
#include <map>

#include "sample/target.h"
#include "sample/text.h"
#include "services/ingest/intake.h"
#include "services/ingest/verdict_text.h"
#include "services/shared/content_hash.h"
#include "services/shared/sealed_place.h"

namespace belgrand::ingest {

using sample::Text;
using sample::Violation;
using timeseries::v1::AppendSamplesResponse;
using timeseries::v1::SampleVersion;

struct VoidedRow {
  SampleVersion version;
  std::vector<Violation> violations;
  std::vector<Violation> warnings;
  v1::Verdict::Outcome outcome = v1::Verdict::REJECTED;
  std::uint32_t current_version = 0;
  std::uint64_t feed_sequence = 0;
};

namespace {

constexpr std::size_t kFindingBytes = std::size_t{4} << 20;

void CheckIdentifier(std::string_view field, const std::string& text, VoidedRow& row) {
  if (text.empty() && field == "gene") return;
  if (text.empty()) {
    row.violations.push_back({std::string(field), "", Text::kMissing, {}});
  } else if (!sample::IsIdentifier(text)) {
    row.violations.push_back(
        {std::string(field), sample::Printable(text), Text::kInvalidIdentifier, {}});
  }
}

void CheckReason(const std::string& reason, VoidedRow& row) {
  if (reason.empty()) {
    row.violations.push_back({"amendment_reason", "", Text::kMissing, {}});
  } else if (const auto broken = sample::FirstInvalidUtf8(reason)) {
    row.violations.push_back({"amendment_reason",
                              std::string(sample::kWithheld),
                              Text::kNotUtf8,
                              {std::to_string(*broken + 1)}});
  } else if (sample::CountCharacters(reason) > sample::kMaxReasonCharacters) {
    row.violations.push_back({"amendment_reason",
                              std::string(sample::kWithheld),
                              Text::kTooManyCharacters,
                              {std::to_string(sample::CountCharacters(reason)),
                               std::to_string(sample::kMaxReasonCharacters)}});
  }
}

VoidedRow JudgeVoid(const v1::VoidSamplesRequest::Row& sent, const VoidBatch& batch) {
  VoidedRow row;
  CheckIdentifier("laboratory_id", sent.laboratory_id(), row);
  CheckIdentifier("sample_id", sent.sample_id(), row);
  CheckIdentifier("gene", sent.gene(), row);
  CheckReason(batch.request.reason(), row);
  if (const std::size_t size = batch.request.voided_by().size(); size > sample::kMaxPersonBytes) {
    row.violations.push_back({"amended_by",
                              std::string(sample::kWithheld),
                              Text::kTooManyBytes,
                              {std::to_string(size), std::to_string(sample::kMaxPersonBytes)}});
  }
  if (batch.scope != nullptr && !batch.scope->HoldsLaboratory(sent.laboratory_id())) {
    row.violations.push_back(OtherLaboratory(sent.laboratory_id(), *batch.scope));
  }
  const auto target = sample::CanonicalTarget(sent.target());
  if (!target.has_value()) {
    row.violations.push_back(
        {"target", sample::Printable(sent.target()), Text::kUnknownTarget, {sample::TargetList()}});
  }
  SampleVersion& version = row.version;
  version.set_voided(true);
  version.set_laboratory_id(sent.laboratory_id());
  version.set_sample_id(sent.sample_id());
  version.set_target(std::string(target.value_or("")));
  // As for a sample: a target written as a gene names it.
  version.set_gene(sent.gene().empty() ? std::string(sample::GeneOfTarget(sent.target()))
                                       : sample::Lower(sent.gene()));
  version.set_amendment_reason(batch.request.reason());
  version.set_request_id(batch.request_id);
  version.set_content_hash(shared::VoidHash(version.laboratory_id(), version.sample_id(),
                                            version.target(), version.gene()));
  return row;
}

void SettleVoid(const AppendSamplesResponse::Result& result, bool stored, VoidedRow& row) {
  switch (result.outcome()) {
    case AppendSamplesResponse::AMENDED:
      row.outcome = v1::Verdict::VOIDED;
      row.current_version = result.version();
      if (stored) row.feed_sequence = result.feed_sequence();
      return;
    case AppendSamplesResponse::DUPLICATE:
      row.outcome = v1::Verdict::DUPLICATE;
      row.current_version = result.version();
      if (!result.previous().voided()) {
        row.warnings.push_back({"amendment_reason",
                                "",
                                Text::kSupersededResend,
                                {std::to_string(result.previous().version())}});
      }
      return;
    case AppendSamplesResponse::TOO_MANY_VERSIONS:
      row.violations.push_back(TooManyVersions(result.previous(), row.version));
      return;
    default:
      row.violations.push_back(UnknownRow(row.version));
  }
}

v1::Verdict ToVerdict(const VoidedRow& row, std::size_t index, sample::Language language,
                      std::size_t& budget) {
  v1::Verdict verdict;
  verdict.set_row(static_cast<std::uint32_t>(index));
  verdict.set_sample_id(sample::Printable(row.version.sample_id()));
  verdict.set_outcome(row.outcome);
  verdict.set_version(row.current_version);
  verdict.set_feed_sequence(row.feed_sequence);
  AddFindings(row.violations, language, budget, verdict.mutable_violations());
  AddFindings(row.warnings, language, budget, verdict.mutable_warnings());
  return verdict;
}

}  // namespace

// One seal a laboratory: the call has one person.
base::Status Intake::SealVoids(const VoidBatch& batch, std::vector<VoidedRow>& rows) {
  if (batch.request.voided_by().empty() || batch.request.validate_only()) return base::OkStatus();
  compliance::v1::SealFieldsRequest request;
  std::map<std::string_view, int> numbers;
  for (const VoidedRow& row : rows) {
    if (!row.violations.empty()) continue;
    const std::string& laboratory = row.version.laboratory_id();
    if (!numbers.try_emplace(laboratory, request.fields_size()).second) continue;
    auto& person = *request.add_fields();
    person.set_subject(privacy::v1::LAB_STAFF);
    person.set_tenant(laboratory);
    person.set_value(batch.request.voided_by());
    person.set_place(shared::SealedPlace("amended_by_sealed", laboratory, batch.request_id));
  }
  if (request.fields().empty()) return base::OkStatus();
  ASSIGN_OR_RETURN(const auto sealed, Send(request, batch.deadline));
  if (sealed.fields_size() != request.fields_size()) {
    return base::Internal("the keyring sealed {} of {} fields", sealed.fields_size(),
                          request.fields_size());
  }
  for (VoidedRow& row : rows) {
    const auto number = numbers.find(row.version.laboratory_id());
    if (!row.violations.empty() || number == numbers.end()) continue;
    row.version.set_amended_by_sealed(sealed.fields(number->second).sealed());
  }
  return base::OkStatus();
}

base::StatusOr<Verdicts> Intake::Void(const VoidBatch& batch) {
  const bool store = !batch.request.validate_only();
  std::vector<VoidedRow> rows;
  for (const auto& name : batch.request.rows()) rows.push_back(JudgeVoid(name, batch));
  RETURN_IF_ERROR(SealVoids(batch, rows));
  timeseries::v1::AppendSamplesRequest append;
  append.set_dry_run(!store);
  std::vector<VoidedRow*> sent;
  for (VoidedRow& row : rows) {
    if (!row.violations.empty()) continue;
    sent.push_back(&row);
    *append.add_samples() = row.version;
  }
  if (!sent.empty()) {
    AppendSamplesResponse response;
    RETURN_IF_ERROR(Send(std::move(append), batch.deadline, response));
    if (response.results_size() != static_cast<int>(sent.size())) {
      return base::Internal("the time series store answered {} of {} rows", response.results_size(),
                            sent.size());
    }
    for (std::size_t i = 0; i < sent.size(); ++i) {
      SettleVoid(response.results(static_cast<int>(i)), store, *sent[i]);
    }
  }
  Verdicts verdicts;
  std::size_t budget = kFindingBytes;
  const sample::Language language = LanguageOf(batch.request.language());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    *verdicts.Add() = ToVerdict(rows[i], i, language, budget);
    if (store) CountVoid(rows[i].outcome);
  }
  return verdicts;
}

void Intake::CountVoid(v1::Verdict::Outcome outcome) {
  (outcome == v1::Verdict::VOIDED      ? metrics_.voided
   : outcome == v1::Verdict::DUPLICATE ? metrics_.duplicate
                                       : metrics_.rejected)
      .Increment();
}

}  // namespace belgrand::ingest
