// Signals and area states in their wire form.
//
// Thread safety: pure functions.
#pragma once

#include "belgrand/detection/v1/detection.pb.h"
#include "detection/detector.h"
#include "detection/signal.h"

namespace belgrand::detection {

v1::Signal ToProto(const SignalChange& change);
v1::AreaState ToProto(const AreaState& state);
v1::ListDetectorsResponse::Detector ToProto(const DetectorInfo& info);

}  // namespace belgrand::detection
