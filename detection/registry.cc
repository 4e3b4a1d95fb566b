#include <array>

#include "detection/detectors/detectors.h"

namespace belgrand::detection {

std::span<const std::unique_ptr<const Detector>> RegisteredDetectors() {
  static const std::array<std::unique_ptr<const Detector>, 3> detectors = {
      MakeSiteSpike(),
      MakeSiteRise(),
      MakeDistrictRise(),
  };
  return detectors;
}

}  // namespace belgrand::detection
