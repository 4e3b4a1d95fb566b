// The sampler of noise: whole numbers with the promised probabilities, and a check that can fail.
#include "publication/noise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <random>

#include "tests/support/status_matchers.h"

namespace belgrand::publication {
namespace {

using ::belgrand::testing::StatusIs;

NoiseSource Seeded(std::uint64_t seed) {
  return NoiseSource([generator = std::mt19937_64(seed)](void* out, std::size_t size) mutable {
    auto* bytes = static_cast<char*>(out);
    for (std::size_t done = 0; done < size; done += 8) {
      const std::uint64_t drawn = generator();
      std::memcpy(bytes + done, &drawn, std::min<std::size_t>(8, size - done));
    }
  });
}

// Sum of (seen - expected)^2 / expected over -reach..reach and both tails.
double ChiSquare(const std::map<std::int64_t, int>& seen, int draws, double epsilon, int reach) {
  const double head = (1 - std::exp(-epsilon)) / (1 + std::exp(-epsilon));
  double sum = 0;
  double rest = 1;
  int rest_seen = draws;
  for (std::int64_t z = -reach; z <= reach; ++z) {
    const double share = head * std::exp(-epsilon * std::abs(static_cast<double>(z)));
    const auto at = seen.find(z);
    const int count = at == seen.end() ? 0 : at->second;
    sum += std::pow(count - draws * share, 2) / (draws * share);
    rest -= share;
    rest_seen -= count;
  }
  return sum + std::pow(rest_seen - draws * rest, 2) / (draws * rest);
}

std::map<std::int64_t, int> Draw(Epsilon epsilon, int draws, std::uint64_t seed) {
  NoiseSource source = Seeded(seed);
  std::map<std::int64_t, int> seen;
  for (int i = 0; i < draws; ++i) ++seen[source.Laplace(epsilon)];
  return seen;
}

TEST(NoiseTest, HasTheProbabilitiesOfTheDiscreteLaplaceDistribution) {
  // 11 to 13 degrees of freedom: above 40 with a probability below 1 in 5,000.
  EXPECT_LT(ChiSquare(Draw({1, 1}, 200'000, 1), 200'000, 1, 5), 40);
  EXPECT_LT(ChiSquare(Draw({3, 10}, 200'000, 2), 200'000, 0.3, 6), 40);
  EXPECT_LT(ChiSquare(Draw({5, 2}, 200'000, 3), 200'000, 2.5, 3), 30);
}

TEST(NoiseTest, IsToldApartFromTheNoiseOfAnotherEpsilon) {
  EXPECT_GT(ChiSquare(Draw({1, 1}, 200'000, 1), 200'000, 0.97, 5), 60);
  EXPECT_GT(ChiSquare(Draw({3, 10}, 200'000, 2), 200'000, 0.29, 6), 60);
}

TEST(NoiseTest, MakesNeighbouringCountsHardToTell) {
  // Of 10 and of 11, every outcome: the shares differ by no more than exp(epsilon) and chance.
  const auto ten = Draw({1, 2}, 400'000, 4);
  const auto eleven = Draw({1, 2}, 400'000, 5);
  for (std::int64_t outcome = 6; outcome <= 15; ++outcome) {
    const double a = ten.at(outcome - 10);
    const double b = eleven.at(outcome - 11);
    EXPECT_LT(std::abs(std::log(a / b)), 0.5 + 5 * std::sqrt(1 / a + 1 / b)) << outcome;
  }
}

TEST(NoiseTest, DrawsEveryWholeNumberAsOften) {
  NoiseSource source = Seeded(6);
  std::map<std::uint64_t, int> seen;
  for (int i = 0; i < 70'000; ++i) ++seen[source.Below(7)];
  ASSERT_EQ(seen.size(), 7U);
  for (const auto& [value, count] : seen) EXPECT_NEAR(count, 10'000, 500) << value;
}

TEST(NoiseTest, DrawsAgainWhatDoesNotDivideEvenly) {
  int calls = 0;
  NoiseSource source(
      [&calls](void* out, std::size_t size) { std::memset(out, calls++ == 0 ? 0xff : 0, size); });
  EXPECT_EQ(source.Below(10), 0U);
  EXPECT_EQ(calls, 2);
}

TEST(EpsilonTest, IsAFractionInLowestTerms) {
  EXPECT_EQ(*ParseEpsilon("0.3"), (Epsilon{3, 10}));
  EXPECT_EQ(*ParseEpsilon("4/8"), (Epsilon{1, 2}));
  EXPECT_EQ(FormatEpsilon(*ParseEpsilon("10")), "10");
  EXPECT_EQ(MicroEpsilon({1, 3}), 333'334);
  for (const char* text :
       {"", "0", "0/1", "1/0", "-1", "1e3", "11", "0.1234567", "1/", "/2", "."}) {
    EXPECT_THAT(ParseEpsilon(text), StatusIs(base::StatusCode::kInvalidArgument, ::testing::_))
        << text;
  }
}

}  // namespace
}  // namespace belgrand::publication
