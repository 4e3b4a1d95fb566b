// What a quality flag does to a value in detection.
//
// The bias of a flaw has a direction: unaddressed inhibition can only hide virus, so a high value
// stays credible and a low one does not. Source: suppression matrix of docs/methods.md, flags of
// PHES-ODM.
//
// Thread safety: all functions are pure.
#pragma once

#include <span>
#include <vector>

#include "sample/sample.h"

namespace belgrand::sample {

// In order of severity.
enum class Effect {
  kKeep,
  // Raises a signal of "verify" at most.
  kDowngrade,
  // Not used: neither for a signal nor in a baseline.
  kHold,
};

struct QualityEffect {
  // When the value speaks for a rise.
  Effect on_rise = Effect::kKeep;
  // When it speaks for a fall or for "nothing found".
  Effect on_fall = Effect::kKeep;

  friend bool operator==(const QualityEffect&, const QualityEffect&) = default;
};

QualityEffect EffectOf(QualityFlag flag);
// The most severe effect of all flags, each direction by itself.
QualityEffect EffectOf(std::span<const QualityFlag> flags);
// Of the flags and of everything else that a row says about its own quality: controls, inhibition,
// recovery, hold time, sampling.
QualityEffect EffectOf(const Measurement& measurement);
// Why a value speaks for a rise only weakly. Numbers are those of belgrand.detection.v1.
enum class Doubt {
  kTraceContamination = 1,
  kFlaggedOutlier = 2,
  // Warm, late, wrongly stored, or kept for too long.
  kTransport = 3,
  kLowRecovery = 4,
  kGrabSample = 5,
  kShortComposite = 6,
  // Something was discharged into the sewer while the sample was taken: not a matter of the row.
  kDischarge = 7,
};
// What makes EffectOf(measurement).on_rise a downgrade, in order of the numbers, each once; empty
// where the value is kept.
std::vector<Doubt> DoubtsOf(const Measurement& measurement);
// Held in both directions: detection must not see the value at all.
bool IsHeld(std::span<const QualityFlag> flags);
bool IsHeld(const Measurement& measurement);

}  // namespace belgrand::sample
