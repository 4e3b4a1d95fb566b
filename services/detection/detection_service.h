// The API of detection: what it believes now, how it judges, how far it has come.
//
// Thread safety: safe.
#pragma once

#include "belgrand/detection/v1/detection.grpc.pb.h"
#include "services/detection/follower.h"
#include "services/detection/signal_outbox.h"
#include "services/shared/guard.h"

namespace belgrand::detection {

class DetectionServiceImpl final : public v1::DetectionService::Service {
 public:
  // Borrows everything.
  DetectionServiceImpl(shared::Guard& guard, Follower& follower, const SignalOutbox& outbox)
      : guard_(guard), follower_(follower), outbox_(outbox) {}

  grpc::Status ListAreaStates(grpc::ServerContext* context,
                              const v1::ListAreaStatesRequest* request,
                              v1::ListAreaStatesResponse* response) override;
  grpc::Status ListDetectors(grpc::ServerContext* context, const v1::ListDetectorsRequest* request,
                             v1::ListDetectorsResponse* response) override;
  grpc::Status GetProgress(grpc::ServerContext* context, const v1::GetProgressRequest* request,
                           v1::GetProgressResponse* response) override;

 private:
  shared::Guard& guard_;
  Follower& follower_;
  const SignalOutbox& outbox_;
};

}  // namespace belgrand::detection
