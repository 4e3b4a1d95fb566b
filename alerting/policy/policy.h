// Who is told of an alert, when, and what becomes of it when nobody answers: the configuration's
// rules, applied.
//
// The tree. An alert goes down from the root into the first child that matches it (and, where that
// child says continue_matching, the next that matches too), and from there on; the receivers of the
// last node on each way are told. What a node does not say (receivers, quiet hours, escalation) is
// its parent's. A receiver's own district_ids always hold. Without a tree every receiver is told of
// its districts.
//
// Streams are looked at, not sent: quiet hours, silences and inhibitions do not apply to them.
//
// Thread safety: immutable; safe. Invariant: names in the configuration were checked.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/config/v1/config.pb.h"
#include "belgrand/storage/v1/alert_record.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"
#include "platform/base/time_zone.h"

namespace belgrand::alerting {

// What rules look at.
struct AlertFacts {
  std::string district_id;
  std::string target;
  std::string rule;
  // Numbers of config.v1.AlertKind and config.v1.AlertSeverity.
  int kind = 0;
  int severity = 0;

  friend bool operator==(const AlertFacts&, const AlertFacts&) = default;
};
AlertFacts FactsOf(const storage::v1::AlertRecord& alert);

// Who is told of which districts.
struct Route {
  std::string receiver;
  // Empty: all.
  std::set<std::string> district_ids = {};
  // Looked at by its subscriber, not sent.
  bool stream = false;
};

struct Destination {
  std::string receiver;
  bool stream = false;
  // Names of the nodes on the way, from the root.
  std::string way;
  // Quiet hours that hold it back, and their end.
  std::string quiet_hours = {};
  std::optional<base::Instant> held_until = {};
};

// Configured steps when nobody acknowledges.
struct Plan {
  std::string name;
  struct Step {
    base::Duration wait{0};
    std::vector<std::string> receivers;
    std::string on_call;
  };
  std::vector<Step> steps;
  std::uint32_t rounds = 1;
  base::Duration unanswered_after{0};
  // 0: never.
  base::Duration remind_after{0};
};

class AlertPolicy {
 public:
  // REQUIRES: CheckPolicy(config) found nothing.
  AlertPolicy(const config::v1::Alerting& config, std::vector<Route> receivers);

  const std::vector<Route>& receivers() const { return receivers_; }
  bool IsConfigured(std::string_view receiver) const;
  bool IsStream(std::string_view receiver) const;
  // In the order of the configuration; a receiver that several ways lead to once, held back only
  // when all of them do.
  std::vector<Destination> Destinations(const AlertFacts& facts, base::Instant at) const;
  bool Concerns(std::string_view receiver, const AlertFacts& facts, base::Instant at) const;
  // The plan of the last node that names one; null: none. Of an operations alert always null.
  const Plan* PlanFor(const AlertFacts& facts, base::Instant at) const;
  // Null: not configured (any more).
  const Plan* FindPlan(std::string_view name) const;
  // Who a step tells now.
  std::vector<std::string> ReceiversOf(const Plan::Step& step, base::Instant at) const;
  // The name of the inhibition by which a standing alert mutes another; absent when none does.
  std::optional<std::string> Inhibits(const AlertFacts& source, const AlertFacts& muted,
                                      base::Instant at) const;
  base::Duration open_after() const { return open_after_; }
  bool HasInhibitions() const { return !config_.inhibitions().empty(); }

 private:
  struct Leaf {
    std::string way;
    std::vector<std::string> receivers;
    std::string quiet_hours;
    std::string escalation;
  };
  bool Matches(const config::v1::AlertMatch& match, const AlertFacts& facts,
               base::Instant at) const;
  void Descend(const config::v1::RouteNode& node, Leaf so_far, const AlertFacts& facts,
               base::Instant at, std::vector<Leaf>& leaves) const;
  std::vector<Leaf> Leaves(const AlertFacts& facts, base::Instant at) const;
  std::optional<base::Instant> EndOf(const std::string& window, base::Instant at) const;

  const config::v1::Alerting config_;
  const std::vector<Route> receivers_;
  base::TimeZone zone_;
  std::map<std::string, Plan> plans_;
  base::Duration open_after_{0};
};

// Every problem of the rules: where, what, and the remedy. Receivers are checked elsewhere.
std::vector<std::string> CheckPolicy(const config::v1::Alerting& config,
                                     const std::vector<Route>& receivers);

// Thread safety: pure function. Whether all conditions that are given hold; windows are not looked
// at.
bool HoldsFor(const config::v1::AlertMatch& match, const AlertFacts& facts);

}  // namespace belgrand::alerting
