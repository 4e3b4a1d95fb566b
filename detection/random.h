// Random numbers that are the same everywhere: std's distributions differ between libraries.
//
// SplitMix64 (Steele, Lea & Flood 2014) for the bits; the distributions below are written out.
// Not for secrets. Thread safety: none; one owner.
#pragma once

#include <cmath>
#include <cstdint>

namespace belgrand::detection {

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
  // In (0, 1).
  double Uniform() { return (static_cast<double>(Bits() >> 11) + 0.5) * 0x1.0p-53; }
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  // In [low, high].
  int Integer(int low, int high) {
    return low + static_cast<int>(Bits() % static_cast<std::uint64_t>(high - low + 1));
  }
  // Standard normal, Box and Muller.
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(Uniform()));
    return radius * std::cos(6.283185307179586 * Uniform());
  }

 private:
  std::uint64_t state_;
};

}  // namespace belgrand::detection
