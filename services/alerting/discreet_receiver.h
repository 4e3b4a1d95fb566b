// A receiver that is told of everything but of persons who are withheld from readers.
//
// Thread safety: as the receiver behind it. Borrows the restrictions.
#pragma once

#include <memory>
#include <utility>

#include "alerting/receivers/receiver.h"
#include "services/shared/restrictions.h"

namespace belgrand::alerting {

class DiscreetReceiver final : public Receiver {
 public:
  DiscreetReceiver(std::unique_ptr<Receiver> receiver, const shared::Restrictions& restrictions)
      : receiver_(std::move(receiver)), restrictions_(restrictions) {}

  Outcome Deliver(const Delivery& delivery) override {
    if (!restrictions_.any()) return receiver_->Deliver(delivery);
    Delivery discreet = delivery;
    restrictions_.Withhold(discreet.event);
    return receiver_->Deliver(discreet);
  }
  void Cancel() override { receiver_->Cancel(); }

 private:
  const std::unique_ptr<Receiver> receiver_;
  const shared::Restrictions& restrictions_;
};

}  // namespace belgrand::alerting
