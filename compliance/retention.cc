#include "compliance/retention.h"

#include <algorithm>
#include <array>

#include "compliance/policy.h"
#include "platform/base/check.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;

constexpr int kMaxYears = 1000;
constexpr base::Instant kEarliest = base::Day(std::chrono::year(1900) / 1 / 1);
constexpr base::Instant kLatest = base::Day(std::chrono::year(2200) / 1 / 1);

struct Part {
  char letter;
  std::int64_t limit;
};
constexpr std::array<Part, 4> kDateParts = {
    {{'Y', kMaxYears}, {'M', 12 * kMaxYears}, {'W', 53 * kMaxYears}, {'D', 366 * kMaxYears}}};
constexpr std::array<Part, 3> kTimeParts = {
    {{'H', 24 * 366}, {'M', 60 * 24 * 366}, {'S', 3600 * 24 * 366}}};

base::Status BadDuration(std::string_view text) {
  return base::InvalidArgument(
      "'{}' is not an ISO 8601 duration: write for example P10Y, P6M, P2W, P10D or PT12H (parts in "
      "the order Y M W D T H M S, whole numbers, greater than zero, at most {} years)",
      text, kMaxYears);
}

// Takes "<digits><letter>" parts in order from the front of `rest`; out[i] stays 0 for an absent
// one.
template <std::size_t N>
bool TakeParts(std::string_view& rest, const std::array<Part, N>& parts,
               std::array<std::int64_t, N>& out) {
  std::size_t next = 0;
  while (!rest.empty() && rest.front() != 'T') {
    std::int64_t number = 0;
    std::size_t digits = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') {
      if (digits == 9) return false;
      number = number * 10 + (rest[digits++] - '0');
    }
    if (digits == 0 || digits == rest.size()) return false;
    const auto* const part = std::find_if(parts.begin() + next, parts.end(),
                                          [&](const Part& p) { return p.letter == rest[digits]; });
    if (part == parts.end() || number > part->limit) return false;
    const auto index = static_cast<std::size_t>(part - parts.begin());
    out[index] = number;
    next = index + 1;
    rest.remove_prefix(digits + 1);
  }
  return true;
}

void AddFieldPolicies(const pb::Descriptor& part, const std::string& prefix,
                      const RetentionPolicy& record, std::vector<const pb::Descriptor*>& path,
                      std::vector<RetentionPolicy>& out) {
  if (std::find(path.begin(), path.end(), &part) != path.end()) return;  // a message inside itself
  path.push_back(&part);
  for (int i = 0; i < part.field_count(); ++i) {
    const pb::FieldDescriptor& field = *part.field(i);
    const privacy::v1::FieldPolicy& policy = FieldPolicyOf(field);
    if (!policy.retention().empty()) {
      const base::StatusOr<CalendarDuration> duration = ParseIsoDuration(policy.retention());
      BELGRAND_CHECK(duration.ok());
      const bool own_clock = !policy.clock_field().empty();
      out.push_back({record.message, prefix + field.name(), policy.retention(), *duration,
                     own_clock ? prefix + policy.clock_field() : record.clock_field,
                     record.clock_field});
    } else if (policy.category() == privacy::v1::COMPOSITE && field.message_type() != nullptr) {
      AddFieldPolicies(*field.message_type(), prefix + field.name() + ".", record, path, out);
    }
  }
  path.pop_back();
}

// Calls visit(message, field) for every message that holds the last field of the dotted path.
template <typename MessageT, typename Visit>
void VisitField(MessageT& message, std::string_view path, const Visit& visit) {
  const pb::Reflection& reflection = *message.GetReflection();
  const std::size_t dot = path.find('.');
  const pb::FieldDescriptor* const field =
      message.GetDescriptor()->FindFieldByName(std::string(path.substr(0, dot)));
  BELGRAND_CHECK(field != nullptr);
  if (dot == std::string_view::npos) {
    visit(message, *field);
    return;
  }
  const std::string_view rest = path.substr(dot + 1);
  constexpr bool kConst = std::is_const_v<MessageT>;
  if (field->is_repeated()) {
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if constexpr (kConst) {
        VisitField(reflection.GetRepeatedMessage(message, field, i), rest, visit);
      } else {
        VisitField(*reflection.MutableRepeatedMessage(&message, field, i), rest, visit);
      }
    }
  } else if (reflection.HasField(message, field)) {
    if constexpr (kConst) {
      VisitField(reflection.GetMessage(message, field), rest, visit);
    } else {
      VisitField(*reflection.MutableMessage(&message, field), rest, visit);
    }
  }
}

bool IsSet(const pb::Message& message, const pb::FieldDescriptor& field) {
  const pb::Reflection& reflection = *message.GetReflection();
  return field.is_repeated() ? reflection.FieldSize(message, &field) > 0
                             : reflection.HasField(message, &field);
}

// Whether the path leads from `message` to one int64, through single messages only.
bool IsClock(const pb::Descriptor* message, std::string_view path) {
  while (true) {
    const std::size_t dot = path.find('.');
    const pb::FieldDescriptor* const field =
        message == nullptr ? nullptr : message->FindFieldByName(std::string(path.substr(0, dot)));
    if (field == nullptr || field->is_repeated()) return false;
    if (dot == std::string_view::npos) {
      return field->cpp_type() == pb::FieldDescriptor::CPPTYPE_INT64;
    }
    message = field->message_type();
    path.remove_prefix(dot + 1);
  }
}

std::optional<base::Instant> ReadClock(const std::string& path, const pb::Message& record) {
  std::optional<base::Instant> read;
  VisitField(record, path, [&](const pb::Message& part, const pb::FieldDescriptor& field) {
    const base::Instant at = base::FromMicros(part.GetReflection()->GetInt64(part, &field));
    if (base::ToMicros(at) != 0 && at >= kEarliest && at < kLatest) read = at;
  });
  return read;
}

}  // namespace

base::StatusOr<CalendarDuration> ParseIsoDuration(std::string_view text) {
  std::string_view rest = text;
  if (rest.empty() || rest.front() != 'P') return BadDuration(text);
  rest.remove_prefix(1);
  std::array<std::int64_t, 4> date{};
  std::array<std::int64_t, 3> time{};
  if (!TakeParts(rest, kDateParts, date)) return BadDuration(text);
  if (!rest.empty()) {
    rest.remove_prefix(1);  // the T
    if (rest.empty() || !TakeParts(rest, kTimeParts, time) || !rest.empty()) {
      return BadDuration(text);
    }
  }
  CalendarDuration duration;
  duration.months = static_cast<int>(12 * date[0] + date[1]);
  duration.days = static_cast<int>(7 * date[2] + date[3]);
  duration.time =
      std::chrono::hours(time[0]) + std::chrono::minutes(time[1]) + std::chrono::seconds(time[2]);
  if (duration == CalendarDuration{}) return BadDuration(text);
  return duration;
}

base::Instant AddDuration(base::Instant from, const CalendarDuration& duration) {
  const base::Day day = base::DayOf(from);
  const base::Duration time_of_day = from - day;
  const std::chrono::year_month_day civil(day);
  const std::chrono::year_month month =
      civil.year() / civil.month() + std::chrono::months(duration.months);
  const std::chrono::year_month_day_last last = month / std::chrono::last;
  const base::Day moved(month / std::min(civil.day(), last.day()));
  return base::Instant(moved) + std::chrono::days(duration.days) + time_of_day + duration.time;
}

std::vector<RetentionPolicy> RetentionPolicies(const pb::Descriptor& message) {
  std::vector<RetentionPolicy> policies;
  const privacy::v1::RecordPolicy* const record = RecordPolicyOf(message);
  if (record == nullptr) return policies;
  RetentionPolicy whole{.message = message.full_name(),
                        .field = "",
                        .text = record->retention(),
                        .duration = {},
                        .clock_field = record->clock_field(),
                        .record_clock_field = record->clock_field()};
  if (!record->retention().empty()) {
    const base::StatusOr<CalendarDuration> duration = ParseIsoDuration(record->retention());
    BELGRAND_CHECK(duration.ok());
    whole.duration = *duration;
    policies.push_back(whole);
    if (!record->archive_after().empty()) {
      const base::StatusOr<CalendarDuration> archive = ParseIsoDuration(record->archive_after());
      BELGRAND_CHECK(archive.ok());
      policies.back().archive_after = *archive;
    }
  }
  std::vector<const pb::Descriptor*> path;
  AddFieldPolicies(message, "", whole, path, policies);
  for (const RetentionPolicy& policy : policies) {
    BELGRAND_CHECK(IsClock(&message, policy.clock_field));
    BELGRAND_CHECK(IsClock(&message, policy.record_clock_field));
  }
  return policies;
}

std::optional<base::Instant> RetentionClock(const RetentionPolicy& policy,
                                            const pb::Message& record) {
  const std::optional<base::Instant> own = ReadClock(policy.clock_field, record);
  return own ? own : ReadClock(policy.record_clock_field, record);
}

bool HoldsValue(const RetentionPolicy& policy, const pb::Message& record) {
  if (policy.field.empty()) return true;
  bool holds = false;
  VisitField(record, policy.field, [&](const pb::Message& part, const pb::FieldDescriptor& field) {
    holds = holds || IsSet(part, field);
  });
  return holds;
}

bool IsExpired(const RetentionPolicy& policy, const pb::Message& record, base::Instant now) {
  const std::optional<base::Instant> clock = RetentionClock(policy, record);
  return clock && AddDuration(*clock, policy.duration) <= now && HoldsValue(policy, record);
}

bool IsArchived(const RetentionPolicy& policy, const pb::Message& record, base::Instant now) {
  if (!policy.archive_after) return false;
  const std::optional<base::Instant> clock = RetentionClock(policy, record);
  return clock && AddDuration(*clock, *policy.archive_after) <= now &&
         !IsExpired(policy, record, now);
}

std::vector<std::string> ClearExpiredFields(std::span<const RetentionPolicy> policies,
                                            pb::Message* record, base::Instant now) {
  // Judged before anything is cleared: a clock may be among what expires.
  std::vector<std::string> cleared;
  for (const RetentionPolicy& policy : policies) {
    if (!policy.field.empty() && IsExpired(policy, *record, now)) cleared.push_back(policy.field);
  }
  for (const std::string& path : cleared) {
    VisitField(*record, path, [](pb::Message& part, const pb::FieldDescriptor& field) {
      part.GetReflection()->ClearField(&part, &field);
    });
  }
  return cleared;
}

std::vector<std::string> ClearExpiredFields(pb::Message* record, base::Instant now) {
  return ClearExpiredFields(RetentionPolicies(*record->GetDescriptor()), record, now);
}

}  // namespace belgrand::compliance
