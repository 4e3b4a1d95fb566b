// What the rules of CAP and of Atom (scripts beside this folder) say of messages; empty: all are
// kept.
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "platform/base/file.h"
#include "tests/support/temp_dir.h"

namespace belgrand::alerting::testing {

inline std::string Breaches(const std::vector<std::string>& documents,
                            const std::string& checker = "cap_check.py") {
  const belgrand::testing::TempDir dir;
  const std::string out = dir.path() / "out";
  std::string command = "python3 '" + std::string(std::getenv("BELGRAND_SOURCE_DIR")) +
                        "/tests/support/" + checker + "'";
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string path = dir.path() / std::to_string(i);
    std::ofstream(path) << documents[i];
    command += " '" + path + "'";
  }
  const int code = std::system((command + " > '" + out + "' 2>&1").c_str());
  const std::string said = base::ReadFile(out).value_or("");
  return code == 0 || !said.empty() ? said : "the checker failed";
}

}  // namespace belgrand::alerting::testing
