#include "services/detection/detection_service.h"

#include <algorithm>

#include "services/detection/wire.h"

namespace belgrand::detection {
namespace {

// A state is made of every laboratory's rows.
bool IsWithin(const compliance::AccessScope& scope, const v1::AreaState& state) {
  if (scope.HoldsDistrict(state.district_id())) return true;
  return state.level() == v1::SITE && scope.LimitsPlaces() && !scope.LimitsLaboratories() &&
         scope.HoldsPlace(state.area_id(), {&state.district_id(), 1});
}

}  // namespace

grpc::Status DetectionServiceImpl::ListAreaStates(grpc::ServerContext* context,
                                                  const v1::ListAreaStatesRequest* request,
                                                  v1::ListAreaStatesResponse* response) {
  return guard_.Unary(
      *context, "belgrand.detection.v1.DetectionService.ListAreaStates",
      [&](const shared::Caller& caller, shared::CallReport& report) -> base::Status {
        for (const AreaState& state : follower_.States(request->district_id(), request->target())) {
          v1::AreaState proto = ToProto(state);
          if (IsWithin(caller.scope, proto)) *response->add_states() = std::move(proto);
        }
        report.object_kind = "series";
        // Only a district that exists: what a caller typed does not belong in the log.
        if (response->states_size() > 0) report.object_ref = request->district_id();
        report.record_count = static_cast<std::uint64_t>(response->states_size());
        return base::OkStatus();
      });
}

grpc::Status DetectionServiceImpl::ListDetectors(grpc::ServerContext* context,
                                                 const v1::ListDetectorsRequest*,
                                                 v1::ListDetectorsResponse* response) {
  return guard_.Unary(*context, "belgrand.detection.v1.DetectionService.ListDetectors",
                      [&](const shared::Caller&, shared::CallReport&) -> base::Status {
                        for (const auto& detector : RegisteredDetectors()) {
                          *response->add_detectors() = ToProto(detector->info());
                        }
                        return base::OkStatus();
                      });
}

grpc::Status DetectionServiceImpl::GetProgress(grpc::ServerContext* context,
                                               const v1::GetProgressRequest*,
                                               v1::GetProgressResponse* response) {
  return guard_.Unary(*context, "belgrand.detection.v1.DetectionService.GetProgress",
                      [&](const shared::Caller&, shared::CallReport&) -> base::Status {
                        // Read before the outbox: what is written in between counts as not handed
                        // over.
                        ASSIGN_OR_RETURN(const auto progress, outbox_.LoadProgress());
                        ASSIGN_OR_RETURN(const auto oldest, outbox_.Oldest(1));
                        std::uint64_t handed_over = progress.processed_sequence();
                        if (!oldest.empty()) {
                          const v1::Signal& waiting = oldest.front().signal;
                          // Numbers of an older generation may be those of another feed.
                          handed_over = waiting.generation() < progress.generation()
                                            ? 0
                                            : std::min(handed_over, waiting.feed_sequence() - 1);
                        }
                        response->set_processed_sequence(handed_over);
                        response->set_newest_sequence(std::max(follower_.newest(), handed_over));
                        return base::OkStatus();
                      });
}

}  // namespace belgrand::detection
