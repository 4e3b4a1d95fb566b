#include "alerting/outbox/dispatcher.h"

#include <algorithm>
#include <random>
#include <utility>

#include "platform/base/log.h"

namespace belgrand::alerting {
namespace {

// The longest sleep: bounds how late a changed system clock or a missed wake-up is noticed.
constexpr base::Duration kLongestSleep = std::chrono::seconds(1);

}  // namespace

Dispatcher::Dispatcher(AlertBook& book, const base::Clock& clock, const RetryPolicy& policy,
                       DeliveryObserver* observer)
    : book_(book), clock_(clock), policy_(policy), observer_(observer) {}

Dispatcher::~Dispatcher() { Stop(); }

void Dispatcher::Add(std::string name, std::unique_ptr<Receiver> receiver, Pace pace) {
  auto lane = std::make_unique<Lane>();
  lane->name = std::move(name);
  lane->receiver = std::move(receiver);
  lane->pace = pace;
  lanes_.push_back(std::move(lane));
}

void Dispatcher::AddStream(std::string name, base::Duration give_up_after) {
  auto lane = std::make_unique<Lane>();
  lane->name = std::move(name);
  lane->give_up_after = give_up_after;
  lanes_.push_back(std::move(lane));
}

void Dispatcher::Start() {
  for (auto& lane : lanes_) {
    lane->thread = std::thread([this, &lane] {
      if (lane->receiver != nullptr) {
        Run(*lane);
      } else {
        WatchStream(*lane);
      }
    });
  }
}

void Dispatcher::Stop() {
  stopping_ = true;
  for (auto& lane : lanes_) {
    if (lane->receiver != nullptr) lane->receiver->Cancel();
  }
  book_.Wake();
  for (auto& lane : lanes_) {
    if (lane->thread.joinable()) lane->thread.join();
  }
}

void Dispatcher::Run(Lane& lane) {
  std::mt19937_64 generator(std::random_device{}());
  std::uniform_real_distribution<double> uniform(0, 1);
  DeliveryWorker worker(
      book_, lane.name, *lane.receiver, clock_, policy_, [&] { return uniform(generator); },
      observer_, lane.pace);
  while (!stopping_) {
    // Read before the step: what comes during it cuts the sleep short.
    const std::uint64_t seen = book_.newest_sequence();
    const auto progress = worker.Step();
    base::Duration sleep = kLongestSleep;
    if (!progress.ok()) {
      base::Log(base::LogLevel::kError, "delivery_step_failed",
                {{"receiver", lane.name}, {"error", progress.status()}});
    } else if (*progress == DeliveryWorker::Progress::kTried) {
      continue;
    } else if (const auto due = worker.NextDue()) {
      sleep = std::clamp(*due - clock_.Now(), base::Duration(0), kLongestSleep);
    }
    book_.WaitForEvents(seen, sleep);
  }
}

void Dispatcher::WatchStream(const Lane& lane) {
  while (!stopping_) {
    const std::uint64_t seen = book_.newest_sequence();
    const auto given_up = book_.GiveUpStream(lane.name, clock_.Now() - lane.give_up_after);
    if (!given_up.ok()) {
      base::Log(base::LogLevel::kError, "stream_watch_failed",
                {{"receiver", lane.name}, {"error", given_up.status()}});
    } else if (*given_up > 0) {
      base::Log(base::LogLevel::kWarning, "stream_not_confirmed",
                {{"receiver", lane.name}, {"dead", *given_up}});
      for (std::uint64_t i = 0; observer_ != nullptr && i < *given_up; ++i) {
        observer_->Ended(lane.name, v1::DEAD);
      }
    }
    book_.WaitForEvents(seen, kLongestSleep);
  }
}

}  // namespace belgrand::alerting
