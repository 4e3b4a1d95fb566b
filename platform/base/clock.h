// The only way to ask what time it is; tests pass a FakeClock.
//
// Thread safety: safe.
#pragma once

#include <atomic>

#include "platform/base/time.h"

namespace belgrand::base {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant Now() const = 0;
  // The machine's clock; lives for ever.
  static const Clock& System();
};

class FakeClock final : public Clock {
 public:
  explicit FakeClock(Instant now) : micros_(ToMicros(now)) {}
  Instant Now() const override { return FromMicros(micros_.load()); }
  void Set(Instant now) { micros_.store(ToMicros(now)); }
  void Advance(Duration by) { micros_.fetch_add(by.count()); }

 private:
  std::atomic<std::int64_t> micros_;
};

}  // namespace belgrand::base
