#include "alerting/escalation.h"

#include <algorithm>

#include "alerting/lifecycle.h"

namespace belgrand::alerting {

using storage::v1::AlertRecord;

void StartEscalation(AlertRecord& alert, const Plan* plan, base::Instant now) {
  alert.clear_escalation_plan();
  alert.clear_escalation_step();
  alert.clear_escalation_round();
  alert.clear_escalation_due_us();
  alert.clear_remind_due_us();
  if (plan == nullptr) return;
  alert.set_escalation_plan(plan->name);
  alert.set_escalation_due_us(base::ToMicros(now + plan->steps.front().wait));
}

void FollowEvent(AlertRecord& alert, v1::EventKind event, const Plan* plan, base::Instant now) {
  switch (event) {
    case v1::OPENED:
    case v1::REOPENED:
    case v1::REOPENED_BY:
      StartEscalation(alert, plan, now);
      return;
    case v1::SEVERITY_CHANGED:
      // Another severity may be another plan's; the same plan goes on where it is.
      if (NeedsPerson(alert.state()) &&
          alert.escalation_plan() != (plan == nullptr ? "" : plan->name)) {
        StartEscalation(alert, plan, now);
      }
      return;
    case v1::ESCALATED_BY:
      // By hand: the next step at once; when all were taken, from the first.
      alert.clear_remind_due_us();
      if (plan == nullptr) return;
      if (alert.escalation_plan() != plan->name || alert.escalation_step() >= plan->steps.size()) {
        StartEscalation(alert, plan, now);
      }
      alert.set_escalation_due_us(base::ToMicros(now));
      return;
    case v1::ACKNOWLEDGED_BY:
      alert.clear_escalation_due_us();
      if (plan != nullptr && plan->remind_after > base::Duration(0)) {
        alert.set_remind_due_us(base::ToMicros(now + plan->remind_after));
      }
      return;
    default:
      if (!IsClosed(alert.state())) return;
      StartEscalation(alert, nullptr, now);
  }
}

void TakeStep(AlertRecord& alert, const Plan& plan, base::Instant now) {
  alert.set_escalation_step(alert.escalation_step() + 1);
  base::Duration wait = plan.unanswered_after;
  if (alert.escalation_step() < plan.steps.size()) {
    wait = plan.steps[alert.escalation_step()].wait;
  } else if (alert.escalation_round() + 1 < plan.rounds) {
    alert.set_escalation_round(alert.escalation_round() + 1);
    alert.clear_escalation_step();
    wait = plan.steps.front().wait;
  }
  alert.set_escalation_due_us(base::ToMicros(now + wait));
}

std::int64_t NextDueMicros(const AlertRecord& alert, base::Duration open_after) {
  std::int64_t due = 0;
  const auto consider = [&](std::int64_t at) {
    if (at != 0 && (due == 0 || at < due)) due = at;
  };
  if (alert.state() == v1::PENDING) consider(alert.pending_since_us() + open_after.count());
  if (NeedsPerson(alert.state())) consider(alert.escalation_due_us());
  if (alert.state() == v1::ACKNOWLEDGED) consider(alert.remind_due_us());
  return due;
}

}  // namespace belgrand::alerting
