#include "sample/catchment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sample/text.h"

namespace belgrand::sample {
namespace {

constexpr std::size_t kMaxProblems = 20;
constexpr std::size_t kLeastPositions = 4;
constexpr double kMaxLongitude = 180;
constexpr double kMaxLatitude = 90;

struct Box {
  double west = kMaxLongitude, east = -kMaxLongitude, south = kMaxLatitude, north = -kMaxLatitude;

  explicit Box(const Ring& ring) {
    for (const Position& p : ring) {
      west = std::min(west, p.longitude);
      east = std::max(east, p.longitude);
      south = std::min(south, p.latitude);
      north = std::max(north, p.latitude);
    }
  }
  bool Holds(const Box& other) const {
    return west <= other.west && other.east <= east && south <= other.south && other.north <= north;
  }
};

class Checker {
 public:
  std::vector<std::pair<std::string, std::string>> Run(const Catchment& catchment) {
    CheckText("license", catchment.license, kMaxLicenseBytes);
    CheckText("attribution", catchment.attribution, kMaxAttributionBytes);
    if (catchment.license.empty()) {
      Problem("license", "is missing: say under which licence the polygon may be used");
    }
    if (catchment.polygons.empty()) Problem("polygons", "are missing: send at least one");
    CheckSize(catchment);
    if (!problems_.empty()) return std::move(problems_);
    for (std::size_t i = 0; i < catchment.polygons.size(); ++i) {
      CheckPolygon(fmt::format("polygons[{}]", i), catchment.polygons[i]);
    }
    return std::move(problems_);
  }

 private:
  void Problem(std::string where, std::string what) {
    if (problems_.size() < kMaxProblems) problems_.emplace_back(std::move(where), std::move(what));
  }

  void CheckText(const char* where, const std::string& text, std::size_t limit) {
    if (text.size() > limit) {
      Problem(where, fmt::format("has {} bytes: shorten it to {}", text.size(), limit));
    } else if (FirstInvalidUtf8(text).has_value()) {
      Problem(where, "is not UTF-8: save the text as UTF-8");
    }
  }

  void CheckSize(const Catchment& catchment) {
    std::size_t rings = 0;
    for (const Polygon& polygon : catchment.polygons) rings += polygon.rings.size();
    if (rings > kMaxCatchmentRings) {
      Problem("polygons", fmt::format("have {} rings, at most {} are kept: simplify the outline",
                                      rings, kMaxCatchmentRings));
    }
    const std::size_t positions = catchment.position_count();
    if (positions > kMaxCatchmentPositions) {
      Problem("polygons",
              fmt::format("have {} positions, at most {} are kept: simplify the outline", positions,
                          kMaxCatchmentPositions));
    }
  }

  void CheckPolygon(const std::string& where, const Polygon& polygon) {
    if (polygon.rings.empty()) Problem(where, "has no ring: send at least the outer one");
    for (std::size_t i = 0; i < polygon.rings.size(); ++i) {
      const std::string path = fmt::format("{}.rings[{}]", where, i);
      if (!CheckRing(path, polygon.rings[i])) continue;
      const double area = SignedArea(polygon.rings[i]);
      if (area == 0) {
        Problem(path, "encloses no area: its positions lie on one line");
      } else if ((area > 0) != (i == 0)) {
        Problem(path, i == 0 ? "runs clockwise: the outer ring runs counterclockwise, turn it round"
                             : "runs counterclockwise: a hole runs clockwise, turn it round");
      }
      if (i > 0 && !Box(polygon.rings[0]).Holds(Box(polygon.rings[i]))) {
        Problem(path, "lies outside of the outer ring: a hole lies inside, make it a polygon");
      }
    }
  }

  // Whether its area can be told.
  bool CheckRing(const std::string& path, const Ring& ring) {
    if (ring.size() < kLeastPositions) {
      Problem(path, fmt::format("has {} positions: a ring has at least {}, the first one again at "
                                "the end",
                                ring.size(), kLeastPositions));
      return false;
    }
    for (std::size_t i = 0; i < ring.size(); ++i) {
      // Written so that a value that is not a number is caught.
      const bool inside = std::abs(ring[i].longitude) <= kMaxLongitude &&
                          std::abs(ring[i].latitude) <= kMaxLatitude;
      if (!inside) {
        Problem(path, fmt::format("has position {} at {}, {}: longitude (-180 to 180) comes first, "
                                  "then latitude (-90 to 90), in degrees of WGS 84",
                                  i, ring[i].longitude, ring[i].latitude));
        return false;
      }
      if (i > 0 && std::abs(ring[i].longitude - ring[i - 1].longitude) > kMaxLongitude) {
        Problem(path, fmt::format("crosses the antimeridian before position {}: cut it in two "
                                  "polygons there",
                                  i));
        return false;
      }
    }
    if (!(ring.front() == ring.back())) {
      Problem(path, fmt::format("is open: it begins at {}, {} and ends at {}, {}; repeat the first "
                                "position at the end",
                                ring.front().longitude, ring.front().latitude,
                                ring.back().longitude, ring.back().latitude));
      return false;
    }
    return true;
  }

  std::vector<std::pair<std::string, std::string>> problems_;
};

}  // namespace

std::size_t Catchment::position_count() const {
  std::size_t count = 0;
  for (const Polygon& polygon : polygons) {
    for (const Ring& ring : polygon.rings) count += ring.size();
  }
  return count;
}

double SignedArea(const Ring& ring) {
  if (ring.empty()) return 0;
  // Relative to the first position: small areas far from the origin keep their digits.
  const Position origin = ring.front();
  double sum = 0;
  for (std::size_t i = 1; i < ring.size(); ++i) {
    const double x1 = ring[i - 1].longitude - origin.longitude;
    const double y1 = ring[i - 1].latitude - origin.latitude;
    const double x2 = ring[i].longitude - origin.longitude;
    const double y2 = ring[i].latitude - origin.latitude;
    sum += x1 * y2 - x2 * y1;
  }
  return sum;
}

std::size_t TurnRings(Catchment& catchment) {
  std::size_t turned = 0;
  for (Polygon& polygon : catchment.polygons) {
    for (std::size_t i = 0; i < polygon.rings.size(); ++i) {
      const double area = SignedArea(polygon.rings[i]);
      if (area == 0 || (area > 0) == (i == 0)) continue;
      std::ranges::reverse(polygon.rings[i]);
      ++turned;
    }
  }
  return turned;
}

std::vector<std::pair<std::string, std::string>> CheckCatchment(const Catchment& catchment) {
  return Checker().Run(catchment);
}

}  // namespace belgrand::sample
