#include "compliance/read_gate.h"

#include <chrono>
#include <string>
#include <string_view>

#include "platform/base/check.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;

constexpr base::Duration kEdge = std::chrono::hours(48);

// An instant that lies `duration` before `now`, to the day.
std::int64_t LastBefore(base::Instant now, const CalendarDuration& duration) {
  using std::chrono::January;
  std::int64_t low = base::ToMicros(
      base::Instant(std::chrono::sys_days(std::chrono::year(1) / January / 1)));  // long enough ago
  std::int64_t high = base::ToMicros(now);
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    if (AddDuration(base::FromMicros(middle), duration) <= now) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

}  // namespace

ReadGate::ReadGate(const pb::Descriptor& record, base::Instant now, privacy::v1::Purpose purpose)
    : now_(now) {
  const std::vector<RetentionPolicy> policies = RetentionPolicies(record);
  if (purpose == privacy::v1::DATA_PROTECTION || policies.empty() ||
      !policies.front().field.empty()) {
    return;
  }
  const RetentionPolicy& whole = policies.front();
  shows_everything_ = false;
  in_use_ = whole.archive_after.value_or(whole.duration);
  const std::int64_t edge = LastBefore(now, in_use_);
  in_use_from_us_ = edge + 1;
  surely_out_us_ = edge - kEdge.count();
  surely_in_us_ = edge + kEdge.count();
  const pb::Descriptor* type = &record;
  std::string_view path = whole.clock_field;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const pb::FieldDescriptor* const field =
        type->FindFieldByName(std::string(path.substr(0, dot)));
    BELGRAND_CHECK(field != nullptr);
    clock_.push_back(field);
    type = field->message_type();
    path = dot == path.npos ? std::string_view() : path.substr(dot + 1);
  }
}

bool ReadGate::Shows(const pb::Message& record) const {
  if (shows_everything_) return true;
  const pb::Message* part = &record;
  for (std::size_t i = 0; i + 1 < clock_.size(); ++i) {
    part = &part->GetReflection()->GetMessage(*part, clock_[i]);
  }
  const std::int64_t clock_us = part->GetReflection()->GetInt64(*part, clock_.back());
  // What cannot be dated is in use: it has no end either.
  if (clock_us == 0 || clock_us > surely_in_us_) return true;
  return clock_us > surely_out_us_ && AddDuration(base::FromMicros(clock_us), in_use_) > now_;
}

}  // namespace belgrand::compliance
