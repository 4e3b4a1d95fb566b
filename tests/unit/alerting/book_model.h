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
    std::string rule;
    int outcome = 0;
    bool Closed() const { return state == v1::RESOLVED || state == v1::DISMISSED; }
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
    int state = 0;
    int state_before = 0;
    int outcome = 0;
  };
  using DeliveryId = std::pair<std::string, std::uint64_t>;

  explicit BookModel(std::vector<Route> routes) : routes_(std::move(routes)) {}

  bool Apply(const std::string& id, const detection::v1::Signal& signal) {
    Alert& alert = alerts[id];
    alert.district = signal.district_id();
    alert.rule = signal.detector();
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
    const int before = alert.state;
    if (alert.episode > 0 && !alert.Closed()) {
      FollowOpen(id, alert);
    } else if (!clear && (signal.phase() == detection::v1::Signal::RAISED || !was_active ||
                          signal.severity() > alert.severity)) {
      alert.state = alert.episode > 0 ? v1::OPEN_AGAIN : v1::OPEN;
      alert.outcome = 0;
      alert.severity = alert.Highest();
      alert.told = {alert.severity};
      alert.below = 0;
      alert.by.clear();
      alert.acted_at = {};
      ++alert.episode;
      Tell(alert.episode == 1 ? v1::OPENED : v1::REOPENED, id, "", before);
    }
    return true;
  }

  bool Acknowledge(const std::string& id, const std::string& by) {
    Alert* alert = Standing(id);
    if (alert == nullptr) return false;
    if (alert->state == v1::ACKNOWLEDGED) return true;
    const int before = alert->state;
    alert->state = v1::ACKNOWLEDGED;
    alert->by = by;
    alert->acted_at = now;
    Tell(v1::ACKNOWLEDGED_BY, id, "", before);
    events.back().by = by;
    return true;
  }

  bool Escalate(const std::string& id, const std::string& by) {
    Alert* alert = Standing(id);
    if (alert == nullptr) return false;
    const int before = alert->state;
    alert->state = v1::ESCALATED;
    alert->by.clear();
    alert->acted_at = {};
    Tell(v1::ESCALATED_BY, id, "", before);
    events.back().by = by;
    return true;
  }

  bool Close(const std::string& id, bool dismiss, const std::string& by, int outcome) {
    Alert* alert = Standing(id);
    if (alert == nullptr) return false;
    if (dismiss && outcome == 0) outcome = v1::FALSE_ALERT;
    if (dismiss && outcome != v1::FALSE_ALERT && outcome != v1::DATA_FAULT) return false;
    const int before = alert->state;
    alert->state = dismiss ? v1::DISMISSED : v1::RESOLVED;
    Say(id, *alert, outcome);
    Tell(dismiss ? v1::DISMISSED_BY : v1::RESOLVED_BY_HAND, id, "", before);
    events.back().by = by;
    return true;
  }

  bool Reopen(const std::string& id, const std::string& by) {
    const auto alert = alerts.find(id);
    if (alert == alerts.end() || !alert->second.Closed()) return false;
    const int before = alert->second.state;
    alert->second.state = v1::OPEN_AGAIN;
    alert->second.by.clear();
    alert->second.acted_at = {};
    Say(id, alert->second, 0);
    Tell(v1::REOPENED_BY, id, "", before);
    events.back().by = by;
    return true;
  }

  bool RecordOutcome(const std::string& id, const std::string& by, int outcome) {
    const auto alert = alerts.find(id);
    if (alert == alerts.end() || !alert->second.Closed() || outcome == 0) return false;
    if (alert->second.outcome == outcome) return true;
    Say(id, alert->second, outcome);
    Tell(v1::OUTCOME_RECORDED, id, "", alert->second.state);
    events.back().by = by;
    return true;
  }

  // By district and rule: how often each outcome was said.
  std::map<std::pair<std::string, std::string>, std::map<int, unsigned>> Records() const {
    std::map<std::pair<std::string, std::string>, std::map<int, unsigned>> records;
    for (const auto& [episode, outcome] : outcomes) {
      const Alert& alert = alerts.at(episode.first);
      ++records[{alert.district, alert.rule}][outcome];
    }
    return records;
  }

  void Bury(const DeliveryId& id) {
    deliveries[id] = v1::DEAD;
    const Event event = events.at(id.second - 1);
    if (event.kind != v1::DELIVERY_FAILED) TellFailed(event.alert_id, id.first);
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
        TellFailed(event.alert_id, receiver);
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
  // By alert and episode.
  std::map<std::pair<std::string, unsigned>, int> outcomes;

 private:
  Alert* Standing(const std::string& id) {
    const auto alert = alerts.find(id);
    if (alert == alerts.end() || alert->second.episode == 0 || alert->second.Closed()) {
      return nullptr;
    }
    return &alert->second;
  }
  void Say(const std::string& id, Alert& alert, int outcome) {
    alert.outcome = outcome;
    if (outcome == 0) {
      outcomes.erase({id, alert.episode});
    } else {
      outcomes[{id, alert.episode}] = outcome;
    }
  }
  void TellFailed(const std::string& id, const std::string& not_to) {
    Tell(v1::DELIVERY_FAILED, id, not_to, alerts.at(id).state);
  }

  void FollowOpen(const std::string& id, Alert& alert) {
    const int highest = alert.Highest();
    const int before = alert.state;
    if (highest == 0) {
      alert.state = v1::RESOLVED;
      Tell(v1::RESOLVED_BY_DETECTION, id, "", before);
      return;
    }
    alert.severity = highest;
    alert.below = highest < alert.told.back() ? alert.below + 1 : 0;
    if (highest > alert.told.back() || alert.below == 2) {
      alert.told.push_back(highest);
      alert.below = 0;
      Tell(v1::SEVERITY_CHANGED, id, "", before);
    }
  }

  void Tell(v1::EventKind kind, const std::string& id, const std::string& not_to, int before) {
    const Alert& alert = alerts[id];
    events.push_back(
        {kind, id, now, "", alert.by, alert.acted_at, alert.state, before, alert.outcome});
    if (kind == v1::OUTCOME_RECORDED) return;
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
