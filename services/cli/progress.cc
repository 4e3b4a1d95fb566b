#include "services/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace belgrand::cli {

Progress::Progress(sample::Language language)
    : language_(language),
      terminal_(::isatty(STDERR_FILENO) != 0),
      started_(std::chrono::steady_clock::now()) {}

void Progress::Show(std::size_t done, std::size_t total) {
  const std::size_t tenths = 10 * done / std::max<std::size_t>(total, 1);
  if (!terminal_ && tenths == tenths_shown_) return;
  tenths_shown_ = tenths;
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  const double rate = static_cast<double>(done) / std::max(seconds, 1e-3);
  const std::size_t bar = 30 * done / std::max<std::size_t>(total, 1);
  const double left = static_cast<double>(total - done) / std::max(rate, 1e-3);
  const std::string words =
      language_ == sample::Language::kFrench
          ? fmt::format("{}/{} lignes, {:.0f} lignes/s, encore {:.0f} s", done, total, rate, left)
          : fmt::format("{}/{} rows, {:.0f} rows/s, {:.0f} s left", done, total, rate, left);
  std::cerr << fmt::format("{}[{:#<{}}{: <{}}] {}{}", terminal_ ? "\r" : "", "", bar, "", 30 - bar,
                           words, !terminal_ || done == total ? "\n" : "   ")
            << std::flush;
}

}  // namespace belgrand::cli
