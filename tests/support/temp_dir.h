// A fresh directory that is removed with its content at the end of the test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "platform/base/check.h"

namespace belgrand::testing {

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "belgrand.XXXXXX").string();
    BELGRAND_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace belgrand::testing
