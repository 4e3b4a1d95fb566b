// The area that drains to a site: polygons on WGS 84, under the rules of RFC 7946, section 3.1.6.
//
// Not checked: that a ring does not cross itself, and that holes do not overlap. Units: degrees.
// Thread safety: values and pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace belgrand::sample {

struct Position {
  double longitude = 0;
  double latitude = 0;

  friend bool operator==(const Position&, const Position&) = default;
};

// The last position is the first one.
using Ring = std::vector<Position>;

struct Polygon {
  // The outer ring, counterclockwise, then its holes, clockwise.
  std::vector<Ring> rings;

  friend bool operator==(const Polygon&, const Polygon&) = default;
};

struct Catchment {
  std::vector<Polygon> polygons;
  // Under which it may be used; required.
  std::string license;
  // Whom to name beside it.
  std::string attribution;

  std::size_t position_count() const;
  friend bool operator==(const Catchment&, const Catchment&) = default;
};

inline constexpr std::size_t kMaxCatchmentPositions = 50'000;
inline constexpr std::size_t kMaxCatchmentRings = 2'000;
inline constexpr std::size_t kMaxLicenseBytes = 200;
inline constexpr std::size_t kMaxAttributionBytes = 500;

// Twice the area, positive when the ring runs counterclockwise; square degrees.
double SignedArea(const Ring& ring);
// Turns rings that run the wrong way; how many.
std::size_t TurnRings(Catchment& catchment);
// Everything that is wrong: where ("polygons[0].rings[1]") and what, with the remedy. At most 20.
std::vector<std::pair<std::string, std::string>> CheckCatchment(const Catchment& catchment);

}  // namespace belgrand::sample
