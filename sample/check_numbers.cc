// Value, limits of the assay, replicates, and how they fit together.
#include <algorithm>
#include <cmath>

#include "sample/findings.h"
#include "sample/unit.h"
#include "sample/validate.h"

namespace belgrand::sample {
namespace {

// A number as it was sent (for messages) and in gc/L (for everything else).
struct Amount {
  double sent = 0;
  double gc_per_l = 0;
};

using OptionalAmount = std::optional<Amount>;

OptionalAmount Convert(std::optional<double> number, const Conversion& unit) {
  if (!number.has_value()) return std::nullopt;
  return Amount{*number, unit(*number)};
}

bool Usable(const OptionalAmount& amount) {
  return amount.has_value() && std::isfinite(amount->gc_per_l) && amount->gc_per_l > 0;
}

// A limit must be a finite number greater than zero.
OptionalAmount ReadLimit(const Field<double>& field, std::string_view name, const Conversion& unit,
                         Findings& findings) {
  const OptionalAmount limit = Convert(ReadNumber(field, name, findings), unit);
  if (!limit.has_value() || Usable(limit)) return limit;
  const bool too_large = std::isfinite(limit->sent) && limit->gc_per_l > 0;
  findings.Reject(name, NumberText(limit->sent),
                  too_large ? Text::kLimitTooLarge : Text::kLimitNotPositive);
  return std::nullopt;
}

// One measured value with its censoring: of the row, or of a replicate.
struct Measured {
  std::string_view name;
  OptionalAmount value;
  // There was text that is no number: already said.
  bool unreadable = false;
};

struct Limits {
  OptionalAmount lod;
  OptionalAmount loq;
};

void CheckFinitePositive(const Measured& m, Findings& findings) {
  if (!m.value.has_value() || Usable(m.value)) return;
  const std::string sent = NumberText(m.value->sent);
  if (!std::isfinite(m.value->sent)) {
    findings.Reject(m.name, sent, Text::kValueNotFinite);
  } else if (m.value->gc_per_l > 0) {
    findings.Reject(m.name, sent, Text::kValueTooLarge);
  } else {
    findings.Reject(m.name, sent, Text::kValueNotPositive);
  }
}

bool IsBelow(const Measured& m, const OptionalAmount& limit) {
  return Usable(m.value) && limit.has_value() && m.value->gc_per_l < limit->gc_per_l;
}
bool IsAbove(const Measured& m, const OptionalAmount& limit) {
  return Usable(m.value) && limit.has_value() && m.value->gc_per_l > limit->gc_per_l;
}

void RejectAgainst(const Measured& m, const OptionalAmount& limit, Text text, Findings& findings) {
  findings.Reject(m.name, NumberText(m.value->sent), text, {NumberText(limit->sent)});
}

void CheckQuantified(const Measured& m, const Limits& limits, Findings& findings) {
  CheckFinitePositive(m, findings);
  if (!m.value.has_value() && !m.unreadable) findings.Reject(m.name, "", Text::kValueRequired);
  if (IsBelow(m, limits.lod)) {
    RejectAgainst(m, limits.lod, Text::kValueBelowLodQuantified, findings);
  } else if (IsBelow(m, limits.loq)) {
    findings.Warn(m.name, NumberText(m.value->sent), Text::kValueBelowLoq,
                  {NumberText(limits.loq->sent)});
  }
}

// Once, however many values ask for it. A limit that is unreadable or not positive: already said.
void RequireLimit(const Field<double>& field, std::string_view name, Text text,
                  std::string_view censoring, Findings& findings) {
  const bool said = std::ranges::any_of(
      findings.violations, [&](const Violation& violation) { return violation.text == text; });
  if (field.absent() && !said) findings.Reject(name, "", text, {std::string(censoring)});
}

void CheckNotDetected(Measured& m, Findings& findings) {
  if (m.value.has_value() && m.value->sent == 0) m.value.reset();
  if (m.value.has_value()) {
    findings.Reject(m.name, NumberText(m.value->sent), Text::kValueWithNonDetect);
  }
}

void CheckCensored(Censoring censoring, const Row& row, const Limits& limits, Measured& m,
                   Findings& findings) {
  switch (censoring) {
    case Censoring::kNone:
      return CheckQuantified(m, limits, findings);
    case Censoring::kBelowLod:
      RequireLimit(row.lod, "lod", Text::kLodRequired, "below_lod", findings);
      CheckFinitePositive(m, findings);
      if (IsAbove(m, limits.lod)) RejectAgainst(m, limits.lod, Text::kValueAboveLod, findings);
      return;
    case Censoring::kBelowLoq:
      RequireLimit(row.loq, "loq", Text::kLoqRequired, "below_loq", findings);
      CheckFinitePositive(m, findings);
      if (IsAbove(m, limits.loq)) RejectAgainst(m, limits.loq, Text::kValueAboveLoq, findings);
      if (IsBelow(m, limits.lod)) {
        RejectAgainst(m, limits.lod, Text::kValueBelowLodBetween, findings);
      }
      return;
    case Censoring::kNotDetected:
      RequireLimit(row.lod, "lod", Text::kLodRequired, "not_detected", findings);
      return CheckNotDetected(m, findings);
  }
}

bool FailedWithoutValue(const Row& row) {
  const bool failed =
      std::ranges::find(row.quality_flags, QualityFlag::kAnalysisFailed) != row.quality_flags.end();
  return failed && row.value.absent() &&
         (row.censoring.absent() || row.censoring.value == Censoring::kNone);
}

// Puts the amount into gc/L and keeps the original where the unit is another.
std::optional<double> Keep(const OptionalAmount& amount, const Conversion& unit,
                           ReportedColumn column, const Row& row, Measurement& out,
                           std::uint32_t replicate = 0) {
  if (!amount.has_value()) return std::nullopt;
  if (!unit.is_identity()) out.reported.push_back({column, amount->sent, row.unit, replicate});
  return amount->gc_per_l;
}

void CheckReplicates(const Row& row, const Conversion& unit, const Limits& limits,
                     Findings& findings, Measurement& out) {
  if (row.replicates.size() > kMaxReplicates) {
    findings.Reject("replicates", NumberText(static_cast<double>(row.replicates.size())),
                    Text::kTooManyReplicates, {std::to_string(kMaxReplicates)});
    return;
  }
  for (std::uint32_t i = 0; i < row.replicates.size(); ++i) {
    const RowReplicate& replicate = row.replicates[i];
    const std::string name = fmt::format("replicates[{}].value", i);
    Measured m{name, Convert(ReadNumber(replicate.value, name, findings), unit),
               !replicate.value.text.empty()};
    if (replicate.censoring.value.has_value()) {
      CheckCensored(*replicate.censoring.value, row, limits, m, findings);
    } else {
      const std::string censoring = fmt::format("replicates[{}].censoring", i);
      findings.Reject(
          censoring, replicate.censoring.text,
          replicate.censoring.text.empty() ? Text::kCensoringMissing : Text::kUnknownCensoring);
    }
    out.replicates.push_back({.value = Keep(m.value, unit, ReportedColumn::kReplicate, row, out, i),
                              .censoring = replicate.censoring.value.value_or(Censoring::kNone)});
  }
}

void RejectAboveAnySewer(std::string_view name, const OptionalAmount& amount, const Row& row,
                         Findings& findings) {
  if (!Usable(amount) || amount->gc_per_l <= kMaxGcPerLitre) return;
  const std::string sent = NumberText(amount->sent) + ' ' + Printable(row.unit);
  findings.Reject(name, fmt::format("{} ({:.3g} gc/L)", sent, amount->gc_per_l), Text::kOutOfRange,
                  {"0", fmt::format("{:g} gc/L", kMaxGcPerLitre)});
}

// REQUIRES: the unit is known.
void RejectImpossible(const Row& row, const Conversion& unit, const Measured& m,
                      const Limits& limits, Findings& findings) {
  RejectAboveAnySewer(m.name, m.value, row, findings);
  RejectAboveAnySewer("lod", limits.lod, row, findings);
  RejectAboveAnySewer("loq", limits.loq, row, findings);
  for (std::size_t i = 0; i < std::min(row.replicates.size(), kMaxReplicates); ++i) {
    RejectAboveAnySewer(fmt::format("replicates[{}].value", i),
                        Convert(row.replicates[i].value.value, unit), row, findings);
  }
}

// A summary lies within what it summarises.
void CompareWithReplicates(const Measurement& m, const OptionalAmount& value, Findings& findings) {
  if (m.replicates.size() < 2 || m.censoring != Censoring::kNone || !Usable(value)) return;
  double lowest = INFINITY;
  double highest = 0;
  for (const Replicate& replicate : m.replicates) {
    if (replicate.censoring != Censoring::kNone || !replicate.value) return;
    lowest = std::min(lowest, *replicate.value);
    highest = std::max(highest, *replicate.value);
  }
  constexpr double kRounding = 1e-3;
  if (value->gc_per_l >= lowest * (1 - kRounding) && value->gc_per_l <= highest * (1 + kRounding)) {
    return;
  }
  findings.Warn("value", NumberText(value->gc_per_l), Text::kValueOutsideReplicates,
                {NumberText(lowest), NumberText(highest)});
}

}  // namespace

std::optional<double> ReadNumber(const Field<double>& field, std::string_view name,
                                 Findings& findings) {
  if (field.value.has_value() || field.text.empty()) return field.value;
  const bool comma = field.text.find(',') != std::string::npos;
  const bool less = field.text.find('<') != std::string::npos;
  findings.Reject(name, field.text,
                  comma  ? Text::kNumberWithComma
                  : less ? Text::kNumberWithLess
                         : Text::kNotANumber);
  return std::nullopt;
}

void CheckNumbers(const Row& row, Findings& findings, Measurement& out) {
  // An unknown unit is a violation of its own: then the numbers are judged among themselves.
  const auto known_unit = ConversionOf(Dimension::kConcentration, row.unit);
  const Conversion unit = known_unit.value_or(Conversion());
  Measured m{"value", Convert(ReadNumber(row.value, "value", findings), unit),
             !row.value.text.empty()};
  const Limits limits{ReadLimit(row.lod, "lod", unit, findings),
                      ReadLimit(row.loq, "loq", unit, findings)};
  if (limits.lod && limits.loq && limits.loq->gc_per_l < limits.lod->gc_per_l) {
    findings.Reject("loq", NumberText(limits.loq->sent), Text::kLoqBelowLod,
                    {NumberText(limits.lod->sent)});
  }
  if (FailedWithoutValue(row)) {
    findings.Reject("value", "", Text::kAnalysisFailed);
  } else if (row.censoring.value.has_value()) {
    CheckCensored(*row.censoring.value, row, limits, m, findings);
  } else {
    CheckFinitePositive(m, findings);
  }
  if (known_unit.has_value()) RejectImpossible(row, unit, m, limits, findings);
  out.value = Keep(m.value, unit, ReportedColumn::kValue, row, out);
  out.lod = Keep(limits.lod, unit, ReportedColumn::kLod, row, out);
  out.loq = Keep(limits.loq, unit, ReportedColumn::kLoq, row, out);
  if (row.replicates.empty()) return;
  CheckReplicates(row, unit, limits, findings, out);
  CompareWithReplicates(out, m.value, findings);
}

std::optional<Violation> TenfoldJump(const Measurement& measurement, double previous) {
  const bool usable = measurement.censoring == Censoring::kNone && measurement.value &&
                      *measurement.value > 0 && std::isfinite(*measurement.value) && previous > 0 &&
                      std::isfinite(previous);
  if (!usable) return std::nullopt;
  const double ratio = *measurement.value / previous;
  if (ratio < 10 && ratio > 0.1) return std::nullopt;
  return Violation{"value",
                   NumberText(*measurement.value),
                   Text::kTenfoldJump,
                   {fmt::format("{:.3g}", ratio), NumberText(previous)}};
}

}  // namespace belgrand::sample
