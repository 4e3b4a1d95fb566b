// What surrounds a value: flow, population, temperature, controls and normalisers, each in its own
// unit. The numbers of a range are wide: they catch slips of unit, not unusual days.
#include <cmath>

#include "sample/findings.h"
#include "sample/unit.h"

namespace belgrand::sample {
namespace {

// The number in the unit of the store, and how it was written.
struct Converted {
  double number = 0;
  std::string text;
};

// Both ends included, in the unit of the store.
struct Range {
  double lowest;
  double highest;
};

std::optional<Converted> Convert(const Quantity& quantity, Dimension dimension,
                                 std::string_view name, Findings& findings) {
  const auto number = ReadNumber(quantity.number, name, findings);
  if (!number.has_value()) return std::nullopt;
  if (quantity.unit.empty()) return Converted{*number, NumberText(*number)};
  const auto conversion = ConversionOf(dimension, quantity.unit);
  if (!conversion.has_value()) {
    findings.Reject(name, quantity.unit, Text::kUnknownUnit, {std::string(UnitList(dimension))});
    return std::nullopt;
  }
  return Converted{(*conversion)(*number), NumberText(*number) + ' ' + Printable(quantity.unit)};
}

void KeepOriginal(const Quantity& quantity, Dimension dimension, ReportedColumn column,
                  Measurement& out) {
  if (quantity.unit.empty() || !quantity.number.value) return;
  if (ConversionOf(dimension, quantity.unit)->is_identity()) return;
  out.reported.push_back({column, *quantity.number.value, quantity.unit, 0});
}

bool IsInside(double number, const Range& range) {
  return std::isfinite(number) && number >= range.lowest && number <= range.highest;
}

void RejectOutside(std::string_view name, std::string_view text, const Range& range,
                   Findings& findings) {
  findings.Reject(name, text, Text::kOutOfRange,
                  {NumberText(range.lowest), NumberText(range.highest)});
}

std::optional<double> InRange(const Quantity& quantity, Dimension dimension, ReportedColumn column,
                              std::string_view name, const Range& range, Findings& findings,
                              Measurement& out) {
  const auto converted = Convert(quantity, dimension, name, findings);
  if (!converted.has_value()) return std::nullopt;
  if (!IsInside(converted->number, range)) {
    RejectOutside(name, converted->text, range, findings);
    return std::nullopt;
  }
  KeepOriginal(quantity, dimension, column, out);
  return converted->number;
}

std::optional<double> InRange(const Field<double>& field, std::string_view name, const Range& range,
                              Findings& findings) {
  const auto number = ReadNumber(field, name, findings);
  if (!number.has_value() || IsInside(*number, range)) return number;
  RejectOutside(name, NumberText(*number), range, findings);
  return std::nullopt;
}

void CheckFlow(const Quantity& flow, Findings& findings, Measurement& out) {
  constexpr std::string_view kName = "flow_m3_per_day";
  const auto converted = Convert(flow, Dimension::kFlow, kName, findings);
  if (!converted.has_value()) return;
  if (converted->number == 0) {
    // Written for "not known" more often than for a dry sewer: asked about, never used as a number.
    findings.Warn(kName, converted->text, Text::kFlowZero);
    out.reported.push_back(
        {ReportedColumn::kFlow, 0,
         flow.unit.empty() ? std::string(CanonicalUnit(Dimension::kFlow)) : flow.unit, 0});
    return;
  }
  if (!std::isfinite(converted->number) || converted->number < 0) {
    findings.Reject(kName, converted->text, Text::kFlowNotPositive);
    return;
  }
  KeepOriginal(flow, Dimension::kFlow, ReportedColumn::kFlow, out);
  out.flow_m3_per_day = converted->number;
}

void CheckPopulation(const Field<double>& population, Findings& findings, Measurement& out) {
  constexpr std::string_view kName = "population_served";
  const auto persons = ReadNumber(population, kName, findings);
  if (!persons.has_value()) return;
  if (std::isfinite(*persons) && *persons > 0) {
    out.population_served = persons;
  } else {
    findings.Reject(kName, NumberText(*persons), Text::kPopulationNotPositive);
  }
}

}  // namespace

void CheckQuantities(const Row& row, Findings& findings, Measurement& out) {
  CheckFlow(row.flow, findings, out);
  CheckPopulation(row.population_served, findings, out);
  out.collection.composite_hours =
      InRange(row.composite_hours, "composite_hours", {0.1, 168}, findings);
  // -80: some laboratories send on dry ice.
  out.collection.received_celsius =
      InRange(row.received_temperature, Dimension::kTemperature,
              ReportedColumn::kReceivedTemperature, "received_celsius", {-80, 60}, findings, out);
  out.collection.hold_hours = InRange(row.hold_hours, "hold_hours", {0, 8784}, findings);
  out.controls.recovery_percent =
      InRange(row.recovery_percent, "recovery_percent", {0, 1000}, findings);
  out.normalisers.ammonium_mg_n_per_l =
      InRange(row.ammonium, Dimension::kAmmonium, ReportedColumn::kAmmonium, "ammonium_mg_n_per_l",
              {0, 5000}, findings, out);
  out.normalisers.pmmov_gc_per_l =
      InRange(row.pmmov, Dimension::kConcentration, ReportedColumn::kPmmov, "pmmov_gc_per_l",
              {1, kMaxGcPerLitre}, findings, out);
  for (const std::string& name : row.given_twice) findings.Reject(name, "", Text::kGivenTwice);
  for (const std::string& column : row.unknown_reported) {
    findings.Reject("reported", column, Text::kReportedColumn);
  }
}

}  // namespace belgrand::sample
