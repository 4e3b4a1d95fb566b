#include "services/ingest/intake.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <unordered_map>
#include <utility>

#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "sample/text.h"
#include "services/ingest/peer_status.h"
#include "services/ingest/verdict_text.h"
#include "services/shared/content_hash.h"
#include "services/shared/sample_convert.h"
#include "services/shared/sealed_place.h"
#include "services/shared/stored_convert.h"

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

// The sites that the caller may know of: any other is unknown to it, and is not suggested either.
SiteCache::Snapshot Visible(const SiteCache::Snapshot& all, const compliance::AccessScope* scope) {
  if (scope == nullptr || !scope->LimitsPlaces()) return all;
  auto visible = std::make_shared<sample::Catalogue>();
  for (const auto& [site_id, site] : all->sites()) {
    if (scope->HoldsPlace(site_id, {&site.district_id, 1})) visible->Put(site);
  }
  return visible;
}

bool NamesUnknownSite(const std::vector<Violation>& violations) {
  return std::any_of(violations.begin(), violations.end(),
                     [](const Violation& v) { return v.rule() == Rule::kUnknownSite; });
}

// Lengthens the last range by the row, or begins another.
void AddStored(std::uint32_t row, std::uint64_t feed_sequence, Answer& answer) {
  if (!answer.stored.empty()) {
    v1::StoredRows& last = *answer.stored.Mutable(answer.stored.size() - 1);
    if (row == last.first_row() + last.count() &&
        feed_sequence == last.first_feed_sequence() + last.count()) {
      last.set_count(last.count() + 1);
      return;
    }
  }
  v1::StoredRows& range = *answer.stored.Add();
  range.set_first_row(row);
  range.set_count(1);
  range.set_first_feed_sequence(feed_sequence);
}

struct NamedPerson {
  std::string_view field;
  std::string_view laboratory;
  std::string_view name;
  bool operator==(const NamedPerson&) const = default;
};
struct PersonHash {
  std::size_t operator()(const NamedPerson& person) const {
    return std::hash<std::string_view>()(person.name);
  }
};

// For the records of so many rows and what the store answers.
google::protobuf::ArenaOptions ArenaFor(std::size_t rows) {
  constexpr std::size_t kRowBytes = 1024;
  google::protobuf::ArenaOptions options;
  options.max_block_size = std::size_t{64} << 10;
  options.start_block_size = std::min(rows * kRowBytes, options.max_block_size);
  return options;
}

// As a call that is not made within its deadline ends.
base::Status TooLate() {
  return base::DeadlineExceeded("the deadline passed before the rows were stored: send them again");
}

}  // namespace

// A row on its way.
struct Intake::Judged {
  sample::Validated validated;
  // Sealed, and the reference of the person; shared by the rows of a batch that name the same one.
  // Numbers are those of the batch's seals; -1: the row names nobody.
  int sampler_number = -1;
  int analyst_number = -1;
  int amender_number = -1;
  const compliance::v1::SealedField* sampler = nullptr;
  const compliance::v1::SealedField* analyst = nullptr;
  const compliance::v1::SealedField* amender = nullptr;
  // Empty: not needed so far.
  std::string content_hash;
  v1::Verdict::Outcome outcome = v1::Verdict::REJECTED;
  std::uint32_t current_version = 0;
  std::uint64_t feed_sequence = 0;
};

std::string Intake::HashOf(const Judged& row) {
  if (!row.content_hash.empty()) return row.content_hash;
  const auto reference = [](const compliance::v1::SealedField* seal) {
    return seal == nullptr ? std::string_view() : std::string_view(seal->subject_ref());
  };
  return shared::ContentHash(*row.validated.measurement, reference(row.sampler),
                             reference(row.analyst), row.validated.comment);
}

// What intake adds to a measurement; the same of either message.
template <typename Stored>
void Intake::AddRest(const Batch& batch, const Judged& row, Stored& to) {
  const sample::Validated& validated = row.validated;
  if (row.sampler != nullptr) to.set_sampled_by_sealed(row.sampler->sealed());
  if (row.analyst != nullptr) to.set_analysed_by_sealed(row.analyst->sealed());
  if (row.amender != nullptr) to.set_amended_by_sealed(row.amender->sealed());
  if (!validated.comment.empty()) to.set_comment(validated.comment);
  to.set_reported_unit(validated.reported_unit);
  if (!validated.amendment_reason.empty()) to.set_amendment_reason(validated.amendment_reason);
  to.set_request_id(batch.request_id);
  to.set_content_hash(row.content_hash);
}

// The row as it is sent to the store.
SampleVersion Intake::VersionOf(const Batch& batch, const Judged& row) {
  SampleVersion version = shared::ToVersion(*row.validated.measurement);
  AddRest(batch, row, version);
  return version;
}

Intake::Intake(Peers peers, const base::Clock& clock, IngestMetrics& metrics)
    : peers_(std::move(peers)),
      clock_(clock),
      metrics_(metrics),
      sites_(*peers_.sites, clock),
      last_values_(*peers_.timeseries) {}

base::StatusOr<Answer> Intake::Process(const Batch& batch) {
  const base::Instant started = clock_.Now();
  ASSIGN_OR_RETURN(std::vector<Judged> rows, Judge(batch));
  // The rows point into it.
  ASSIGN_OR_RETURN(const compliance::v1::SealFieldsResponse seals, Seal(batch, rows));
  AttachSeals(seals, rows);
  PrepareLastValues(rows);
  RETURN_IF_ERROR(Append(batch, rows));
  metrics_.batch_seconds.Observe(std::chrono::duration<double>(clock_.Now() - started).count());
  return Conclude(batch, rows);
}

base::StatusOr<std::vector<Intake::Judged>> Intake::Judge(const Batch& batch) {
  ASSIGN_OR_RETURN(SiteCache::Snapshot all, sites_.Get());
  SiteCache::Snapshot sites = Visible(all, batch.scope);
  const base::Instant now = clock_.Now();
  std::vector<Judged> rows(static_cast<std::size_t>(batch.samples.size()));
  sample::Row row;  // its memory serves all
  bool fresh = false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sample::Validated& validated = rows[i].validated;
    shared::ReadRow(batch.samples[static_cast<int>(i)], row);
    sample::Validate(row, sites.get(), now, validated);
    if (!fresh && NamesUnknownSite(validated.violations)) {
      ASSIGN_OR_RETURN(all, sites_.NewerThan(all));
      sites = Visible(all, batch.scope);
      fresh = true;
      validated = sample::Validate(row, sites.get(), now);
    }
    if (batch.scope != nullptr && !batch.scope->HoldsLaboratory(row.laboratory_id)) {
      validated.measurement.reset();
      validated.violations.push_back(OtherLaboratory(row.laboratory_id, *batch.scope));
    }
  }
  return rows;
}

base::StatusOr<compliance::v1::SealFieldsResponse> Intake::Seal(const Batch& batch,
                                                                std::vector<Judged>& rows) {
  compliance::v1::SealFieldsRequest request;
  // Each person of a field is sealed once, however many rows name them.
  std::unordered_map<NamedPerson, int, PersonHash> numbers;
  double fields = 0;
  const auto add = [&](const std::string& laboratory, const std::string& person,
                       privacy::v1::Subject subject, std::string_view field) {
    if (person.empty()) return -1;
    ++fields;
    const auto [it, fresh] =
        numbers.try_emplace(NamedPerson{field, laboratory, person}, request.fields_size());
    if (fresh) {
      auto* plain = request.add_fields();
      plain->set_subject(subject);
      plain->set_tenant(laboratory);
      plain->set_value(person);
      plain->set_place(shared::SealedPlace(field, laboratory, batch.request_id));
    }
    return it->second;
  };
  for (Judged& row : rows) {
    const sample::Validated& validated = row.validated;
    if (!validated.ok()) continue;
    const std::string& laboratory = validated.measurement->laboratory_id;
    row.sampler_number =
        add(laboratory, validated.sampled_by, privacy::v1::SAMPLER, "sampled_by_sealed");
    row.analyst_number =
        add(laboratory, validated.analysed_by, privacy::v1::LAB_STAFF, "analysed_by_sealed");
    row.amender_number =
        add(laboratory, validated.amended_by, privacy::v1::LAB_STAFF, "amended_by_sealed");
  }
  if (request.fields().empty()) return compliance::v1::SealFieldsResponse();
  request.set_look_up_only(batch.mode == Mode::kValidateOnly);
  ASSIGN_OR_RETURN(auto response, Send(request, batch.deadline));
  if (response.fields_size() != request.fields_size()) {
    return base::Internal("the keyring sealed {} of {} fields", response.fields_size(),
                          request.fields_size());
  }
  for (int i = 0; i < response.fields_size(); ++i) {
    // A person whom the keyring does not know would get a new reference: no stored row has it.
    compliance::v1::SealedField& field = *response.mutable_fields(i);
    if (field.subject_ref().empty()) {
      field.set_subject_ref("not known: " + request.fields(i).value());
    }
  }
  if (batch.mode == Mode::kStore) metrics_.sealed_fields.Increment(fields);
  return response;
}

base::StatusOr<compliance::v1::SealFieldsResponse> Intake::Send(
    const compliance::v1::SealFieldsRequest& request, rpc::Deadline deadline) {
  if (peers_.keyring != nullptr) {
    if (rpc::IsPast(deadline)) return TooLate();
    auto response = peers_.keyring->SealFields(request);
    if (response.ok()) return response;
    return FromPeer(rpc::ToGrpc(response.status()), "the keyring");
  }
  grpc::ClientContext context;
  rpc::SetTimeout(context, kSealTimeout, deadline);
  compliance::v1::SealFieldsResponse response;
  RETURN_IF_ERROR(
      FromPeer(peers_.compliance->SealFields(&context, request, &response), "the keyring"));
  return response;
}

void Intake::AttachSeals(const compliance::v1::SealFieldsResponse& seals,
                         std::vector<Judged>& rows) {
  for (Judged& row : rows) {
    if (row.sampler_number >= 0) row.sampler = &seals.fields(row.sampler_number);
    if (row.analyst_number >= 0) row.analyst = &seals.fields(row.analyst_number);
    if (row.amender_number >= 0) row.amender = &seals.fields(row.amender_number);
  }
}

base::Status Intake::Append(const Batch& batch, std::vector<Judged>& rows) {
  std::vector<Judged*> sent;
  sent.reserve(rows.size());
  for (Judged& row : rows) {
    if (!row.validated.ok()) continue;
    // A store in this process makes the hash itself, of the few rows that it has already. In a dry
    // run a person who is not known has a reference here and no seal, so it could not.
    if (peers_.appender == nullptr || batch.mode == Mode::kValidateOnly) {
      row.content_hash = HashOf(row);
    }
    sent.push_back(&row);
  }
  if (sent.empty()) return base::OkStatus();
  google::protobuf::Arena arena(ArenaFor(sent.size()));
  auto& response = *google::protobuf::Arena::CreateMessage<AppendSamplesResponse>(&arena);
  RETURN_IF_ERROR(SendRows(batch, sent, arena, response));
  if (static_cast<std::size_t>(response.results_size()) != sent.size()) {
    return base::Internal("the time series store answered {} of {} rows", response.results_size(),
                          sent.size());
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    Settle(batch, response.results(static_cast<int>(i)), *sent[i]);
  }
  return base::OkStatus();
}

base::Status Intake::SendRows(const Batch& batch, const std::vector<Judged*>& rows,
                              google::protobuf::Arena& arena, AppendSamplesResponse& response) {
  const bool dry_run = batch.mode == Mode::kValidateOnly;
  if (peers_.appender == nullptr) {
    timeseries::v1::AppendSamplesRequest request;
    request.mutable_samples()->Reserve(static_cast<int>(rows.size()));
    for (const Judged* row : rows) *request.add_samples() = VersionOf(batch, *row);
    request.set_dry_run(dry_run);
    request.set_derived_hashes(true);
    return Send(std::move(request), batch.deadline, response);
  }
  if (rpc::IsPast(batch.deadline)) return TooLate();
  using storage::v1::SampleRecord;
  std::vector<SampleRecord*> records;
  records.reserve(rows.size());
  for (const Judged* row : rows) {
    records.push_back(google::protobuf::Arena::CreateMessage<SampleRecord>(&arena));
    shared::ToStored(*row->validated.measurement, *records.back());
    AddRest(batch, *row, *records.back());
  }
  const base::Status status = peers_.appender->AppendRows(
      records,
      dry_run ? shared::SampleAppender::Mode::kDryRun : shared::SampleAppender::Mode::kCommit,
      response);
  return FromPeer(rpc::ToGrpc(status), "the time series store");
}

base::Status Intake::Send(timeseries::v1::AppendSamplesRequest request, rpc::Deadline deadline,
                          AppendSamplesResponse& response) {
  if (peers_.appender != nullptr) {
    if (rpc::IsPast(deadline)) return TooLate();
    const base::Status status = peers_.appender->Append(std::move(request), response);
    return FromPeer(rpc::ToGrpc(status), "the time series store");
  }
  grpc::ClientContext context;
  rpc::SetTimeout(context, kAppendTimeout, deadline);
  return FromPeer(peers_.timeseries->AppendSamples(&context, request, &response),
                  "the time series store");
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
      if (result.has_previous() && result.previous().content_hash() != HashOf(row)) {
        // What is current may be that the row was taken back.
        row.validated.warnings.push_back(
            {"amendment_reason",
             "",
             Text::kSupersededResend,
             {fmt::format("{}{}", result.previous().version(),
                          result.previous().voided() ? " (VOIDED)" : "")}});
      }
      return;
    case AppendSamplesResponse::UNKNOWN_SITE:
      row.validated.violations.push_back(
          {"site_id", row.validated.measurement->site_id, Text::kUnknownSite, {}});
      return;
    case AppendSamplesResponse::TOO_MANY_VERSIONS:
      row.validated.violations.push_back(TooManyVersions(result.previous(), VersionOf(batch, row)));
      return;
    default:
      row.validated.violations.push_back(
          ReasonRequired(result.previous(), VersionOf(batch, row), batch.request_id));
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

Answer Intake::Conclude(const Batch& batch, std::vector<Judged>& rows) {
  Answer answer;
  std::size_t budget = kFindingBytes;
  const sample::Language language = LanguageOf(batch.language);
  std::array<int, v1::Verdict::Outcome_ARRAYSIZE> outcomes{};
  LastValues::Batch last_values(last_values_);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Judged& row = rows[i];
    ++outcomes[static_cast<std::size_t>(row.outcome)];
    if (row.outcome == v1::Verdict::ACCEPTED || row.outcome == v1::Verdict::AMENDED) {
      const sample::Measurement& m = *row.validated.measurement;
      if (auto jump = last_values.Compare(m)) row.validated.warnings.push_back(std::move(*jump));
    }
    if (batch.mode == Mode::kStore) CountRules(row);
    if (batch.told == Batch::Told::kCompact && row.outcome == v1::Verdict::ACCEPTED &&
        row.validated.warnings.empty()) {
      AddStored(static_cast<std::uint32_t>(i), row.feed_sequence, answer);
      continue;
    }
    v1::Verdict& verdict = *answer.verdicts.Add();
    verdict.set_row(static_cast<std::uint32_t>(i));
    verdict.set_sample_id(sample::Printable(batch.samples[static_cast<int>(i)].sample_id()));
    verdict.set_outcome(row.outcome);
    verdict.set_version(row.current_version);
    verdict.set_feed_sequence(row.feed_sequence);
    AddFindings(row.validated.violations, language, budget, verdict.mutable_violations());
    if (row.outcome != v1::Verdict::REJECTED) {
      AddFindings(row.validated.warnings, language, budget, verdict.mutable_warnings());
    }
  }
  if (batch.mode == Mode::kStore) {
    last_values.Commit();
    metrics_.accepted.Increment(outcomes[v1::Verdict::ACCEPTED]);
    metrics_.duplicate.Increment(outcomes[v1::Verdict::DUPLICATE]);
    metrics_.amended.Increment(outcomes[v1::Verdict::AMENDED]);
    metrics_.rejected.Increment(outcomes[v1::Verdict::REJECTED]);
  }
  return answer;
}

void Intake::CountRules(const Judged& row) {
  for (const Violation& violation : row.validated.violations) {
    metrics_.by_rule[static_cast<std::size_t>(violation.rule())]->Increment();
  }
  if (row.outcome == v1::Verdict::REJECTED) return;
  for (const Violation& warning : row.validated.warnings) {
    metrics_.by_rule[static_cast<std::size_t>(warning.rule())]->Increment();
  }
}

}  // namespace belgrand::ingest
