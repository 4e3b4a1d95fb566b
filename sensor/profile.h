// What a sensor in a sewer usually reads at this time of the day and week.
//
// A sewer breathes by the clock: people get up, eat and sleep. So a value is held against the
// values of the same time of day on the last days of the same kind (working day, weekend), and how
// far it is off is measured by how far the days before were off. Medians throughout: a discharge, a
// storm or a fault among those days does not become what is usual.
//
//   expected   median over the slots at most kNeighbours away, of the last kDays days of that kind
//   spread     median |residual| / 0.6745 of the last kResiduals slots, at least that of the
//              quantity (Least)
//   z          (value - expected) / spread
// Flow, conductivity, turbidity, ammonium, nitrate, COD and TSS are taken as logarithms: their days
// differ by factors. Slots are UTC: at the change to summer time the profile is an hour off for
// some days, which the neighbours bear in part.
//
// Thread safety: none; one owner. Memory: about 60 KB. Source: robust z against a diurnal profile,
// docs/methods.md, section 12.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "sensor/quantity.h"

namespace belgrand::sensor {

inline constexpr std::int64_t kSlotUs = std::int64_t{5} * 60 * 1'000'000;
inline constexpr int kSlotsPerDay = 288;

class Profile {
 public:
  static constexpr std::size_t kDays = 7;
  static constexpr int kNeighbours = 2;
  static constexpr std::size_t kResiduals = 3 * kSlotsPerDay;
  // Days of any kind that must have been seen at a time of day before anything is expected.
  static constexpr std::size_t kLeastDays = 3;

  explicit Profile(Quantity quantity);

  struct Expected {
    double value = 0;  // in the quantity's unit
    double z = 0;      // of the value that was asked about
  };
  // nullopt: too little is known of this time. REQUIRES: value is finite.
  std::optional<Expected> Judge(std::int64_t slot_us, double value);
  // Takes the value into the profile. REQUIRES: slots in order of time.
  void Learn(std::int64_t slot_us, double value);

 private:
  double Scaled(double value) const;
  double Unscaled(double scaled) const;
  std::optional<double> Median(std::int64_t slot_us);
  std::optional<double> MedianOfKind(std::size_t kind, int slot);
  double Spread();

  const Quantity quantity_;
  const bool logarithmic_;
  // By kind of day (0 working day, 1 weekend) and slot: newest last.
  std::array<std::vector<std::deque<float>>, 2> values_;
  std::deque<float> residuals_;
  // Renewed every hour: it hardly moves.
  double spread_ = 0;
  std::int64_t spread_slot_ = INT64_MIN;
  std::vector<double> scratch_;
};

}  // namespace belgrand::sensor
