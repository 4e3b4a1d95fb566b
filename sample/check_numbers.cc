#include <cmath>

#include "sample/findings.h"
#include "sample/quality.h"
#include "sample/validate.h"

namespace belgrand::sample {
namespace {

// A number in the unit of the row. Unreadable text is a violation and counts as absent from here
// on.
std::optional<double> Read(const Field<double>& field, std::string_view name, Findings& findings) {
  if (field.value.has_value() || field.text.empty()) return field.value;
  const bool comma = field.text.find(',') != std::string::npos;
  const bool less = field.text.find('<') != std::string::npos;
  findings.Reject(name, field.text, Rule::kNotANumber,
                  fmt::format("{} is not a number: \"{}\"", name, Printable(field.text)),
                  comma ? "write a decimal point and no thousands separator, for example 1234.5"
                  : less
                      ? "leave the value empty, put the limit into lod and below_lod into censoring"
                      : "write a plain number such as 1234.5 or 1.2e4, or leave the field empty");
  return std::nullopt;
}

// A number that must be finite and greater than zero.
std::optional<double> ReadPositive(const Field<double>& field, std::string_view name, Rule rule,
                                   std::string_view remedy, Findings& findings) {
  const std::optional<double> number = Read(field, name, findings);
  if (!number.has_value()) return std::nullopt;
  if (std::isfinite(*number) && *number > 0) return number;
  findings.Reject(name, NumberText(*number), rule,
                  fmt::format("{} is {}; it must be a finite number greater than zero", name,
                              NumberText(*number)),
                  std::string(remedy));
  return std::nullopt;
}

void CheckNotDetected(std::optional<double>& value, Findings& findings) {
  if (value.has_value() && *value == 0) value.reset();
  if (!value.has_value()) return;
  findings.Reject(
      "value", NumberText(*value), Rule::kValueWithNonDetect,
      fmt::format("censoring is not_detected, but there is a value ({})", NumberText(*value)),
      "leave the value empty, or send below_lod when it amplified below the limit");
}

void CheckFinitePositive(const std::optional<double>& value, Findings& findings) {
  if (!value.has_value()) return;
  if (!std::isfinite(*value)) {
    findings.Reject("value", NumberText(*value), Rule::kValueNotFinite,
                    fmt::format("value is {}", NumberText(*value)),
                    "send the measured concentration, or say in censoring why there is none");
  } else if (*value <= 0) {
    findings.Reject(
        "value", NumberText(*value), Rule::kValueNotPositive,
        fmt::format("value is {}; a concentration is greater than zero", NumberText(*value)),
        "when nothing was found send censoring not_detected with the lod and no value; "
        "a logarithm must be turned back into a concentration");
  }
}

struct Amounts {
  std::optional<double> value;
  std::optional<double> lod;
  std::optional<double> loq;
};

bool Usable(const std::optional<double>& number) {
  return number.has_value() && std::isfinite(*number) && *number > 0;
}

void CheckQuantified(const Amounts& a, bool readable, Findings& findings) {
  if (!a.value.has_value() && readable) {
    findings.Reject("value", "", Rule::kValueRequired,
                    "censoring is none, so a value is required, and there is none",
                    "send the value, or the censoring that says why there is none: below_lod, "
                    "below_loq or not_detected");
  }
  if (!Usable(a.value)) return;
  if (a.lod.has_value() && *a.value < *a.lod) {
    findings.Reject("value", NumberText(*a.value), Rule::kValueBelowLod,
                    fmt::format("value {} lies below the lod {}, but censoring is none",
                                NumberText(*a.value), NumberText(*a.lod)),
                    "send censoring below_lod; the value may stay and is kept");
  } else if (a.loq.has_value() && *a.value < *a.loq) {
    findings.Warn("value", NumberText(*a.value), Rule::kValueBelowLoq,
                  fmt::format("value {} lies below the loq {}, but censoring is none: it is taken "
                              "as quantified",
                              NumberText(*a.value), NumberText(*a.loq)),
                  "send censoring below_loq if the value is not quantified");
  }
}

void CheckBelowLod(const Amounts& a, Findings& findings) {
  if (!Usable(a.value) || !a.lod.has_value() || *a.value <= *a.lod) return;
  findings.Reject("value", NumberText(*a.value), Rule::kValueAboveLod,
                  fmt::format("censoring is below_lod, but value {} lies above the lod {}",
                              NumberText(*a.value), NumberText(*a.lod)),
                  "send below_loq if it lies below the loq, none if it is quantified, or correct "
                  "the lod");
}

void CheckBelowLoq(const Amounts& a, Findings& findings) {
  if (!Usable(a.value)) return;
  if (a.loq.has_value() && *a.value > *a.loq) {
    findings.Reject("value", NumberText(*a.value), Rule::kValueAboveLoq,
                    fmt::format("censoring is below_loq, but value {} lies above the loq {}",
                                NumberText(*a.value), NumberText(*a.loq)),
                    "send censoring none if the value is quantified, or correct the loq");
  }
  if (a.lod.has_value() && *a.value < *a.lod) {
    findings.Reject("value", NumberText(*a.value), Rule::kValueBelowLod,
                    fmt::format("censoring is below_loq, but value {} lies below the lod {}",
                                NumberText(*a.value), NumberText(*a.lod)),
                    "send censoring below_lod, or correct the lod");
  }
}

void RequireLimit(const Field<double>& field, std::string_view name, Rule rule,
                  std::string_view censoring, Findings& findings) {
  if (!field.absent()) return;  // unreadable or not positive: already said
  findings.Reject(
      name, "", rule,
      fmt::format("censoring is {}, so {} is required, and there is none", censoring, name),
      fmt::format("send the {} of the assay, in the unit of the value", name));
}

void CheckCensoring(const Row& row, Amounts& a, Findings& findings) {
  switch (*row.censoring.value) {
    case Censoring::kNone:
      CheckFinitePositive(a.value, findings);
      CheckQuantified(a, row.value.text.empty(), findings);
      return;
    case Censoring::kBelowLod:
      RequireLimit(row.lod, "lod", Rule::kLodRequired, "below_lod", findings);
      CheckFinitePositive(a.value, findings);
      CheckBelowLod(a, findings);
      return;
    case Censoring::kBelowLoq:
      RequireLimit(row.loq, "loq", Rule::kLoqRequired, "below_loq", findings);
      CheckFinitePositive(a.value, findings);
      CheckBelowLoq(a, findings);
      return;
    case Censoring::kNotDetected:
      RequireLimit(row.lod, "lod", Rule::kLodRequired, "not_detected", findings);
      CheckNotDetected(a.value, findings);
      return;
  }
}

bool FailedWithoutValue(const Row& row) {
  const bool failed =
      std::ranges::find(row.quality_flags, QualityFlag::kAnalysisFailed) != row.quality_flags.end();
  return failed && row.value.absent() &&
         (row.censoring.absent() || row.censoring.value == Censoring::kNone);
}

// In gc/L; a number too large for that is a violation.
std::optional<double> Scale(const std::optional<double>& number, double factor,
                            std::string_view name, Rule rule, Findings& findings) {
  if (!Usable(number)) return number;
  const double scaled = *number * factor;
  if (!std::isfinite(scaled)) {
    findings.Reject(name, NumberText(*number), rule,
                    fmt::format("{} {} is too large a number in gc/L", name, NumberText(*number)),
                    "check the number and the unit");
  }
  return scaled;
}

}  // namespace

void CheckNumbers(const Row& row, double factor, Findings& findings, Measurement& out) {
  constexpr std::string_view kLimitRemedy =
      "send the limit of the assay in the unit of the value, or leave it empty if it is unknown";
  Amounts a;
  a.value = Read(row.value, "value", findings);
  a.lod = ReadPositive(row.lod, "lod", Rule::kLimitNotPositive, kLimitRemedy, findings);
  a.loq = ReadPositive(row.loq, "loq", Rule::kLimitNotPositive, kLimitRemedy, findings);
  if (a.lod.has_value() && a.loq.has_value() && *a.loq < *a.lod) {
    findings.Reject("loq", NumberText(*a.loq), Rule::kLoqBelowLod,
                    fmt::format("loq {} lies below lod {}", NumberText(*a.loq), NumberText(*a.lod)),
                    "check that the two are not exchanged and that both are in the unit of the "
                    "value");
  }
  if (FailedWithoutValue(row)) {
    findings.Reject("value", "", Rule::kAnalysisFailed,
                    "the analysis failed and gave no value: there is nothing to store",
                    "send the result of the repeat analysis under the same sample_id when there is "
                    "one");
  } else if (row.censoring.value.has_value()) {
    CheckCensoring(row, a, findings);
  } else {
    CheckFinitePositive(a.value, findings);
  }
  out.value = Scale(a.value, factor, "value", Rule::kValueNotFinite, findings);
  out.lod = Scale(a.lod, factor, "lod", Rule::kLimitNotPositive, findings);
  out.loq = Scale(a.loq, factor, "loq", Rule::kLimitNotPositive, findings);
  out.flow_m3_per_day = ReadPositive(
      row.flow.number, "flow_m3_per_day", Rule::kFlowNotPositive,
      "send the flow of the day in m3/d, or leave it empty if it is unknown", findings);
  out.population_served = ReadPositive(
      row.population_served, "population_served", Rule::kPopulationNotPositive,
      "send the number of persons served, or leave it empty to use the catalogue's", findings);
}

std::optional<Violation> TenfoldJump(const Measurement& measurement, double previous) {
  if (measurement.censoring != Censoring::kNone || !Usable(measurement.value) ||
      !Usable(previous)) {
    return std::nullopt;
  }
  const double ratio = *measurement.value / previous;
  if (ratio < 10 && ratio > 0.1) return std::nullopt;
  return Violation{"value", NumberText(*measurement.value), Rule::kTenfoldJump,
                   fmt::format("{} gc/L is {:.3g} times the value before it ({} gc/L)",
                               NumberText(*measurement.value), ratio, NumberText(previous)),
                   "check the unit and the dilution; the value is stored as sent"};
}

}  // namespace belgrand::sample
