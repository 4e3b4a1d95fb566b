// The gate in front of every call: who calls, may they, what was done, and the audit entry that is
// on disk before the answer leaves.
//
// The policy of a method is its (privacy.v1.method) option: who may call it, and what for; a method
// without one is refused. A
// caller is who the connection's certificate or the token of the call says, if the compliance role
// knows nothing against it: that is asked for every call from outside. What is within the caller's
// scope is the body's to check. Fails closed: when the compliance role does not answer, neither
// does this.
//
//   grpc::Status GetAlert(grpc::ServerContext* context, const GetAlertRequest* request,
//                         GetAlertResponse* response) override {
//     return guard_.Unary(*context, "belgrand.alerting.v1.AlertingService.GetAlert",
//                         [&](const Caller& caller, CallReport& report) -> base::Status { ... });
//   }
//
// Thread safety: safe.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/privacy/v1/privacy.pb.h"
#include "compliance/access_scope.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/metrics/registry.h"
#include "platform/rpc/answer_gate.h"
#include "platform/rpc/identity.h"
#include "services/shared/denial_log.h"
#include "services/shared/peers.h"

namespace belgrand::shared {

struct Caller {
  // "<role>:<id>" of a certificate or token, "<issuer>/<subject>", "inproc", "loopback" or
  // "anonymous".
  std::string actor;
  std::vector<privacy::v1::Role> roles = {};
  // Of what the call may read and write.
  compliance::AccessScope scope = {};
  // What the call is for: what the caller said, or the ordinary purpose of the method.
  privacy::v1::Purpose purpose = privacy::v1::PURPOSE_UNSPECIFIED;
};

enum class Tokens { kRefused, kAccepted };

// The header in which a caller says what a call is for, for example "outbreak-response".
inline constexpr char kPurposeHeader[] = "belgrand-purpose";

// What a call tells the audit log. Never a person's name or free text.
struct CallReport {
  std::string request_id;   // empty: the guard makes one
  std::string object_kind;  // "sample", "alert", "series", "site", "audit", "field"
  std::string object_ref;   // identifier of the object, never of a person
  std::uint64_t record_count = 0;
};

class Guard {
 public:
  // A caller from outside, over all its connections, has at most `max_calls` under way; 0: any
  // number. Other roles are exempt.
  Guard(const base::Clock& clock, metrics::Registry& metrics, const Peers& peers, int max_calls = 0,
        Tokens tokens = Tokens::kRefused);
  ~Guard();

  // Until then every call from outside this process gets UNAVAILABLE.
  void Open() { phase_ = Phase::kOpen; }
  // From now on new calls from outside this process get UNAVAILABLE; those under way still reach
  // the other roles, so that they end with the answer they earned.
  void BeginDrain() { phase_ = Phase::kDraining; }
  // Waits until no call is under way, at most `timeout`.
  void FinishDrain(base::Duration timeout);

  // Whether the holder of this certificate is let in at all; for what is served outside gRPC.
  base::Status CheckCertificate(const rpc::PeerIdentity& peer) {
    return IdentifyCertificate(peer).status();
  }

  // What answers to calls from outside have to pass: fields that their reader may not see are left
  // out (compliance/read_limit.h).
  rpc::AnswerGate& answers() { return answers_; }

  // To be called every second: cuts off the calls under way of callers who were revoked or whose
  // token expired, and writes the counts of refusals that got no entry of their own.
  void Sweep();

  using Body = std::function<base::Status(const Caller&, CallReport&)>;
  // Admits, runs the body, audits what it reported, and only then returns.
  grpc::Status Unary(grpc::ServerContext& context, std::string_view method, const Body& body);

  // For streams that send: admits and audits `report` first, then runs the body.
  using StreamBody = std::function<base::Status(const Caller&)>;
  grpc::Status Stream(grpc::ServerContext& context, std::string_view method,
                      const CallReport& report, const StreamBody& body);

  // For streams that store batch by batch: admits without an entry; the body calls Audit before
  // each acknowledgement.
  grpc::Status BatchStream(grpc::ServerContext& context, std::string_view method,
                           const StreamBody& body);

  // What a body answers when an object lies outside the caller's scope: `why`, which must read as
  // if the object did not exist. The refusal is an entry of its own, as those of the guard are.
  base::Status Deny(const Caller& caller, std::string_view method, const base::Status& why);

  // One entry, on disk when it returns OK.
  base::Status Audit(const Caller& caller, std::string_view method, const CallReport& report,
                     const base::Status& outcome);

  // 128 random bits, hex.
  static std::string NewRequestId();

 private:
  struct Method;
  enum class Phase { kClosed, kOpen, kDraining };
  // Counts a call while it is under way.
  class Visit {
   public:
    Visit(Guard& guard, grpc::ServerContext& context);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    bool outside() const { return outside_; }
    // ResourceExhausted: the caller has too many calls under way.
    base::Status CountFor(const Caller& caller, std::optional<base::Instant> expires_at);

   private:
    Guard& guard_;
    grpc::ServerContext& context_;
    const bool outside_;
    std::string counted_for_;
  };
  base::StatusOr<Caller> Admit(grpc::ServerContext& context, Visit& visit, const Method& method);
  // Who calls, and until when that holds.
  struct Identified {
    Caller caller;
    std::optional<base::Instant> expires_at = {};
    // A person states what a call is for.
    bool by_token = false;
  };
  base::StatusOr<Identified> Identify(const grpc::ServerContext& context,
                                      const rpc::PeerIdentity& peer);
  base::StatusOr<Identified> IdentifyCertificate(const rpc::PeerIdentity& peer);
  base::StatusOr<Identified> IdentifyToken(const std::string& header);
  base::StatusOr<compliance::v1::CheckCallerResponse> CheckCaller(
      const compliance::v1::CheckCallerRequest& request);
  base::Status Refuse(const Caller& caller, const Method& method, const base::Status& why);
  void WriteWithheld(DenialLog::Which which);
  void CutOff(const std::string& actor);
  static base::StatusOr<privacy::v1::Purpose> PurposeOf(const grpc::ServerContext& context,
                                                        const Identified& identified,
                                                        const Method& method);
  base::Status CheckWanted(const grpc::ServerContext& context);
  void LimitAnswers(const grpc::ServerContext& context, const Caller& caller, const Method& method);
  void CountRefusal(const char* limit);
  const Method& Find(std::string_view name);
  base::Status Append(const compliance::v1::AppendAuditRequest& request);
  base::Status AuditEvent(const Caller& caller, const Method& method, const CallReport& report,
                          const base::Status& outcome, bool denied);
  grpc::Status Finish(const Method& method, base::Instant started, const base::Status& status);

  const base::Clock& clock_;
  metrics::Registry& metrics_;
  const Peers& peers_;
  const int max_calls_;
  const Tokens tokens_;
  rpc::AnswerGate answers_;
  DenialLog denials_;
  std::atomic<Phase> phase_ = Phase::kClosed;
  std::atomic<int> visitors_ = 0;
  struct Methods;
  std::unique_ptr<Methods> methods_;
  base::Mutex calls_mutex_;
  // From outside and under way, by actor; until when each holds.
  using OpenCalls = std::map<grpc::ServerContext*, std::optional<base::Instant>>;
  std::map<std::string, OpenCalls> calls_ GUARDED_BY(calls_mutex_);
};

}  // namespace belgrand::shared
