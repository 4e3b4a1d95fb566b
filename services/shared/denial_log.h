// Which refused calls get an audit entry of their own, and which are only counted.
//
// Every refusal reaches the audit log: the first ones of a caller singly, the rest of a minute as
// one entry with their number. Otherwise whoever may open a connection could fill the log's disk,
// and the service stops answering when that is full.
//
// Domain-like: the caller passes `now`. Thread safety: safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/mutex.h"
#include "platform/base/time.h"

namespace belgrand::shared {

class DenialLog {
 public:
  static constexpr base::Duration kWindow = std::chrono::minutes(1);
  static constexpr std::uint64_t kEntriesPerActor = 10;
  static constexpr std::uint64_t kEntriesInAll = 200;
  // More different actors in a minute are counted together, under this name.
  static constexpr std::size_t kMaxActors = 1'000;
  static constexpr std::string_view kOthers = "others";

  // Whether this refusal gets an entry; if not, it is counted.
  bool TakeEntry(std::string_view actor, base::Instant now);

  struct Withheld {
    std::string actor;
    std::uint64_t count = 0;
  };
  enum class Which { kDue, kAll };
  // The counts of minutes that are over, or all; they are the receiver's then.
  std::vector<Withheld> Collect(base::Instant now, Which which = Which::kDue);
  // Gives a count back that could not be written.
  void Return(const Withheld& withheld, base::Instant now);

 private:
  struct Window {
    base::Instant began;
    std::uint64_t entries = 0;
    std::uint64_t withheld = 0;
  };
  Window& WindowOf(std::string_view actor, base::Instant now) REQUIRES_LOCK(mutex_);
  static bool IsOver(const Window& window, base::Instant now);

  base::Mutex mutex_;
  std::map<std::string, Window, std::less<>> by_actor_ GUARDED_BY(mutex_);
  Window in_all_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::shared
