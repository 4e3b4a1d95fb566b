// A discharge into the sewer: several parameters leave their daily and weekly profile together.
//
// A departure is a parameter more than `limit` spreads off what is usual at this time
// (profile.h), or a pH outside what a sewer may carry. Two in a row of either begin a discharge
// where at least two parameters depart, or the pH does by its range; an hour without ends it.
//
// Rain gate: flow or level far up while conductivity is far down (or far up alone and very far)
// is storm water. It lasts until the flow has been near its profile for two hours. Storm water
// thins and cools, and stirs up what lay in the pipe: within the gate only what it cannot do
// counts, which is conductivity, ammonium or nitrate up, and pH.
//
// One sensor alone begins nothing (but pH by its range): that is how a fault looks. So a discharge
// that moves a single parameter (clean salt: conductivity) is not seen. What departs is not
// learnt, up to a day; after that it is the new normal (a recalibrated sensor, a diversion).
//
// Readings that quality control calls wrong or missing do not enter, nor those with a flat line, a
// spike or a jump for the neighbours; those that are merely out of the usual range do.
//
// Not thread-safe: one owner. Deterministic. Units: those of the quantities; instants in µs UTC.
// Source: docs/methods.md, section 12.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sensor/point.h"
#include "sensor/profile.h"
#include "sensor/quantity.h"

namespace belgrand::sensor {

struct DischargeRule {
  double limit = 6;
  // Of pH, whatever is usual here.
  double least_ph = 6;
  double most_ph = 9.5;
  int slots_to_begin = 2;
  int quiet_slots_to_end = 12;
  // Storm water: flow at least so many spreads up, conductivity as many down; without
  // conductivity, flow twice as many.
  double rain = 4;
  // Its end: flow below this for so many slots.
  double rain_over = 2;
  int rain_slots_to_end = 24;
};

// Mean of the usable readings of one slot.
struct Slot {
  std::int64_t from_us = 0;
  std::map<Quantity, double> values;
};
// The slots of a site's series in order of time; those without any usable reading are left out.
// Each series in order of time.
std::vector<Slot> SlotsOf(const std::vector<std::pair<Quantity, Points>>& series);

struct Departure {
  double value = 0;
  double expected = 0;
  double z = 0;
};

// What the parameters that depart look like.
enum class Signature { kUnclear, kAcid, kAlkali, kSalt, kOrganic };

struct Discharge {
  std::int64_t from_us = 0;
  // When it was known: the end of the slot that settled it.
  std::int64_t known_us = 0;
  // End of its last slot; absent while it goes on.
  std::optional<std::int64_t> to_us;
  // The furthest departure of each parameter.
  std::map<Quantity, Departure> worst;
  // It came with storm water.
  bool in_rain = false;
  Signature signature() const;
};

class DischargeDetector {
 public:
  explicit DischargeDetector(const DischargeRule& rule = {}) : rule_(rule) {}

  enum class Phase { kBegan, kEnded };
  struct Change {
    Phase phase;
    Discharge discharge;
  };
  // REQUIRES: later than every slot before.
  std::optional<Change> Take(const Slot& slot);
  // The one that goes on, as it stands.
  const std::optional<Discharge>& current() const { return current_; }
  bool raining() const { return raining_; }

 private:
  struct Series {
    explicit Series(Quantity quantity) : profile(quantity) {}
    Profile profile;
    // Slots in a row that departed and were not learnt.
    int departed = 0;
  };
  using Departures = std::map<Quantity, Departure>;

  Departures Measure(const Slot& slot);
  void FollowRain(const Departures& measured);
  bool Departs(Quantity quantity, const Departure& departure) const;
  void Learn(const Slot& slot, const Departures& measured);
  std::optional<Change> Follow(const Slot& slot, const Departures& departing);

  const DischargeRule rule_;
  std::map<Quantity, Series> series_;
  bool raining_ = false;
  int dry_slots_ = 0;
  int departing_slots_ = 0;
  int quiet_slots_ = 0;
  std::int64_t last_us_ = INT64_MIN;
  Discharge pending_;
  std::optional<Discharge> current_;
};

// Everything that `detector` says of the slots; a discharge that goes on at the end has no end.
std::vector<Discharge> FindDischarges(const std::vector<Slot>& slots,
                                      const DischargeRule& rule = {});

// "acid", "alkali", "salt", "organic", "unclear".
std::string_view NameOf(Signature signature);

enum class Language { kEnglish, kFrench };
// One paragraph that a mayor understands.
std::string Describe(const std::string& site, const Discharge& discharge, Language language);

}  // namespace belgrand::sensor
