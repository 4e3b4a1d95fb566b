#include "services/shared/guard.h"

#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "belgrand/compliance/v1/identity.grpc.pb.h"
#include "compliance/identity_book.h"
#include "compliance/policy.h"
#include "compliance/read_limit.h"
#include "platform/base/log.h"
#include "platform/base/mutex.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/identity.h"
#include "platform/rpc/status.h"
#include "services/shared/timestamp.h"

namespace belgrand::shared {
namespace {

using privacy::v1::Role;

constexpr base::Duration kAuditTimeout = std::chrono::seconds(10);

// Whoever reaches a plain-text loopback socket is logged in to the machine that holds the data: the
// socket adds no right that they lack.
Caller LocalCaller(const rpc::PeerIdentity& peer) {
  static const std::vector<Role> kEveryRole = {Role::LABORATORY,
                                               Role::HEALTH_OFFICIAL,
                                               Role::DATA_PROTECTION_OFFICER,
                                               Role::SERVICE_OPERATOR,
                                               Role::INTERNAL_SERVICE,
                                               Role::SENSOR_GATEWAY,
                                               Role::PUBLIC};
  return {.actor = peer.id, .roles = kEveryRole, .scope = compliance::AccessScope::Everything()};
}

base::Status Unauthenticated(std::string_view why) {
  return base::MakeStatus(base::StatusCode::kUnauthenticated, why);
}

// What follows "Bearer ", whose case does not matter (RFC 9110 section 11.1).
base::StatusOr<std::string> BearerOf(const std::string& header) {
  constexpr std::string_view kScheme = "bearer ";
  const bool is_bearer =
      header.size() > kScheme.size() &&
      std::equal(kScheme.begin(), kScheme.end(), header.begin(), [](char wanted, char sent) {
        return wanted == (sent >= 'A' && sent <= 'Z' ? static_cast<char>(sent + 32) : sent);
      });
  if (!is_bearer) return Unauthenticated("the header authorization is not 'Bearer <token>'");
  return header.substr(kScheme.size());
}

bool IsLasting(const Caller& caller) {
  return caller.actor != "loopback" && caller.actor != "inproc" && caller.actor != "anonymous";
}

std::string CodeName(base::StatusCode code) { return absl::StatusCodeToString(code); }

}  // namespace

struct Guard::Method {
  std::string name;
  const privacy::v1::MethodPolicy* policy = nullptr;  // null: refused
  metrics::Histogram* latency = nullptr;
  // The type of its answers, where they may hold what not every caller may read; else null.
  const google::protobuf::Descriptor* limited_answer = nullptr;

  bool audited() const { return policy && policy->audit() == privacy::v1::AUDITED; }
};

struct Guard::Methods {
  base::Mutex mutex;
  std::map<std::string, Method, std::less<>> by_name GUARDED_BY(mutex);
};

Guard::Guard(const base::Clock& clock, metrics::Registry& metrics, const Peers& peers,
             int max_calls, Tokens tokens)
    : clock_(clock),
      metrics_(metrics),
      peers_(peers),
      max_calls_(max_calls),
      tokens_(tokens),
      answers_(compliance::HasReaders),
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
    if (compliance::HasReaders(name)) {
      it->second.limited_answer = compliance::FindMethod(name)->output_type();
    }
    it->second.latency =
        &metrics_.AddHistogram("belgrand_rpc_duration_seconds", "How long calls take, by method.",
                               metrics::LatencyBuckets(), {{"method", it->second.name}});
  }
  return it->second;
}

Guard::Visit::Visit(Guard& guard, grpc::ServerContext& context)
    : guard_(guard), context_(context), outside_(!rpc::IsInProcess(context)) {
  guard_.visitors_.fetch_add(1);
}

Guard::Visit::~Visit() {
  guard_.visitors_.fetch_sub(1);
  if (counted_for_.empty()) return;
  const base::MutexLock lock(guard_.calls_mutex_);
  const auto found = guard_.calls_.find(counted_for_);
  found->second.erase(&context_);
  if (found->second.empty()) guard_.calls_.erase(found);
}

base::Status Guard::Visit::CountFor(const Caller& caller, std::optional<base::Instant> expires_at) {
  if (!outside_) return base::OkStatus();
  const bool is_role = caller.roles.size() == 1 && caller.roles.front() == Role::INTERNAL_SERVICE;
  const base::MutexLock lock(guard_.calls_mutex_);
  const auto found = guard_.calls_.find(caller.actor);
  const std::size_t calls = found == guard_.calls_.end() ? 0 : found->second.size();
  if (is_role || guard_.max_calls_ == 0 || calls < static_cast<std::size_t>(guard_.max_calls_)) {
    guard_.calls_[caller.actor].emplace(&context_, expires_at);
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
  WriteWithheld(DenialLog::Which::kAll);
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
  const auto peer = rpc::IdentifyPeer(context);
  if (!peer.ok()) return Refuse({.actor = "unidentified"}, method, peer.status());
  auto identified = Identify(context, *peer);
  if (!identified.ok()) {
    // Not known, or not now: only the first is a refusal.
    if (identified.status().code() == base::StatusCode::kUnavailable) return identified.status();
    const bool certified = peer->kind == rpc::PeerIdentity::Kind::kCertificate;
    return Refuse({.actor = certified ? peer->role + ":" + peer->id : "unidentified"}, method,
                  identified.status());
  }
  Caller& caller = identified->caller;
  const bool allowed = std::any_of(caller.roles.begin(), caller.roles.end(), [&](Role role) {
    return compliance::MayCall(method.policy, role);
  });
  if (!allowed) {
    if (peer->kind == rpc::PeerIdentity::Kind::kAnonymous && !identified->by_token) {
      return Refuse(caller, method,
                    Unauthenticated("show a client certificate, or a token in the header "
                                    "authorization: this is not for everybody"));
    }
    return Refuse(caller, method,
                  base::PermissionDenied("{} may not call {}", caller.actor, method.name));
  }
  // What is for everybody is within every scope.
  if (!caller.scope.everything() && !method.policy->scoped()) {
    return Refuse(caller, method,
                  base::PermissionDenied("{} is limited to a part, and {} is of the whole",
                                         caller.actor, method.name));
  }
  const auto purpose = PurposeOf(context, *identified, method);
  if (!purpose.ok()) return Refuse(caller, method, purpose.status());
  caller.purpose = *purpose;
  RETURN_IF_ERROR(visit.CountFor(caller, identified->expires_at));
  LimitAnswers(context, caller, method);
  return std::move(caller);
}

void Guard::LimitAnswers(const grpc::ServerContext& context, const Caller& caller,
                         const Method& method) {
  if (method.limited_answer == nullptr) return;
  auto limit = std::make_shared<const compliance::ReadLimit>(*method.limited_answer, caller.roles,
                                                             caller.purpose);
  answers_.Set(context, [limit = std::move(limit)](const auto& answer, auto& left_out) {
    return limit->Reduced(answer, left_out);
  });
}

// A refusal is an event of its own; when even that cannot be written the caller still gets no
// answer.
base::Status Guard::Refuse(const Caller& caller, const Method& method, const base::Status& why) {
  metrics_
      .AddCounter("belgrand_rpc_denials_total", "Calls refused to their callers, by status code.",
                  {{"code", CodeName(why.code())}})
      .Increment();
  if (!denials_.TakeEntry(caller.actor, clock_.Now())) return why;
  const base::Status audit = AuditEvent(caller, method, {}, why, true);
  return audit.ok() ? why : audit;
}

base::StatusOr<Guard::Identified> Guard::Identify(const grpc::ServerContext& context,
                                                  const rpc::PeerIdentity& peer) {
  using Kind = rpc::PeerIdentity::Kind;
  if (peer.kind == Kind::kInProcess) return Identified{.caller = LocalCaller(peer)};
  ASSIGN_OR_RETURN(const std::string header, rpc::HeaderOf(context, "authorization"));
  Identified identified;
  if (peer.kind == Kind::kCertificate) {
    ASSIGN_OR_RETURN(identified, IdentifyCertificate(peer));
  }
  // Who shows a token is its owner, whatever else the connection is.
  if (!header.empty()) return IdentifyToken(header);
  if (peer.kind == Kind::kLoopback) return Identified{.caller = LocalCaller(peer)};
  if (peer.kind == Kind::kAnonymous) {
    return Identified{.caller = {.actor = peer.id, .roles = {Role::PUBLIC}}};
  }
  return identified;
}

base::StatusOr<Guard::Identified> Guard::IdentifyCertificate(const rpc::PeerIdentity& peer) {
  const Role role = compliance::ParseRoleWord(peer.role);
  if (role == Role::ROLE_UNSPECIFIED) {
    return base::PermissionDenied(
        "role '{}' of the client certificate is unknown: use laboratory, gateway, official, "
        "dpo, operator or service",
        peer.role);
  }
  compliance::v1::CheckCallerRequest request;
  request.set_certificate(peer.role + ":" + peer.id);
  ASSIGN_OR_RETURN(auto answer, CheckCaller(request));
  return Identified{
      .caller = {.actor = request.certificate(),
                 .roles = {role},
                 .scope = compliance::AccessScope(std::move(*answer.mutable_scope()))}};
}

base::StatusOr<Guard::Identified> Guard::IdentifyToken(const std::string& header) {
  if (tokens_ == Tokens::kRefused) {
    return Unauthenticated("tokens are not accepted here (access.tokens)");
  }
  compliance::v1::CheckCallerRequest request;
  ASSIGN_OR_RETURN(*request.mutable_bearer(), BearerOf(header));
  ASSIGN_OR_RETURN(auto answer, CheckCaller(request));
  Identified identified{
      .caller = {.actor = answer.actor(),
                 .roles = {answer.role()},
                 .scope = compliance::AccessScope(std::move(*answer.mutable_scope()))},
      .by_token = true};
  if (answer.has_expires_at()) identified.expires_at = ToInstant(answer.expires_at());
  return identified;
}

base::StatusOr<compliance::v1::CheckCallerResponse> Guard::CheckCaller(
    const compliance::v1::CheckCallerRequest& request) {
  if (auto* local = peers_.compliance_access()) return local->CheckCaller(request);
  const auto unavailable = [](std::string_view why) {
    return rpc::WithRetryDelay(
        base::Unavailable("identities cannot be checked, so nothing is answered: {}", why),
        std::chrono::seconds(1));
  };
  if (!peers_.Has(RoleName::kCompliance)) return unavailable("peers.compliance is not set");
  grpc::ClientContext context;
  rpc::SetTimeout(context, kAuditTimeout);
  compliance::v1::CheckCallerResponse response;
  const auto stub = compliance::v1::IdentityService::NewStub(peers_.Channel(RoleName::kCompliance));
  const base::Status status = rpc::FromGrpc(stub->CheckCaller(&context, request, &response));
  if (status.ok()) return response;
  if (status.code() == base::StatusCode::kUnauthenticated) return status;
  return unavailable(base::Message(status));
}

void Guard::Sweep() {
  const base::Instant now = clock_.Now();
  std::vector<std::string> actors;
  {
    const base::MutexLock lock(calls_mutex_);
    for (auto& [actor, calls] : calls_) {
      actors.push_back(actor);
      for (const auto& [context, expires_at] : calls) {
        if (expires_at && now >= *expires_at) context->TryCancel();
      }
    }
  }
  for (const std::string& actor : actors) {
    if (!IsLasting({.actor = actor})) continue;
    compliance::v1::CheckCallerRequest request;
    request.set_actor(actor);
    if (CheckCaller(request).status().code() == base::StatusCode::kUnauthenticated) CutOff(actor);
  }
  WriteWithheld(DenialLog::Which::kDue);
}

void Guard::CutOff(const std::string& actor) {
  const base::MutexLock lock(calls_mutex_);
  const auto found = calls_.find(actor);
  if (found == calls_.end()) return;
  for (const auto& [context, expires_at] : found->second) context->TryCancel();
}

void Guard::WriteWithheld(DenialLog::Which which) {
  const base::Instant now = clock_.Now();
  for (const DenialLog::Withheld& withheld : denials_.Collect(now, which)) {
    CallReport report;
    report.request_id = NewRequestId();
    report.object_kind = "denials";
    report.record_count = withheld.count;
    const base::Status written = AuditEvent({.actor = withheld.actor}, {.name = "denials"}, report,
                                            base::PermissionDenied("refused before"), true);
    if (!written.ok()) denials_.Return(withheld, now);
  }
}

base::StatusOr<privacy::v1::Purpose> Guard::PurposeOf(const grpc::ServerContext& context,
                                                      const Identified& identified,
                                                      const Method& method) {
  const std::vector<Role>& roles = identified.caller.roles;
  ASSIGN_OR_RETURN(const std::string name, rpc::HeaderOf(context, kPurposeHeader));
  if (name.empty() && identified.by_token) {
    return base::InvalidArgument("say what the call is for, in the header {}: one of {}",
                                 kPurposeHeader, compliance::PurposeNames(*method.policy, roles));
  }
  // A machine always calls a method for the same thing, and need not say it.
  if (name.empty()) return compliance::OrdinaryPurpose(method.policy, roles);
  const privacy::v1::Purpose purpose = compliance::ParsePurpose(name);
  if (purpose == privacy::v1::PURPOSE_UNSPECIFIED) {
    return base::InvalidArgument("the header {} names no purpose: use one of {}", kPurposeHeader,
                                 compliance::PurposeNames(*method.policy, roles));
  }
  if (!compliance::MayClaim(method.policy, roles, purpose)) {
    return base::PermissionDenied("{} may not call {} for {}, only for {}", identified.caller.actor,
                                  method.name, name,
                                  compliance::PurposeNames(*method.policy, roles));
  }
  return purpose;
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
  event.set_purpose(caller.purpose);
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

base::Status Guard::Deny(const Caller& caller, std::string_view method, const base::Status& why) {
  return Refuse(caller, Find(method), why);
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
