#include "sample/normalise.h"

#include <algorithm>
#include <cmath>

namespace belgrand::sample {
namespace {

constexpr double kPersons = 100'000;
constexpr double kLitresPerCubicMetre = 1000;
constexpr double kAmmoniumMgPerPersonDay = 8000;
constexpr double kLeastOfMedianFlow = 0.2;
constexpr double kMostOfMedianFlow = 5;

bool Known(const std::optional<double>& number) {
  return number && std::isfinite(*number) && *number > 0;
}

// Sludge settles and a tank is emptied: neither stands for the flow of a day.
bool Flows(const Collection& how) {
  return how.fraction != Fraction::kSolid && how.matrix != Matrix::kPrimarySludge &&
         how.matrix != Matrix::kSecondarySludge && how.matrix != Matrix::kSeptage &&
         how.matrix != Matrix::kHoldingTank;
}

void CheckFlow(const std::optional<double>& flow, const std::optional<double>& median,
               std::vector<MissingInput>& missing) {
  if (!Known(flow)) {
    missing.push_back(MissingInput::kFlow);
  } else if (Known(median) &&
             (*flow < kLeastOfMedianFlow * *median || *flow > kMostOfMedianFlow * *median)) {
    missing.push_back(MissingInput::kFlowOutOfRange);
  }
}

// What the raw value is multiplied with; 0: something is missing.
double Factor(const Measurement& row, const NormalisationContext& context, Normalised& out) {
  switch (out.normalisation) {
    case Normalisation::kFlowAndPopulation: {
      const double population = row.population_served.value_or(context.population);
      CheckFlow(row.flow_m3_per_day, context.median_flow, out.missing);
      if (!Known(population)) out.missing.push_back(MissingInput::kPopulation);
      if (!Flows(row.collection)) out.missing.push_back(MissingInput::kFlowingWastewater);
      if (!out.missing.empty()) return 0;
      return *row.flow_m3_per_day * kLitresPerCubicMetre * kPersons / population;
    }
    case Normalisation::kPmmovRatio:
      if (!Known(row.normalisers.pmmov_gc_per_l)) {
        out.missing.push_back(MissingInput::kPmmov);
        return 0;
      }
      return 1 / *row.normalisers.pmmov_gc_per_l;
    case Normalisation::kAmmoniumPopulation:
      if (!Known(row.normalisers.ammonium_mg_n_per_l)) {
        out.missing.push_back(MissingInput::kAmmonium);
      }
      if (!Flows(row.collection)) out.missing.push_back(MissingInput::kFlowingWastewater);
      if (!out.missing.empty()) return 0;
      return kAmmoniumMgPerPersonDay * kPersons / *row.normalisers.ammonium_mg_n_per_l;
  }
  return 0;
}

}  // namespace

Normalised Normalise(const Measurement& row, Normalisation normalisation,
                     const NormalisationContext& context) {
  Normalised out;
  out.normalisation = normalisation;
  const double factor = Factor(row, context, out);
  if (!out.missing.empty()) return out;
  const auto times = [factor](const std::optional<double>& raw) {
    return raw ? std::optional(*raw * factor) : std::nullopt;
  };
  out.value = times(row.value);
  out.lod = times(row.lod);
  out.loq = times(row.loq);
  return out;
}

std::string_view NameOf(Normalisation normalisation) {
  switch (normalisation) {
    case Normalisation::kFlowAndPopulation:
      return "flow";
    case Normalisation::kPmmovRatio:
      return "pmmov";
    case Normalisation::kAmmoniumPopulation:
      return "ammonium";
  }
  return "";
}

std::optional<Normalisation> ParseNormalisation(std::string_view name) {
  const auto at = std::ranges::find_if(kNormalisations,
                                       [&](Normalisation known) { return NameOf(known) == name; });
  return at == kNormalisations.end() ? std::nullopt : std::optional(*at);
}

std::string_view UnitOf(Normalisation normalisation) {
  switch (normalisation) {
    case Normalisation::kFlowAndPopulation:
      return "gc per 100,000 persons and day";
    case Normalisation::kPmmovRatio:
      return "copies per copy of PMMoV";
    case Normalisation::kAmmoniumPopulation:
      return "gc per 100,000 persons and day, persons by ammonium";
  }
  return "";
}

std::string_view NameOf(MissingInput missing) {
  switch (missing) {
    case MissingInput::kFlow:
      return "flow";
    case MissingInput::kPopulation:
      return "population";
    case MissingInput::kPmmov:
      return "PMMoV";
    case MissingInput::kAmmonium:
      return "ammonium";
    case MissingInput::kFlowOutOfRange:
      return "flow within 0.2 to 5 times the site's median";
    case MissingInput::kFlowingWastewater:
      return "flowing wastewater";
  }
  return "";
}

void FlowMedian::Add(base::Instant collected_at, const std::optional<double>& flow_m3_per_day) {
  if (!Known(flow_m3_per_day)) return;
  flows_[base::DayOf(collected_at)] = *flow_m3_per_day;
  if (flows_.size() > kMostDays) flows_.erase(flows_.begin());
}

std::optional<double> FlowMedian::Value() const {
  if (flows_.size() < kLeastDays) return std::nullopt;
  std::vector<double> sorted;
  sorted.reserve(flows_.size());
  for (const auto& [day, flow] : flows_) sorted.push_back(flow);
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  if (sorted.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(sorted.begin(), middle));
}

}  // namespace belgrand::sample
