// A measurement beside itself, normalised: by flow and population, by pepper mild mottle virus, or
// by ammonium.
//
//   flow      c * 1000 Q * 100,000 / N    gc per 100,000 persons and day; Q m3/d, N persons served
//   pmmov     c / c_pmmov                 copies per copy of PMMoV
//   ammonium  c / a * 8,000 * 100,000     gc per 100,000 persons and day, persons counted by their
//                                         ammonium, 8 g of N each and day: the flow drops out; a in
//                                         mg N/L
//
// (CDC's flow-population and microbial normalisation; SUM'Eau's ratio to ammonium, in loads. The
// 8 g are a convention, which a site's own people need not keep: they cancel when a series is
// compared with itself.) Limits are multiplied as values are, so that a non-detect stays one. The
// raw value is stored and judged; what is made here is only shown, or fed to a backtest that asks
// for it. Nothing is ever filled in: a row without what is needed has no normalised value, and says
// what is missing. A flow below a fifth or above five times the site's median is an error or a
// storm and is not used.
//
// Thread safety: pure functions; FlowMedian is not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "platform/base/time.h"
#include "sample/sample.h"

namespace belgrand::sample {

// Numbers are those of belgrand.detection.v1.Normalisation.
enum class Normalisation : int {
  kFlowAndPopulation = 1,
  kPmmovRatio = 2,
  kAmmoniumPopulation = 3,
};
inline constexpr std::array kNormalisations = {Normalisation::kFlowAndPopulation,
                                               Normalisation::kPmmovRatio,
                                               Normalisation::kAmmoniumPopulation};

// Numbers are those of belgrand.detection.v1.MissingInput.
enum class MissingInput : int {
  kFlow = 1,
  kPopulation = 2,
  kPmmov = 3,
  kAmmonium = 4,
  kFlowOutOfRange = 5,
  kFlowingWastewater = 6,
};

struct Normalised {
  Normalisation normalisation = Normalisation::kFlowAndPopulation;
  // As the raw ones; absent where the raw one is, and all of them where something is missing.
  std::optional<double> value;
  std::optional<double> lod;
  std::optional<double> loq;
  std::vector<MissingInput> missing;

  friend bool operator==(const Normalised&, const Normalised&) = default;
};

// What a row does not say itself.
struct NormalisationContext {
  // Served by the site on that day, where the row gives none; 0: unknown.
  double population = 0;
  // Of the flows known of the site; absent: too few to judge by.
  std::optional<double> median_flow = std::nullopt;
};

Normalised Normalise(const Measurement& row, Normalisation normalisation,
                     const NormalisationContext& context);

// "flow", "pmmov", "ammonium".
std::string_view NameOf(Normalisation normalisation);
std::optional<Normalisation> ParseNormalisation(std::string_view name);
// "gc per 100,000 persons and day", "copies per copy of PMMoV"...
std::string_view UnitOf(Normalisation normalisation);
// "flow", "population", "flow within 0.2 to 5 times the site's median"...
std::string_view NameOf(MissingInput missing);

// The median of a site's flows over the newest days on which one is known, one flow a day.
class FlowMedian {
 public:
  static constexpr std::size_t kLeastDays = 5;
  static constexpr std::size_t kMostDays = 365;

  void Add(base::Instant collected_at, const std::optional<double>& flow_m3_per_day);
  // nullopt: fewer than kLeastDays.
  std::optional<double> Value() const;

 private:
  std::map<base::Day, double> flows_;
};

}  // namespace belgrand::sample
