// What alerting must hear once all samples were judged anew, so that its book holds what holds now.
//
// Signals tell of changes. When the judge changes (an upgrade, a configuration) or the samples do
// (another database), nobody tells of the difference: a signal that only the old judge held would
// stay open for ever. So the held signals of before and of now are compared, and the difference is
// told. Pure functions.
#pragma once

#include <vector>

#include "detection/detector.h"
#include "detection/signal.h"
#include "services/detection/signal_outbox.h"

namespace belgrand::detection {

enum class RejudgeReason {
  // Feed and detectors as before. The result differs only when the catalogue of sites was changed
  // or samples have expired.
  kRestart,
  kOtherDetectors,
  kOtherFeed,
};

struct Rejudgement {
  RejudgeReason reason = RejudgeReason::kRestart;
  std::uint64_t feed_sequence = 0;
  std::uint64_t generation = 0;
  // Of the newest sample.
  google::protobuf::Timestamp known_at;
  google::protobuf::Timestamp recorded_at;
  // Those that judge now.
  std::vector<const Detector*> detectors;
};

// CLEARED for what was held `before` and is not now, with a reason for officials; then UPDATED for
// what is held now (for kRestart: only what was not held before). Empty: nothing to tell.
std::vector<v1::Signal> Rejudge(const Rejudgement& judgement, const Holds& before,
                                const std::vector<SignalChange>& held);

}  // namespace belgrand::detection
