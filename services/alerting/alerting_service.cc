#include "services/alerting/alerting_service.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "alerting/convert.h"
#include "alerting/no_alert.h"
#include "alerting/receipts.h"
#include "platform/rpc/status.h"
#include "services/alerting/concealment.h"
#include "services/shared/timestamp.h"

namespace belgrand::alerting {
namespace {

using shared::Caller;
using shared::CallReport;

// Events read, marked as sent and written at a time.
constexpr std::size_t kFollowPage = 200;
// How soon a follower that waits notices that its client is gone.
constexpr base::Duration kFollowWait = std::chrono::milliseconds(250);

std::string MethodName(std::string_view method) {
  return fmt::format("belgrand.alerting.v1.AlertingService.{}", method);
}

void ReportAlert(CallReport& report, const std::string& alert_id) {
  report.object_kind = "alert";
  // Nothing a caller merely typed goes into the audit log.
  if (ParseAlertId(alert_id).ok()) report.object_ref = alert_id;
  report.record_count = 1;
}

// Whether a caller is shown everything that the receiver is told.
bool HoldsAllOf(const compliance::AccessScope& scope, const AlertPolicy& policy,
                const std::string& receiver) {
  if (scope.everything()) return true;
  const auto route = std::ranges::find(policy.receivers(), receiver, &Route::receiver);
  return route != policy.receivers().end() && !route->district_ids.empty() &&
         std::ranges::all_of(route->district_ids, [&](const std::string& district) {
           return scope.HoldsDistrict(district);
         });
}

// Counts a follower while it lives.
class Seat {
 public:
  Seat(std::atomic<int>& followers, metrics::Gauge& gauge) : followers_(followers), gauge_(gauge) {
    taken_ = ++followers_;
    gauge_.Set(taken_);
  }
  ~Seat() { gauge_.Set(--followers_); }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  bool TooMany() const { return taken_ > kMaxFollowers; }

 private:
  std::atomic<int>& followers_;
  metrics::Gauge& gauge_;
  int taken_ = 0;
};

}  // namespace

AlertingServiceImpl::AlertingServiceImpl(AlertBook& book, const base::Clock& clock,
                                         shared::Guard& guard, AlertingMetrics& metrics,
                                         std::set<std::string> subscribers,
                                         const shared::Restrictions& restrictions)
    : book_(book),
      clock_(clock),
      guard_(guard),
      metrics_(metrics),
      subscribers_(std::move(subscribers)),
      restrictions_(restrictions) {}

grpc::Status AlertingServiceImpl::Answer(grpc::ServerContext& context, std::string_view method,
                                         google::protobuf::Message& response,
                                         const shared::Guard::Body& body) {
  return guard_.Unary(context, MethodName(method),
                      [&](const Caller& caller, CallReport& report) -> base::Status {
                        RETURN_IF_ERROR(body(caller, report));
                        restrictions_.Withhold(response);
                        return base::OkStatus();
                      });
}

v1::Alert AlertingServiceImpl::Show(const compliance::AccessScope& scope,
                                    const storage::v1::AlertRecord& record) const {
  v1::Alert alert = ToWire(record);
  alert.clear_muted_by();
  if (Stands(record.state())) {
    alert.set_muted_by(
        WithoutOthers(scope, book_.MutedBy(FactsOf(record), record.alert_id(), clock_.Now())));
  }
  return alert;
}

void AlertingServiceImpl::StopStreams() {
  stopping_ = true;
  book_.Wake();
}

grpc::Status AlertingServiceImpl::ReportSignals(grpc::ServerContext* context,
                                                const v1::ReportSignalsRequest* request,
                                                v1::ReportSignalsResponse* response) {
  return guard_.Unary(*context, MethodName("ReportSignals"),
                      [&](const Caller&, CallReport& report) -> base::Status {
                        const int count = request->signals_size();
                        report.object_kind = "alert";
                        report.record_count = static_cast<std::uint64_t>(count);
                        if (count > kMaxSignals) {
                          return base::InvalidArgument(
                              "{} signals in one report: at most {}; send several", count,
                              kMaxSignals);
                        }
                        std::vector<const detection::v1::Signal*> signals;
                        for (const auto& signal : request->signals()) signals.push_back(&signal);
                        ASSIGN_OR_RETURN(const std::uint32_t applied, book_.Apply(signals));
                        metrics_.CountSignals(static_cast<std::uint64_t>(count), applied);
                        response->set_applied(applied);
                        return base::OkStatus();
                      });
}

grpc::Status AlertingServiceImpl::ListAlerts(grpc::ServerContext* context,
                                             const v1::ListAlertsRequest* request,
                                             v1::ListAlertsResponse* response) {
  return Answer(
      *context, "ListAlerts", *response,
      [&](const Caller& caller, CallReport& report) -> base::Status {
        report.object_kind = "alert";
        AlertFilter filter{.district_id = request->district_id(),
                           .awaiting_outcome = request->awaiting_outcome()};
        for (const int state : request->states()) {
          if (!v1::AlertState_IsValid(state) || state == v1::ALERT_STATE_UNSPECIFIED) {
            return base::InvalidArgument(
                "states holds {}: say states of the contract (OPEN, ACKNOWLEDGED, ...), or nothing "
                "for all",
                state);
          }
          filter.states.insert(state);
        }
        if (request->has_as_of()) filter.as_of = shared::ToInstant(request->as_of());
        ASSIGN_OR_RETURN(const auto alerts, book_.List(filter));
        const auto gate = GateOf(caller);
        for (const auto& alert : alerts) {
          if (!caller.scope.HoldsDistrict(alert.district_id()) || !gate.Shows(alert)) continue;
          *response->add_alerts() =
              filter.as_of ? Concealed(caller.scope, ToWire(alert)) : Show(caller.scope, alert);
        }
        report.record_count = static_cast<std::uint64_t>(response->alerts_size());
        return base::OkStatus();
      });
}

grpc::Status AlertingServiceImpl::GetAlert(grpc::ServerContext* context,
                                           const v1::GetAlertRequest* request,
                                           v1::GetAlertResponse* response) {
  return Answer(*context, "GetAlert", *response,
                [&](const Caller& caller, CallReport& report) -> base::Status {
                  ReportAlert(report, request->alert_id());
                  RETURN_IF_ERROR(CheckScope(caller, MethodName("GetAlert"), request->alert_id()));
                  ASSIGN_OR_RETURN(auto history, book_.History(request->alert_id()));
                  ASSIGN_OR_RETURN(const auto deliveries, book_.Deliveries(request->alert_id()));
                  if (request->has_as_of()) {
                    const base::Instant as_of = shared::ToInstant(request->as_of());
                    ASSIGN_OR_RETURN(const auto alert, book_.GetAsOf(request->alert_id(), as_of));
                    if (!GateOf(caller).Shows(alert)) return NoAlert(request->alert_id());
                    *response->mutable_alert() = Concealed(caller.scope, ToWire(alert));
                    std::erase_if(history, [&](const auto& event) {
                      return event.at_us() > base::ToMicros(as_of);
                    });
                  } else {
                    ASSIGN_OR_RETURN(const auto alert, book_.Get(request->alert_id()));
                    if (!GateOf(caller).Shows(alert)) return NoAlert(request->alert_id());
                    *response->mutable_alert() = Show(caller.scope, alert);
                  }
                  std::set<std::uint64_t> shown;
                  for (const auto& event : history) {
                    shown.insert(event.sequence());
                    *response->add_history() = Concealed(caller.scope, ToWire(event, Repeat::kNo));
                  }
                  for (const auto& delivery : deliveries) {
                    if (shown.contains(delivery.event_sequence())) {
                      v1::Delivery& told = *response->add_deliveries() =
                          Concealed(caller.scope, ToWire(delivery));
                      MarkAcknowledged(history, told);
                    }
                  }
                  return base::OkStatus();
                });
}

template <typename Request, typename Response, typename Act>
grpc::Status AlertingServiceImpl::ActOn(grpc::ServerContext& context, std::string_view method,
                                        const Request& request, Response& response,
                                        const Act& act) {
  return Answer(context, method, response,
                [&](const Caller& caller, CallReport& report) -> base::Status {
                  ReportAlert(report, request.alert_id());
                  RETURN_IF_ERROR(CheckScope(caller, MethodName(method), request.alert_id()));
                  const auto known = book_.Get(request.alert_id());
                  if (known.ok() && !GateOf(caller).Shows(*known)) {
                    return NoAlert(request.alert_id());
                  }
                  ASSIGN_OR_RETURN(const storage::v1::AlertRecord alert, act());
                  *response.mutable_alert() = Show(caller.scope, alert);
                  return base::OkStatus();
                });
}

grpc::Status AlertingServiceImpl::AcknowledgeAlert(grpc::ServerContext* context,
                                                   const v1::AcknowledgeAlertRequest* request,
                                                   v1::AcknowledgeAlertResponse* response) {
  return ActOn(*context, "AcknowledgeAlert", *request, *response, [&] {
    return book_.Acknowledge(request->alert_id(), request->by(), request->comment());
  });
}

grpc::Status AlertingServiceImpl::EscalateAlert(grpc::ServerContext* context,
                                                const v1::EscalateAlertRequest* request,
                                                v1::EscalateAlertResponse* response) {
  return ActOn(*context, "EscalateAlert", *request, *response, [&] {
    return book_.Escalate(request->alert_id(), request->by(), request->reason());
  });
}

grpc::Status AlertingServiceImpl::ResolveAlert(grpc::ServerContext* context,
                                               const v1::ResolveAlertRequest* request,
                                               v1::ResolveAlertResponse* response) {
  return ActOn(*context, "ResolveAlert", *request, *response, [&] {
    return book_.Close(request->alert_id(), Closing::kResolve, request->by(), request->reason(),
                       request->outcome());
  });
}

grpc::Status AlertingServiceImpl::DismissAlert(grpc::ServerContext* context,
                                               const v1::DismissAlertRequest* request,
                                               v1::DismissAlertResponse* response) {
  return ActOn(*context, "DismissAlert", *request, *response, [&] {
    return book_.Close(request->alert_id(), Closing::kDismiss, request->by(), request->reason(),
                       request->outcome());
  });
}

grpc::Status AlertingServiceImpl::ReopenAlert(grpc::ServerContext* context,
                                              const v1::ReopenAlertRequest* request,
                                              v1::ReopenAlertResponse* response) {
  return ActOn(*context, "ReopenAlert", *request, *response,
               [&] { return book_.Reopen(request->alert_id(), request->by(), request->reason()); });
}

grpc::Status AlertingServiceImpl::RecordOutcome(grpc::ServerContext* context,
                                                const v1::RecordOutcomeRequest* request,
                                                v1::RecordOutcomeResponse* response) {
  return ActOn(*context, "RecordOutcome", *request, *response, [&] {
    return book_.RecordOutcome(request->alert_id(), request->by(), request->outcome(),
                               request->comment());
  });
}

grpc::Status AlertingServiceImpl::ListTrackRecords(grpc::ServerContext* context,
                                                   const v1::ListTrackRecordsRequest* request,
                                                   v1::ListTrackRecordsResponse* response) {
  return Answer(*context, "ListTrackRecords", *response,
                [&](const Caller& caller, CallReport&) -> base::Status {
                  ASSIGN_OR_RETURN(const auto records,
                                   book_.TrackRecords(request->district_id(), request->rule()));
                  for (const RuleRecord& record : records) {
                    if (!caller.scope.HoldsDistrict(record.district_id)) continue;
                    auto& row = *response->add_rows();
                    row.set_district_id(record.district_id);
                    row.set_rule(record.rule);
                    *row.mutable_record() = ToWire(record.counts);
                  }
                  return base::OkStatus();
                });
}

bool AlertingServiceImpl::HoldsAlert(const compliance::AccessScope& scope,
                                     const std::string& alert_id) const {
  if (scope.everything()) return true;
  const auto alert = book_.Get(alert_id);
  return alert.ok() && scope.HoldsDistrict(alert->district_id());
}

base::Status AlertingServiceImpl::CheckScope(const Caller& caller, std::string_view method,
                                             const std::string& alert_id) {
  if (caller.scope.everything()) return base::OkStatus();
  ASSIGN_OR_RETURN(const auto alert, book_.Get(alert_id));
  if (caller.scope.HoldsDistrict(alert.district_id())) return base::OkStatus();
  return guard_.Deny(caller, method, NoAlert(alert_id));
}

base::Status AlertingServiceImpl::CheckSubscriber(const std::string& subscriber) const {
  if (subscribers_.contains(subscriber)) return base::OkStatus();
  return base::NotFound(
      "no stream receiver of this name is configured: use one of [{}], or add a receiver with "
      "stream {{}} to alerting.receivers",
      fmt::join(subscribers_, ", "));
}

grpc::Status AlertingServiceImpl::FollowAlerts(grpc::ServerContext* context,
                                               const v1::FollowAlertsRequest* request,
                                               grpc::ServerWriter<v1::AlertEvent>* writer) {
  CallReport report;
  report.object_kind = "alert";
  if (subscribers_.contains(request->subscriber())) report.object_ref = request->subscriber();
  return guard_.Stream(*context, MethodName("FollowAlerts"), report, [&](const Caller& caller) {
    return Pump(*context, caller, *request, *writer);
  });
}

base::Status AlertingServiceImpl::Pump(grpc::ServerContext& context, const Caller& caller,
                                       const v1::FollowAlertsRequest& request,
                                       grpc::ServerWriter<v1::AlertEvent>& writer) {
  RETURN_IF_ERROR(CheckSubscriber(request.subscriber()));
  const Seat seat(followers_, metrics_.followers());
  if (seat.TooMany()) {
    return rpc::WithRetryDelay(base::ResourceExhausted("{} clients follow the alerts: the limit is "
                                                       "{}, try again later",
                                                       kMaxFollowers, kMaxFollowers),
                               std::chrono::seconds(5));
  }
  const std::set<std::string> wanted(request.district_ids().begin(), request.district_ids().end());
  const auto gate = GateOf(caller);
  const auto concerns = [&](const storage::v1::AlertEventRecord& event) {
    const storage::v1::AlertRecord& alert = event.alert();
    if (!caller.scope.HoldsDistrict(alert.district_id()) || !gate.Shows(alert)) return false;
    if (!wanted.empty() && !wanted.contains(alert.district_id())) return false;
    return std::ranges::find(alert.told(), request.subscriber()) != alert.told().end() ||
           book_.policy().Concerns(request.subscriber(), FactsOf(alert),
                                   base::FromMicros(event.at_us()));
  };
  ASSIGN_OR_RETURN(const SubscriberPosition start, book_.Position(request.subscriber()));
  std::uint64_t position =
      request.has_after_sequence() ? request.after_sequence() : start.confirmed;
  // A stream that leaves events out only looks: if it counted as sending, a later confirmation
  // would cover events that nobody was shown.
  const bool complete = wanted.empty() && position <= start.confirmed &&
                        HoldsAllOf(caller.scope, book_.policy(), request.subscriber());
  // Tells the client that it is let in, before there is anything to send.
  writer.SendInitialMetadata();
  while (!context.IsCancelled()) {
    if (stopping_) {
      return rpc::WithRetryDelay(base::Unavailable("the service is stopping: follow again"),
                                 std::chrono::seconds(1));
    }
    ASSIGN_OR_RETURN(const auto events, book_.EventsAfter(position, kFollowPage));
    if (events.empty()) {
      book_.WaitForEvents(position, kFollowWait);
      continue;
    }
    ASSIGN_OR_RETURN(const SubscriberPosition before, book_.Position(request.subscriber()));
    // Marked first: what a crash cuts off may have arrived, and is a repeat the next time.
    if (complete) {
      RETURN_IF_ERROR(book_.MarkSent(request.subscriber(), events.back().sequence()));
    }
    for (const auto& event : events) {
      position = event.sequence();
      if (!concerns(event)) continue;
      const Repeat repeat = event.sequence() <= before.sent ? Repeat::kYes : Repeat::kNo;
      v1::AlertEvent sent = Concealed(caller.scope, ToWire(event, repeat));
      restrictions_.Withhold(sent);
      if (!writer.Write(sent)) return base::OkStatus();  // the client is gone
    }
  }
  return base::OkStatus();
}

grpc::Status AlertingServiceImpl::ConfirmEvents(grpc::ServerContext* context,
                                                const v1::ConfirmEventsRequest* request,
                                                v1::ConfirmEventsResponse* response) {
  return Answer(
      *context, "ConfirmEvents", *response,
      [&](const Caller& caller, CallReport& report) -> base::Status {
        report.object_kind = "alert";
        RETURN_IF_ERROR(CheckSubscriber(request->subscriber()));
        report.object_ref = request->subscriber();
        if (!HoldsAllOf(caller.scope, book_.policy(), request->subscriber())) {
          return guard_.Deny(
              caller, MethodName("ConfirmEvents"),
              base::PermissionDenied("{} is not shown every event of this receiver, and cannot "
                                     "confirm them",
                                     caller.actor));
        }
        ASSIGN_OR_RETURN(const Confirmation confirmation,
                         book_.Confirm(request->subscriber(), request->up_to_sequence()));
        metrics_.CountDelivered(request->subscriber(), confirmation.deliveries);
        report.record_count = confirmation.deliveries;
        response->set_confirmed_sequence(confirmation.position.confirmed);
        return base::OkStatus();
      });
}

grpc::Status AlertingServiceImpl::ListDeadLetters(grpc::ServerContext* context,
                                                  const v1::ListDeadLettersRequest*,
                                                  v1::ListDeadLettersResponse* response) {
  return Answer(*context, "ListDeadLetters", *response,
                [&](const Caller& caller, CallReport& report) -> base::Status {
                  report.object_kind = "alert";
                  ASSIGN_OR_RETURN(const auto letters, book_.DeadLetters());
                  const auto gate = GateOf<storage::v1::DeliveryRecord>(caller);
                  for (const auto& letter : letters) {
                    if (!gate.Shows(letter)) continue;
                    if (!HoldsAlert(caller.scope, letter.alert_id())) continue;
                    *response->add_deliveries() = Concealed(caller.scope, ToWire(letter));
                  }
                  report.record_count = static_cast<std::uint64_t>(response->deliveries_size());
                  return base::OkStatus();
                });
}

}  // namespace belgrand::alerting
