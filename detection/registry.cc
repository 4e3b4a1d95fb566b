#include <vector>

#include "detection/detectors/detectors.h"

namespace belgrand::detection {

std::span<const std::unique_ptr<const Detector>> RegisteredDetectors() {
  static const std::vector<std::unique_ptr<const Detector>> detectors = [] {
    std::vector<std::unique_ptr<const Detector>> all;
    all.push_back(MakeSiteSpike());
    all.push_back(MakeSiteRise());
    all.push_back(MakeDistrictRise());
    all.push_back(MakeSiteDeparture());
    for (const AreaLevel level : {AreaLevel::kSite, AreaLevel::kDistrict}) {
      for (auto& detector : MakePublishedMethods(level)) all.push_back(std::move(detector));
    }
    return all;
  }();
  return detectors;
}

}  // namespace belgrand::detection
