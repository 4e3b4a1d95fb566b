// What AlertBook will write together. Private to its source files.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "alerting/book.h"

namespace belgrand::alerting {

struct AlertBook::Draft {
  storage::Batch batch;
  // Alerts changed twice are written once, as the last change left them.
  std::map<AlertKey, storage::v1::AlertRecord> alerts;
  // State before the draft; 0 where the alert was never opened.
  std::map<AlertKey, int> old_states;
  // The newest notice of each alert, as the draft leaves it.
  std::map<AlertKey, storage::v1::NoticeRecord> notices;
  std::uint64_t new_notices = 0;
  std::uint64_t new_releases = 0;
  std::uint64_t next_sequence = 0;
  base::Instant now;

  Draft(std::uint64_t next, base::Instant at) : next_sequence(next), now(at) {}
};

// An event that is to be written.
struct AlertBook::NewEvent {
  v1::EventKind kind = v1::EVENT_KIND_UNSPECIFIED;
  int state_before = 0;
  std::string_view by = {};
  std::string_view comment = {};
  std::string_view cause = {};
  // A receiver that is not told.
  std::string_view not_to = {};
  // Those that are told; null: those that the tree says. Streams of the tree always are.
  const std::vector<std::string>* only_to = nullptr;
  // What mutes it; empty: nothing.
  std::string_view muted_by = {};
};

inline AlertKey KeyOf(const storage::v1::AlertRecord& alert) {
  return {alert.district_id(), alert.target(), alert.rule()};
}

inline AlertKey KeyOf(const storage::v1::NoticeRecord& notice) {
  return {notice.district_id(), notice.target(), notice.rule()};
}

bool Passes(const AlertFilter& filter, const storage::v1::AlertRecord& alert);
void SortNewestFirst(std::vector<storage::v1::AlertRecord>& alerts);

}  // namespace belgrand::alerting
