// The way of one batch: judge every row, seal the persons, append, and say what became of each row.
//
// Order matters. Nothing is sealed for a row that is refused, nothing is stored with a plain
// personal value, and verdicts exist only after the store has answered; the caller writes the audit
// entry before it lets them go. A batch that fails as a whole may be sent again: what was stored by
// then comes back as DUPLICATE.
//
// Thread safety: safe.
#pragma once

#include <google/protobuf/arena.h>
#include <google/protobuf/repeated_ptr_field.h>

#include <memory>
#include <string>
#include <vector>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "belgrand/ingest/v1/ingest.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "compliance/access_scope.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/rpc/channel.h"
#include "sample/validate.h"
#include "services/ingest/ingest_metrics.h"
#include "services/ingest/last_values.h"
#include "services/ingest/site_cache.h"
#include "services/shared/compliance_access.h"
#include "services/shared/sample_appender.h"

namespace belgrand::ingest {

enum class Mode {
  kStore,
  // Nothing is stored and nobody gets a key; the verdicts are those that storing would give.
  kValidateOnly,
};

struct Batch {
  const google::protobuf::RepeatedPtrField<v1::Sample>& samples;
  Mode mode = Mode::kStore;
  v1::Language language = v1::LANGUAGE_UNSPECIFIED;
  std::string request_id = {};
  // Rows of laboratories outside it are refused, and sites outside it are unknown; null: no limit.
  const compliance::AccessScope* scope = nullptr;
  // When the caller stops waiting; no role is waited for longer.
  rpc::Deadline deadline = rpc::kNoDeadline;
  // Compact: rows that were stored and nothing else is to be said of are told as ranges.
  enum class Told { kEachRow, kCompact } told = Told::kEachRow;
};

// Rows to take back.
struct VoidBatch {
  const v1::VoidSamplesRequest& request;
  std::string request_id;
  // Rows of laboratories outside it are refused; null: no limit.
  const compliance::AccessScope* scope = nullptr;
  rpc::Deadline deadline = rpc::kNoDeadline;
};

using Verdicts = google::protobuf::RepeatedPtrField<v1::Verdict>;

struct Answer {
  // One a row, in order; with Told::kCompact without the rows of `stored`.
  Verdicts verdicts;
  google::protobuf::RepeatedPtrField<v1::StoredRows> stored;
};

struct VoidedRow;  // on its way

class Intake {
 public:
  struct Peers {
    std::unique_ptr<timeseries::v1::SiteService::StubInterface> sites;
    std::unique_ptr<timeseries::v1::TimeseriesService::StubInterface> timeseries;
    std::unique_ptr<compliance::v1::ComplianceService::StubInterface> compliance;
    // The time series of this process; null: `timeseries` is called.
    shared::SampleAppender* appender = nullptr;
    // The keyring of this process; null: `compliance` is called.
    shared::ComplianceAccess* keyring = nullptr;
  };

  // Borrows clock and metrics.
  Intake(Peers peers, const base::Clock& clock, IngestMetrics& metrics);

  // Errors as peer_status.h says.
  base::StatusOr<Answer> Process(const Batch& batch);

  // The same for rows that are taken back.
  base::StatusOr<Verdicts> Void(const VoidBatch& batch);

  // OK when the time series service answers.
  base::Status Reachable() { return sites_.Get().status(); }

 private:
  struct Judged;
  base::StatusOr<std::vector<Judged>> Judge(const Batch& batch);
  // References of persons too when nothing is stored: then only of those that the keyring knows.
  base::StatusOr<compliance::v1::SealFieldsResponse> Seal(const Batch& batch,
                                                          std::vector<Judged>& rows);
  base::StatusOr<compliance::v1::SealFieldsResponse> Send(
      const compliance::v1::SealFieldsRequest& request, rpc::Deadline deadline);
  static void AttachSeals(const compliance::v1::SealFieldsResponse& seals,
                          std::vector<Judged>& rows);
  // The row's content hash, made where it was not needed before.
  static std::string HashOf(const Judged& row);
  template <typename Stored>
  static void AddRest(const Batch& batch, const Judged& row, Stored& to);
  static timeseries::v1::SampleVersion VersionOf(const Batch& batch, const Judged& row);
  void PrepareLastValues(const std::vector<Judged>& rows);
  base::Status Append(const Batch& batch, std::vector<Judged>& rows);
  base::Status SendRows(const Batch& batch, const std::vector<Judged*>& rows,
                        google::protobuf::Arena& arena,
                        timeseries::v1::AppendSamplesResponse& response);
  base::Status Send(timeseries::v1::AppendSamplesRequest request, rpc::Deadline deadline,
                    timeseries::v1::AppendSamplesResponse& response);
  static void Settle(const Batch& batch,
                     const timeseries::v1::AppendSamplesResponse::Result& result, Judged& row);
  base::Status SealVoids(const VoidBatch& batch, std::vector<VoidedRow>& rows);
  void CountRules(const Judged& row);
  void CountVoid(v1::Verdict::Outcome outcome);
  Answer Conclude(const Batch& batch, std::vector<Judged>& rows);

  const Peers peers_;
  const base::Clock& clock_;
  IngestMetrics& metrics_;
  SiteCache sites_;
  LastValues last_values_;
};

}  // namespace belgrand::ingest
