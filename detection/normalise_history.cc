#include "detection/normalise_history.h"

#include <algorithm>
#include <utility>

namespace belgrand::detection {
namespace {

constexpr double kPerMillion = 1e6;

void Scale(std::optional<double>& number, double factor) {
  if (number) *number *= factor;
}

}  // namespace

std::vector<Observation> NormaliseHistory(std::vector<Observation> observations,
                                          sample::Normalisation normalisation,
                                          NormaliseReport& report) {
  std::map<std::string, sample::FlowMedian> flows;
  std::vector<Observation> out;
  out.reserve(observations.size());
  for (Observation& o : observations) {
    if (o.voided) {
      out.push_back(std::move(o));
      continue;
    }
    sample::Measurement& row = o.measurement;
    sample::FlowMedian& of_site = flows[row.site_id];
    sample::Normalised normalised =
        sample::Normalise(row, normalisation, {o.population, of_site.Value()});
    of_site.Add(row.collected_at, row.flow_m3_per_day);
    if (!normalised.missing.empty()) {
      ++report.left_out;
      for (const sample::MissingInput missing : normalised.missing) {
        ++report.missing[std::string(sample::NameOf(missing))];
      }
      // What it replaces is no longer said.
      if (o.version > 1) {
        o.voided = true;
        out.push_back(std::move(o));
      }
      continue;
    }
    ++report.normalised;
    const double unit = normalisation == sample::Normalisation::kPmmovRatio ? kPerMillion : 1;
    row.value = normalised.value;
    row.lod = normalised.lod;
    row.loq = normalised.loq;
    for (std::optional<double>* number : {&row.value, &row.lod, &row.loq}) Scale(*number, unit);
    // They are of the raw value, which is no longer there.
    row.replicates.clear();
    out.push_back(std::move(o));
  }
  return out;
}

std::string_view ColumnOf(sample::Normalisation normalisation) {
  switch (normalisation) {
    case sample::Normalisation::kFlowAndPopulation:
      return "gc_per_100000_persons_day";
    case sample::Normalisation::kPmmovRatio:
      return "copies_per_million_pmmov";
    case sample::Normalisation::kAmmoniumPopulation:
      return "gc_per_100000_ammonium_persons_day";
  }
  return "";
}

}  // namespace belgrand::detection
