// Series of sensor readings in the shapes in which the space they take is measured.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

#include "sensor/point.h"

namespace belgrand::testing {

enum class Shape3 {
  kRegular,     // every second, a walk of steps up to 0.10 with two decimals
  kJittered,    // the same values, each somewhere in its second, by the millisecond
  kRawDoubles,  // every second, a walk of normal steps, all digits
};

class Telemetry {
 public:
  Telemetry(Shape3 shape, std::uint64_t seed) : shape_(shape), random_(seed) {}

  sensor::Point Next() {
    sensor::Point point;
    point.time_us = start_us_ + second_++ * 1'000'000;
    if (shape_ == Shape3::kJittered)
      point.time_us += static_cast<std::int64_t>(random_() % 1000) * 1000;
    if (shape_ == Shape3::kRawDoubles) {
      value_ += std::normal_distribution<double>(0, 0.05)(random_);
      point.value = value_;
    } else {
      hundredths_ += static_cast<std::int64_t>(random_() % 21) - 10;
      point.value = static_cast<double>(hundredths_) / 100;
    }
    point.mark.flag = sensor::Flag::kGood;
    return point;
  }
  sensor::Points Take(std::size_t count) {
    sensor::Points points;
    for (std::size_t i = 0; i < count; ++i) points.push_back(Next());
    return points;
  }

 private:
  Shape3 shape_;
  std::mt19937_64 random_;
  std::int64_t start_us_ = 1'700'000'000'000'000;
  std::int64_t second_ = 0;
  std::int64_t hundredths_ = 2000;
  double value_ = 20;
};

}  // namespace belgrand::testing
