#include "sensor/discharge.h"

#include <algorithm>
#include <cmath>

namespace belgrand::sensor {
namespace {

// After so many departing slots what is read is the new normal.
constexpr int kSlotsUntilNormal = kSlotsPerDay;
// So that sums stay finite.
constexpr double kMostReading = 1e15;

bool Usable(const Point& point) {
  if (point.missing() || point.mark.flag == Flag::kFail) return false;
  constexpr unsigned kFaults = kFlatLine | kSpike | kRateOfChange | kAttenuated;
  return (point.mark.tests & kFaults) == 0;
}

std::int64_t SlotStart(std::int64_t time_us) {
  return (time_us / kSlotUs - (time_us % kSlotUs < 0 ? 1 : 0)) * kSlotUs;
}

// Level and flow are one thing.
bool IsWater(Quantity quantity) {
  return quantity == Quantity::kFlow || quantity == Quantity::kLevel;
}

double ZOf(const std::map<Quantity, Departure>& measured, Quantity quantity) {
  const auto found = measured.find(quantity);
  return found == measured.end() ? 0 : found->second.z;
}

double WaterZ(const std::map<Quantity, Departure>& measured) {
  return std::max(ZOf(measured, Quantity::kFlow), ZOf(measured, Quantity::kLevel));
}

std::size_t Parameters(const std::map<Quantity, Departure>& departing) {
  const auto water = static_cast<std::size_t>(departing.count(Quantity::kFlow) +
                                              departing.count(Quantity::kLevel));
  return departing.size() - (water == 2 ? 1 : 0);
}

}  // namespace

std::vector<Slot> SlotsOf(const std::vector<std::pair<Quantity, Points>>& series) {
  struct Sum {
    double sum = 0;
    int count = 0;
  };
  std::map<std::int64_t, std::map<Quantity, Sum>> sums;
  for (const auto& [quantity, points] : series) {
    for (const Point& point : points) {
      if (!Usable(point) || !std::isfinite(point.value)) continue;
      Sum& sum = sums[SlotStart(point.time_us)][quantity];
      sum.sum += std::clamp(point.value, -kMostReading, kMostReading);
      ++sum.count;
    }
  }
  std::vector<Slot> slots;
  slots.reserve(sums.size());
  for (const auto& [from, of_slot] : sums) {
    Slot& slot = slots.emplace_back();
    slot.from_us = from;
    for (const auto& [quantity, sum] : of_slot) slot.values[quantity] = sum.sum / sum.count;
  }
  return slots;
}

DischargeDetector::Departures DischargeDetector::Measure(const Slot& slot) {
  Departures measured;
  for (const auto& [quantity, value] : slot.values) {
    Series& series = series_.try_emplace(quantity, quantity).first->second;
    if (const auto expected = series.profile.Judge(slot.from_us, value)) {
      measured[quantity] = {value, expected->value, expected->z};
    }
  }
  return measured;
}

void DischargeDetector::FollowRain(const Departures& measured) {
  const double water = WaterZ(measured);
  const bool salt_known = measured.contains(Quantity::kConductivity);
  const bool thinned = ZOf(measured, Quantity::kConductivity) <= -rule_.rain;
  const bool storm = salt_known ? water >= rule_.rain && thinned : water >= 2 * rule_.rain;
  if (storm) {
    raining_ = true;
    dry_slots_ = 0;
    return;
  }
  if (!raining_) return;
  dry_slots_ = water < rule_.rain_over ? dry_slots_ + 1 : 0;
  if (dry_slots_ >= rule_.rain_slots_to_end) raining_ = false;
}

bool DischargeDetector::Departs(Quantity quantity, const Departure& departure) const {
  if (quantity == Quantity::kPh &&
      (departure.value < rule_.least_ph || departure.value > rule_.most_ph)) {
    return true;
  }
  if (std::abs(departure.z) <= rule_.limit) return false;
  if (!raining_) return true;
  switch (quantity) {
    case Quantity::kConductivity:
    case Quantity::kAmmonium:
    case Quantity::kNitrate:
      return departure.z > 0;
    case Quantity::kPh:
      return true;
    default:
      return false;
  }
}

void DischargeDetector::Learn(const Slot& slot, const Departures& measured) {
  for (const auto& [quantity, value] : slot.values) {
    Series& series = series_.at(quantity);
    const auto found = measured.find(quantity);
    const bool odd = found != measured.end() && std::abs(found->second.z) > rule_.limit;
    series.departed = odd || raining_ ? series.departed + 1 : 0;
    if (series.departed == 0 || series.departed > kSlotsUntilNormal) {
      series.profile.Learn(slot.from_us, value);
    }
  }
}

std::optional<DischargeDetector::Change> DischargeDetector::Take(const Slot& slot) {
  const Departures measured = Measure(slot);
  FollowRain(measured);
  Departures departing;
  bool by_range = false;
  for (const auto& [quantity, departure] : measured) {
    if (!Departs(quantity, departure)) continue;
    departing.emplace(quantity, departure);
    by_range = by_range || (quantity == Quantity::kPh &&
                            (departure.value < rule_.least_ph || departure.value > rule_.most_ph));
  }
  // More water alone says nothing of what is in it.
  const bool more_than_water = std::any_of(departing.begin(), departing.end(),
                                           [](const auto& d) { return !IsWater(d.first); });
  if (!by_range && (Parameters(departing) < 2 || !more_than_water)) departing.clear();
  Learn(slot, measured);
  return Follow(slot, departing);
}

std::optional<DischargeDetector::Change> DischargeDetector::Follow(const Slot& slot,
                                                                   const Departures& departing) {
  const std::int64_t end = slot.from_us + kSlotUs;
  // After a silence nothing is in a row.
  if (slot.from_us - last_us_ > 3 * kSlotUs) departing_slots_ = 0;
  last_us_ = slot.from_us;
  if (departing.empty()) {
    departing_slots_ = 0;
    if (!current_ || ++quiet_slots_ < rule_.quiet_slots_to_end) return std::nullopt;
    Change change{Phase::kEnded, *std::move(current_)};
    current_.reset();
    return change;
  }
  quiet_slots_ = 0;
  Discharge& at = current_ ? *current_ : pending_;
  if (!current_ && departing_slots_ == 0) pending_ = Discharge{slot.from_us, 0, {}, {}, false};
  ++departing_slots_;
  for (const auto& [quantity, departure] : departing) {
    Departure& worst = at.worst.try_emplace(quantity, departure).first->second;
    if (std::abs(departure.z) > std::abs(worst.z)) worst = departure;
  }
  at.in_rain = at.in_rain || raining_;
  at.to_us = end;
  if (current_ || departing_slots_ < rule_.slots_to_begin) return std::nullopt;
  pending_.known_us = end;
  current_ = pending_;
  Change change{Phase::kBegan, *current_};
  change.discharge.to_us.reset();
  return change;
}

std::vector<Discharge> FindDischarges(const std::vector<Slot>& slots, const DischargeRule& rule) {
  std::vector<Discharge> found;
  DischargeDetector detector(rule);
  for (const Slot& slot : slots) {
    if (auto change = detector.Take(slot);
        change && change->phase == DischargeDetector::Phase::kEnded) {
      found.push_back(std::move(change->discharge));
    }
  }
  if (detector.current()) {
    found.push_back(*detector.current());
    found.back().to_us.reset();
  }
  return found;
}

Signature Discharge::signature() const {
  const double ph = ZOf(worst, Quantity::kPh);
  const double salt = ZOf(worst, Quantity::kConductivity);
  if (worst.contains(Quantity::kPh)) return ph < 0 ? Signature::kAcid : Signature::kAlkali;
  for (const Quantity q :
       {Quantity::kAmmonium, Quantity::kTurbidity, Quantity::kCod, Quantity::kTss}) {
    if (ZOf(worst, q) > 0) return Signature::kOrganic;
  }
  return salt > 0 ? Signature::kSalt : Signature::kUnclear;
}

}  // namespace belgrand::sensor
