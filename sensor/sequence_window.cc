#include "sensor/sequence_window.h"

#include <algorithm>
#include <iterator>

namespace belgrand::sensor {

bool SequenceWindow::Contains(std::uint64_t sequence) const {
  if (sequence <= through_) return true;
  const auto after = islands_.upper_bound(sequence);
  return after != islands_.begin() && std::prev(after)->second >= sequence;
}

void SequenceWindow::Add(std::uint64_t first, std::uint64_t last) {
  auto at = islands_.upper_bound(first);
  if (at != islands_.begin() && std::prev(at)->second + 1 >= first) --at;
  while (at != islands_.end() && at->first <= last + 1) {
    first = std::min(first, at->first);
    last = std::max(last, at->second);
    at = islands_.erase(at);
  }
  if (first <= through_ + 1) {
    through_ = std::max(through_, last);
    // What the mark now reaches was joined above, unless it lay below `first`.
    while (!islands_.empty() && islands_.begin()->first <= through_ + 1) {
      through_ = std::max(through_, islands_.begin()->second);
      islands_.erase(islands_.begin());
    }
    return;
  }
  islands_[first] = last;
}

}  // namespace belgrand::sensor
