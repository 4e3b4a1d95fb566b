#include "services/shared/denial_log.h"

namespace belgrand::shared {

// A clock that went back ends a window too.
bool DenialLog::IsOver(const Window& window, base::Instant now) {
  return now - window.began >= kWindow || now < window.began;
}

DenialLog::Window& DenialLog::WindowOf(std::string_view actor, base::Instant now) {
  auto found = by_actor_.find(actor);
  if (found == by_actor_.end()) {
    if (by_actor_.size() >= kMaxActors) actor = kOthers;
    found = by_actor_.try_emplace(std::string(actor), Window{.began = now}).first;
  }
  return found->second;
}

bool DenialLog::TakeEntry(std::string_view actor, base::Instant now) {
  const base::MutexLock lock(mutex_);
  if (IsOver(in_all_, now)) in_all_ = Window{.began = now};
  Window& window = WindowOf(actor, now);
  // What was withheld in a window that is over keeps it until Collect has taken the count.
  if (IsOver(window, now) && window.withheld == 0) window = Window{.began = now};
  if (window.entries < kEntriesPerActor && in_all_.entries < kEntriesInAll) {
    ++window.entries;
    ++in_all_.entries;
    return true;
  }
  ++window.withheld;
  return false;
}

std::vector<DenialLog::Withheld> DenialLog::Collect(base::Instant now, Which which) {
  std::vector<Withheld> collected;
  const base::MutexLock lock(mutex_);
  for (auto it = by_actor_.begin(); it != by_actor_.end();) {
    const bool over = IsOver(it->second, now);
    if (!over && which == Which::kDue) {
      ++it;
      continue;
    }
    if (it->second.withheld > 0) collected.push_back({it->first, it->second.withheld});
    it->second.withheld = 0;
    it = over ? by_actor_.erase(it) : std::next(it);
  }
  return collected;
}

void DenialLog::Return(const Withheld& withheld, base::Instant now) {
  const base::MutexLock lock(mutex_);
  WindowOf(withheld.actor, now).withheld += withheld.count;
}

}  // namespace belgrand::shared
