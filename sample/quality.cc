#include "sample/quality.h"

#include <algorithm>

namespace belgrand::sample {

QualityEffect EffectOf(QualityFlag flag) {
  switch (flag) {
    case QualityFlag::kNtcAmplified:
    case QualityFlag::kAnalysisFailed:
    case QualityFlag::kSampleCompromised:
    case QualityFlag::kNotLabelled:
      return {Effect::kHold, Effect::kHold};
    case QualityFlag::kInhibitionUnaddressed:
      return {Effect::kKeep, Effect::kHold};
    case QualityFlag::kWrongTemperature:
    case QualityFlag::kDelayedArrival:
    case QualityFlag::kWrongStorage:
      return {Effect::kDowngrade, Effect::kHold};
    case QualityFlag::kTraceContamination:
    case QualityFlag::kOutlier:
      return {Effect::kDowngrade, Effect::kKeep};
    case QualityFlag::kInhibitionAddressed:
    case QualityFlag::kEstimated:
    case QualityFlag::kLimitEstimated:
    case QualityFlag::kUnquantified:
    case QualityFlag::kOutOfRange:
    case QualityFlag::kFrozen:
    case QualityFlag::kSpilled:
    case QualityFlag::kLowVolume:
    case QualityFlag::kTimeNotRecorded:
    case QualityFlag::kNoConcern:
    case QualityFlag::kOtherConcern:
      return {};
  }
  // A number this version does not know: stored by a newer one; the careful reading is to hold it.
  return {Effect::kHold, Effect::kHold};
}

namespace {

// Berkeley's scoring: three days keep a sample whole, five spoil it; hours here.
constexpr double kHoldDoubtful = 72;
constexpr double kHoldSpoilt = 120;
// Per cent of the spiked control.
constexpr double kRecoveryLow = 5;
constexpr double kRecoveryLost = 1;
constexpr double kFullDayHours = 20;

void Worsen(QualityEffect& worst, const QualityEffect& effect) {
  worst.on_rise = std::max(worst.on_rise, effect.on_rise);
  worst.on_fall = std::max(worst.on_fall, effect.on_fall);
}

constexpr QualityEffect kNothing{};
constexpr QualityEffect kHeld{Effect::kHold, Effect::kHold};
constexpr QualityEffect kDoubtful{Effect::kDowngrade, Effect::kDowngrade};
// Virus can only have been lost.
constexpr QualityEffect kBiasedDown{Effect::kKeep, Effect::kHold};

QualityEffect OfControls(const Controls& controls) {
  if (controls.no_template_control == Control::kAmplified ||
      controls.extraction_blank == Control::kAmplified) {
    return kHeld;
  }
  QualityEffect worst;
  if (controls.inhibition == Inhibition::kUnadjusted) Worsen(worst, kBiasedDown);
  if (controls.recovery_percent) {
    Worsen(worst, *controls.recovery_percent < kRecoveryLost  ? kBiasedDown
                  : *controls.recovery_percent < kRecoveryLow ? kDoubtful
                                                              : kNothing);
  }
  return worst;
}

QualityEffect OfCollection(const Collection& collection) {
  QualityEffect worst;
  const double hold = collection.hold_hours.value_or(0);
  if (hold > kHoldSpoilt) {
    Worsen(worst, {Effect::kDowngrade, Effect::kHold});
  } else if (hold > kHoldDoubtful) {
    Worsen(worst, kDoubtful);
  }
  if (collection.sampling == Sampling::kGrab ||
      collection.composite_hours.value_or(kFullDayHours) < kFullDayHours) {
    Worsen(worst, kDoubtful);
  }
  return worst;
}

}  // namespace

QualityEffect EffectOf(std::span<const QualityFlag> flags) {
  QualityEffect worst;
  for (const QualityFlag flag : flags) {
    Worsen(worst, EffectOf(flag));
  }
  return worst;
}

bool IsHeld(std::span<const QualityFlag> flags) {
  return EffectOf(flags) == QualityEffect{Effect::kHold, Effect::kHold};
}

QualityEffect EffectOf(const Measurement& measurement) {
  QualityEffect worst = EffectOf(measurement.quality_flags);
  Worsen(worst, OfControls(measurement.controls));
  Worsen(worst, OfCollection(measurement.collection));
  return worst;
}

std::vector<Doubt> DoubtsOf(const Measurement& measurement) {
  std::vector<Doubt> doubts;
  const auto add = [&](Doubt doubt) { doubts.push_back(doubt); };
  for (const QualityFlag flag : measurement.quality_flags) {
    if (EffectOf(flag).on_rise != Effect::kDowngrade) continue;
    add(flag == QualityFlag::kTraceContamination ? Doubt::kTraceContamination
        : flag == QualityFlag::kOutlier          ? Doubt::kFlaggedOutlier
                                                 : Doubt::kTransport);
  }
  const Controls& controls = measurement.controls;
  if (controls.recovery_percent && *controls.recovery_percent >= kRecoveryLost &&
      *controls.recovery_percent < kRecoveryLow) {
    add(Doubt::kLowRecovery);
  }
  const Collection& collection = measurement.collection;
  if (collection.hold_hours.value_or(0) > kHoldDoubtful) add(Doubt::kTransport);
  if (collection.sampling == Sampling::kGrab) {
    add(Doubt::kGrabSample);
  } else if (collection.composite_hours.value_or(kFullDayHours) < kFullDayHours) {
    add(Doubt::kShortComposite);
  }
  std::ranges::sort(doubts);
  doubts.erase(std::unique(doubts.begin(), doubts.end()), doubts.end());
  return doubts;
}

bool IsHeld(const Measurement& measurement) { return EffectOf(measurement) == kHeld; }

}  // namespace belgrand::sample
