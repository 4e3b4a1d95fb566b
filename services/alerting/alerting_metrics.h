// What the alerting role measures: how many alerts stand, who has not been told, and for how long.
//
// Deliveries are counted by final outcome, attempts apart from them: a delivery that succeeds at
// the third try is one success and no failure. Thread safety: safe. Must be destroyed before the
// book.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "alerting/book.h"
#include "alerting/outbox/delivery_worker.h"
#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "platform/metrics/registry.h"

namespace belgrand::alerting {

class AlertingMetrics final : public DeliveryObserver {
 public:
  // Borrows all three. Receivers are the book's routes: a closed set.
  AlertingMetrics(metrics::Registry& registry, const AlertBook& book, const base::Clock& clock);

  void Attempted(const std::string& receiver) override;
  void Ended(const std::string& receiver, v1::DeliveryState state) override;
  void CountDelivered(const std::string& receiver, std::uint64_t deliveries);
  void CountSignals(std::uint64_t received, std::uint64_t applied);
  metrics::Gauge& followers() { return followers_; }

 private:
  // The outbox as a scrape shows it: counted at most once a second, however many gauges ask.
  struct Outbox {
    std::map<std::string, OutboxDepth> by_receiver;
    std::uint64_t dead_letters = 0;
  };
  struct ReceiverMetrics {
    metrics::Counter* attempts;
    metrics::Counter* delivered;
    metrics::Counter* dead;
  };
  Outbox ReadOutbox();

  const AlertBook& book_;
  const base::Clock& clock_;
  metrics::Counter& signals_applied_;
  metrics::Counter& signals_dropped_;
  metrics::Gauge& followers_;
  std::map<std::string, ReceiverMetrics> receivers_;
  base::Mutex mutex_;
  Outbox outbox_ GUARDED_BY(mutex_);
  base::Instant outbox_read_at_ GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<void>> gauges_;
};

}  // namespace belgrand::alerting
