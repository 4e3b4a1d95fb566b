#include "services/compliance/retention_runner.h"

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "compliance/expiry_plan.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/shared/timestamp.h"

namespace belgrand::compliance {
namespace {

// A walk over every record of a role.
constexpr base::Duration kStewardTimeout = std::chrono::minutes(10);

template <typename Service>
class StewardClient final : public Steward {
 public:
  StewardClient(shared::RoleName role, const std::shared_ptr<grpc::Channel>& channel)
      : role_(role), stub_(Service::NewStub(channel)) {}

  std::string_view name() const override { return shared::Name(role_); }

  base::StatusOr<std::vector<v1::ExpiryLine>> Plan(base::Instant now,
                                                   const HoldScopes& holds) override {
    v1::PlanExpiryRequest request;
    v1::PlanExpiryResponse response;
    *request.mutable_now() = shared::ToTimestamp(now);
    request.mutable_holds()->Assign(holds.begin(), holds.end());
    grpc::ClientContext context;
    rpc::SetTimeout(context, kStewardTimeout);
    return Lines(stub_->PlanExpiry(&context, request, &response), response);
  }

  base::StatusOr<std::vector<v1::ExpiryLine>> Apply(base::Instant now,
                                                    const HoldScopes& holds) override {
    v1::ApplyExpiryRequest request;
    v1::ApplyExpiryResponse response;
    *request.mutable_now() = shared::ToTimestamp(now);
    request.mutable_holds()->Assign(holds.begin(), holds.end());
    grpc::ClientContext context;
    rpc::SetTimeout(context, kStewardTimeout);
    return Lines(stub_->ApplyExpiry(&context, request, &response), response);
  }

 private:
  template <typename Response>
  base::StatusOr<std::vector<v1::ExpiryLine>> Lines(const grpc::Status& status,
                                                    const Response& response) {
    if (!status.ok()) return base::Annotate(rpc::FromGrpc(status), name());
    return std::vector<v1::ExpiryLine>(response.lines().begin(), response.lines().end());
  }

  const shared::RoleName role_;
  const std::unique_ptr<typename Service::Stub> stub_;
};

template <typename Service>
base::Status AddSteward(const shared::Peers& peers, shared::RoleName role,
                        std::vector<std::unique_ptr<Steward>>& stewards) {
  if (!peers.Has(role)) {
    return base::FailedPrecondition(
        "no way to the {0} role, whose records retention covers: set peers.{0}",
        shared::Name(role));
  }
  stewards.push_back(std::make_unique<StewardClient<Service>>(role, peers.Channel(role)));
  return base::OkStatus();
}

// What a record digests to is for the hash alone.
void ClearDigests(google::protobuf::RepeatedPtrField<v1::ExpiryLine>& lines) {
  for (v1::ExpiryLine& line : lines) line.clear_digest();
}

}  // namespace

base::StatusOr<std::vector<std::unique_ptr<Steward>>> ConnectStewards(const shared::Peers& peers) {
  std::vector<std::unique_ptr<Steward>> stewards;
  RETURN_IF_ERROR(
      AddSteward<v1::TimeseriesStewardService>(peers, shared::RoleName::kTimeseries, stewards));
  RETURN_IF_ERROR(
      AddSteward<v1::AlertingStewardService>(peers, shared::RoleName::kAlerting, stewards));
  // A network without sensors leaves the role out; where it is configured its address is demanded
  // (shared::CheckPeersOf).
  if (peers.Has(shared::RoleName::kSensors)) {
    RETURN_IF_ERROR(
        AddSteward<v1::SensorsStewardService>(peers, shared::RoleName::kSensors, stewards));
  }
  return stewards;
}

v1::Hold ToWire(const HoldBook::Record& record) {
  v1::Hold hold;
  hold.set_hold_id(record.hold_id());
  hold.set_authority(record.authority());
  hold.set_reason(record.reason());
  *hold.mutable_scope() = record.scope();
  *hold.mutable_opened_at() = shared::ToTimestamp(base::FromMicros(record.opened_us()));
  *hold.mutable_review_by() = shared::ToTimestamp(base::FromMicros(record.review_us()));
  if (record.released_us() != 0) {
    *hold.mutable_released_at() = shared::ToTimestamp(base::FromMicros(record.released_us()));
  }
  return hold;
}

base::StatusOr<std::vector<v1::ExpiryLine>> RetentionRunner::AskAll(base::Instant now,
                                                                    const HoldScopes& holds) {
  std::vector<v1::ExpiryLine> all;
  for (const auto& steward : stewards_) {
    ASSIGN_OR_RETURN(const std::vector<v1::ExpiryLine> lines, steward->Plan(now, holds));
    all.insert(all.end(), lines.begin(), lines.end());
  }
  return MergeLines(all);
}

bool RetentionRunner::NeedsApproval(const std::vector<v1::ExpiryLine>& lines) const {
  std::uint64_t expired = 0;
  for (const v1::ExpiryLine& line : lines) expired += line.expired();
  return expired > rule_.above;
}

std::string RetentionRunner::PersonOf(const std::string& actor) const {
  std::string person = rule_.person_of ? rule_.person_of(actor) : std::string();
  return person.empty() ? "actor " + actor : "owner " + person;
}

base::StatusOr<v1::PlanRetentionResponse> RetentionRunner::Plan(std::optional<base::Instant> now) {
  const base::Instant at = now.value_or(clock_.Now());
  v1::PlanRetentionResponse response;
  HoldScopes holds;
  for (const HoldBook::Record& record : holds_.List()) {
    if (record.released_us() != 0) continue;
    holds.push_back(record.scope());
    *response.add_holds() = ToWire(record);
  }
  ASSIGN_OR_RETURN(const std::vector<v1::ExpiryLine> lines, AskAll(at, holds));
  response.mutable_lines()->Assign(lines.begin(), lines.end());
  ClearDigests(*response.mutable_lines());
  *response.mutable_now() = shared::ToTimestamp(at);
  response.set_plan_hash(PlanHash(lines, at, holds));
  response.set_needs_approval(NeedsApproval(lines));
  return response;
}

base::StatusOr<std::vector<v1::ExpiryLine>> RetentionRunner::CheckPlan(const std::string& plan_hash,
                                                                       base::Instant now,
                                                                       const HoldScopes& holds) {
  if (now > clock_.Now()) {
    return base::FailedPrecondition(
        "now is {}, in the future (here it is {}): a plan for a later day can be looked at, not "
        "applied",
        base::FormatInstant(now), base::FormatInstant(clock_.Now()));
  }
  ASSIGN_OR_RETURN(std::vector<v1::ExpiryLine> lines, AskAll(now, holds));
  if (PlanHash(lines, now, holds) != plan_hash) {
    return base::FailedPrecondition(
        "the data changed since this plan was made, or it was made for another instant than {}: "
        "plan again, and read what it says",
        base::FormatInstant(now));
  }
  return lines;
}

base::StatusOr<base::Instant> RetentionRunner::Approve(const std::string& plan_hash,
                                                       base::Instant now,
                                                       const std::string& actor) {
  RETURN_IF_ERROR(CheckPlan(plan_hash, now, holds_.InForce()).status());
  const base::Instant here = clock_.Now();
  const base::MutexLock lock(mutex_);
  std::erase_if(approvals_, [&](const auto& approval) { return approval.second <= here; });
  const base::Instant expires = here + kApprovalLasts;
  approvals_[{plan_hash, PersonOf(actor)}] = expires;
  return expires;
}

base::Status RetentionRunner::CheckApproved(const std::string& plan_hash, const std::string& actor,
                                            const std::vector<v1::ExpiryLine>& lines) {
  if (!NeedsApproval(lines)) return base::OkStatus();
  const base::Instant here = clock_.Now();
  const std::string applies = PersonOf(actor);
  const base::MutexLock lock(mutex_);
  for (const auto& [approval, expires] : approvals_) {
    if (approval.first == plan_hash && approval.second != applies && expires > here) {
      return base::OkStatus();
    }
  }
  return base::FailedPrecondition(
      "this plan deletes or clears more than {} (compliance.two_person_above): another person than "
      "{} approves it first, with belgrand retention approve",
      rule_.above, actor);
}

base::Status RetentionRunner::WhileIdle(const std::function<base::Status()>& change) {
  const base::MutexLock lock(mutex_);
  if (applying_) {
    return base::Unavailable("retention is being applied: try again when it has ended");
  }
  return change();
}

base::StatusOr<v1::ApplyRetentionResponse> RetentionRunner::Apply(const std::string& plan_hash,
                                                                  base::Instant now,
                                                                  const std::string& actor) {
  HoldScopes holds;
  {
    const base::MutexLock lock(mutex_);
    if (applying_)
      return base::Aborted("retention is being applied already: wait, then plan again");
    applying_ = true;
    // From here on they do not change.
    holds = holds_.InForce();
  }
  const auto carry_out = [&]() -> base::StatusOr<v1::ApplyRetentionResponse> {
    ASSIGN_OR_RETURN(const std::vector<v1::ExpiryLine> lines, CheckPlan(plan_hash, now, holds));
    RETURN_IF_ERROR(CheckApproved(plan_hash, actor, lines));
    std::vector<v1::ExpiryLine> done;
    for (const auto& steward : stewards_) {
      ASSIGN_OR_RETURN(const std::vector<v1::ExpiryLine> deleted, steward->Apply(now, holds));
      done.insert(done.end(), deleted.begin(), deleted.end());
    }
    const std::vector<v1::ExpiryLine> merged = MergeLines(done);
    v1::ApplyRetentionResponse response;
    response.mutable_lines()->Assign(merged.begin(), merged.end());
    ClearDigests(*response.mutable_lines());
    return response;
  };
  auto result = carry_out();
  const base::MutexLock lock(mutex_);
  applying_ = false;
  return result;
}

}  // namespace belgrand::compliance
