// The state machine of an alert: what a signal or an official makes of it.
//
// One alert stands for (district, target, rule), where the rule is the detector; detection reports
// per area (the district, its sites). An area is one of two kinds:
//   deciding    the district with any kind of signal, and a site with a SPIKE: opens the alert,
//   keeps it
//               open, and carries its severity;
//   supporting  a site with a RISE: one sewer that grows is no epidemic of the district, so it is
//   listed
//               among the active areas and does nothing else. Without an alert it is remembered in
//               a record that was never opened (state 0), which no reader is shown.
// Rules:
//   (1) Signals are idempotent per area: one that does not come after the area's newest is dropped.
//   A higher generation (detection judged everything anew, perhaps on another feed, whose numbers
//   mean nothing here) comes after; otherwise the instant at which the sample was recorded decides,
//   then the feed number. So a generation that is lower, because detection lost its directory, is
//   heard from the first sample on that the area has not seen. (2) The alert opens with the first
//   deciding area and resolves when every deciding area has cleared. (3) severity = the highest
//   over the active deciding areas. While it is resolved the last one stays. (4) SEVERITY_CHANGED
//   tells officials of a rise at once, of a fall only when a second signal in a row
//       finds the severity below what they were last told: a dip of one sample makes no noise, and
//       an official never believes less than the truth.
//   (5) A closed alert (resolved or dismissed) reopens (next episode, acknowledgement and outcome
//   cleared) on a new raise; and, when it was closed by hand over a standing signal, on an update
//   above the severity it was closed at.
//   (6) The evidence is that of the newest signal that raised or updated it; of the one that
//   resolved it.
//   (7) An official may escalate an alert that stands (it then waits for an acknowledgement again),
//   close it as resolved or dismissed, take a closing back (the same episode goes on), and say what
//   a closed episode was: its outcome.
//   (8) With open_after, an alert below CRITICAL is PENDING first: it opens once it has lasted that
//   long, or at once when it turns CRITICAL, and is as it was before when every area clears.
// Hysteresis is detection's: a level apart for clearing and a number of quiet samples (and days)
// come before CLEARED (detection/hysteresis.h). It is not done again here.
// UPDATED for an area that is not active counts as a raise: the raise was lost, the danger was not.
//
// Pure functions: no clock, no I/O. Thread safety: safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/detection/v1/detection.pb.h"
#include "belgrand/storage/v1/alert_record.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::alerting {

// Limits of texts, in bytes of UTF-8.
inline constexpr std::size_t kMaxNameBytes = 256;
inline constexpr std::size_t kMaxCommentBytes = 8000;
// In characters, as the contract says.
inline constexpr std::size_t kMaxCommentCharacters = 2000;
// Several names of those who must act.
inline constexpr std::size_t kMaxOwnerBytes = 4 * kMaxNameBytes;

// InvalidArgument: not a kind that detection says.
base::Status CheckKind(int kind);

struct Change {
  storage::v1::AlertRecord alert;
  // What officials are told of it; absent when there is nothing to tell.
  std::optional<v1::EventKind> event = std::nullopt;
  // False: the alert is as it was and nothing need be written.
  bool changed = false;
  // Number of the AlertState before; 0: there was none.
  int state_before = 0;
  // Why, when no person did it.
  std::string cause = {};
};

// It has been opened and not closed.
bool Stands(int state);
// It stands and nobody has taken responsibility.
bool NeedsPerson(int state);
bool IsClosed(int state);
// "resolved", "open again", "pending"; "not open" for 0.
std::string_view StateName(int state);
// `by` not empty, both texts within their limits and printable UTF-8; InvalidArgument names the
// field.
base::Status CheckPerson(std::string_view by, std::string_view comment_field,
                         std::string_view comment);

// InvalidArgument names the field that makes a signal unusable, its value and the remedy.
base::Status CheckSignal(const detection::v1::Signal& signal);

// `current` is null when there is no record yet.
// REQUIRES: CheckSignal(signal) is OK, and `current` is the record of the signal's alert.
Change ApplySignal(const storage::v1::AlertRecord* current, const detection::v1::Signal& signal,
                   base::Instant now, base::Duration open_after = base::Duration(0));
// Opens an alert that has been PENDING for long enough. REQUIRES: it is PENDING.
Change OpenPending(const storage::v1::AlertRecord& current, base::Instant now);

// Repeating an acknowledgement changes nothing: the first official keeps it.
// InvalidArgument: `by` is empty, or a text too long or not UTF-8. FailedPrecondition: closed.
base::StatusOr<Change> Acknowledge(const storage::v1::AlertRecord& current, std::string_view by,
                                   std::string_view comment, base::Instant now);

// The rest refuse with InvalidArgument when `by` or `reason` is empty, or a text is too long or not
// UTF-8.
//
// FailedPrecondition: closed.
base::StatusOr<Change> Escalate(const storage::v1::AlertRecord& current, std::string_view by,
                                std::string_view reason, base::Instant now);

enum class Closing { kResolve, kDismiss };
// OUTCOME_UNSPECIFIED: FALSE_ALERT when dismissing, else nothing is said yet.
// FailedPrecondition: closed already. InvalidArgument also: a dismissed alert that was real.
base::StatusOr<Change> CloseByHand(const storage::v1::AlertRecord& current, Closing closing,
                                   std::string_view by, std::string_view reason,
                                   v1::AlertOutcome outcome, base::Instant now);
// FailedPrecondition: not closed.
base::StatusOr<Change> ReopenByHand(const storage::v1::AlertRecord& current, std::string_view by,
                                    std::string_view reason, base::Instant now);
// `comment` may be empty. Saying the same again changes nothing. FailedPrecondition: not closed.
base::StatusOr<Change> RecordOutcome(const storage::v1::AlertRecord& current, std::string_view by,
                                     v1::AlertOutcome outcome, std::string_view comment,
                                     base::Instant now);

// It has been opened at least once.
bool WasOpened(const storage::v1::AlertRecord& alert);
// Readers are shown it: it was opened, or it is PENDING.
bool IsShown(const storage::v1::AlertRecord& alert);

}  // namespace belgrand::alerting
