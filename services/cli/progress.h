// A progress line on standard error: rows done, rate, time left. On a terminal it rewrites itself;
// elsewhere it prints a line at every tenth.
#pragma once

#include <chrono>
#include <cstddef>

#include "sample/texts.h"

namespace belgrand::cli {

class Progress {
 public:
  explicit Progress(sample::Language language = sample::Language::kEnglish);
  void Show(std::size_t done, std::size_t total);

 private:
  const sample::Language language_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point started_;
  std::size_t tenths_shown_ = 0;
};

}  // namespace belgrand::cli
