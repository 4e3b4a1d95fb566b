// What time alone brings to the alerts of AlertBook: pending ones open, escalations go on, whoever
// acknowledged is reminded, what was muted and stands is told.
//
// A step is an event with its deliveries and the time of the next step, in one batch: a crash
// before it leaves the step due, a crash after it leaves the deliveries in the outbox. However late
// the service comes back, one step is taken at a time, each with the full wait before the next.
#include <algorithm>
#include <utility>

#include "alerting/book.h"
#include "alerting/book_draft.h"
#include "alerting/escalation.h"

namespace belgrand::alerting {
namespace {

using detection::v1::Signal;
using storage::v1::AlertRecord;

constexpr std::string_view kUnansweredRule = "unanswered";
// How soon a step that a silence or an inhibition stops is looked at again.
constexpr base::Duration kMutedWait = std::chrono::minutes(1);

std::string Join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

std::int64_t AlertBook::HeldUntil(const AlertFacts& facts, base::Instant at) const {
  std::int64_t until = 0;
  for (const Destination& to : policy_.Destinations(facts, at)) {
    if (to.stream) continue;
    if (!to.held_until) return 0;
    const std::int64_t end = base::ToMicros(*to.held_until);
    if (until == 0 || end < until) until = end;
  }
  return until;
}

base::Status AlertBook::TellUnanswered(Draft& draft, const AlertRecord& about,
                                       Signal::Phase phase) {
  Signal signal;
  signal.set_level(detection::v1::DISTRICT);
  signal.set_area_id(about.alert_id());
  signal.set_signal_key("operations/" + about.alert_id());
  signal.set_district_id(about.district_id());
  signal.set_target(about.target());
  signal.set_detector(std::string(kUnansweredRule));
  signal.set_phase(phase);
  signal.set_severity(
      std::max(detection::v1::WARNING, static_cast<detection::v1::Severity>(about.severity())));
  // Grows with every event: what comes later is applied.
  signal.set_feed_sequence(draft.next_sequence);
  const std::int64_t now_us = base::ToMicros(draft.now);
  signal.mutable_observed_at()->set_seconds(now_us / 1'000'000);
  signal.mutable_evidence()->set_explanation(
      phase == Signal::CLEARED
          ? fmt::format("Alert {} has been answered.", about.alert_id())
          : fmt::format("Nobody has acknowledged alert {}, open since {}: every step of escalation "
                        "'{}' was taken.",
                        about.alert_id(),
                        base::FormatInstant(base::FromMicros(about.opened_at_us())),
                        about.escalation_plan()));
  signal.mutable_evidence()->set_explanation_fr(
      phase == Signal::CLEARED
          ? fmt::format("L'alerte {} a reçu une réponse.", about.alert_id())
          : fmt::format(
                "Personne n'a pris en charge l'alerte {}, ouverte depuis le {}\u00a0: toutes "
                "les étapes de l'escalade «\u00a0{}\u00a0» ont été suivies.",
                about.alert_id(), base::FormatInstant(base::FromMicros(about.opened_at_us())),
                about.escalation_plan()));
  const AlertKey key{about.district_id(), about.target(), std::string(kUnansweredRule)};
  ASSIGN_OR_RETURN(const auto current, FindIn(draft, key));
  Change change = ApplySignal(current ? &*current : nullptr, signal, draft.now);
  if (!change.changed) return base::OkStatus();
  change.alert.set_alert_class(v1::OPERATIONS);
  return AddChange(draft, std::move(change), "", "");
}

base::Status AlertBook::TakeDueStep(Draft& draft, Change change, const Plan* plan) {
  AlertRecord& alert = change.alert;
  if (plan == nullptr || alert.escalation_step() > plan->steps.size()) {
    // The plan left the configuration, or has fewer steps now: from the start, if there is one.
    plan = policy_.PlanFor(FactsOf(alert), draft.now);
    StartEscalation(alert, plan, draft.now);
    return AddChange(draft, std::move(change), "", "");
  }
  if (alert.escalation_step() == plan->steps.size()) {
    alert.clear_escalation_due_us();
    alert.set_unanswered(true);
    change.event = v1::UNANSWERED;
    change.cause = fmt::format("every step of escalation '{}' was taken", plan->name);
    const AlertRecord about = alert;
    RETURN_IF_ERROR(AddChange(draft, std::move(change), "", ""));
    return TellUnanswered(draft, about, Signal::RAISED);
  }
  const std::size_t step = alert.escalation_step();
  const std::vector<std::string> receivers = policy_.ReceiversOf(plan->steps[step], draft.now);
  change.event = v1::ESCALATION_STEP;
  change.cause = fmt::format(
      "nobody has acknowledged it: step {} of {} of escalation '{}', round "
      "{} of {}, tells {}",
      step + 1, plan->steps.size(), plan->name, alert.escalation_round() + 1, plan->rounds,
      Join(receivers));
  alert.set_state(v1::ESCALATED);
  TakeStep(alert, *plan, draft.now);
  return AddChange(draft, std::move(change), "", "", &receivers);
}

base::Status AlertBook::Advance(Draft& draft, const AlertRecord& before) {
  Change change{.alert = before, .changed = true, .state_before = before.state()};
  AlertRecord& alert = change.alert;
  const AlertFacts facts = FactsOf(alert);
  const std::string muted_by = MutedByLocked(&draft, facts, alert.alert_id(), draft.now);
  const std::int64_t now_us = base::ToMicros(draft.now);
  if (!alert.muted_by().empty() && muted_by.empty()) {
    if (!Stands(alert.state())) {
      alert.clear_muted_by();  // over while nobody was to hear of it
      return AddChange(draft, std::move(change), "", "");
    }
    change.event = v1::MUTE_ENDED;
    change.cause = fmt::format("{} is over and the alert stands", alert.muted_by());
    alert.set_changed_at_us(now_us);
    return AddChange(draft, std::move(change), "", "");
  }
  const std::int64_t due = NextDueMicros(alert, policy_.open_after());
  if (due == 0 || due > now_us) return base::OkStatus();
  if (alert.state() == v1::PENDING) {
    Change opened = OpenPending(alert, draft.now);
    RETURN_IF_ERROR(AddTrackRecord(opened.alert));
    return AddChange(draft, std::move(opened), "", "");
  }
  const bool acknowledged = alert.state() == v1::ACKNOWLEDGED;
  const std::int64_t held_until =
      muted_by.empty() ? HeldUntil(facts, draft.now) : now_us + kMutedWait.count();
  if (held_until != 0) {
    if (acknowledged) {
      alert.set_remind_due_us(held_until);
    } else {
      alert.set_escalation_due_us(held_until);
    }
    return AddChange(draft, std::move(change), "", "");
  }
  alert.set_changed_at_us(now_us);
  const Plan* plan = policy_.FindPlan(alert.escalation_plan());
  if (!acknowledged) return TakeDueStep(draft, std::move(change), plan);
  alert.clear_remind_due_us();
  if (plan == nullptr || plan->remind_after <= base::Duration(0)) {
    return AddChange(draft, std::move(change), "", "");
  }
  alert.set_remind_due_us(base::ToMicros(draft.now + plan->remind_after));
  change.event = v1::REMINDER;
  change.cause = fmt::format("acknowledged at {} and not closed since",
                             base::FormatInstant(base::FromMicros(alert.acknowledged_at_us())));
  return AddChange(draft, std::move(change), "", "");
}

base::StatusOr<std::uint64_t> AlertBook::Tick() {
  base::MutexLock lock(mutex_);
  const base::Instant now = clock_.Now();
  std::vector<AlertKey> due;
  for (const auto& [key, watch] : watched_) {
    const bool is_due = watch.due_us != 0 && watch.due_us <= base::ToMicros(now);
    if (is_due || watch.muted) due.push_back(key);
  }
  std::uint64_t changed = 0;
  for (const AlertKey& key : due) {
    ASSIGN_OR_RETURN(const auto alert, Find(key));
    if (!alert) continue;  // removed by retention
    Draft draft(next_sequence_, now);
    RETURN_IF_ERROR(Advance(draft, *alert));
    if (draft.alerts.empty()) continue;
    RETURN_IF_ERROR(Commit(draft));
    ++changed;
  }
  ASSIGN_OR_RETURN(const std::uint64_t proposed, ProposeMissing());
  ASSIGN_OR_RETURN(const std::uint64_t noticed, TickNotices(now));
  return changed + proposed + noticed;
}

}  // namespace belgrand::alerting
