// The instants of a row: each by itself, and their order.
#include <chrono>
#include <cmath>

#include "sample/findings.h"

namespace belgrand::sample {
namespace {

using base::Instant;

constexpr base::Day kFirstDay = std::chrono::year{2015} / 1 / 1;

// Files give many instants as days: one that is earlier on the same day is not out of order.
void WarnIfBefore(std::string_view name, std::optional<Instant> time, std::string_view other_name,
                  std::optional<Instant> other, Findings& findings) {
  if (!time || !other || base::DayOf(*time) >= base::DayOf(*other)) return;
  findings.Warn(name, base::FormatInstant(*time), Text::kDateOrder,
                {std::string(other_name), base::FormatInstant(*other)});
}

void CheckSpan(const Row& row, const Measurement& m, Findings& findings) {
  if (!row.composite_hours.value || !m.collection.started_at) return;
  const double hours =
      std::chrono::duration<double, std::ratio<3600>>(m.collected_at - *m.collection.started_at)
          .count();
  if (std::abs(hours - *row.composite_hours.value) <= 1) return;
  findings.Warn("composite_hours", NumberText(*row.composite_hours.value),
                Text::kCompositeHoursDiffer, {fmt::format("{:.4g}", hours)});
}

}  // namespace

std::optional<Instant> ReadTime(std::string_view name, const Field<Instant>& time, Instant now,
                                Findings& findings) {
  if (time.absent()) return std::nullopt;
  if (!time.value.has_value()) {
    findings.Reject(name, time.text, Text::kNotADate);
    return std::nullopt;
  }
  if (*time.value > now + std::chrono::days(1)) {
    findings.Reject(name, base::FormatInstant(*time.value), Text::kDateInFuture,
                    {base::FormatInstant(now)});
    return std::nullopt;
  }
  if (*time.value < kFirstDay) {
    findings.Reject(name, base::FormatInstant(*time.value), Text::kDateTooEarly,
                    {base::FormatDay(kFirstDay)});
    return std::nullopt;
  }
  return time.value;
}

void CheckTimes(const Row& row, Instant now, Findings& findings, Measurement& out) {
  if (row.collected_at.absent()) findings.Reject("collected_at", "", Text::kMissing);
  const auto collected = ReadTime("collected_at", row.collected_at, now, findings);
  const auto known = ReadTime("known_at", row.known_at, now, findings);
  const auto started = ReadTime("started_at", row.started_at, now, findings);
  const auto received = ReadTime("received_at", row.received_at, now, findings);
  if (collected && known && *known < *collected) {
    findings.Reject("known_at", base::FormatInstant(*known), Text::kKnownBeforeCollected,
                    {base::FormatInstant(*collected)});
  }
  if (collected && started && *started > *collected) {
    findings.Reject("started_at", base::FormatInstant(*started), Text::kStartAfterEnd,
                    {base::FormatInstant(*collected)});
  }
  WarnIfBefore("received_at", received, "collected_at", collected, findings);
  WarnIfBefore("known_at", known, "received_at", received, findings);
  if (collected.has_value()) out.collected_at = *collected;
  out.known_at = known;
  out.collection.started_at = started;
  out.collection.received_at = received;
  if (collected.has_value()) CheckSpan(row, out, findings);
}

}  // namespace belgrand::sample
