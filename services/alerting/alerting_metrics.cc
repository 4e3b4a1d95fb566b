#include "services/alerting/alerting_metrics.h"

#include <chrono>
#include <utility>

#include "platform/base/log.h"

namespace belgrand::alerting {
namespace {

constexpr base::Duration kOutboxAge = std::chrono::seconds(1);

}  // namespace

AlertingMetrics::AlertingMetrics(metrics::Registry& registry, const AlertBook& book,
                                 const base::Clock& clock)
    : book_(book),
      clock_(clock),
      signals_applied_(registry.AddCounter("belgrand_alerting_signals_total",
                                           "Signals taken from detection.",
                                           {{"outcome", "applied"}})),
      signals_dropped_(registry.AddCounter("belgrand_alerting_signals_total",
                                           "Signals taken from detection.",
                                           {{"outcome", "seen_before"}})),
      followers_(
          registry.AddGauge("belgrand_alerting_followers", "Clients that follow the alerts now.")) {
  for (const auto& [state, label] :
       {std::pair(v1::OPEN, "open"), std::pair(v1::ACKNOWLEDGED, "acknowledged"),
        std::pair(v1::RESOLVED, "resolved"), std::pair(v1::DISMISSED, "dismissed"),
        std::pair(v1::ESCALATED, "escalated"), std::pair(v1::OPEN_AGAIN, "open_again"),
        std::pair(v1::PENDING, "pending")}) {
    gauges_.push_back(registry.AddGaugeFunction("belgrand_alerting_alerts", "Alerts by state.",
                                                [this, index = static_cast<std::size_t>(state)] {
                                                  return static_cast<double>(
                                                      book_.CountByState().at(index));
                                                },
                                                {{"state", label}}));
  }
  gauges_.push_back(registry.AddGaugeFunction(
      "belgrand_alerting_newest_event", "Number of the newest alert event.",
      [this] { return static_cast<double>(book_.newest_sequence()); }));
  gauges_.push_back(registry.AddGaugeFunction(
      "belgrand_alerting_dead_letters", "Deliveries given up; each needs a person.",
      [this] { return static_cast<double>(ReadOutbox().dead_letters); }));
  for (const Route& route : book.routes()) {
    const std::string& name = route.receiver;
    const auto ended = [&](const char* outcome) {
      return &registry.AddCounter("belgrand_alerting_deliveries_total",
                                  "Deliveries by receiver and final outcome.",
                                  {{"receiver", name}, {"outcome", outcome}});
    };
    receivers_[name] = {
        &registry.AddCounter("belgrand_alerting_delivery_attempts_total",
                             "Attempts to deliver, by receiver.", {{"receiver", name}}),
        ended("delivered"), ended("dead")};
    gauges_.push_back(registry.AddGaugeFunction(
        "belgrand_alerting_outbox_pending", "Deliveries that have not ended, by receiver.",
        [this, name] { return static_cast<double>(ReadOutbox().by_receiver[name].pending); },
        {{"receiver", name}}));
    gauges_.push_back(registry.AddGaugeFunction(
        "belgrand_alerting_outbox_oldest_age_seconds",
        "Age of the oldest delivery that has not ended; 0 when all have.",
        [this, name] {
          const auto oldest = ReadOutbox().by_receiver[name].oldest;
          return oldest ? std::chrono::duration<double>(clock_.Now() - *oldest).count() : 0.0;
        },
        {{"receiver", name}}));
  }
}

AlertingMetrics::Outbox AlertingMetrics::ReadOutbox() {
  base::MutexLock lock(mutex_);
  const base::Instant now = clock_.Now();
  if (now - outbox_read_at_ < kOutboxAge && now >= outbox_read_at_) return outbox_;
  const auto depths = book_.Depths();
  const auto dead = book_.DeadLetters();
  if (!depths.ok() || !dead.ok()) {
    base::Log(base::LogLevel::kError, "outbox_unreadable",
              {{"error", depths.ok() ? dead.status() : depths.status()}});
    return outbox_;
  }
  outbox_ = {};
  for (const OutboxDepth& depth : *depths) outbox_.by_receiver[depth.receiver] = depth;
  outbox_.dead_letters = dead->size();
  outbox_read_at_ = now;
  return outbox_;
}

void AlertingMetrics::Attempted(const std::string& receiver) {
  receivers_.at(receiver).attempts->Increment();
}

void AlertingMetrics::Ended(const std::string& receiver, v1::DeliveryState state) {
  const ReceiverMetrics& metrics = receivers_.at(receiver);
  (state == v1::DELIVERED ? metrics.delivered : metrics.dead)->Increment();
}

void AlertingMetrics::CountDelivered(const std::string& receiver, std::uint64_t deliveries) {
  receivers_.at(receiver).delivered->Increment(static_cast<double>(deliveries));
}

void AlertingMetrics::CountSignals(std::uint64_t received, std::uint64_t applied) {
  signals_applied_.Increment(static_cast<double>(applied));
  signals_dropped_.Increment(static_cast<double>(received - applied));
}

}  // namespace belgrand::alerting
