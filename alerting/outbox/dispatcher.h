// Runs one delivery worker per receiver, each on a thread of its own: a slow receiver delays no
// other. Streams are followed by their subscribers: of them it only notices that nobody confirms.
//
// Thread safety: safe. Start once; Stop is idempotent and takes as long as a cancelled attempt
// needs to return. What was not finished is resumed at the next start, from disk.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "alerting/book.h"
#include "alerting/outbox/delivery_worker.h"
#include "alerting/receivers/receiver.h"
#include "platform/base/clock.h"

namespace belgrand::alerting {

class Dispatcher {
 public:
  // Borrows `book`, `clock` and `observer` (which may be null).
  Dispatcher(AlertBook& book, const base::Clock& clock, const RetryPolicy& policy,
             DeliveryObserver* observer);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // REQUIRES: not started.
  void Add(std::string name, std::unique_ptr<Receiver> receiver, Pace pace = {});
  // What a stream's subscriber has not confirmed for this long is given up (see
  // AlertBook::GiveUpStream). REQUIRES: not started.
  void AddStream(std::string name, base::Duration give_up_after);
  void Start();
  void Stop();

 private:
  struct Lane {
    std::string name;
    std::unique_ptr<Receiver> receiver;  // null: a stream
    Pace pace;
    base::Duration give_up_after{0};  // of a stream
    std::thread thread;
  };
  void Run(Lane& lane);
  void WatchStream(const Lane& lane);

  AlertBook& book_;
  const base::Clock& clock_;
  const RetryPolicy policy_;
  DeliveryObserver* const observer_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace belgrand::alerting
