// std::mutex with clang's thread-safety annotations.
//
// Not absl::Mutex: Debian's uninstrumented libabsl makes ThreadSanitizer report false races on data
// that it guards, while std::mutex is understood.
#pragma once

#include <chrono>
#include <condition_variable>
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
class CondVar {
 public:
  void Wait(Mutex& mutex) REQUIRES_LOCK(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // Returns false on timeout.
  template <typename Rep, typename Period>
  bool WaitFor(Mutex& mutex, std::chrono::duration<Rep, Period> timeout) REQUIRES_LOCK(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool signalled = condition_.wait_for(lock, timeout) == std::cv_status::no_timeout;
    lock.release();
    return signalled;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace belgrand::base
