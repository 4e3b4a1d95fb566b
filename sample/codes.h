// The words of files and messages for the coded fields of a sample.
//
// Each set is read in the project's own words and in those of NWSS and PHES-ODM; case, spaces, '_'
// and '-' carry no meaning. Names are the project's own words.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sample/sample.h"

namespace belgrand::sample {

// "none", "below_lod", "below_loq" or "not_detected".
std::string_view CensoringName(Censoring censoring);
// Exactly these words, case ignored.
std::optional<Censoring> ParseCensoring(std::string_view text);

// "ntc_amplified", "analysis_failed", ...
std::string_view QualityFlagName(QualityFlag flag);
// The code of PHES-ODM: "ntcAmp", "expFail", ...
std::string_view QualityFlagOdmCode(QualityFlag flag);
std::optional<QualityFlag> ParseQualityFlag(std::string_view text);
std::string QualityFlagList();

// "grab", "composite_time", ..., also ODM's flowPr, grb...; empty for kNotSaid, as all below.
std::string_view SamplingName(Sampling sampling);
std::optional<Sampling> ParseSampling(std::string_view text);
std::string_view SamplingList();

// NWSS sample_type: "grab", "24-hr flow-weighted composite", "48 hour passive"...
struct SampleType {
  Sampling sampling = Sampling::kNotSaid;
  std::optional<double> hours;
};
// Those and the words of Sampling.
std::optional<SampleType> ParseSampleType(std::string_view text);

// "raw_wastewater", ...; NWSS "raw wastewater", ODM rawWW, pstGrit, pSludge, pEfflu...
std::string_view MatrixName(Matrix matrix);
std::optional<Matrix> ParseMatrix(std::string_view text);
std::string_view MatrixList();

// "liquid", "solid", "mixed"; ODM liq, sol, mix.
std::string_view FractionName(Fraction fraction);
std::optional<Fraction> ParseFraction(std::string_view text);
std::string_view FractionList();

// "absent", "not_tested", "adjusted", "unadjusted"; NWSS inhibition_detect no, not tested.
std::string_view InhibitionName(Inhibition inhibition);
std::optional<Inhibition> ParseInhibition(std::string_view text);
std::string_view InhibitionList();

// "clean", "amplified", "not_run"; NWSS ntc_amplify no, yes.
std::string_view ControlName(Control control);
std::optional<Control> ParseControl(std::string_view text);
std::string_view ControlList();

}  // namespace belgrand::sample
