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

  base::StatusOr<std::vector<v1::ExpiryLine>> Plan(base::Instant now) override {
    v1::PlanExpiryRequest request;
    v1::PlanExpiryResponse response;
    *request.mutable_now() = shared::ToTimestamp(now);
    grpc::ClientContext context;
    rpc::SetTimeout(context, kStewardTimeout);
    return Lines(stub_->PlanExpiry(&context, request, &response), response);
  }

  base::StatusOr<std::vector<v1::ExpiryLine>> Apply(base::Instant now) override {
    v1::ApplyExpiryRequest request;
    v1::ApplyExpiryResponse response;
    *request.mutable_now() = shared::ToTimestamp(now);
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

base::StatusOr<std::vector<v1::ExpiryLine>> RetentionRunner::AskAll(base::Instant now) {
  std::vector<v1::ExpiryLine> all;
  for (const auto& steward : stewards_) {
    ASSIGN_OR_RETURN(const std::vector<v1::ExpiryLine> lines, steward->Plan(now));
    all.insert(all.end(), lines.begin(), lines.end());
  }
  return MergeLines(all);
}

base::StatusOr<v1::PlanRetentionResponse> RetentionRunner::Plan(std::optional<base::Instant> now) {
  const base::Instant at = now.value_or(clock_.Now());
  ASSIGN_OR_RETURN(const std::vector<v1::ExpiryLine> lines, AskAll(at));
  v1::PlanRetentionResponse response;
  response.mutable_lines()->Assign(lines.begin(), lines.end());
  *response.mutable_now() = shared::ToTimestamp(at);
  response.set_plan_hash(PlanHash(lines, at));
  return response;
}

base::StatusOr<v1::ApplyRetentionResponse> RetentionRunner::Apply(const std::string& plan_hash,
                                                                  base::Instant now) {
  if (now > clock_.Now()) {
    return base::FailedPrecondition(
        "now is {}, in the future (here it is {}): a plan for a later day can be looked at, not "
        "applied",
        base::FormatInstant(now), base::FormatInstant(clock_.Now()));
  }
  {
    const base::MutexLock lock(mutex_);
    if (applying_)
      return base::Aborted("retention is being applied already: wait, then plan again");
    applying_ = true;
  }
  const auto carry_out = [&]() -> base::StatusOr<v1::ApplyRetentionResponse> {
    ASSIGN_OR_RETURN(const std::vector<v1::ExpiryLine> lines, AskAll(now));
    if (PlanHash(lines, now) != plan_hash) {
      return base::FailedPrecondition(
          "the data changed since this plan was made, or it was made for another instant than {}: "
          "plan again, and read what it says",
          base::FormatInstant(now));
    }
    std::vector<v1::ExpiryLine> done;
    for (const auto& steward : stewards_) {
      ASSIGN_OR_RETURN(const std::vector<v1::ExpiryLine> deleted, steward->Apply(now));
      done.insert(done.end(), deleted.begin(), deleted.end());
    }
    const std::vector<v1::ExpiryLine> merged = MergeLines(done);
    v1::ApplyRetentionResponse response;
    response.mutable_lines()->Assign(merged.begin(), merged.end());
    return response;
  };
  auto result = carry_out();
  const base::MutexLock lock(mutex_);
  applying_ = false;
  return result;
}

}  // namespace belgrand::compliance
