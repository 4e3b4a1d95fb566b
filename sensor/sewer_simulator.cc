#include "sensor/sewer_simulator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "sensor/judge.h"
#include "sensor/limits.h"

namespace belgrand::sensor {
namespace {

constexpr std::int64_t kMinuteUs = 60 * kSecondUs;
constexpr std::int64_t kHourUs = 60 * kMinuteUs;
constexpr std::int64_t kDayUs = 24 * kHourUs;
constexpr int kLearningDays = 14;

// SplitMix64 (Steele, Lea & Flood 2014); std's distributions differ between libraries.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Bits() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  double Uniform() { return (static_cast<double>(Bits() >> 11) + 0.5) * 0x1.0p-53; }
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  double Normal() {
    return std::sqrt(-2 * std::log(Uniform())) * std::cos(2 * std::numbers::pi * Uniform());
  }
  std::int64_t Between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(Uniform() * static_cast<double>(high - low));
  }

 private:
  std::uint64_t state_;
};

enum Index { kFlowAt, kSaltAt, kPhAt, kHeatAt, kTurbidAt, kAmmoniumAt, kSensors };
constexpr std::array<Quantity, kSensors> kQuantities = {
    Quantity::kFlow,        Quantity::kConductivity, Quantity::kPh,
    Quantity::kTemperature, Quantity::kTurbidity,    Quantity::kAmmonium};
// Noise of a reading and of a day: relative, but for pH and temperature.
constexpr std::array<double, kSensors> kNoise = {0.06, 0.02, 0.03, 0.1, 0.10, 0.05};
constexpr std::array<double, kSensors> kDayNoise = {0.04, 0.02, 0.03, 0.3, 0.08, 0.05};

struct Fault {
  enum Kind { kStuck, kLost, kFouled } kind = kStuck;
  int sensor = 0;
  SewerEvent span;
};

// Between -1 at night and 1 in the morning peak; an evening peak half as high.
double Clock(std::int64_t time_us, bool weekend) {
  const double hour =
      static_cast<double>(time_us % kDayUs) / static_cast<double>(kHourUs) - (weekend ? 1.5 : 0.0);
  const double angle = 2 * std::numbers::pi * hour / 24;
  return 0.75 * std::sin(angle - 2.1) + 0.35 * std::sin(2 * angle - 2.3);
}

// What each sensor would read without noise, discharge, storm or fault.
std::array<double, kSensors> Usual(double clock) {
  return {420 * std::exp(0.45 * clock), 1050 * std::exp(0.12 * clock), 7.5 + 0.15 * clock,
          14.0 + 0.8 * clock,           180 * std::exp(0.35 * clock),  38 * std::exp(0.30 * clock)};
}

double Fade(const SewerEvent& event, std::int64_t time_us) {
  if (time_us < event.from_us) return 0;
  if (time_us < event.to_us) return 1;
  // A storm runs off over hours.
  return std::exp(-static_cast<double>(time_us - event.to_us) / (3.0 * kHourUs));
}

void Rain(std::array<double, kSensors>& value, double amount) {
  const double thin = 1 + amount;
  value[kFlowAt] *= thin;
  value[kSaltAt] /= 1 + 0.7 * amount;
  value[kHeatAt] -= 1.5 * amount;
  value[kAmmoniumAt] /= 1 + 0.8 * amount;
  value[kTurbidAt] *= 1 + 0.5 * amount;
  value[kPhAt] -= 0.1 * amount;
}

void Discharged(std::array<double, kSensors>& value, const SewerEvent& event) {
  const double s = event.strength;
  switch (event.kind) {
    case Signature::kAcid:
      value[kPhAt] -= 1.5 * s;
      value[kSaltAt] *= 1 + 0.5 * s;
      break;
    case Signature::kAlkali:
      value[kPhAt] += 1.5 * s;
      value[kSaltAt] *= 1 + 0.4 * s;
      break;
    case Signature::kOrganic:
      value[kAmmoniumAt] *= 1 + 1.2 * s;
      value[kTurbidAt] *= 1 + 2.0 * s;
      value[kSaltAt] *= 1 + 0.2 * s;
      break;
    case Signature::kSalt:
      value[kSaltAt] *= 1 + 1.5 * s;
      break;
    case Signature::kUnclear:
      break;
  }
}

std::vector<SewerEvent> Discharges(const SewerOptions& options, Random& random) {
  constexpr std::array kKinds = {Signature::kAcid, Signature::kAlkali, Signature::kOrganic,
                                 Signature::kSalt};
  std::vector<SewerEvent> events;
  for (int tries = 0; tries < 50 * options.discharges && std::ssize(events) < options.discharges;
       ++tries) {
    SewerEvent event;
    event.from_us = options.from_us + random.Between(kLearningDays * kDayUs,
                                                     std::int64_t{options.days} * kDayUs - kDayUs);
    const double minutes = std::clamp(std::exp(3.7 + 0.8 * random.Normal()), 10.0, 360.0);
    event.to_us = event.from_us + static_cast<std::int64_t>(minutes * kMinuteUs);
    event.kind = kKinds[events.size() % kKinds.size()];
    event.strength = random.Uniform(0.5, 2);
    const bool near = std::any_of(events.begin(), events.end(), [&](const SewerEvent& e) {
      return std::abs(e.from_us - event.from_us) < 12 * kHourUs;
    });
    if (!near) events.push_back(event);
  }
  std::sort(events.begin(), events.end(),
            [](const SewerEvent& a, const SewerEvent& b) { return a.from_us < b.from_us; });
  return events;
}

std::vector<SewerEvent> Storms(const SewerOptions& options, Random& random) {
  std::vector<SewerEvent> storms;
  for (int i = 0; i < options.storms; ++i) {
    SewerEvent storm;
    storm.from_us = options.from_us + random.Between(0, std::int64_t{options.days} * kDayUs);
    storm.to_us = storm.from_us + random.Between(kHourUs / 2, 5 * kHourUs);
    storm.strength = random.Uniform(0.5, 3);
    storms.push_back(storm);
  }
  return storms;
}

std::vector<Fault> Faults(const SewerOptions& options, Random& random) {
  std::vector<Fault> faults;
  for (int i = 0; i < options.faults; ++i) {
    Fault fault;
    fault.kind = static_cast<Fault::Kind>(i % 3);
    fault.sensor = fault.kind == Fault::kFouled ? static_cast<int>(kTurbidAt)
                                                : static_cast<int>(random.Bits() % kSensors);
    fault.span.from_us = options.from_us + random.Between(0, std::int64_t{options.days} * kDayUs);
    const std::int64_t longest = fault.kind == Fault::kFouled ? 10 * kDayUs : 8 * kHourUs;
    fault.span.to_us = fault.span.from_us + random.Between(longest / 4, longest);
    faults.push_back(fault);
  }
  return faults;
}

// The readings of all sensors as they would be sent, without flags.
class Readings {
 public:
  Readings(const SewerOptions& options, const SewerSimulation& truth,
           const std::vector<Fault>& faults, Random& random)
      : options_(options), truth_(truth), faults_(faults), random_(random) {}

  std::vector<std::pair<Quantity, Points>> All() {
    std::vector<std::pair<Quantity, Points>> series;
    for (const Quantity quantity : kQuantities) series.emplace_back(quantity, Points());
    const std::int64_t step = options_.interval_s * kSecondUs;
    const std::int64_t end = options_.from_us + std::int64_t{options_.days} * kDayUs;
    for (std::int64_t at = options_.from_us; at < end; at += step) {
      const auto value = At(at);
      for (std::size_t i = 0; i < kSensors; ++i) Put(i, at, value[i], series[i].second);
    }
    return series;
  }

 private:
  std::array<double, kSensors> At(std::int64_t at) {
    const std::int64_t day = at / kDayUs;
    if (day != day_) {
      day_ = day;
      for (double& n : day_noise_) n = random_.Normal();
    }
    const bool weekend = (day + 3) % 7 >= 5;
    auto value = Usual(Clock(at, weekend));
    const double run = static_cast<double>(at - options_.from_us) / static_cast<double>(kDayUs);
    value[kPhAt] += 0.004 * run;
    value[kAmmoniumAt] *= 1 - 0.0015 * run;
    double rain = 0;
    for (const SewerEvent& storm : truth_.storms) rain += storm.strength * Fade(storm, at);
    Rain(value, rain);
    for (const SewerEvent& discharge : truth_.discharges) {
      if (at >= discharge.from_us && at < discharge.to_us) Discharged(value, discharge);
    }
    const double keep = std::exp(-static_cast<double>(options_.interval_s) / 900);
    for (std::size_t i = 0; i < kSensors; ++i) {
      slow_[i] = keep * slow_[i] + std::sqrt(1 - keep * keep) * random_.Normal();
      const double off =
          kNoise[i] * (0.7 * slow_[i] + 0.7 * random_.Normal()) + kDayNoise[i] * day_noise_[i];
      const bool absolute = i == kPhAt || i == kHeatAt;
      value[i] = absolute ? value[i] + off : value[i] * std::exp(off);
    }
    return value;
  }

  void Put(std::size_t sensor, std::int64_t at, double value, Points& points) {
    for (const Fault& fault : faults_) {
      if (static_cast<std::size_t>(fault.sensor) != sensor || at < fault.span.from_us ||
          at >= fault.span.to_us) {
        continue;
      }
      if (fault.kind == Fault::kLost) return;
      if (fault.kind == Fault::kStuck && !points.empty()) value = points.back().value;
      if (fault.kind == Fault::kFouled) {
        value *= 1 + 4 * static_cast<double>(at - fault.span.from_us) /
                         static_cast<double>(fault.span.to_us - fault.span.from_us);
      }
    }
    // One reading in five thousand is wild.
    if (random_.Uniform() < 2e-4) value *= random_.Uniform(0.2, 4);
    points.push_back({at, value, {}});
  }

  const SewerOptions& options_;
  const SewerSimulation& truth_;
  const std::vector<Fault>& faults_;
  Random& random_;
  std::int64_t day_ = -1;
  std::array<double, kSensors> day_noise_{};
  std::array<double, kSensors> slow_{};
};

}  // namespace

SewerSimulation SimulateSewer(const SewerOptions& options) {
  Random random(options.seed);
  SewerSimulation simulation;
  simulation.discharges = Discharges(options, random);
  simulation.storms = Storms(options, random);
  const std::vector<Fault> faults = Faults(options, random);
  for (const Fault& fault : faults) simulation.faults.push_back(fault.span);
  simulation.series = Readings(options, simulation, faults, random).All();
  for (auto& [quantity, points] : simulation.series) {
    const LimitsHistory history = {{0, DefaultLimits(quantity, options.interval_s * kSecondUs)}};
    Judge judge(history);
    JudgeAll(judge, points);
  }
  return simulation;
}

}  // namespace belgrand::sensor
