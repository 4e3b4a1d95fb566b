#include "sample/codes.h"

#include <array>

#include "sample/text.h"

namespace belgrand::sample {
namespace {

template <typename Code>
struct Word {
  Code code;
  std::string_view word;
};

using CensoringWord = Word<Censoring>;
using FlagWord = Word<QualityFlag>;

constexpr std::array kCensoring = {
    CensoringWord{Censoring::kNone, "none"},
    CensoringWord{Censoring::kBelowLod, "below_lod"},
    CensoringWord{Censoring::kBelowLoq, "below_loq"},
    CensoringWord{Censoring::kNotDetected, "not_detected"},
};

// The first word of a flag is its name.
constexpr std::array kFlags = {
    FlagWord{QualityFlag::kNtcAmplified, "ntc_amplified"},
    FlagWord{QualityFlag::kNtcAmplified, "ntcamp"},
    FlagWord{QualityFlag::kAnalysisFailed, "analysis_failed"},
    FlagWord{QualityFlag::kAnalysisFailed, "expfail"},
    FlagWord{QualityFlag::kInhibitionUnaddressed, "inhibition_unaddressed"},
    FlagWord{QualityFlag::kInhibitionUnaddressed, "flagfi"},
    FlagWord{QualityFlag::kWrongTemperature, "wrong_temperature"},
    FlagWord{QualityFlag::kWrongTemperature, "wrongtemp"},
    FlagWord{QualityFlag::kDelayedArrival, "delayed_arrival"},
    FlagWord{QualityFlag::kDelayedArrival, "delayarriv"},
    FlagWord{QualityFlag::kSampleCompromised, "sample_compromised"},
    FlagWord{QualityFlag::kSampleCompromised, "leaked"},
    FlagWord{QualityFlag::kInhibitionAddressed, "inhibition_addressed"},
    FlagWord{QualityFlag::kInhibitionAddressed, "flagai"},
    FlagWord{QualityFlag::kTraceContamination, "trace_contamination"},
    FlagWord{QualityFlag::kTraceContamination, "flagb"},
    FlagWord{QualityFlag::kEstimated, "estimated"},
    FlagWord{QualityFlag::kEstimated, "flagj"},
    FlagWord{QualityFlag::kLimitEstimated, "limit_estimated"},
    FlagWord{QualityFlag::kLimitEstimated, "flaguj"},
    FlagWord{QualityFlag::kUnquantified, "unquantified"},
    FlagWord{QualityFlag::kUnquantified, "flaguq"},
    FlagWord{QualityFlag::kOutOfRange, "out_of_range"},
    FlagWord{QualityFlag::kOutOfRange, "oor"},
    FlagWord{QualityFlag::kOutlier, "outlier"},
    FlagWord{QualityFlag::kOutlier, "out"},
    FlagWord{QualityFlag::kFrozen, "frozen"},
    FlagWord{QualityFlag::kWrongStorage, "wrong_storage"},
    FlagWord{QualityFlag::kWrongStorage, "wrongstorage"},
    FlagWord{QualityFlag::kSpilled, "spilled"},
    FlagWord{QualityFlag::kSpilled, "spill"},
    FlagWord{QualityFlag::kLowVolume, "low_volume"},
    FlagWord{QualityFlag::kLowVolume, "lowvol"},
    FlagWord{QualityFlag::kTimeNotRecorded, "time_not_recorded"},
    FlagWord{QualityFlag::kTimeNotRecorded, "notime"},
    FlagWord{QualityFlag::kNotLabelled, "not_labelled"},
    FlagWord{QualityFlag::kNotLabelled, "nolabel"},
    FlagWord{QualityFlag::kNoConcern, "no_concern"},
    FlagWord{QualityFlag::kNoConcern, "noconcern"},
    FlagWord{QualityFlag::kOtherConcern, "other_concern"},
    FlagWord{QualityFlag::kOtherConcern, "qf1"},
};

template <typename Words, typename Code>
std::string_view NameIn(const Words& words, Code code) {
  for (const auto& word : words) {
    if (word.code == code) return word.word;
  }
  return "unknown";
}

template <typename Code, typename Words>
std::optional<Code> CodeIn(const Words& words, std::string_view text) {
  const std::string folded = Lower(Trim(text));
  for (const auto& word : words) {
    if (word.word == folded) return word.code;
  }
  return std::nullopt;
}

}  // namespace

std::string_view CensoringName(Censoring censoring) { return NameIn(kCensoring, censoring); }

std::optional<Censoring> ParseCensoring(std::string_view text) {
  return CodeIn<Censoring>(kCensoring, text);
}

std::string_view QualityFlagName(QualityFlag flag) { return NameIn(kFlags, flag); }

std::optional<QualityFlag> ParseQualityFlag(std::string_view text) {
  return CodeIn<QualityFlag>(kFlags, text);
}

}  // namespace belgrand::sample
