// HoldService: legal holds, and the second approval of a large deletion, behind gRPC.
//
// Thread safety: safe after Connect. Borrows everything.
#pragma once

#include "belgrand/compliance/v1/hold.grpc.pb.h"
#include "compliance/holds.h"
#include "platform/base/clock.h"
#include "services/compliance/retention_runner.h"
#include "services/shared/guard.h"

namespace belgrand::compliance {

class HoldServiceImpl final : public v1::HoldService::Service {
 public:
  HoldServiceImpl(const base::Clock& clock, shared::Guard& guard, HoldBook& holds)
      : clock_(clock), guard_(guard), holds_(holds) {}

  // Before the first call.
  void Connect(RetentionRunner* retention) { retention_ = retention; }

  grpc::Status PlaceHold(grpc::ServerContext* context, const v1::PlaceHoldRequest* request,
                         v1::PlaceHoldResponse* response) override;
  grpc::Status ReviewHold(grpc::ServerContext* context, const v1::ReviewHoldRequest* request,
                          v1::ReviewHoldResponse* response) override;
  grpc::Status ReleaseHold(grpc::ServerContext* context, const v1::ReleaseHoldRequest* request,
                           v1::ReleaseHoldResponse* response) override;
  grpc::Status ListHolds(grpc::ServerContext* context, const v1::ListHoldsRequest* request,
                         v1::ListHoldsResponse* response) override;
  grpc::Status ApproveRetention(grpc::ServerContext* context,
                                const v1::ApproveRetentionRequest* request,
                                v1::ApproveRetentionResponse* response) override;

 private:
  using Change = std::function<base::StatusOr<HoldBook::Record>()>;
  // Makes a change while nothing is deleted, and answers with the hold.
  base::Status ChangeHold(const Change& change, shared::CallReport& report, v1::Hold& hold);

  const base::Clock& clock_;
  shared::Guard& guard_;
  HoldBook& holds_;
  RetentionRunner* retention_ = nullptr;
};

}  // namespace belgrand::compliance
