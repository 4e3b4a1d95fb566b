#include "services/detection/rejudge.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/detection/wire.h"

namespace belgrand::detection {
namespace {

// What became of the rule, or of its samples.
std::string WhatChanged(const Rejudgement& judgement, const v1::Signal& was) {
  const auto rule = std::ranges::find_if(
      judgement.detectors, [&](const Detector* d) { return d->info().name == was.detector(); });
  if (rule == judgement.detectors.end()) {
    return fmt::format("the rule {} (version {}), which had found it, is no longer in use",
                       was.detector(), was.detector_version());
  }
  const std::string& version = (*rule)->info().version;
  switch (judgement.reason) {
    case RejudgeReason::kOtherFeed:
      return fmt::format(
          "the time series database was replaced or restored from an older copy, and the rule {} "
          "does not find it in the samples that are stored now; ask the operator whether samples "
          "are missing",
          was.detector());
    case RejudgeReason::kOtherDetectors:
      return fmt::format(
          "the rules were changed by an upgrade or a new configuration, and the rule {} (version "
          "{}, before {}) does not find it in the same samples",
          was.detector(), version, was.detector_version());
    case RejudgeReason::kRestart:
      break;
  }
  return fmt::format(
      "the catalogue of sites was changed or old samples have expired, and the rule {} no longer "
      "finds it",
      was.detector());
}

std::string Explanation(const Rejudgement& judgement, const v1::Signal& was) {
  const std::string place =
      was.level() == v1::DISTRICT
          ? fmt::format("district {}", was.area_id())
          : fmt::format("site {} (district {})", was.area_id(), was.district_id());
  return fmt::format(
      "{}: the {} of {} ends here because {}. It does not end because samples fell: look at the "
      "series before you stand down.",
      place, NameOf(static_cast<SignalKind>(was.kind())), was.target(),
      WhatChanged(judgement, was));
}

}  // namespace

std::vector<v1::Signal> Rejudge(const Rejudgement& judgement, const Holds& before,
                                const std::vector<SignalChange>& held) {
  Holds gone = before;
  std::vector<v1::Signal> now;
  for (const SignalChange& change : held) {
    const bool known = gone.erase({change.district_id, change.signal_key}) > 0;
    if (known && judgement.reason == RejudgeReason::kRestart) continue;
    now.push_back(ToProto(change));
  }
  std::vector<v1::Signal> signals;
  for (const auto& [key, was] : gone) {
    v1::Signal& cleared = signals.emplace_back(was);
    cleared.set_phase(v1::Signal::CLEARED);
    cleared.mutable_evidence()->set_explanation(Explanation(judgement, was));
  }
  signals.insert(signals.end(), now.begin(), now.end());
  for (v1::Signal& signal : signals) {
    signal.set_feed_sequence(judgement.feed_sequence);
    signal.set_generation(judgement.generation);
    *signal.mutable_known_at() = judgement.known_at;
    *signal.mutable_recorded_at() = judgement.recorded_at;
  }
  return signals;
}

}  // namespace belgrand::detection
