#include "platform/base/clock.h"

namespace belgrand::base {
namespace {

class SystemClock final : public Clock {
 public:
  Instant Now() const override {
    return std::chrono::floor<Duration>(std::chrono::system_clock::now());
  }
};

}  // namespace

const Clock& Clock::System() {
  static const SystemClock clock;
  return clock;
}

}  // namespace belgrand::base
