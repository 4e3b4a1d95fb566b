// A progress line on standard error for work that is counted in bytes; it rewrites itself on a
// terminal, and elsewhere prints one line for each role.
#pragma once

#include <chrono>
#include <string>

#include "services/backup/folder.h"

namespace belgrand::cli {

class ByteProgress {
 public:
  explicit ByteProgress(std::string verb);
  ~ByteProgress();
  void Show(const backup::Progress& progress);
  // For the functions of services/backup.
  backup::OnProgress Callback();

 private:
  const std::string verb_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point shown_;
  std::string role_;
};

// "1.5 GiB"; below a KiB in bytes.
std::string FormatBytes(std::uint64_t bytes);

}  // namespace belgrand::cli
