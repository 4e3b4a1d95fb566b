#include "publication/noise.h"

#include <charconv>
#include <limits>
#include <numeric>
#include <optional>

namespace belgrand::publication {
namespace {

constexpr std::int64_t kMaxPart = 1'000'000;

std::optional<std::int64_t> ParseWhole(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || at != end || value < 0 || value > kMaxPart) {
    return std::nullopt;
  }
  return value;
}

std::optional<Epsilon> ParseParts(std::string_view text) {
  Epsilon epsilon;
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const auto numerator = ParseWhole(text.substr(0, slash));
    const auto denominator = ParseWhole(text.substr(slash + 1));
    if (!numerator.has_value() || !denominator.has_value()) return std::nullopt;
    epsilon = {*numerator, *denominator};
  } else {
    const std::size_t point = text.find('.');
    std::string digits(text.substr(0, point));
    if (point != std::string_view::npos) {
      const std::string_view decimals = text.substr(point + 1);
      if (decimals.empty() || decimals.size() > 6) return std::nullopt;
      digits += decimals;
      for (std::size_t i = 0; i < decimals.size(); ++i) epsilon.denominator *= 10;
    }
    const auto numerator = ParseWhole(digits);
    if (!numerator.has_value()) return std::nullopt;
    epsilon.numerator = *numerator;
  }
  if (epsilon.numerator == 0 || epsilon.denominator == 0) return std::nullopt;
  const std::int64_t divisor = std::gcd(epsilon.numerator, epsilon.denominator);
  return Epsilon{epsilon.numerator / divisor, epsilon.denominator / divisor};
}

}  // namespace

base::StatusOr<Epsilon> ParseEpsilon(std::string_view text) {
  const auto epsilon = ParseParts(text);
  if (!epsilon.has_value() || epsilon->numerator > 10 * epsilon->denominator) {
    return base::InvalidArgument(
        "epsilon is not a number above 0 and up to 10: write it as 0.3 or 3/10");
  }
  return *epsilon;
}

std::string FormatEpsilon(Epsilon epsilon) {
  if (epsilon.denominator == 1) return fmt::format("{}", epsilon.numerator);
  return fmt::format("{}/{}", epsilon.numerator, epsilon.denominator);
}

std::uint64_t NoiseSource::Below(std::uint64_t limit) {
  // The largest multiple of limit that fits; what lies beyond is drawn again.
  const std::uint64_t top = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t end = top - top % limit;
  for (;;) {
    std::uint64_t drawn = 0;
    fill_(&drawn, sizeof drawn);
    if (drawn < end) return drawn % limit;
  }
}

bool NoiseSource::Decay(std::uint64_t numerator, std::uint64_t denominator) {
  std::uint64_t k = 1;
  while (Below(denominator * k) < numerator) ++k;
  return k % 2 == 1;
}

std::int64_t NoiseSource::Laplace(Epsilon epsilon) {
  const auto t = static_cast<std::uint64_t>(epsilon.denominator);
  const auto s = static_cast<std::uint64_t>(epsilon.numerator);
  for (;;) {
    const std::uint64_t u = Below(t);
    if (!Decay(u, t)) continue;
    std::uint64_t v = 0;
    while (Decay(1, 1)) ++v;
    const auto y = static_cast<std::int64_t>((u + t * v) / s);
    const bool negative = Below(2) == 1;
    if (negative && y == 0) continue;
    return negative ? -y : y;
  }
}

std::int64_t MicroEpsilon(Epsilon epsilon) {
  return (epsilon.numerator * 1'000'000 + epsilon.denominator - 1) / epsilon.denominator;
}

}  // namespace belgrand::publication
