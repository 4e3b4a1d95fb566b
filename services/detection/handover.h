// Carries the signals of the outbox to alerting, in order, and deletes each once alerting has it.
//
// At least once: a crash between the two sends again, and alerting drops what it has seen
// (signal_key, generation, recorded_at, feed_sequence). Thread safety: Run on one thread;
// everything else from any.
#pragma once

#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "platform/base/error.h"
#include "services/detection/backoff.h"
#include "services/detection/detection_metrics.h"
#include "services/detection/signal_outbox.h"

namespace belgrand::detection {

class Handover {
 public:
  // Borrows both.
  Handover(SignalOutbox& outbox, DetectionMetrics& metrics) : outbox_(outbox), metrics_(metrics) {}

  // Until Stop. The stub must outlive it.
  void Run(alerting::v1::AlertingService::StubInterface& alerting);
  // There is something new in the outbox.
  void Wake() { stop_.Wake(); }
  void Stop() { stop_.Stop(); }

 private:
  // Sends one piece; false when the outbox is empty.
  base::StatusOr<bool> SendOldest(alerting::v1::AlertingService::StubInterface& alerting);

  SignalOutbox& outbox_;
  DetectionMetrics& metrics_;
  StopSignal stop_;
};

}  // namespace belgrand::detection
