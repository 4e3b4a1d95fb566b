// Where the published data sets are, beside the project and never inside it.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace belgrand::testing {

// $BELGRAND_DATA_DIR, else shared/data beside the source tree; it may not exist.
inline std::filesystem::path SharedData() {
  if (const char* given = std::getenv("BELGRAND_DATA_DIR")) return given;
  const char* source = std::getenv("BELGRAND_SOURCE_DIR");
  return std::filesystem::path(source == nullptr ? "." : source) / "../shared/data";
}

}  // namespace belgrand::testing
