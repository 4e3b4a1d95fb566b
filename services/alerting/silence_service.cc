// Silences and the explanation of routes, on the wire.
#include <algorithm>
#include <vector>

#include "alerting/convert.h"
#include "alerting/no_alert.h"
#include "alerting/silence.h"
#include "services/alerting/alerting_service.h"
#include "services/alerting/concealment.h"
#include "services/shared/timestamp.h"

namespace belgrand::alerting {
namespace {

using shared::Caller;
using shared::CallReport;

constexpr std::string_view kService = "belgrand.alerting.v1.AlertingService.";

std::string MethodName(std::string_view method) { return fmt::format("{}{}", kService, method); }

void Report(CallReport& report, std::uint64_t count) {
  report.object_kind = "silence";
  report.record_count = count;
}

base::StatusOr<AlertFacts> FactsOf(const v1::ExplainRouteRequest& request) {
  if (request.district_id().empty() || request.target().empty()) {
    return base::InvalidArgument("district_id or target is empty: an example names both");
  }
  if (request.severity() < detection::v1::WATCH || request.severity() > detection::v1::CRITICAL) {
    return base::InvalidArgument("severity is {}: say WATCH, WARNING or CRITICAL",
                                 static_cast<int>(request.severity()));
  }
  RETURN_IF_ERROR(CheckKind(request.kind()));
  return AlertFacts{request.district_id(), request.target(), request.rule(),
                    static_cast<int>(request.kind()), static_cast<int>(request.severity())};
}

// A silence reaches every alert of the districts it names, or of all when it names none.
bool Holds(const compliance::AccessScope& scope,
           const google::protobuf::RepeatedPtrField<std::string>& district_ids) {
  if (scope.everything()) return true;
  return !district_ids.empty() &&
         std::ranges::all_of(district_ids, [&](const std::string& district) {
           return scope.HoldsDistrict(district);
         });
}

base::Status TooWide(const Caller& caller) {
  return base::PermissionDenied(
      "the silence reaches beyond what {} may see: name districts of that scope", caller.actor);
}

}  // namespace

grpc::Status AlertingServiceImpl::PreviewSilence(grpc::ServerContext* context,
                                                 const v1::PreviewSilenceRequest* request,
                                                 v1::PreviewSilenceResponse* response) {
  return Answer(*context, "PreviewSilence", *response,
                [&](const Caller& caller, CallReport& report) -> base::Status {
                  if (!Holds(caller.scope, request->match().district_ids())) {
                    return guard_.Deny(caller, MethodName("PreviewSilence"), TooWide(caller));
                  }
                  ASSIGN_OR_RETURN(const auto alerts,
                                   book_.PreviewSilence(FromWire(request->match())));
                  for (const auto& alert : alerts) {
                    *response->add_alerts() = Show(caller.scope, alert);
                  }
                  response->set_needs_consent(book_.NeedsConsent(FromWire(request->match())));
                  Report(report, alerts.size());
                  return base::OkStatus();
                });
}

grpc::Status AlertingServiceImpl::CreateSilence(grpc::ServerContext* context,
                                                const v1::CreateSilenceRequest* request,
                                                v1::CreateSilenceResponse* response) {
  return Answer(
      *context, "CreateSilence", *response,
      [&](const Caller& caller, CallReport& report) -> base::Status {
        Report(report, 1);
        if (!Holds(caller.scope, request->match().district_ids())) {
          return guard_.Deny(caller, MethodName("CreateSilence"), TooWide(caller));
        }
        storage::v1::SilenceRecord silence = FromWire(request->match());
        silence.set_owner(request->owner());
        silence.set_reason(request->reason());
        silence.set_made_by_identity(ProvenIdentity(caller));
        if (request->has_starts_at()) {
          silence.set_starts_at_us(base::ToMicros(shared::ToInstant(request->starts_at())));
        }
        if (request->has_ends_at()) {
          silence.set_ends_at_us(base::ToMicros(shared::ToInstant(request->ends_at())));
        }
        ASSIGN_OR_RETURN(const auto created, book_.CreateSilence(std::move(silence)));
        report.object_ref = std::to_string(created.silence_id());
        *response->mutable_silence() = ToWire(created);
        return base::OkStatus();
      });
}

base::Status AlertingServiceImpl::CheckSilenceScope(const Caller& caller, std::string_view method,
                                                    std::uint64_t silence_id) {
  if (caller.scope.everything()) return base::OkStatus();
  ASSIGN_OR_RETURN(const auto silences, book_.Silences());
  const auto found =
      std::ranges::find(silences, silence_id, &storage::v1::SilenceRecord::silence_id);
  if (found == silences.end() || Holds(caller.scope, found->district_ids())) {
    return base::OkStatus();
  }
  return guard_.Deny(caller, MethodName(method), NoSilence(silence_id));
}

grpc::Status AlertingServiceImpl::EndSilence(grpc::ServerContext* context,
                                             const v1::EndSilenceRequest* request,
                                             v1::EndSilenceResponse* response) {
  return Answer(*context, "EndSilence", *response,
                [&](const Caller& caller, CallReport& report) -> base::Status {
                  Report(report, 1);
                  report.object_ref = std::to_string(request->silence_id());
                  RETURN_IF_ERROR(CheckSilenceScope(caller, "EndSilence", request->silence_id()));
                  ASSIGN_OR_RETURN(const auto ended,
                                   book_.EndSilence(request->silence_id(), request->by()));
                  *response->mutable_silence() = ToWire(ended);
                  return base::OkStatus();
                });
}

grpc::Status AlertingServiceImpl::ConsentToSilence(grpc::ServerContext* context,
                                                   const v1::ConsentToSilenceRequest* request,
                                                   v1::ConsentToSilenceResponse* response) {
  return Answer(
      *context, "ConsentToSilence", *response,
      [&](const Caller& caller, CallReport& report) -> base::Status {
        Report(report, 1);
        report.object_ref = std::to_string(request->silence_id());
        RETURN_IF_ERROR(CheckSilenceScope(caller, "ConsentToSilence", request->silence_id()));
        const std::string identity = ProvenIdentity(caller);
        ASSIGN_OR_RETURN(const auto silence,
                         book_.ConsentToSilence(request->silence_id(), {request->by(), identity}));
        *response->mutable_silence() = ToWire(silence);
        return base::OkStatus();
      });
}

grpc::Status AlertingServiceImpl::ListSilences(grpc::ServerContext* context,
                                               const v1::ListSilencesRequest* request,
                                               v1::ListSilencesResponse* response) {
  return Answer(*context, "ListSilences", *response,
                [&](const Caller& caller, CallReport& report) -> base::Status {
                  ASSIGN_OR_RETURN(const auto silences, book_.Silences());
                  const std::int64_t now_us = base::ToMicros(clock_.Now());
                  const auto gate = GateOf<storage::v1::SilenceRecord>(caller);
                  for (const auto& silence : silences) {
                    if (!gate.Shows(silence)) continue;
                    if (!Holds(caller.scope, silence.district_ids())) continue;
                    if (silence.ends_at_us() <= now_us && !request->include_ended()) continue;
                    *response->add_silences() = ToWire(silence);
                  }
                  Report(report, static_cast<std::uint64_t>(response->silences_size()));
                  return base::OkStatus();
                });
}

grpc::Status AlertingServiceImpl::ExplainRoute(grpc::ServerContext* context,
                                               const v1::ExplainRouteRequest* request,
                                               v1::ExplainRouteResponse* response) {
  return Answer(
      *context, "ExplainRoute", *response, [&](const Caller& caller, CallReport&) -> base::Status {
        ASSIGN_OR_RETURN(const AlertFacts facts, FactsOf(*request));
        if (!caller.scope.HoldsDistrict(facts.district_id)) {
          return guard_.Deny(caller, MethodName("ExplainRoute"),
                             base::PermissionDenied("district {} is not in the scope of {}",
                                                    facts.district_id, caller.actor));
        }
        const base::Instant at =
            request->has_at() ? shared::ToInstant(request->at()) : clock_.Now();
        const AlertPolicy& policy = book_.policy();
        for (const Destination& to : policy.Destinations(facts, at)) {
          auto& destination = *response->add_destinations();
          destination.set_receiver(to.receiver);
          destination.set_way(to.way);
          destination.set_quiet_hours(to.quiet_hours);
          if (to.held_until) {
            *destination.mutable_held_until() = shared::ToTimestamp(*to.held_until);
          }
        }
        response->set_muted_by(WithoutOthers(caller.scope, book_.MutedBy(facts, "", at)));
        const Plan* plan = policy.PlanFor(facts, at);
        if (plan == nullptr) return base::OkStatus();
        response->set_escalation(plan->name);
        base::Instant due = at;
        for (const Plan::Step& step : plan->steps) {
          due += step.wait;
          auto& shown = *response->add_steps();
          *shown.mutable_at() = shared::ToTimestamp(due);
          for (const std::string& receiver : policy.ReceiversOf(step, due)) {
            shown.add_receivers(receiver);
          }
        }
        return base::OkStatus();
      });
}

}  // namespace belgrand::alerting
