#include "services/alerting/steward_service.h"

#include <vector>

#include "compliance/expiry_plan.h"
#include "services/shared/timestamp.h"

namespace belgrand::alerting {
namespace {

using compliance::v1::ExpiryLine;
using Verdict = compliance::ExpiryTally::Verdict;

template <typename Request>
base::StatusOr<base::Instant> NowOf(const Request& request) {
  if (!request.has_now()) return base::InvalidArgument("now is missing: say as of when");
  return shared::ToInstant(request.now());
}

base::StatusOr<std::vector<ExpiryLine>> SweepAll(AlertBook& book, base::Instant now,
                                                 SweepMode mode) {
  std::vector<ExpiryLine> lines;
  // Deliveries before events: a receipt never outlives what it is a receipt of for long. Alerts
  // before events: an event that is written meanwhile cannot copy what has expired.
  for (const auto* record :
       {storage::v1::DeliveryRecord::descriptor(), storage::v1::AlertRecord::descriptor(),
        storage::v1::AlertEventRecord::descriptor()}) {
    compliance::ExpiryTally tally(*record, now);
    RETURN_IF_ERROR(book.Sweep(
        *record,
        [&](google::protobuf::Message& message) {
          switch (tally.Count(message)) {
            case Verdict::kDeleteRecord:
              return ExpiryVerdict::kDelete;
            case Verdict::kClearFields:
              compliance::ClearExpiredFields(tally.policies(), &message, now);
              return ExpiryVerdict::kStore;
            default:
              return ExpiryVerdict::kKeep;
          }
        },
        mode));
    for (ExpiryLine& line : tally.Lines()) lines.push_back(std::move(line));
  }
  if (mode == SweepMode::kApply) RETURN_IF_ERROR(book.FinishSweeps());
  return lines;
}

}  // namespace

grpc::Status StewardServiceImpl::PlanExpiry(grpc::ServerContext* context,
                                            const compliance::v1::PlanExpiryRequest* request,
                                            compliance::v1::PlanExpiryResponse* response) {
  return guard_.Unary(*context, "belgrand.compliance.v1.AlertingStewardService.PlanExpiry",
                      [&](const shared::Caller&, shared::CallReport& report) -> base::Status {
                        report.object_kind = "alert";
                        ASSIGN_OR_RETURN(const base::Instant now, NowOf(*request));
                        ASSIGN_OR_RETURN(const auto lines, SweepAll(book_, now, SweepMode::kPlan));
                        for (const auto& line : lines) *response->add_lines() = line;
                        return base::OkStatus();
                      });
}

grpc::Status StewardServiceImpl::ApplyExpiry(grpc::ServerContext* context,
                                             const compliance::v1::ApplyExpiryRequest* request,
                                             compliance::v1::ApplyExpiryResponse* response) {
  return guard_.Unary(*context, "belgrand.compliance.v1.AlertingStewardService.ApplyExpiry",
                      [&](const shared::Caller&, shared::CallReport& report) -> base::Status {
                        report.object_kind = "alert";
                        ASSIGN_OR_RETURN(const base::Instant now, NowOf(*request));
                        // A future instant may be planned, never carried out: it would delete what
                        // may still be kept.
                        if (now > clock_.Now()) {
                          return base::FailedPrecondition(
                              "now {} lies after this service's clock {}: wait until then",
                              base::FormatInstant(now), base::FormatInstant(clock_.Now()));
                        }
                        const base::MutexLock lock(one_at_a_time_);
                        ASSIGN_OR_RETURN(const auto lines, SweepAll(book_, now, SweepMode::kApply));
                        for (const auto& line : lines) *response->add_lines() = line;
                        return base::OkStatus();
                      });
}

}  // namespace belgrand::alerting
