#include "detection/methods/dated_value.h"

#include <algorithm>
#include <cmath>

namespace belgrand::detection {

std::vector<DatedValue> PutInOrder(std::span<const DatedValue> values) {
  std::vector<DatedValue> sorted;
  sorted.reserve(values.size());
  for (const DatedValue& v : values) {
    if (std::isfinite(v.day) && std::isfinite(v.value)) sorted.push_back(v);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const DatedValue& a, const DatedValue& b) {
    return a.day != b.day ? a.day < b.day : a.value < b.value;
  });
  std::vector<DatedValue> once;
  once.reserve(sorted.size());
  double count = 1;
  for (const DatedValue& v : sorted) {
    if (once.empty() || once.back().day != v.day) {
      once.push_back(v);
      count = 1;
      continue;
    }
    ++count;
    once.back().value += v.value / count - once.back().value / count;
  }
  return once;
}

}  // namespace belgrand::detection
