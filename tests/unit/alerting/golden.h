// Files of tests/golden, compared byte for byte. BELGRAND_UPDATE_GOLDEN=1 writes them anew; read
// the difference before it is kept.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace belgrand::alerting::testing {

inline void ExpectGolden(const std::string& name, const std::string& actual) {
  const char* source = std::getenv("BELGRAND_SOURCE_DIR");
  ASSERT_NE(source, nullptr) << "run by ctest, or set BELGRAND_SOURCE_DIR";
  const std::string path = std::string(source) + "/tests/golden/" + name;
  if (std::getenv("BELGRAND_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path;
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(actual, expected.str()) << path;
}

}  // namespace belgrand::alerting::testing
