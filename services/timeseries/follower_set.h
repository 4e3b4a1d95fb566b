// Who follows the feed now, and how far each has come. Bounded: a follower holds a server thread.
//
// Thread safety: safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>

#include "platform/base/error.h"
#include "platform/base/mutex.h"

namespace belgrand::timeseries {

class FollowerSet {
 public:
  static constexpr std::size_t kMaxFollowers = 64;

  // One follower, for as long as it lives. Must not outlive its set.
  class Seat {
   public:
    Seat(Seat&& other) noexcept : set_(std::exchange(other.set_, nullptr)), place_(other.place_) {}
    Seat& operator=(Seat&&) = delete;
    ~Seat() {
      if (set_ == nullptr) return;
      const base::MutexLock lock(set_->mutex_);
      set_->positions_.erase(place_);
    }
    void MoveTo(std::uint64_t position) {
      const base::MutexLock lock(set_->mutex_);
      *place_ = position;
    }

   private:
    friend class FollowerSet;
    Seat(FollowerSet* set, std::list<std::uint64_t>::iterator place) : set_(set), place_(place) {}
    FollowerSet* set_;
    std::list<std::uint64_t>::iterator place_;
  };

  // ResourceExhausted: kMaxFollowers follow already.
  base::StatusOr<Seat> Take(std::uint64_t position) {
    const base::MutexLock lock(mutex_);
    if (positions_.size() >= kMaxFollowers) {
      return base::ResourceExhausted("{} followers read the feed: the limit is {}, try again later",
                                     positions_.size(), kMaxFollowers);
    }
    return Seat(this, positions_.insert(positions_.end(), position));
  }

  std::size_t size() const {
    const base::MutexLock lock(mutex_);
    return positions_.size();
  }
  // Entries that the slowest follower has not been sent; 0 without followers.
  std::uint64_t LargestLag(std::uint64_t newest) const {
    const base::MutexLock lock(mutex_);
    if (positions_.empty()) return 0;
    const std::uint64_t slowest = *std::min_element(positions_.begin(), positions_.end());
    return newest > slowest ? newest - slowest : 0;
  }

 private:
  mutable base::Mutex mutex_;
  std::list<std::uint64_t> positions_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::timeseries
