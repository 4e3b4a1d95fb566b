// Which sequence numbers of a stream have been dealt with: everything up to a mark, and islands
// beyond it.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>

namespace belgrand::sensor {

class SequenceWindow {
 public:
  // Islands beyond the mark at most; a stream with more gaps must fill some first.
  static constexpr std::size_t kMaxIslands = 64;

  // Numbers begin at 1.
  bool Contains(std::uint64_t sequence) const;
  // Adds [first, last]. REQUIRES: 1 <= first <= last < 2^63.
  void Add(std::uint64_t first, std::uint64_t last);
  // Everything from 1 to here has been dealt with.
  std::uint64_t through() const { return through_; }
  // First number -> last number of each island, none touching another or the mark.
  const std::map<std::uint64_t, std::uint64_t>& islands() const { return islands_; }
  bool full() const { return islands_.size() > kMaxIslands; }

 private:
  std::uint64_t through_ = 0;
  std::map<std::uint64_t, std::uint64_t> islands_;
};

}  // namespace belgrand::sensor
