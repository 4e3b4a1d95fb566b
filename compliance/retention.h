// How long stored data may live: the retention annotations of the schema, applied to records.
//
// Domain code: the caller passes `now`. A steward (the role that owns a database) walks its records
// and asks here; it never computes a limit itself, so that the plan and the deletion cannot
// disagree.
//
// Calendar: durations are added on the civil calendar in UTC, years and months first (a day that
// the target month lacks becomes its last day: 2024-02-29 + P1Y = 2025-02-28), then weeks and days,
// then time. Thread safety: safe.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::compliance {

// A length of time as ISO 8601 writes it; months and years have no fixed number of seconds.
struct CalendarDuration {
  int months = 0;  // years count as 12
  int days = 0;    // weeks count as 7
  base::Duration time{0};
  friend bool operator==(const CalendarDuration&, const CalendarDuration&) = default;
};

// Parses "P10Y", "P1Y6M", "P2W", "P10D", "PT1H30M", "P1DT12H". InvalidArgument names the text and
// the form: no sign, no fraction, parts in order, at least one part, greater than zero, at most
// 1,000 years.
base::StatusOr<CalendarDuration> ParseIsoDuration(std::string_view text);

base::Instant AddDuration(base::Instant from, const CalendarDuration& duration);

// One retention annotation of a stored message.
struct RetentionPolicy {
  std::string message;  // full name of the stored message
  std::string field;    // path of the field to clear ("alert.acknowledged_by"); empty: the record
  std::string text;     // ISO 8601, as annotated
  CalendarDuration duration;
  // What the time counts from: int64 microseconds since 1970. That of a field is the field's own
  // clock, by its path, where it names one ("alert.acknowledged_at_us").
  std::string clock_field;
  // Of the stored message; counts where clock_field is 0. Both are the same for a record.
  std::string record_clock_field;
  // Of a record that has a restricted archive: when it begins.
  std::optional<CalendarDuration> archive_after = {};
};

// The annotations of a stored message and of the messages it is composed of: first the record's
// own, then one for each field, in order. A nested field that names no clock of its own counts from
// the clock of the record that is stored. Empty: kept for as long as the service runs. A malformed
// annotation stops the process: CheckSchema (compliance/schema_check.h) keeps it from being built
// in the first place.
std::vector<RetentionPolicy> RetentionPolicies(const google::protobuf::Descriptor& message);

// The instant the policy counts from; nullopt when no clock field of it can be a date: 0 (never
// written) or outside the years 1900 to 2199.
std::optional<base::Instant> RetentionClock(const RetentionPolicy& policy,
                                            const google::protobuf::Message& record);

// Whether the record holds what the policy is about: true for a record, whether it is set for a
// field.
bool HoldsValue(const RetentionPolicy& policy, const google::protobuf::Message& record);

// Whether what the policy is about is there and its time has come: clock + duration <= now. A
// record whose clock cannot be a date does not expire: deleting what cannot be dated could destroy
// evidence.
bool IsExpired(const RetentionPolicy& policy, const google::protobuf::Message& record,
               base::Instant now);

// Whether the record is in the restricted archive: past archive_after, and not expired.
bool IsArchived(const RetentionPolicy& policy, const google::protobuf::Message& record,
                base::Instant now);

// Clears every field of the record that is expired and returns their paths; empty: nothing changed.
// The record as a whole is the caller's to delete, see IsExpired with a policy whose field is
// empty. `policies` are those of the record's type: compute them once for a walk over many records.
std::vector<std::string> ClearExpiredFields(std::span<const RetentionPolicy> policies,
                                            google::protobuf::Message* record, base::Instant now);
std::vector<std::string> ClearExpiredFields(google::protobuf::Message* record, base::Instant now);

}  // namespace belgrand::compliance
