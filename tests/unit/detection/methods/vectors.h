// The published and cross-checked vectors of tests/golden/methods_vectors.json.
#pragma once

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "detection/methods/dated_value.h"
#include "platform/base/check.h"

namespace belgrand::detection {

inline const nlohmann::json& Vectors() {
  static const nlohmann::json vectors = [] {
    const char* const source = std::getenv("BELGRAND_SOURCE_DIR");
    BELGRAND_CHECK(source != nullptr);  // set by ctest; run the binary through ctest or set it
    std::ifstream file(std::string(source) + "/tests/golden/methods_vectors.json");
    BELGRAND_CHECK(file.good());
    return nlohmann::json::parse(file);
  }();
  return vectors;
}

inline std::vector<double> Numbers(const nlohmann::json& list) {
  return list.get<std::vector<double>>();
}

// The series X of the vectors; position i is t = i + 1.
inline std::vector<double> CountSeries() { return Numbers(Vectors()["count_series_X"]); }

// Days 1, 2, ...
inline std::vector<DatedValue> Daily(const std::vector<double>& values) {
  std::vector<DatedValue> series;
  for (const double v : values) series.push_back({static_cast<double>(series.size()) + 1, v});
  return series;
}

}  // namespace belgrand::detection
