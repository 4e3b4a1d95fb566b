#include "services/sensors/steward_service.h"

#include "services/shared/timestamp.h"

namespace belgrand::sensors {
namespace {

template <typename Request>
base::StatusOr<base::Instant> NowOf(const Request& request) {
  if (!request.has_now()) return base::InvalidArgument("now is missing: say as of when");
  return shared::ToInstant(request.now());
}

}  // namespace

grpc::Status StewardServiceImpl::PlanExpiry(grpc::ServerContext* context,
                                            const compliance::v1::PlanExpiryRequest* request,
                                            compliance::v1::PlanExpiryResponse* response) {
  return guard_.Unary(*context, "belgrand.compliance.v1.SensorsStewardService.PlanExpiry",
                      [&](const shared::Caller&, shared::CallReport& report) -> base::Status {
                        report.object_kind = "series";
                        ASSIGN_OR_RETURN(const base::Instant now, NowOf(*request));
                        ASSIGN_OR_RETURN(const auto lines, store_.PlanExpiry(now));
                        for (const auto& line : lines) *response->add_lines() = line;
                        return base::OkStatus();
                      });
}

grpc::Status StewardServiceImpl::ApplyExpiry(grpc::ServerContext* context,
                                             const compliance::v1::ApplyExpiryRequest* request,
                                             compliance::v1::ApplyExpiryResponse* response) {
  return guard_.Unary(*context, "belgrand.compliance.v1.SensorsStewardService.ApplyExpiry",
                      [&](const shared::Caller&, shared::CallReport& report) -> base::Status {
                        report.object_kind = "series";
                        ASSIGN_OR_RETURN(const base::Instant now, NowOf(*request));
                        // A future instant may be planned, never carried out: it would delete what
                        // may still be kept.
                        if (now > clock_.Now()) {
                          return base::FailedPrecondition(
                              "now {} lies after this service's clock {}: wait until then",
                              base::FormatInstant(now), base::FormatInstant(clock_.Now()));
                        }
                        ASSIGN_OR_RETURN(const auto lines, store_.ApplyExpiry(now));
                        for (const auto& line : lines) *response->add_lines() = line;
                        return base::OkStatus();
                      });
}

}  // namespace belgrand::sensors
