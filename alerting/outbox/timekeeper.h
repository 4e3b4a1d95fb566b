// Lets time pass for the book of alerts: a thread that calls Tick every second.
//
// What it does is on disk before anybody is told, and due times are too: what a stop or a crash
// interrupts is done after the next start. Thread safety: safe. Start once; Stop is idempotent.
#pragma once

#include <atomic>
#include <thread>

#include "alerting/book.h"

namespace belgrand::alerting {

class Timekeeper {
 public:
  explicit Timekeeper(AlertBook& book) : book_(book) {}
  ~Timekeeper() { Stop(); }
  Timekeeper(const Timekeeper&) = delete;
  Timekeeper& operator=(const Timekeeper&) = delete;

  void Start();
  void Stop();

 private:
  AlertBook& book_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace belgrand::alerting
