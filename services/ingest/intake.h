// The way of one batch: judge every row, seal the persons, append, and say what became of each row.
//
// Order matters. Nothing is sealed for a row that is refused, nothing is stored with a plain
// personal value, and verdicts exist only after the store has answered; the caller writes the audit
// entry before it lets them go. A batch that fails as a whole may be sent again: what was stored by
// then comes back as DUPLICATE.
//
// Thread safety: safe.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <memory>
#include <string>
#include <vector>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "belgrand/ingest/v1/ingest.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/rpc/channel.h"
#include "sample/validate.h"
#include "services/ingest/ingest_metrics.h"
#include "services/ingest/last_values.h"
#include "services/ingest/site_cache.h"

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
  std::string request_id;
  // Not empty: rows of any other laboratory are refused.
  std::string only_laboratory;
  // When the caller stops waiting; no role is waited for longer.
  rpc::Deadline deadline = rpc::kNoDeadline;
};

// Rows to take back.
struct VoidBatch {
  const v1::VoidSamplesRequest& request;
  std::string request_id;
  std::string only_laboratory;
  rpc::Deadline deadline = rpc::kNoDeadline;
};

using Verdicts = google::protobuf::RepeatedPtrField<v1::Verdict>;

class Intake {
 public:
  struct Peers {
    std::unique_ptr<timeseries::v1::SiteService::StubInterface> sites;
    std::unique_ptr<timeseries::v1::TimeseriesService::StubInterface> timeseries;
    std::unique_ptr<compliance::v1::ComplianceService::StubInterface> compliance;
  };

  // Borrows clock and metrics.
  Intake(Peers peers, const base::Clock& clock, IngestMetrics& metrics);

  // One verdict a row, in order. Errors as peer_status.h says.
  base::StatusOr<Verdicts> Process(const Batch& batch);

  // The same for rows that are taken back.
  base::StatusOr<Verdicts> Void(const VoidBatch& batch);

  // OK when the time series service answers.
  base::Status Reachable() { return sites_.Get().status(); }

 private:
  struct Judged;
  base::StatusOr<std::vector<Judged>> Judge(const Batch& batch);
  base::Status Seal(const Batch& batch, std::vector<Judged>& rows);
  void PrepareLastValues(const std::vector<Judged>& rows);
  base::Status Append(const Batch& batch, std::vector<Judged>& rows);
  static void Settle(const Batch& batch,
                     const timeseries::v1::AppendSamplesResponse::Result& result, Judged& row);
  void Count(const Judged& row);
  void CountVoid(v1::Verdict::Outcome outcome);
  Verdicts Conclude(const Batch& batch, std::vector<Judged>& rows);

  const Peers peers_;
  const base::Clock& clock_;
  IngestMetrics& metrics_;
  SiteCache sites_;
  LastValues last_values_;
};

}  // namespace belgrand::ingest
