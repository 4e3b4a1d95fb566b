// std::mutex with clang's thread-safety annotations.
//
// Not absl::Mutex: Debian's uninstrumented libabsl makes ThreadSanitizer report false races on data
// that it guards, while std::mutex is understood.
#pragma once

#include <pthread.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <mutex>

#if defined(__clang__)
#define BELGRAND_TS(x) __attribute__((x))
#else
#define BELGRAND_TS(x)
#endif
// Debian's absl still defines this name, with the same meaning.
#undef GUARDED_BY
#define GUARDED_BY(mutex) BELGRAND_TS(guarded_by(mutex))
#define REQUIRES_LOCK(...) BELGRAND_TS(requires_capability(__VA_ARGS__))
#define EXCLUDES_LOCK(...) BELGRAND_TS(locks_excluded(__VA_ARGS__))

namespace belgrand::base {

class BELGRAND_TS(capability("mutex")) Mutex {
 public:
  void lock() BELGRAND_TS(acquire_capability()) { mutex_.lock(); }
  void unlock() BELGRAND_TS(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class BELGRAND_TS(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) BELGRAND_TS(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() BELGRAND_TS(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits may wake spuriously: always wait in a loop over the guarded condition.
//
// Waits by the system's calls and not by the standard library's, which are compiled elsewhere:
// ThreadSanitizer, told to pass over libraries that it did not build, would not see the mutex go
// from one thread to another in them.
class CondVar {
 public:
  void Wait(Mutex& mutex) REQUIRES_LOCK(mutex) {
    ::pthread_cond_wait(condition_.native_handle(), mutex.mutex_.native_handle());
  }
  // Returns false on timeout.
  template <typename Rep, typename Period>
  bool WaitFor(Mutex& mutex, std::chrono::duration<Rep, Period> timeout) REQUIRES_LOCK(mutex) {
    using std::chrono::nanoseconds;
    using std::chrono::seconds;
    const auto until = std::chrono::duration_cast<nanoseconds>(
        std::chrono::steady_clock::now().time_since_epoch() + timeout);
    const auto whole = std::chrono::floor<seconds>(until);
    const timespec at{whole.count(), (until - whole).count()};
    return ::pthread_cond_clockwait(condition_.native_handle(), mutex.mutex_.native_handle(),
                                    CLOCK_MONOTONIC, &at) != ETIMEDOUT;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace belgrand::base
