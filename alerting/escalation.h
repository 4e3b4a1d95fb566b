// When a plan's next step is due, kept in the alert's own record: on disk before anybody is told.
//
// Pure functions over the record: no clock, no I/O. Thread safety: safe.
// What the fields of a record mean (storage/v1/alert_record.proto):
//   escalation_step    steps taken in this round; the next one is due at escalation_due_us (0:
//   none) escalation_round   rounds that are over unanswered         every step of every round was
//   taken and an operations alert says so remind_due_us      when whoever acknowledged is reminded;
//   0: never
#pragma once

#include "alerting/policy/policy.h"
#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/storage/v1/alert_record.pb.h"
#include "platform/base/time.h"

namespace belgrand::alerting {

// Begins at the first step; a null plan forgets all steps.
void StartEscalation(storage::v1::AlertRecord& alert, const Plan* plan, base::Instant now);
// Brings an alert's steps in line with an event that has just happened to it.
void FollowEvent(storage::v1::AlertRecord& alert, v1::EventKind event, const Plan* plan,
                 base::Instant now);
// Counts one step as taken now and finds when the next one is due; after the last step of the last
// round that is when it is unanswered. REQUIRES: escalation_step < plan.steps.size().
void TakeStep(storage::v1::AlertRecord& alert, const Plan& plan, base::Instant now);
// The earliest instant at which time alone changes something; 0: never.
std::int64_t NextDueMicros(const storage::v1::AlertRecord& alert, base::Duration open_after);

}  // namespace belgrand::alerting
