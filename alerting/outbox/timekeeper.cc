#include "alerting/outbox/timekeeper.h"

#include "platform/base/log.h"

namespace belgrand::alerting {
namespace {

constexpr base::Duration kBeat = std::chrono::seconds(1);

}  // namespace

void Timekeeper::Start() {
  thread_ = std::thread([this] {
    while (!stopping_) {
      const auto changed = book_.Tick();
      if (!changed.ok()) {
        base::Log(base::LogLevel::kError, "alert_times_failed", {{"error", changed.status()}});
      }
      // Nothing is newer than the last number there can be: only the beat or Wake ends the wait.
      book_.WaitForEvents(~std::uint64_t{0}, kBeat);
    }
  });
}

void Timekeeper::Stop() {
  stopping_ = true;
  book_.Wake();
  if (thread_.joinable()) thread_.join();
}

}  // namespace belgrand::alerting
