// The book of alerts, done simply in memory: what AlertBook is compared with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "alerting/book.h"
#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/detection/v1/detection.pb.h"
#include "platform/base/time.h"

namespace belgrand::alerting::testing {

class BookModel {
 public:
  struct Area {
    std::uint64_t feed = 0;
    std::uint64_t generation = 0;
    std::int64_t recorded = 0;
    int severity = 0;
    bool supporting = false;
  };
  struct Alert {
    std::map<std::string, Area> areas;
    v1::AlertState state = v1::ALERT_STATE_UNSPECIFIED;
    int severity = 0;
    std::vector<int> told;  // severities officials were told in this episode
    int below = 0;          // signals in a row below the last one told
    unsigned episode = 0;
    std::string by;
    base::Instant acted_at;  // of the acknowledgement
    std::string district;

    int Highest() const {
      int highest = 0;
      for (const auto& [key, area] : areas) {
        if (!area.supporting) highest = std::max(highest, area.severity);
      }
      return highest;
    }
  };
  struct Event {
    v1::EventKind kind;
    std::string alert_id;
    base::Instant at;
    std::string by;
    // What the alert said when the event was written.
    std::string acknowledged_by;
    base::Instant acted_at;
  };
  using DeliveryId = std::pair<std::string, std::uint64_t>;

  explicit BookModel(std::vector<Route> routes) : routes_(std::move(routes)) {}

  bool Apply(const std::string& id, const detection::v1::Signal& signal) {
    Alert& alert = alerts[id];
    alert.district = signal.district_id();
    const auto [at, added] = alert.areas.try_emplace(signal.signal_key());
    Area& area = at->second;
    const std::int64_t recorded = signal.recorded_at().seconds();
    if (!added && signal.generation() <= area.generation) {
      const bool comparable = recorded != 0 && area.recorded != 0;
      if (comparable && recorded < area.recorded) return false;
      if ((!comparable || recorded == area.recorded) && signal.feed_sequence() <= area.feed) {
        return false;
      }
    }
    const bool was_active = area.severity > 0;
    const bool clear = signal.phase() == detection::v1::Signal::CLEARED;
    area = {signal.feed_sequence(), signal.generation(), recorded, clear ? 0 : signal.severity(),
            signal.level() == detection::v1::SITE && signal.kind() == detection::v1::RISE};
    if (area.supporting) return true;
    if (alert.state == v1::OPEN || alert.state == v1::ACKNOWLEDGED) {
      FollowOpen(id, alert);
    } else if (!clear && (signal.phase() == detection::v1::Signal::RAISED || !was_active ||
                          signal.severity() > alert.severity)) {
      alert.state = v1::OPEN;
      alert.severity = alert.Highest();
      alert.told = {alert.severity};
      alert.below = 0;
      alert.by.clear();
      alert.acted_at = {};
      ++alert.episode;
      Tell(alert.episode == 1 ? v1::OPENED : v1::REOPENED, id, "");
    }
    return true;
  }

  bool Acknowledge(const std::string& id, const std::string& by) {
    const auto alert = alerts.find(id);
    if (alert == alerts.end() || alert->second.episode == 0 ||
        alert->second.state == v1::RESOLVED) {
      return false;
    }
    if (alert->second.state == v1::ACKNOWLEDGED) return true;
    alert->second.state = v1::ACKNOWLEDGED;
    alert->second.by = by;
    alert->second.acted_at = now;
    Tell(v1::ACKNOWLEDGED_BY, id, "");
    events.back().by = by;
    return true;
  }

  bool Resolve(const std::string& id, const std::string& by) {
    const auto alert = alerts.find(id);
    if (alert == alerts.end() || alert->second.episode == 0 ||
        alert->second.state == v1::RESOLVED) {
      return false;
    }
    alert->second.state = v1::RESOLVED;
    Tell(v1::RESOLVED_BY_HAND, id, "");
    events.back().by = by;
    return true;
  }

  void Bury(const DeliveryId& id) {
    deliveries[id] = v1::DEAD;
    const Event event = events.at(id.second - 1);
    if (event.kind != v1::DELIVERY_FAILED) Tell(v1::DELIVERY_FAILED, event.alert_id, id.first);
  }

  // What was given up before is confirmed like what waits.
  void Confirm(const std::string& receiver, std::uint64_t up_to) {
    for (auto& [id, state] : deliveries) {
      if (id.first == receiver && id.second <= up_to) state = v1::DELIVERED;
    }
  }

  std::uint64_t GiveUpStream(const std::string& receiver, base::Instant queued_by) {
    std::uint64_t given_up = 0;
    std::set<std::string> told;
    const std::size_t events_before = events.size();
    for (std::size_t i = 0; i < events_before; ++i) {
      const auto delivery = deliveries.find({receiver, i + 1});
      if (events[i].at > queued_by || delivery == deliveries.end() ||
          delivery->second != v1::QUEUED) {
        continue;
      }
      delivery->second = v1::DEAD;
      ++given_up;
      const Event event = events[i];
      if (event.kind != v1::DELIVERY_FAILED && told.insert(event.alert_id).second) {
        Tell(v1::DELIVERY_FAILED, event.alert_id, receiver);
      }
    }
    return given_up;
  }

  // What somebody did is forgotten once `expired` says so of the time of the act.
  template <typename Expired>
  void Forget(const Expired& expired) {
    for (auto& [id, alert] : alerts) {
      if (expired(alert.acted_at)) alert.by.clear();
    }
    for (Event& event : events) {
      if (expired(event.at)) event.by.clear();
      if (expired(event.acted_at)) event.acknowledged_by.clear();
    }
  }

  base::Instant now;  // set before each step
  std::map<std::string, Alert> alerts;
  std::vector<Event> events;
  std::map<DeliveryId, v1::DeliveryState> deliveries;

 private:
  void FollowOpen(const std::string& id, Alert& alert) {
    const int highest = alert.Highest();
    if (highest == 0) {
      alert.state = v1::RESOLVED;
      Tell(v1::RESOLVED_BY_DETECTION, id, "");
      return;
    }
    alert.severity = highest;
    alert.below = highest < alert.told.back() ? alert.below + 1 : 0;
    if (highest > alert.told.back() || alert.below == 2) {
      alert.told.push_back(highest);
      alert.below = 0;
      Tell(v1::SEVERITY_CHANGED, id, "");
    }
  }

  void Tell(v1::EventKind kind, const std::string& id, const std::string& not_to) {
    events.push_back({kind, id, now, "", alerts[id].by, alerts[id].acted_at});
    for (const Route& route : routes_) {
      const bool concerned =
          route.district_ids.empty() || route.district_ids.contains(alerts[id].district);
      if (concerned && route.receiver != not_to) {
        deliveries[{route.receiver, events.size()}] = v1::QUEUED;
      }
    }
  }

  const std::vector<Route> routes_;
};

}  // namespace belgrand::alerting::testing
