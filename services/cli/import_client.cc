#include "services/cli/import_client.h"

#include <algorithm>
#include <set>
#include <thread>
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
constexpr std::chrono::milliseconds kFirstWait{100};
constexpr std::chrono::milliseconds kLongestWait{5'000};

// What may pass when the batch is sent again.
bool IsPassing(const base::Status& status) {
  switch (status.code()) {
    case base::StatusCode::kUnavailable:
    case base::StatusCode::kDeadlineExceeded:
    case base::StatusCode::kCancelled:
    case base::StatusCode::kAborted:
      return true;
    case base::StatusCode::kResourceExhausted:
      // With RetryInfo it is a matter of time; without, the message is too large for ever.
      return status.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value();
    default:
      return false;
  }
}

Verdict JudgeHere(const sample::Row& row, base::Instant now) {
  Verdict verdict;
  verdict.set_sample_id(sample::Printable(row.sample_id));
  verdict.set_outcome(Verdict::REJECTED);
  for (const sample::Violation& violation : sample::Validate(row, nullptr, now).violations) {
    *verdict.add_violations() = shared::ToProto(violation);
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
    default:
      ++rejected;
  }
  CountRules(verdict.violations(), rejected_by_rule);
  CountRules(verdict.warnings(), warned_by_rule);
}

// Rows that travel together, and what became of each.
struct ImportClient::Batch {
  std::vector<Verdict> verdicts;
  ingest::v1::StreamSamplesRequest request;
  // For each sample of the request, its row.
  std::vector<std::size_t> positions;

  base::Status Settle(const google::protobuf::RepeatedPtrField<Verdict>& answer) {
    if (static_cast<std::size_t>(answer.size()) != positions.size()) {
      return base::Internal("the service answered {} of {} rows", answer.size(), positions.size());
    }
    for (std::size_t i = 0; i < positions.size(); ++i) {
      verdicts[positions[i]] = answer[static_cast<int>(i)];
    }
    return base::OkStatus();
  }
};

class ImportClient::Stream {
 public:
  explicit Stream(ingest::v1::IngestService::Stub& stub) : stream_(stub.StreamSamples(&context_)) {}
  ~Stream() {
    if (finished_) return;
    context_.TryCancel();
    stream_->Finish();
  }

  base::Status Exchange(Batch& batch) {
    ingest::v1::StreamSamplesResponse response;
    if (!stream_->Write(batch.request) || !stream_->Read(&response)) {
      finished_ = true;
      const base::Status status = rpc::FromGrpc(stream_->Finish());
      // An end without an answer to what was asked is not a success.
      return status.ok() ? base::Unavailable("the service ended the stream") : status;
    }
    if (response.batch_id() != batch.request.batch_id()) {
      return base::Internal("the service acknowledged batch {} instead of {}", response.batch_id(),
                            batch.request.batch_id());
    }
    return batch.Settle(response.verdicts());
  }

  // Ends a stream on which everything was answered.
  void Close() {
    stream_->WritesDone();
    stream_->Finish();
    finished_ = true;
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<
      grpc::ClientReaderWriter<ingest::v1::StreamSamplesRequest, ingest::v1::StreamSamplesResponse>>
      stream_;
  bool finished_ = false;
};

ImportClient::ImportClient(const std::shared_ptr<grpc::Channel>& channel, const base::Clock& clock)
    : clock_(clock),
      ingest_(ingest::v1::IngestService::NewStub(channel)),
      sites_(timeseries::v1::SiteService::NewStub(channel)) {}

ImportClient::~ImportClient() {
  if (stream_ != nullptr) stream_->Close();
}

base::StatusOr<std::size_t> ImportClient::RegisterSites(std::span<const sample::Site> sites) {
  std::size_t changed = 0;
  while (!sites.empty()) {
    timeseries::v1::PutSitesRequest request;
    const auto chunk = sites.first(std::min(kSitesPerCall, sites.size()));
    for (const sample::Site& site : chunk) *request.add_sites() = shared::ToProto(site);
    grpc::ClientContext context;
    rpc::SetTimeout(context, kCallTimeout);
    timeseries::v1::PutSitesResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(sites_->PutSites(&context, request, &response)));
    changed += response.added() + response.changed();
    sites = sites.subspan(chunk.size());
  }
  return changed;
}

ImportClient::Batch ImportClient::MakeBatch(std::span<const sample::Row> rows) const {
  Batch batch;
  batch.verdicts.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto proto = shared::ToProto(rows[i]);
    if (proto.ok() && rows[i].reader_violations.empty()) {
      *batch.request.add_samples() = *std::move(proto);
      batch.positions.push_back(i);
    } else {
      batch.verdicts[i] = JudgeHere(rows[i], clock_.Now());
    }
  }
  return batch;
}

base::Status ImportClient::SendOnce(Batch& batch, ImportOptions::Persistence persistence) {
  if (persistence == ImportOptions::Persistence::kDryRun) {
    ingest::v1::SubmitSamplesRequest request;
    *request.mutable_samples() = batch.request.samples();
    request.set_validate_only(true);
    grpc::ClientContext context;
    rpc::SetTimeout(context, kCallTimeout);
    ingest::v1::SubmitSamplesResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(ingest_->SubmitSamples(&context, request, &response)));
    return batch.Settle(response.verdicts());
  }
  if (stream_ == nullptr) stream_ = std::make_unique<Stream>(*ingest_);
  const base::Status status = stream_->Exchange(batch);
  if (!status.ok()) stream_.reset();
  return status;
}

base::Status ImportClient::Deliver(Batch& batch, const ImportOptions& options) {
  if (batch.positions.empty()) return base::OkStatus();
  batch.request.set_batch_id(next_batch_++);
  std::chrono::milliseconds waited{0};
  std::chrono::milliseconds wait = kFirstWait;
  for (;;) {
    const base::Status status = SendOnce(batch, options.persistence);
    if (status.ok() || !IsPassing(status) || waited >= options.patience) return status;
    std::this_thread::sleep_for(wait);
    waited += wait;
    wait = std::min(wait * 2, kLongestWait);
  }
}

base::StatusOr<ImportTotals> ImportClient::Send(std::span<const sample::Row> rows,
                                                const ImportOptions& options,
                                                const ImportCallbacks& callbacks) {
  ImportTotals totals;
  const std::size_t total = rows.size();
  while (!rows.empty()) {
    const auto part =
        rows.first(std::min(std::max<std::size_t>(options.batch_rows, 1), rows.size()));
    Batch batch = MakeBatch(part);
    RETURN_IF_ERROR(Deliver(batch, options));
    for (std::size_t i = 0; i < part.size(); ++i) {
      totals.Add(batch.verdicts[i]);
      if (callbacks.on_verdict) callbacks.on_verdict(part[i], batch.verdicts[i]);
    }
    if (callbacks.on_progress) callbacks.on_progress(totals.rows(), total);
    rows = rows.subspan(part.size());
  }
  return totals;
}

}  // namespace belgrand::cli
