// Internal to sample: collects violations and warnings while a row is checked.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sample/row.h"
#include "sample/text.h"

namespace belgrand::sample {

// The shortest text that reads back as the same number.
inline std::string NumberText(double number) { return fmt::format("{}", number); }

// No concentration or limit above it is taken: it is that of undiluted stool at its worst. The
// highest shedding known to us is norovirus, up to 1.6e12 gc per gram (Atmar et al. 2008,
// doi 10.3201/eid1410.080117), so 1.6e15 gc/L before the first flush.
inline constexpr double kMaxGcPerLitre = 1e15;

struct Findings {
  std::vector<Violation> violations;
  std::vector<Violation> warnings;

  void Reject(std::string_view field, std::string_view value, Text text,
              std::vector<std::string> particulars = {}) {
    violations.push_back({std::string(field), Printable(value), text, std::move(particulars)});
  }
  void Warn(std::string_view field, std::string_view value, Text text,
            std::vector<std::string> particulars = {}) {
    warnings.push_back({std::string(field), Printable(value), text, std::move(particulars)});
  }
};

// The number; text that is none is a violation, and counts as absent from then on.
std::optional<double> ReadNumber(const Field<double>& field, std::string_view name,
                                 Findings& findings);

// What is said to be wrong with an instant outside of what the service accepts.
std::optional<base::Instant> ReadTime(std::string_view name, const Field<base::Instant>& time,
                                      base::Instant now, Findings& findings);

// Value, limits and replicates, in the unit of the row; fills them in `out`.
void CheckNumbers(const Row& row, Findings& findings, Measurement& out);
// Flow, population, temperature, controls, normalisers; each in its own unit.
void CheckQuantities(const Row& row, Findings& findings, Measurement& out);
// Begin, end, receipt and result.
void CheckTimes(const Row& row, base::Instant now, Findings& findings, Measurement& out);
// The words of closed sets.
void CheckCodes(const Row& row, Findings& findings, Measurement& out);

}  // namespace belgrand::sample
