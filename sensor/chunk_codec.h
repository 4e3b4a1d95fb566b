// Readings of one sensor as compact bytes: docs/formats/sensors.md is the definition.
//
// Three columns, each in the form that suits what it holds. Times: nothing at all where they are
// regular, else the distance to a regular grid or the difference of differences, whichever is
// smaller. Values: whole numbers of some decimal unit where every value is exactly one (what most
// sensors send), differenced; else the bits against those of the value before. Marks: runs. Bytes
// of equal weight stand together, and each such plane is compressed by itself, because a plane of
// noise would spoil the statistics of its neighbours.
//
// What is decoded is bit by bit what was encoded, -0.0 included. NaN and infinities are refused: a
// reading without a value is kMissing.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "platform/base/error.h"
#include "sensor/point.h"

namespace belgrand::sensor {

// Points of one chunk at most.
inline constexpr std::size_t kMaxEncodedPoints = 65'536;

// InvalidArgument: no points or too many, times that do not rise, a value that is not finite, a
// missing point with a value, a mark that is none.
base::StatusOr<std::string> Encode(const Points& points);

// DataLoss: not what Encode makes.
base::StatusOr<Points> Decode(std::string_view bytes);

}  // namespace belgrand::sensor
