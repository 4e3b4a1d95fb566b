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
    FlagWord{QualityFlag::kSampleCompromised, "nolabel"},
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
