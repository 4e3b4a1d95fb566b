// Makers of the detectors; registry.cc lists them.
#pragma once

#include <memory>
#include <vector>

#include "detection/detector.h"

namespace belgrand::detection {

std::unique_ptr<const Detector> MakeDistrictRise();
std::unique_ptr<const Detector> MakeSiteRise();
std::unique_ptr<const Detector> MakeSiteSpike();
// On request: a site that leaves its district.
std::unique_ptr<const Detector> MakeSiteDeparture();
// The methods of others, to compare with and for who prefers them: "site-<method>" or
// "district-<method>", used only when chosen by name (docs/methods.md, section 9).
std::vector<std::unique_ptr<const Detector>> MakePublishedMethods(AreaLevel level);

}  // namespace belgrand::detection
