#include "compliance/case_rules.h"

#include "compliance/retention.h"

namespace belgrand::compliance {
namespace {

using storage::v1::CaseRecord;

constexpr base::Duration kOldestReceipt = std::chrono::hours(366 * 24);

base::Status CheckOpen(const CaseRecord& record) {
  if (IsOpen(record)) return base::OkStatus();
  return base::FailedPrecondition("case {} was decided at {}: open another one", record.case_id(),
                                  base::FormatInstant(base::FromMicros(record.decided_at_us())));
}

base::Status CheckText(std::string_view field, std::string_view text, std::size_t least) {
  if (text.size() >= least && text.size() <= kMaxCaseTextBytes) return base::OkStatus();
  return base::InvalidArgument("{} has {} bytes: write {} to {}", field, text.size(), least,
                               kMaxCaseTextBytes);
}

// Once nothing of it is in force any more.
void CloseWhenDone(CaseRecord& record, base::Instant now) {
  if (!IsOpen(record) && !Restricts(record)) record.set_closed_at_us(base::ToMicros(now));
}

}  // namespace

base::Instant DueAt(base::Instant received, std::uint32_t extended_months) {
  const base::Instant day = base::DayOf(received);
  return AddDuration(day, {.months = 1 + static_cast<int>(extended_months)}) +
         std::chrono::hours(24);
}

base::Status Begin(CaseRecord& record, base::Instant received, base::Instant now) {
  if (received > now) {
    return base::InvalidArgument("received_at is {}, in the future (here it is {})",
                                 base::FormatInstant(received), base::FormatInstant(now));
  }
  if (received < now - kOldestReceipt) {
    return base::InvalidArgument(
        "received_at is {}, more than a year ago: name the day of this request",
        base::FormatInstant(received));
  }
  record.set_received_at_us(base::ToMicros(received));
  record.set_opened_at_us(base::ToMicros(now));
  record.set_due_at_us(base::ToMicros(DueAt(received, 0)));
  record.set_state(v1::OPEN);
  if (record.kind() == v1::RESTRICTION || record.kind() == v1::OBJECTION) {
    record.set_restricted_at_us(base::ToMicros(now));
  }
  return base::OkStatus();
}

base::Status Extend(CaseRecord& record, std::uint32_t months, std::string_view reason,
                    base::Instant now) {
  RETURN_IF_ERROR(CheckOpen(record));
  if (months == 0 || record.extended_months() + months > kMaxExtensionMonths) {
    return base::InvalidArgument(
        "months is {} and the case has been extended by {}: {} in all are allowed (Article 12(3))",
        months, record.extended_months(), kMaxExtensionMonths);
  }
  RETURN_IF_ERROR(CheckText("reason", reason, 1));
  // The person is to be told within the first month.
  if (base::ToMicros(now) >= record.due_at_us()) {
    return base::FailedPrecondition(
        "case {} was due at {}: an extension is told before that; decide it", record.case_id(),
        base::FormatInstant(base::FromMicros(record.due_at_us())));
  }
  record.set_extended_months(record.extended_months() + months);
  record.set_extension_reason(std::string(reason));
  record.set_due_at_us(
      base::ToMicros(DueAt(base::FromMicros(record.received_at_us()), record.extended_months())));
  return base::OkStatus();
}

base::Status Decide(CaseRecord& record, v1::CaseState decision, std::string_view note,
                    base::Instant now) {
  RETURN_IF_ERROR(CheckOpen(record));
  if (decision != v1::GRANTED && decision != v1::REFUSED) {
    return base::InvalidArgument("decision is {}: say GRANTED or REFUSED",
                                 static_cast<int>(decision));
  }
  RETURN_IF_ERROR(CheckText("note", note, decision == v1::REFUSED ? 1 : 0));
  record.set_state(decision);
  record.set_note(std::string(note));
  record.set_decided_at_us(base::ToMicros(now));
  if (decision == v1::REFUSED && Restricts(record)) record.set_lifted_at_us(base::ToMicros(now));
  CloseWhenDone(record, now);
  return base::OkStatus();
}

base::Status Lift(CaseRecord& record, Informed person, base::Instant now) {
  if (!Restricts(record)) {
    return base::FailedPrecondition("case {} restricts nothing: there is nothing to lift",
                                    record.case_id());
  }
  if (person == Informed::kNo) {
    return base::FailedPrecondition(
        "person_informed is false: the person is told before a restriction is lifted "
        "(Article 18(3)); tell them, then say so");
  }
  record.set_lifted_at_us(base::ToMicros(now));
  CloseWhenDone(record, now);
  return base::OkStatus();
}

bool IsOpen(const CaseRecord& record) { return record.state() == v1::OPEN; }

bool Restricts(const CaseRecord& record) {
  return record.restricted_at_us() != 0 && record.lifted_at_us() == 0;
}

Urgency UrgencyOf(const CaseRecord& record, base::Instant now) {
  if (!IsOpen(record)) return Urgency::kNone;
  const base::Instant due = base::FromMicros(record.due_at_us());
  if (now >= due) return Urgency::kOverdue;
  return now >= due - kReminderBefore ? Urgency::kDueSoon : Urgency::kNone;
}

std::string KindName(std::int32_t kind) {
  if (!v1::CaseKind_IsValid(kind)) return fmt::format("{}", kind);
  return v1::CaseKind_Name(static_cast<v1::CaseKind>(kind));
}

}  // namespace belgrand::compliance
