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

QualityEffect EffectOf(std::span<const QualityFlag> flags) {
  QualityEffect worst;
  for (const QualityFlag flag : flags) {
    const QualityEffect effect = EffectOf(flag);
    worst.on_rise = std::max(worst.on_rise, effect.on_rise);
    worst.on_fall = std::max(worst.on_fall, effect.on_fall);
  }
  return worst;
}

bool IsHeld(std::span<const QualityFlag> flags) {
  return EffectOf(flags) == QualityEffect{Effect::kHold, Effect::kHold};
}

}  // namespace belgrand::sample
