#include "services/shared/steward.h"

#include "services/shared/timestamp.h"

namespace belgrand::shared {
namespace {

template <typename Request>
base::StatusOr<base::Instant> NowOf(const Request& request) {
  if (!request.has_now()) return base::InvalidArgument("now is missing: say as of when");
  return ToInstant(request.now());
}

template <typename Request>
compliance::HoldScopes HoldsOf(const Request& request) {
  return {request.holds().begin(), request.holds().end()};
}

}  // namespace

grpc::Status Steward::PlanExpiry(grpc::ServerContext& context,
                                 const compliance::v1::PlanExpiryRequest& request,
                                 compliance::v1::PlanExpiryResponse& response) {
  return guard_.Unary(
      context, service_ + ".PlanExpiry", [&](const Caller&, CallReport& report) -> base::Status {
        report.object_kind = stewardship_.object_kind;
        ASSIGN_OR_RETURN(const base::Instant now, NowOf(request));
        ASSIGN_OR_RETURN(const auto lines, stewardship_.plan(now, HoldsOf(request)));
        for (const auto& line : lines) *response.add_lines() = line;
        return base::OkStatus();
      });
}

grpc::Status Steward::ApplyExpiry(grpc::ServerContext& context,
                                  const compliance::v1::ApplyExpiryRequest& request,
                                  compliance::v1::ApplyExpiryResponse& response) {
  return guard_.Unary(
      context, service_ + ".ApplyExpiry", [&](const Caller&, CallReport& report) -> base::Status {
        report.object_kind = stewardship_.object_kind;
        ASSIGN_OR_RETURN(const base::Instant now, NowOf(request));
        // A future instant may be planned, never carried out: it would delete what
        // may still be kept.
        if (now > clock_.Now()) {
          return base::FailedPrecondition(
              "now {} lies after this service's clock {}: wait until then",
              base::FormatInstant(now), base::FormatInstant(clock_.Now()));
        }
        const base::MutexLock lock(one_at_a_time_);
        ASSIGN_OR_RETURN(const auto lines, stewardship_.apply(now, HoldsOf(request)));
        for (const auto& line : lines) *response.add_lines() = line;
        return base::OkStatus();
      });
}

}  // namespace belgrand::shared
