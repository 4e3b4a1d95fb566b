// The words of closed sets.
#include <algorithm>

#include "sample/codes.h"
#include "sample/findings.h"

namespace belgrand::sample {
namespace {

template <typename Code>
Code ReadCode(const Field<Code>& field, std::string_view name, std::string_view known,
              Findings& findings) {
  if (field.value.has_value()) return *field.value;
  if (!field.text.empty()) {
    findings.Reject(name, field.text, Text::kUnknownCode, {std::string(known)});
  }
  return Code::kNotSaid;
}

}  // namespace

void CheckCodes(const Row& row, Findings& findings, Measurement& out) {
  if (row.censoring.value.has_value()) {
    out.censoring = *row.censoring.value;
  } else if (!row.censoring.text.empty()) {
    findings.Reject("censoring", row.censoring.text, Text::kUnknownCensoring);
  } else if (std::ranges::find(row.quality_flags, QualityFlag::kAnalysisFailed) ==
                 row.quality_flags.end() ||
             !row.value.absent()) {
    findings.Reject("censoring", "", Text::kCensoringMissing);
  }
  for (const std::string& flag : row.unknown_quality_flags) {
    findings.Reject("quality_flags", flag, Text::kUnknownFlag, {QualityFlagList()});
  }
  out.quality_flags = row.quality_flags;
  auto& flags = out.quality_flags;
  std::sort(flags.begin(), flags.end());
  flags.erase(std::unique(flags.begin(), flags.end()), flags.end());
  out.collection.sampling = ReadCode(row.sampling, "sampling", SamplingList(), findings);
  out.collection.matrix = ReadCode(row.matrix, "matrix", MatrixList(), findings);
  out.collection.fraction = ReadCode(row.fraction, "fraction", FractionList(), findings);
  out.controls.inhibition = ReadCode(row.inhibition, "inhibition", InhibitionList(), findings);
  out.controls.no_template_control =
      ReadCode(row.no_template_control, "no_template_control", ControlList(), findings);
  out.controls.extraction_blank =
      ReadCode(row.extraction_blank, "extraction_blank", ControlList(), findings);
}

}  // namespace belgrand::sample
