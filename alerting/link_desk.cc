#include "alerting/link_desk.h"

#include <utility>

#include "alerting/records.h"
#include "alerting/tables.h"
#include "alerting/text.h"
#include "platform/base/log.h"

namespace belgrand::alerting {
namespace {

using storage::v1::LinkUseRecord;

// What the books say to somebody who acts on an alert that changed meanwhile.
bool IsAboutState(const base::Status& status) {
  return status.code() == base::StatusCode::kFailedPrecondition ||
         status.code() == base::StatusCode::kNotFound;
}

}  // namespace

LinkDesk::LinkDesk(AlertBook& book, storage::Store& store, const base::Clock& clock,
                   const LinkSigner& signer, Persons persons)
    : book_(book), store_(store), clock_(clock), signer_(signer), persons_(std::move(persons)) {}

LinkAnswer LinkDesk::Look(std::string_view token) const {
  LinkAnswer answer;
  auto claim = signer_.Open(token);
  if (!claim.ok()) return answer;
  const auto say = [&](LinkVerdict verdict) {
    answer.verdict = verdict;
    return answer;
  };
  answer.claim = *std::move(claim);
  const auto person = persons_.find(answer.claim->person);
  if (person == persons_.end()) return say(LinkVerdict::kUnknown);
  answer.person = person->second;
  const auto use = store_.Get(kLinkUses, LinkUseKey(token));
  if (!use.ok()) return say(LinkVerdict::kUnavailable);
  if (*use) {
    const auto record = ParseRecord<LinkUseRecord>("link use", **use);
    if (!record.ok()) return say(LinkVerdict::kUnavailable);
    answer.used_at = base::FromMicros(record->used_at_us());
    return say(LinkVerdict::kUsedBefore);
  }
  if (clock_.Now() >= answer.claim->expires) return say(LinkVerdict::kExpired);
  const auto event = book_.Event(answer.claim->event_sequence);
  auto alert = book_.Get(answer.claim->alert_id);
  for (const base::Status& status : {event.status(), alert.status()}) {
    if (status.code() == base::StatusCode::kNotFound) return say(LinkVerdict::kExpired);
    if (!status.ok()) return say(LinkVerdict::kUnavailable);
  }
  answer.alert = *std::move(alert);
  // What the person read was another outbreak.
  if (event->alert().alert_id() != answer.claim->alert_id ||
      event->alert().episode() != answer.alert->episode() || IsClosed(answer.alert->state())) {
    return say(LinkVerdict::kOutdated);
  }
  return say(LinkVerdict::kUsable);
}

base::StatusOr<LinkVerdict> LinkDesk::Act(const LinkAnswer& answer, std::string_view words) {
  const LinkClaim& claim = *answer.claim;
  const std::string& address = answer.person.address;
  if (claim.action == LinkAction::kDismiss) {
    RETURN_IF_ERROR(book_.Close(claim.alert_id, Closing::kDismiss, address, words).status());
    return LinkVerdict::kDone;
  }
  ASSIGN_OR_RETURN(const auto alert, book_.Acknowledge(claim.alert_id, address, words));
  return alert.acknowledged_by() == address ? LinkVerdict::kDone : LinkVerdict::kTaken;
}

base::Status LinkDesk::Mark(std::string_view token, const LinkClaim& claim) {
  LinkUseRecord record;
  record.set_used_at_us(base::ToMicros(clock_.Now()));
  record.set_alert_id(claim.alert_id);
  record.set_event_sequence(claim.event_sequence);
  record.set_action(static_cast<int>(claim.action));
  storage::Batch batch;
  batch.Put(kLinkUses, LinkUseKey(token), record.SerializeAsString());
  return store_.Write(batch);
}

LinkAnswer LinkDesk::Use(std::string_view token, std::string_view words, const Witness& witness) {
  const base::MutexLock lock(mutex_);
  LinkAnswer answer = Look(token);
  if (answer.verdict == LinkVerdict::kInvalid) return answer;
  base::Status outcome;
  if (answer.verdict != LinkVerdict::kUsable) {
    outcome = base::FailedPrecondition("the link cannot be used any more");
  } else if (answer.claim->action == LinkAction::kDismiss && TrimmedEmpty(words)) {
    answer.verdict = LinkVerdict::kNeedsReason;
    return answer;
  } else {
    const auto acted = Act(answer, words);
    outcome = acted.status();
    answer.verdict = acted.ok()              ? *acted
                     : IsAboutState(outcome) ? LinkVerdict::kOutdated
                                             : LinkVerdict::kUnavailable;
  }
  base::Status kept = witness(*answer.claim, outcome);
  const bool spent = answer.verdict == LinkVerdict::kDone || answer.verdict == LinkVerdict::kTaken;
  if (kept.ok() && spent) kept = Mark(token, *answer.claim);
  if (!kept.ok()) {
    base::Log(base::LogLevel::kError, "link_use_not_kept", {{"error", kept}});
    answer.verdict = LinkVerdict::kUnavailable;
  }
  if (const auto now = book_.Get(answer.claim->alert_id); now.ok()) answer.alert = *now;
  return answer;
}

}  // namespace belgrand::alerting
