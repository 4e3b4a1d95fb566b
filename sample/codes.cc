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

constexpr std::array kCensoring = {
    Word{Censoring::kNone, "none"},
    Word{Censoring::kBelowLod, "below_lod"},
    Word{Censoring::kBelowLoq, "below_loq"},
    Word{Censoring::kNotDetected, "not_detected"},
};

// The first word of a flag is its name.
constexpr std::array kFlags = {
    Word{QualityFlag::kNtcAmplified, "ntc_amplified"},
    Word{QualityFlag::kNtcAmplified, "ntcamp"},
    Word{QualityFlag::kAnalysisFailed, "analysis_failed"},
    Word{QualityFlag::kAnalysisFailed, "expfail"},
    Word{QualityFlag::kInhibitionUnaddressed, "inhibition_unaddressed"},
    Word{QualityFlag::kInhibitionUnaddressed, "flagfi"},
    Word{QualityFlag::kWrongTemperature, "wrong_temperature"},
    Word{QualityFlag::kWrongTemperature, "wrongtemp"},
    Word{QualityFlag::kDelayedArrival, "delayed_arrival"},
    Word{QualityFlag::kDelayedArrival, "delayarriv"},
    Word{QualityFlag::kSampleCompromised, "sample_compromised"},
    Word{QualityFlag::kSampleCompromised, "leaked"},
    Word{QualityFlag::kSampleCompromised, "nolabel"},
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
