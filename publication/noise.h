// Discrete Laplace noise for counts, sampled exactly.
//
// Noise from floating-point logarithms leaks: some outputs are possible for one count and not for
// its neighbour (Mironov 2012). Here every step is an integer comparison: the sampler of Canonne,
// Kamath and Steinke, "The Discrete Gaussian for Differential Privacy" (2020), algorithms 1 and 2.
// The noise is an integer z with probability proportional to exp(-epsilon |z|); a count that one
// site changes by one at most is then epsilon-differentially private for one site in one period.
//
// Thread safety: externally synchronised, as the source of randomness is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::publication {

// Fills so many bytes with uniform randomness; crypto::FillRandom outside tests.
using RandomFill = std::function<void(void*, std::size_t)>;

// numerator / denominator, both from 1 to 1,000,000 and in lowest terms.
struct Epsilon {
  std::int64_t numerator = 1;
  std::int64_t denominator = 1;

  friend bool operator==(const Epsilon&, const Epsilon&) = default;
};

// "1", "3/10", "0.3". InvalidArgument: another text, zero, more than 10, or too fine.
base::StatusOr<Epsilon> ParseEpsilon(std::string_view text);
std::string FormatEpsilon(Epsilon epsilon);

class NoiseSource {
 public:
  explicit NoiseSource(RandomFill fill) : fill_(std::move(fill)) {}

  // From the discrete Laplace distribution of this epsilon.
  std::int64_t Laplace(Epsilon epsilon);
  // From 0 to limit - 1, each as likely as the others. REQUIRES: limit > 0.
  std::uint64_t Below(std::uint64_t limit);
  // True with probability exp(-numerator/denominator). REQUIRES: 0 <= numerator <= denominator.
  bool Decay(std::uint64_t numerator, std::uint64_t denominator);

 private:
  RandomFill fill_;
};

// What has been spent of a year's budget, in millionths of epsilon, rounded up at every step.
std::int64_t MicroEpsilon(Epsilon epsilon);

}  // namespace belgrand::publication
