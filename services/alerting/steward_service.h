// How the alerting role answers for the personal data it stores: retention, called by compliance.
//
// Here the policies of the schema (compliance) meet the book (alerting), which may not know them.
// Thread safety: safe. Borrows everything it is given.
#pragma once

#include "alerting/book.h"
#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "services/shared/guard.h"

namespace belgrand::alerting {

class StewardServiceImpl final : public compliance::v1::AlertingStewardService::Service {
 public:
  StewardServiceImpl(AlertBook& book, shared::Guard& guard, const base::Clock& clock)
      : book_(book), guard_(guard), clock_(clock) {}

  grpc::Status PlanExpiry(grpc::ServerContext* context,
                          const compliance::v1::PlanExpiryRequest* request,
                          compliance::v1::PlanExpiryResponse* response) override;
  // FAILED_PRECONDITION: `now` lies after the service's clock.
  grpc::Status ApplyExpiry(grpc::ServerContext* context,
                           const compliance::v1::ApplyExpiryRequest* request,
                           compliance::v1::ApplyExpiryResponse* response) override;

 private:
  AlertBook& book_;
  shared::Guard& guard_;
  const base::Clock& clock_;
  base::Mutex one_at_a_time_;
};

}  // namespace belgrand::alerting
