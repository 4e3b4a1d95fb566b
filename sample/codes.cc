#include "sample/codes.h"

#include <array>
#include <charconv>

#include "sample/text.h"

namespace belgrand::sample {
namespace {

template <typename Code>
struct Word {
  Code code;
  std::string_view word;
};

using CensoringWord = Word<Censoring>;
using SamplingWord = Word<Sampling>;
using MatrixWord = Word<Matrix>;
using FractionWord = Word<Fraction>;
using InhibitionWord = Word<Inhibition>;
using ControlWord = Word<Control>;

// In every table the first word of a code is its name; the others are spellings, folded.
constexpr std::array kCensoring = {
    CensoringWord{Censoring::kNone, "none"},
    CensoringWord{Censoring::kBelowLod, "below_lod"},
    CensoringWord{Censoring::kBelowLoq, "below_loq"},
    CensoringWord{Censoring::kNotDetected, "not_detected"},
};

struct FlagWord {
  QualityFlag code;
  std::string_view word;
  std::string_view odm;
};

constexpr std::array kFlags = {
    FlagWord{QualityFlag::kNtcAmplified, "ntc_amplified", "ntcAmp"},
    FlagWord{QualityFlag::kAnalysisFailed, "analysis_failed", "expFail"},
    FlagWord{QualityFlag::kInhibitionUnaddressed, "inhibition_unaddressed", "flagFI"},
    FlagWord{QualityFlag::kWrongTemperature, "wrong_temperature", "wrongTemp"},
    FlagWord{QualityFlag::kDelayedArrival, "delayed_arrival", "delayArriv"},
    FlagWord{QualityFlag::kSampleCompromised, "sample_compromised", "leaked"},
    FlagWord{QualityFlag::kInhibitionAddressed, "inhibition_addressed", "flagAI"},
    FlagWord{QualityFlag::kTraceContamination, "trace_contamination", "flagB"},
    FlagWord{QualityFlag::kEstimated, "estimated", "flagJ"},
    FlagWord{QualityFlag::kLimitEstimated, "limit_estimated", "flagUJ"},
    FlagWord{QualityFlag::kUnquantified, "unquantified", "flagUQ"},
    FlagWord{QualityFlag::kOutOfRange, "out_of_range", "oor"},
    FlagWord{QualityFlag::kOutlier, "outlier", "out"},
    FlagWord{QualityFlag::kFrozen, "frozen", "frozen"},
    FlagWord{QualityFlag::kWrongStorage, "wrong_storage", "wrongStorage"},
    FlagWord{QualityFlag::kSpilled, "spilled", "spill"},
    FlagWord{QualityFlag::kLowVolume, "low_volume", "lowVol"},
    FlagWord{QualityFlag::kTimeNotRecorded, "time_not_recorded", "noTime"},
    FlagWord{QualityFlag::kNotLabelled, "not_labelled", "noLabel"},
    FlagWord{QualityFlag::kNoConcern, "no_concern", "noConcern"},
    FlagWord{QualityFlag::kOtherConcern, "other_concern", "qf1"},
};

constexpr std::array kSampling = {
    SamplingWord{Sampling::kGrab, "grab"},
    SamplingWord{Sampling::kGrab, "grb"},
    SamplingWord{Sampling::kCompositeTime, "composite_time"},
    SamplingWord{Sampling::kCompositeTime, "timepr"},
    SamplingWord{Sampling::kCompositeTime, "timeweightedcomposite"},
    SamplingWord{Sampling::kCompositeFlow, "composite_flow"},
    SamplingWord{Sampling::kCompositeFlow, "flowpr"},
    SamplingWord{Sampling::kCompositeFlow, "flowweightedcomposite"},
    SamplingWord{Sampling::kCompositeVolume, "composite_volume"},
    SamplingWord{Sampling::kCompositeVolume, "volpr"},
    SamplingWord{Sampling::kCompositeManual, "composite_manual"},
    SamplingWord{Sampling::kCompositeManual, "mancomp"},
    SamplingWord{Sampling::kCompositeManual, "manualcomposite"},
    SamplingWord{Sampling::kCompositeOther, "composite_other"},
    SamplingWord{Sampling::kCompositeOther, "comp"},
    SamplingWord{Sampling::kCompositeOther, "composite"},
    SamplingWord{Sampling::kPassive, "passive"},
    SamplingWord{Sampling::kPassive, "passivegen"},
    SamplingWord{Sampling::kPassive, "moorsw"},
};

constexpr std::array kMatrix = {
    MatrixWord{Matrix::kRawWastewater, "raw_wastewater"},
    MatrixWord{Matrix::kRawWastewater, "rawww"},
    MatrixWord{Matrix::kPostGritRemoval, "post_grit_removal"},
    MatrixWord{Matrix::kPostGritRemoval, "pstgrit"},
    MatrixWord{Matrix::kPrimarySludge, "primary_sludge"},
    MatrixWord{Matrix::kPrimarySludge, "psludge"},
    MatrixWord{Matrix::kPrimaryEffluent, "primary_effluent"},
    MatrixWord{Matrix::kPrimaryEffluent, "pefflu"},
    MatrixWord{Matrix::kSecondarySludge, "secondary_sludge"},
    MatrixWord{Matrix::kSecondarySludge, "ssludge"},
    MatrixWord{Matrix::kSecondaryEffluent, "secondary_effluent"},
    MatrixWord{Matrix::kSecondaryEffluent, "sefflu"},
    MatrixWord{Matrix::kSeptage, "septage"},
    MatrixWord{Matrix::kHoldingTank, "holding_tank"},
};

constexpr std::array kFraction = {
    FractionWord{Fraction::kLiquid, "liquid"}, FractionWord{Fraction::kLiquid, "liq"},
    FractionWord{Fraction::kSolid, "solid"},   FractionWord{Fraction::kSolid, "sol"},
    FractionWord{Fraction::kMixed, "mixed"},   FractionWord{Fraction::kMixed, "mix"},
};

constexpr std::array kInhibition = {
    InhibitionWord{Inhibition::kAbsent, "absent"},
    InhibitionWord{Inhibition::kAbsent, "no"},
    InhibitionWord{Inhibition::kNotTested, "not_tested"},
    InhibitionWord{Inhibition::kAdjusted, "adjusted"},
    InhibitionWord{Inhibition::kUnadjusted, "unadjusted"},
};

constexpr std::array kControl = {
    ControlWord{Control::kClean, "clean"},    ControlWord{Control::kClean, "no"},
    ControlWord{Control::kClean, "negative"}, ControlWord{Control::kAmplified, "amplified"},
    ControlWord{Control::kAmplified, "yes"},  ControlWord{Control::kAmplified, "positive"},
    ControlWord{Control::kNotRun, "not_run"}, ControlWord{Control::kNotRun, "nottested"},
};

std::string Fold(std::string_view text) {
  std::string folded = Lower(Trim(text));
  std::erase_if(folded, [](char c) { return c == ' ' || c == '_' || c == '-'; });
  return folded;
}

template <typename Words, typename Code>
std::string_view NameIn(const Words& words, Code code, std::string_view otherwise = "") {
  for (const auto& word : words) {
    if (word.code == code) return word.word;
  }
  return otherwise;
}

template <typename Code, typename Words>
std::optional<Code> CodeIn(const Words& words, std::string_view text) {
  const std::string folded = Fold(text);
  if (folded.empty()) return std::nullopt;
  for (const auto& word : words) {
    if (Fold(word.word) == folded) return word.code;
  }
  return std::nullopt;
}

// The names of a table, each once.
template <typename Words>
std::string NamesOf(const Words& words) {
  std::string list;
  for (const auto& word : words) {
    if (NameIn(words, word.code) != word.word) continue;
    if (!list.empty()) list += ", ";
    list += word.word;
  }
  return list;
}

}  // namespace

std::string_view CensoringName(Censoring censoring) {
  return NameIn(kCensoring, censoring, "unknown");
}

std::optional<Censoring> ParseCensoring(std::string_view text) {
  const std::string folded = Lower(Trim(text));
  for (const CensoringWord& word : kCensoring) {
    if (word.word == folded) return word.code;
  }
  return std::nullopt;
}

std::string_view QualityFlagName(QualityFlag flag) { return NameIn(kFlags, flag, "unknown"); }

std::string_view QualityFlagOdmCode(QualityFlag flag) {
  for (const FlagWord& word : kFlags) {
    if (word.code == flag) return word.odm;
  }
  return "";
}

std::optional<QualityFlag> ParseQualityFlag(std::string_view text) {
  const std::string folded = Fold(text);
  for (const FlagWord& word : kFlags) {
    if (Fold(word.word) == folded || Fold(word.odm) == folded) return word.code;
  }
  return std::nullopt;
}

std::string QualityFlagList() { return NamesOf(kFlags); }

std::string_view SamplingName(Sampling sampling) { return NameIn(kSampling, sampling); }
std::optional<Sampling> ParseSampling(std::string_view text) {
  return CodeIn<Sampling>(kSampling, text);
}
std::string_view SamplingList() {
  static const std::string& list = *new std::string(NamesOf(kSampling));
  return list;
}

std::optional<SampleType> ParseSampleType(std::string_view text) {
  if (const auto sampling = ParseSampling(text)) return SampleType{*sampling, std::nullopt};
  // "24-hr flow-weighted composite": hours, a word for them, the kind.
  const std::string folded = Fold(text);
  double hours = 0;
  const char* const end = folded.data() + folded.size();
  const auto [stopped, error] = std::from_chars(folded.data(), end, hours);
  if (error != std::errc()) return std::nullopt;
  std::string_view rest(stopped, static_cast<std::size_t>(end - stopped));
  for (const std::string_view unit : {"hours", "hour", "hrs", "hr", "h"}) {
    if (!rest.starts_with(unit)) continue;
    const auto sampling = ParseSampling(rest.substr(unit.size()));
    if (!sampling.has_value()) return std::nullopt;
    return SampleType{*sampling, hours};
  }
  return std::nullopt;
}

std::string_view MatrixName(Matrix matrix) { return NameIn(kMatrix, matrix); }
std::optional<Matrix> ParseMatrix(std::string_view text) { return CodeIn<Matrix>(kMatrix, text); }
std::string_view MatrixList() {
  static const std::string& list = *new std::string(NamesOf(kMatrix));
  return list;
}

std::string_view FractionName(Fraction fraction) { return NameIn(kFraction, fraction); }
std::optional<Fraction> ParseFraction(std::string_view text) {
  return CodeIn<Fraction>(kFraction, text);
}
std::string_view FractionList() {
  static const std::string& list = *new std::string(NamesOf(kFraction));
  return list;
}

std::string_view InhibitionName(Inhibition inhibition) { return NameIn(kInhibition, inhibition); }
std::optional<Inhibition> ParseInhibition(std::string_view text) {
  return CodeIn<Inhibition>(kInhibition, text);
}
std::string_view InhibitionList() {
  static const std::string& list = *new std::string(NamesOf(kInhibition));
  return list;
}

std::string_view ControlName(Control control) { return NameIn(kControl, control); }
std::optional<Control> ParseControl(std::string_view text) {
  return CodeIn<Control>(kControl, text);
}
std::string_view ControlList() {
  static const std::string& list = *new std::string(NamesOf(kControl));
  return list;
}

}  // namespace belgrand::sample
