// Escalation, silences, inhibition and waiting, done simply in memory and in minutes: what
// AlertBook is compared with. The rules are those of kTimeRules.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/detection/v1/detection.pb.h"

namespace belgrand::alerting::testing {

inline constexpr char kTimeRules[] = R"(
  open_after { seconds: 600 }
  inhibitions {
    name: "outage" source { rules: "outage" } muted { max_severity: WARNING } same_district: true
  }
  escalations {
    name: "all" repeat: 1 unanswered_after { seconds: 900 } remind_after { seconds: 7200 }
    steps { wait { seconds: 1200 } receivers: "boss" }
    steps { wait { seconds: 1800 } receivers: "boss" receivers: "mayor" }
  }
  route { name: "town" receivers: "console" receivers: "duty" escalation: "all" }
)";

class TimeModel {
 public:
  using Signal = detection::v1::Signal;
  struct Alert {
    std::string district;
    std::string rule;
    std::map<std::string, int> areas;
    int state = 0;
    int severity = 0;
    int told = 0;
    int lower = 0;
    unsigned episode = 0;
    long pending_since = 0;
    int before_pending = 0;
    unsigned step = 0;
    unsigned round = 0;
    long step_due = 0;
    long remind_due = 0;
    bool unanswered = false;
    std::string muted;
    std::set<std::string> heard;  // receivers, in this episode

    bool Operations() const { return rule == "unanswered"; }
    bool Needs() const {
      return state == v1::OPEN || state == v1::OPEN_AGAIN || state == v1::ESCALATED;
    }
    bool Stands() const { return Needs() || state == v1::ACKNOWLEDGED; }
    int Highest() const {
      int highest = 0;
      for (const auto& [area, severity_of] : areas) highest = std::max(highest, severity_of);
      return highest;
    }
    long Due() const {
      if (state == v1::PENDING) return pending_since + 10;
      if (Needs()) return step_due;
      return state == v1::ACKNOWLEDGED ? remind_due : 0;
    }
  };
  struct Silence {
    std::string district;
    bool critical = false;
    long from = 0;
    long to = 0;
    bool consented = true;
  };
  struct Event {
    std::string id;
    v1::EventKind kind;
    std::map<std::string, v1::DeliveryState> deliveries;
    friend bool operator==(const Event&, const Event&) = default;
  };

  void Take(const std::string& district, const std::string& rule, const std::string& area,
            Signal::Phase phase, int severity) {
    const std::string id = district + "/SARS-CoV-2/" + rule;
    Alert& alert = alerts[id];
    alert.district = district;
    alert.rule = rule;
    const bool was = alert.areas[area] > 0;
    const bool clear = phase == Signal::CLEARED;
    alert.areas[area] = clear ? 0 : severity;
    const int highest = alert.Highest();
    if (alert.state == v1::PENDING) {
      if (highest == 0) {
        alert.state = alert.before_pending;
        return Tell(id, v1::PENDING_ENDED);
      }
      alert.severity = highest;
      if (highest == detection::v1::CRITICAL || now - alert.pending_since >= 10) Open(id);
    } else if (!alert.Stands()) {
      if (clear || (phase != Signal::RAISED && was && severity <= alert.severity)) return;
      if (alert.Operations() || highest == detection::v1::CRITICAL) return Open(id);
      alert.severity = highest;
      alert.before_pending = alert.state;
      alert.state = v1::PENDING;
      alert.pending_since = now;
      Tell(id, v1::BECAME_PENDING);
    } else if (highest == 0) {
      alert.state = v1::RESOLVED;
      Tell(id, v1::RESOLVED_BY_DETECTION);
    } else {
      alert.severity = highest;
      alert.lower = highest < alert.told ? alert.lower + 1 : 0;
      if (highest > alert.told || alert.lower == 2) {
        alert.told = highest;
        alert.lower = 0;
        Tell(id, v1::SEVERITY_CHANGED);
      }
    }
  }

  bool Act(const std::string& id, v1::EventKind act) {
    const auto found = alerts.find(id);
    if (found == alerts.end() || !found->second.Stands()) return false;
    Alert& alert = found->second;
    if (act == v1::ACKNOWLEDGED_BY && alert.state == v1::ACKNOWLEDGED) return true;
    alert.state = act == v1::ACKNOWLEDGED_BY ? v1::ACKNOWLEDGED
                  : act == v1::ESCALATED_BY  ? v1::ESCALATED
                                             : v1::RESOLVED;
    Tell(id, act);
    return true;
  }

  void Tick() {
    std::vector<std::string> due;
    for (const auto& [id, alert] : alerts) {
      const bool is_due = alert.Due() != 0 && alert.Due() <= now;
      if (is_due || !alert.muted.empty()) due.push_back(id);
    }
    for (const std::string& id : due) Advance(id);
  }

  std::string MutedBy(const Alert& alert) const {
    for (std::size_t i = 0; i < silences.size(); ++i) {
      const Silence& silence = silences[i];
      if (silence.consented && silence.from <= now && now < silence.to &&
          silence.district == alert.district &&
          (alert.severity < detection::v1::CRITICAL || silence.critical)) {
        return "silence " + std::to_string(i + 1);
      }
    }
    const std::string outage = alert.district + "/SARS-CoV-2/outage";
    const auto source = alerts.find(outage);
    const bool muted = source != alerts.end() && source->second.Stands() &&
                       alert.rule != "outage" && alert.severity < detection::v1::CRITICAL;
    return muted ? "inhibition outage (" + outage + ")" : "";
  }

  long now = 0;  // set before each step
  std::map<std::string, Alert> alerts;
  std::vector<Silence> silences;
  std::vector<Event> events;

 private:
  void Start(Alert& alert, bool plan) {
    alert.step = alert.round = 0;
    alert.remind_due = 0;
    alert.step_due = plan && !alert.Operations() ? now + 20 : 0;
  }

  void Open(const std::string& id) {
    Alert& alert = alerts.at(id);
    const bool first = alert.episode++ == 0;
    alert.state = first ? v1::OPEN : v1::OPEN_AGAIN;
    alert.severity = alert.told = alert.Highest();
    alert.lower = 0;
    Tell(id, first ? v1::OPENED : v1::REOPENED);
  }

  void Tell(const std::string& id, v1::EventKind kind, std::set<std::string> only_to = {}) {
    Alert& alert = alerts.at(id);
    if (kind == v1::OPENED || kind == v1::REOPENED) {
      Start(alert, true);
      alert.heard.clear();
    }
    if (kind == v1::ESCALATED_BY) {
      alert.remind_due = 0;
      if (alert.step >= 2) Start(alert, true);
      if (!alert.Operations()) alert.step_due = now;
    }
    if (kind == v1::ACKNOWLEDGED_BY) {
      alert.step_due = 0;
      if (!alert.Operations()) alert.remind_due = now + 120;
    }
    if (alert.state == v1::RESOLVED) Start(alert, false);
    const bool answered = alert.unanswered && !alert.Needs();
    if (answered) alert.unanswered = false;
    const bool quiet =
        kind == v1::BECAME_PENDING || kind == v1::PENDING_ENDED || kind == v1::UNANSWERED;
    Event event{id, kind, {}};
    if (!quiet) {
      alert.muted = MutedBy(alert);
      event.deliveries["console"] = v1::QUEUED;
      if (alert.Operations()) only_to = {"duty", "boss", "mayor"};
      if (only_to.empty()) {
        only_to = alert.heard;
        only_to.insert("duty");
      }
      for (const std::string& receiver : only_to) {
        event.deliveries[receiver] = alert.muted.empty() ? v1::QUEUED : v1::MUTED;
        if (alert.muted.empty()) alert.heard.insert(receiver);
      }
    }
    events.push_back(event);
    if (answered) Take(alert.district, "unanswered", id, Signal::CLEARED, 0);
  }

  void Advance(const std::string& id) {
    Alert& alert = alerts.at(id);
    const std::string muted = MutedBy(alert);
    if (!alert.muted.empty() && muted.empty()) {
      if (alert.Stands()) {
        Tell(id, v1::MUTE_ENDED);
      } else {
        alert.muted.clear();
      }
      return;
    }
    if (alert.Due() == 0 || alert.Due() > now) return;
    if (alert.state == v1::PENDING) return Open(id);
    const bool acknowledged = alert.state == v1::ACKNOWLEDGED;
    if (!muted.empty()) {
      (acknowledged ? alert.remind_due : alert.step_due) = now + 1;
    } else if (acknowledged) {
      alert.remind_due = now + 120;
      Tell(id, v1::REMINDER);
    } else if (alert.step == 2) {
      alert.step_due = 0;
      alert.unanswered = true;
      Tell(id, v1::UNANSWERED);
      Take(alert.district, "unanswered", id, Signal::RAISED,
           std::max<int>(detection::v1::WARNING, alert.severity));
    } else {
      alert.state = v1::ESCALATED;
      const bool first = alert.step++ == 0;
      alert.step_due = now + (first ? 30 : 15);
      if (!first && alert.round == 0) {
        alert.round = 1;
        alert.step = 0;
        alert.step_due = now + 20;
      }
      Tell(id, v1::ESCALATION_STEP,
           first ? std::set<std::string>{"boss"} : std::set<std::string>{"boss", "mayor"});
    }
  }
};

}  // namespace belgrand::alerting::testing
