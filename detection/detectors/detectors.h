// Makers of the detectors; registry.cc lists them.
#pragma once

#include <memory>

#include "detection/detector.h"

namespace belgrand::detection {

std::unique_ptr<const Detector> MakeDistrictRise();
std::unique_ptr<const Detector> MakeSiteRise();
std::unique_ptr<const Detector> MakeSiteSpike();

}  // namespace belgrand::detection
