// One number of a series and the day it belongs to, and the series put in order.
//
// Values only. Days count from any origin; a series handed to a method is sorted by day and holds
// each day once, which PutInOrder makes of any other. Numbers that are not finite are dropped.
#pragma once

#include <span>
#include <vector>

namespace belgrand::detection {

struct DatedValue {
  double day = 0;
  double value = 0;
};

// Sorted; values of one day become their mean.
std::vector<DatedValue> PutInOrder(std::span<const DatedValue> values);

}  // namespace belgrand::detection
