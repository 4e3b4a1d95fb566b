// Waits between attempts that a stop cuts short, and the calls that a stop cancels. One thread
// waits and calls; any thread stops and wakes.
//
// Thread safety: safe.
#pragma once

#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "platform/base/mutex.h"
#include "platform/base/time.h"

namespace belgrand::detection {

// Set once by Stop; everything that may block registers here first.
class StopSignal {
 public:
  void Stop() {
    base::MutexLock lock(mutex_);
    stopped_ = true;
    for (Call* call = newest_; call != nullptr; call = call->before_) call->context_.TryCancel();
    changed_.NotifyAll();
  }
  bool stopped() {
    base::MutexLock lock(mutex_);
    return stopped_;
  }
  // Until stopped, woken or `at_most`; true: stopped.
  bool Rest(base::Duration at_most) {
    base::MutexLock lock(mutex_);
    if (!stopped_ && !woken_) changed_.WaitFor(mutex_, at_most);
    woken_ = false;
    return stopped_;
  }
  // Until stopped or `at_most`, whoever wakes: a wait after a failure. True: stopped.
  bool Pause(base::Duration at_most) {
    const auto until = std::chrono::steady_clock::now() + at_most;
    base::MutexLock lock(mutex_);
    for (auto now = std::chrono::steady_clock::now(); !stopped_ && now < until;
         now = std::chrono::steady_clock::now()) {
      changed_.WaitFor(mutex_, until - now);
    }
    return stopped_;
  }
  void Wake() {
    base::MutexLock lock(mutex_);
    woken_ = true;
    changed_.NotifyAll();
  }

  // While it lives, a stop cancels the call. Calls may nest, a call within a stream: then all of
  // them are cancelled. They end in the opposite order of their beginning.
  class Call {
   public:
    Call(StopSignal& signal, grpc::ClientContext& context) : signal_(signal), context_(context) {
      base::MutexLock lock(signal_.mutex_);
      before_ = std::exchange(signal_.newest_, this);
      if (signal_.stopped_) context_.TryCancel();
    }
    ~Call() {
      base::MutexLock lock(signal_.mutex_);
      signal_.newest_ = before_;
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    friend class StopSignal;
    StopSignal& signal_;
    grpc::ClientContext& context_;
    Call* before_ = nullptr;  // guarded by the signal's mutex
  };

 private:
  base::Mutex mutex_;
  base::CondVar changed_;
  bool stopped_ GUARDED_BY(mutex_) = false;
  bool woken_ GUARDED_BY(mutex_) = false;
  Call* newest_ GUARDED_BY(mutex_) = nullptr;
};

// Doubles from `first` to `most`.
class Backoff {
 public:
  Backoff(base::Duration first, base::Duration most) : first_(first), most_(most), next_(first) {}
  void Reset() { next_ = first_; }
  base::Duration Next() {
    const base::Duration now = next_;
    next_ = std::min(next_ * 2, most_);
    return now;
  }

 private:
  const base::Duration first_;
  const base::Duration most_;
  base::Duration next_;
};

}  // namespace belgrand::detection
