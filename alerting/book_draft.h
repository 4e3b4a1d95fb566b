// What AlertBook will write together. Private to its source files.
#pragma once

#include <cstdint>
#include <map>

#include "alerting/book.h"

namespace belgrand::alerting {

struct AlertBook::Draft {
  storage::Batch batch;
  // Alerts changed twice are written once, as the last change left them.
  std::map<AlertKey, storage::v1::AlertRecord> alerts;
  // State before the draft; 0 where the alert was never opened.
  std::map<AlertKey, int> old_states;
  std::uint64_t next_sequence = 0;
  base::Instant now;

  Draft(std::uint64_t next, base::Instant at) : next_sequence(next), now(at) {}
};

}  // namespace belgrand::alerting
