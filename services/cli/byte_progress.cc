#include "services/cli/byte_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <utility>

namespace belgrand::cli {
namespace {

constexpr std::chrono::milliseconds kInterval{100};

}  // namespace

std::string FormatBytes(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

ByteProgress::ByteProgress(std::string verb)
    : verb_(std::move(verb)),
      terminal_(::isatty(STDERR_FILENO) != 0),
      started_(std::chrono::steady_clock::now()),
      shown_(started_) {}

ByteProgress::~ByteProgress() {
  if (terminal_ && !role_.empty()) std::cerr << "\n";
}

void ByteProgress::Show(const backup::Progress& progress) {
  const auto now = std::chrono::steady_clock::now();
  const bool next = progress.role != role_;
  if (!next && (!terminal_ || now - shown_ < kInterval)) return;
  role_ = progress.role;
  shown_ = now;
  const double seconds = std::max(std::chrono::duration<double>(now - started_).count(), 1e-3);
  const double rate = static_cast<double>(progress.bytes_done) / seconds;
  std::cerr << fmt::format("{}{} {}: {} of {}, {}/s{}", terminal_ ? "\r" : "", verb_, role_,
                           FormatBytes(progress.bytes_done), FormatBytes(progress.bytes_total),
                           FormatBytes(static_cast<std::uint64_t>(rate)), terminal_ ? "    " : "\n")
            << std::flush;
}

backup::OnProgress ByteProgress::Callback() {
  return [this](const backup::Progress& progress) {
    Show(progress);
    return base::OkStatus();
  };
}

}  // namespace belgrand::cli
