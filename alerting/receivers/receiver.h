// A way to reach officials: one channel of the configuration.
//
// A new kind of receiver is one file that implements this and one line in registry.cc.
//
// Thread safety: Deliver is called by one thread at a time; Cancel from any.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "platform/base/time.h"

namespace belgrand::alerting {

struct RecipientOutcome;

struct Delivery {
  // `repeat` is set when an earlier attempt may have arrived.
  v1::AlertEvent event;
  // The same for every attempt of this event: receivers drop a second copy by it.
  std::string event_id;
  // Recipients that have it already: not sent to again.
  std::set<std::string> accepted = {};
  // Told of each recipient that has it, at once, while others are still to be sent to; may be
  // empty. Whatever ends the process then, that one is not sent it again.
  std::function<void(const RecipientOutcome& one)> note = {};
};

enum class DeliveryVerdict {
  kAccepted,   // the other side has taken it
  kRefused,    // it surely has not; worth another try
  kUncertain,  // no answer came to what was sent: it may have arrived; worth another try
  kRejected,   // another try cannot help
  kCancelled,  // broken off by Cancel: nothing is known and nothing is to be noted
};

struct RecipientOutcome {
  std::string recipient;
  DeliveryVerdict verdict = DeliveryVerdict::kRefused;
  std::string result;
};

struct Outcome {
  using Verdict = DeliveryVerdict;
  Verdict verdict = Verdict::kRefused;
  // What was answered; shown to operators, so without addresses and without text of the other side.
  std::string result;
  // The least the other side wants us to wait; zero when it did not say.
  base::Duration retry_after{0};
  // Of receivers with recipients: those that this attempt went to.
  std::vector<RecipientOutcome> recipients = {};
};

class Receiver {
 public:
  virtual ~Receiver() = default;
  // Blocks: at most as long as the receiver's own time limit (a minute).
  virtual Outcome Deliver(const Delivery& delivery) = 0;
  // Makes a running Deliver, and every later one, return soon.
  virtual void Cancel() = 0;
};

}  // namespace belgrand::alerting
