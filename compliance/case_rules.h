// What may happen to the case of a person who asks for their rights, and by when it must.
//
// The clock is that of Article 12(3) of the GDPR: one month from the receipt of the request,
// extendable by two. Counted as Regulation 1182/71 does: the period ends with the day of the later
// month that has the number of the day of receipt, or with the last day of that month where it has
// no such day. Days are those of UTC; a period that ends on a holiday is not lengthened here, so
// the clock is never later than the law's.
//
// Thread safety: pure functions. Errors: FailedPrecondition where the case is past what is asked,
// InvalidArgument for what is asked itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "belgrand/compliance/v1/rights.pb.h"
#include "belgrand/storage/v1/case_record.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::compliance {

inline constexpr std::size_t kMaxCaseTextBytes = 1000;
inline constexpr std::uint32_t kMaxExtensionMonths = 2;
inline constexpr base::Duration kReminderBefore = std::chrono::hours(7 * 24);

// The first instant that is too late.
base::Instant DueAt(base::Instant received, std::uint32_t extended_months);

// A case that begins its clock. REQUIRES: kind and person are set. InvalidArgument: received in the
// future, or more than a year ago.
base::Status Begin(storage::v1::CaseRecord& record, base::Instant received, base::Instant now);
base::Status Extend(storage::v1::CaseRecord& record, std::uint32_t months, std::string_view reason,
                    base::Instant now);
// Ends the clock; a refusal ends a restriction.
base::Status Decide(storage::v1::CaseRecord& record, v1::CaseState decision, std::string_view note,
                    base::Instant now);
enum class Informed { kNo, kYes };
base::Status Lift(storage::v1::CaseRecord& record, Informed person, base::Instant now);

bool IsOpen(const storage::v1::CaseRecord& record);
// The person is withheld from readers because of this case.
bool Restricts(const storage::v1::CaseRecord& record);

enum class Urgency { kNone, kDueSoon, kOverdue };
// Of an open case.
Urgency UrgencyOf(const storage::v1::CaseRecord& record, base::Instant now);

// "ACCESS", "OBJECTION"; the number of one that is not known.
std::string KindName(std::int32_t kind);

}  // namespace belgrand::compliance
