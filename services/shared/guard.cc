#include "services/shared/guard.h"

#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "compliance/policy.h"
#include "platform/base/log.h"
#include "platform/base/mutex.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/identity.h"
#include "platform/rpc/status.h"
#include "services/shared/denial_log.h"
#include "services/shared/timestamp.h"

namespace belgrand::shared {
namespace {

using privacy::v1::Role;

constexpr base::Duration kAuditTimeout = std::chrono::seconds(10);

base::StatusOr<Caller> ToCaller(const rpc::PeerIdentity& peer) {
  static const std::vector<Role> kEveryRole = {
      Role::LABORATORY,       Role::HEALTH_OFFICIAL,  Role::DATA_PROTECTION_OFFICER,
      Role::SERVICE_OPERATOR, Role::INTERNAL_SERVICE, Role::SENSOR_GATEWAY};
  // Whoever reaches a plain-text loopback socket is logged in to the machine that holds the data:
  // the socket adds no right that they lack.
  if (peer.kind != rpc::PeerIdentity::Kind::kCertificate) return Caller{peer.id, kEveryRole};
  static const std::map<std::string, Role, std::less<>> kRoles = {
      {"laboratory", Role::LABORATORY},     {"gateway", Role::SENSOR_GATEWAY},
      {"official", Role::HEALTH_OFFICIAL},  {"dpo", Role::DATA_PROTECTION_OFFICER},
      {"operator", Role::SERVICE_OPERATOR}, {"service", Role::INTERNAL_SERVICE}};
  const auto role = kRoles.find(peer.role);
  if (role == kRoles.end()) {
    return base::PermissionDenied(
        "role '{}' of the client certificate is unknown: use laboratory, gateway, official, "
        "dpo, operator or service",
        peer.role);
  }
  return Caller{peer.role + ":" + peer.id, {role->second}};
}

base::Status RefusedBefore() { return base::PermissionDenied("refused before"); }

std::string CodeName(base::StatusCode code) { return absl::StatusCodeToString(code); }

}  // namespace

struct Guard::Method {
  std::string name;
  const privacy::v1::MethodPolicy* policy = nullptr;  // null: refused
  metrics::Histogram* latency = nullptr;

  bool audited() const { return policy && policy->audit() == privacy::v1::AUDITED; }
};

struct Guard::Methods {
  base::Mutex mutex;
  std::map<std::string, Method, std::less<>> by_name GUARDED_BY(mutex);

  // Refusals that got no entry of their own, as entries with their number; `write` stores one.
  void WriteCounts(
      base::Instant now, DenialLog::Which which,
      const std::function<base::Status(const Caller&, const Method&, const CallReport&)>& write) {
    static const Method kDenials = {"denials"};
    for (const DenialLog::Withheld& withheld : denials.Collect(now, which)) {
      CallReport report;
      report.request_id = NewRequestId();
      report.object_kind = "denials";
      report.record_count = withheld.count;
      if (!write({withheld.actor, {}}, kDenials, report).ok()) denials.Return(withheld, now);
    }
  }
  DenialLog denials;
};

Guard::Guard(const base::Clock& clock, metrics::Registry& metrics, const Peers& peers,
             int max_calls)
    : clock_(clock),
      metrics_(metrics),
      peers_(peers),
      max_calls_(max_calls),
      methods_(std::make_unique<Methods>()) {}
Guard::~Guard() = default;

std::string Guard::NewRequestId() {
  thread_local std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

const Guard::Method& Guard::Find(std::string_view name) {
  const base::MutexLock lock(methods_->mutex);
  auto [it, fresh] = methods_->by_name.try_emplace(std::string(name));
  if (fresh) {
    it->second.name = std::string(name);
    it->second.policy = compliance::FindMethodPolicy(name);
    it->second.latency =
        &metrics_.AddHistogram("belgrand_rpc_duration_seconds", "How long calls take, by method.",
                               metrics::LatencyBuckets(), {{"method", it->second.name}});
  }
  return it->second;
}

Guard::Visit::Visit(Guard& guard, const grpc::ServerContext& context)
    : guard_(guard), outside_(!rpc::IsInProcess(context)) {
  guard_.visitors_.fetch_add(1);
}

Guard::Visit::~Visit() {
  guard_.visitors_.fetch_sub(1);
  if (counted_for_.empty()) return;
  const base::MutexLock lock(guard_.calls_mutex_);
  const auto found = guard_.calls_.find(counted_for_);
  if (--found->second == 0) guard_.calls_.erase(found);
}

base::Status Guard::Visit::CountFor(const Caller& caller) {
  const bool is_role = caller.roles.size() == 1 && caller.roles.front() == Role::INTERNAL_SERVICE;
  if (!outside_ || is_role || guard_.max_calls_ == 0) return base::OkStatus();
  const base::MutexLock lock(guard_.calls_mutex_);
  int& calls = guard_.calls_[caller.actor];
  if (calls < guard_.max_calls_) {
    ++calls;
    counted_for_ = caller.actor;
    return base::OkStatus();
  }
  guard_.CountRefusal("calls_per_caller");
  return rpc::WithRetryDelay(
      base::ResourceExhausted("{} has {} calls under way, which is the limit: wait for answers "
                              "before calling again (connections.max_calls_per_caller)",
                              caller.actor, calls),
      std::chrono::seconds(1));
}

void Guard::CountRefusal(const char* limit) {
  metrics_
      .AddCounter("belgrand_rpc_refusals_total", "Calls refused before they began, by limit.",
                  {{"limit", limit}})
      .Increment();
}

// What nobody waits for any more is not begun.
base::Status Guard::CheckWanted(const grpc::ServerContext& context) {
  if (rpc::IsPast(context.deadline())) {
    CountRefusal("deadline");
    return base::DeadlineExceeded("the deadline passed before the call began: nothing was done");
  }
  if (context.IsCancelled()) {
    CountRefusal("cancelled");
    return base::MakeStatus(base::StatusCode::kCancelled,
                            "the caller left before the call began: nothing was done");
  }
  return base::OkStatus();
}

void Guard::FinishDrain(base::Duration timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (visitors_.load() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const auto write_count = [this](const Caller& refused, const Method& denials,
                                  const CallReport& report) {
    return AuditEvent(refused, denials, report, RefusedBefore(), true);
  };
  methods_->WriteCounts(clock_.Now(), DenialLog::Which::kAll, write_count);
}

base::StatusOr<Caller> Guard::Admit(grpc::ServerContext& context, Visit& visit,
                                    const Method& method) {
  RETURN_IF_ERROR(CheckWanted(context));
  // Roles start in the order in which they need each other, and stop in the other: between them
  // calls pass at any time.
  if (phase_ != Phase::kOpen && visit.outside()) {
    return rpc::WithRetryDelay(base::Unavailable("the service is starting or stopping: try again"),
                               std::chrono::seconds(1));
  }
  const auto write_count = [this](const Caller& refused, const Method& denials,
                                  const CallReport& report) {
    return AuditEvent(refused, denials, report, RefusedBefore(), true);
  };
  methods_->WriteCounts(clock_.Now(), DenialLog::Which::kDue, write_count);
  // A refusal is an event of its own; when even that cannot be written the caller still gets no
  // answer.
  const auto refuse = [&](const Caller& refused, const base::Status& why) -> base::Status {
    metrics_
        .AddCounter("belgrand_rpc_denials_total", "Calls refused to their callers, by status code.",
                    {{"code", CodeName(why.code())}})
        .Increment();
    if (!methods_->denials.TakeEntry(refused.actor, clock_.Now())) return why;
    const base::Status audit = AuditEvent(refused, method, {}, why, true);
    return audit.ok() ? why : audit;
  };
  const auto peer = rpc::IdentifyPeer(context);
  if (!peer.ok()) return refuse({"unidentified", {}}, peer.status());
  const auto identified = ToCaller(*peer);
  if (!identified.ok()) return refuse({peer->role + ":" + peer->id, {}}, identified.status());
  const Caller& caller = *identified;
  const bool allowed = std::any_of(caller.roles.begin(), caller.roles.end(), [&](Role role) {
    return compliance::MayCall(method.policy, role);
  });
  if (allowed) {
    RETURN_IF_ERROR(visit.CountFor(caller));
    return caller;
  }
  return refuse(caller, base::PermissionDenied("{} may not call {}", caller.actor, method.name));
}

base::Status Guard::Append(const compliance::v1::AppendAuditRequest& request) {
  if (auto* local = peers_.compliance_access()) return local->AppendAudit(request);
  if (!peers_.Has(RoleName::kCompliance)) {
    return base::Unavailable("this process has no audit log: peers.compliance is not set");
  }
  grpc::ClientContext context;
  rpc::SetTimeout(context, kAuditTimeout);
  compliance::v1::AppendAuditResponse response;
  const auto stub =
      compliance::v1::ComplianceService::NewStub(peers_.Channel(RoleName::kCompliance));
  return rpc::FromGrpc(stub->AppendAudit(&context, request, &response));
}

base::Status Guard::AuditEvent(const Caller& caller, const Method& method, const CallReport& report,
                               const base::Status& outcome, bool denied) {
  compliance::v1::AppendAuditRequest request;
  auto& event = *request.add_events();
  *event.mutable_at() = ToTimestamp(clock_.Now());
  event.set_actor(caller.actor);
  event.set_role(caller.roles.size() == 1 ? caller.roles.front() : Role::ROLE_UNSPECIFIED);
  event.set_method(method.name);
  event.set_decision(denied ? compliance::v1::DENIED : compliance::v1::ALLOWED);
  event.set_status_code(static_cast<int>(outcome.code()));
  event.set_request_id(report.request_id);
  event.set_object_kind(report.object_kind);
  event.set_object_ref(report.object_ref);
  event.set_record_count(report.record_count);
  const base::Status status = Append(request);
  if (status.ok()) return base::OkStatus();
  base::Log(base::LogLevel::kError, "audit_append_failed",
            {{"method", method.name}, {"reason", status}});
  metrics_
      .AddCounter("belgrand_audit_fail_closed_total",
                  "Calls refused because the audit log did not take their entry.")
      .Increment();
  return rpc::WithRetryDelay(
      base::Unavailable("the audit log is not available, so nothing is answered: try again"),
      std::chrono::seconds(1));
}

base::Status Guard::Audit(const Caller& caller, std::string_view method, const CallReport& report,
                          const base::Status& outcome) {
  return AuditEvent(caller, Find(method), report, outcome, false);
}

grpc::Status Guard::Finish(const Method& method, base::Instant started,
                           const base::Status& status) {
  method.latency->Observe(static_cast<double>((clock_.Now() - started).count()) / 1e6);
  metrics_
      .AddCounter("belgrand_rpc_calls_total", "Calls answered, by method and status code.",
                  {{"method", method.name}, {"code", CodeName(status.code())}})
      .Increment();
  return rpc::ToGrpc(status);
}

grpc::Status Guard::Unary(grpc::ServerContext& context, std::string_view name, const Body& body) {
  const base::Instant started = clock_.Now();
  const Method& method = Find(name);
  Visit visit(*this, context);
  const auto caller = Admit(context, visit, method);
  if (!caller.ok()) return Finish(method, started, caller.status());
  CallReport report;
  base::Status status = body(*caller, report);
  if (method.audited()) {
    if (report.request_id.empty()) report.request_id = NewRequestId();
    if (const auto audit = AuditEvent(*caller, method, report, status, false); !audit.ok()) {
      status = audit;
    }
  }
  return Finish(method, started, status);
}

grpc::Status Guard::Stream(grpc::ServerContext& context, std::string_view name,
                           const CallReport& report, const StreamBody& body) {
  const base::Instant started = clock_.Now();
  const Method& method = Find(name);
  Visit visit(*this, context);
  const auto caller = Admit(context, visit, method);
  if (!caller.ok()) return Finish(method, started, caller.status());
  if (method.audited()) {
    CallReport filled = report;
    if (filled.request_id.empty()) filled.request_id = NewRequestId();
    const auto audit = AuditEvent(*caller, method, filled, base::OkStatus(), false);
    if (!audit.ok()) return Finish(method, started, audit);
  }
  return Finish(method, started, body(*caller));
}

grpc::Status Guard::BatchStream(grpc::ServerContext& context, std::string_view name,
                                const StreamBody& body) {
  const base::Instant started = clock_.Now();
  const Method& method = Find(name);
  Visit visit(*this, context);
  const auto caller = Admit(context, visit, method);
  if (!caller.ok()) return Finish(method, started, caller.status());
  return Finish(method, started, body(*caller));
}

}  // namespace belgrand::shared
