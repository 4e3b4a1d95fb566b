// The words of files and messages for the coded fields of a sample.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "sample/sample.h"

namespace belgrand::sample {

// "none", "below_lod", "below_loq" or "not_detected".
std::string_view CensoringName(Censoring censoring);
// Exactly these words, case ignored.
std::optional<Censoring> ParseCensoring(std::string_view text);

// "ntc_amplified", "analysis_failed", ...
std::string_view QualityFlagName(QualityFlag flag);
// These words or the codes of PHES-ODM (ntcAmp, expFail, flagFI, wrongTemp, delayArriv, leaked,
// noLabel), case ignored.
std::optional<QualityFlag> ParseQualityFlag(std::string_view text);

}  // namespace belgrand::sample
