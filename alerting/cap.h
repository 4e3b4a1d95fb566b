// An alert as a message of the Common Alerting Protocol (OASIS CAP 1.2), for a public notice.
//
// Only drafts and exercises are composed: a notice that the public is to act on is released by two
// people in the system that publishes it. Category Health; English and French; no person, no
// laboratory, no site is named. One episode of an alert is one chain: Alert when it opens, Update
// when its severity changes, Cancel when it is resolved, each with references to all before it. The
// same event gives the same bytes. Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::alerting {

// Latitude and longitude, WGS 84.
using CapPosition = std::pair<double, double>;

struct CapOptions {
  // Names the sender in the world: "alerts@city.example"; no spaces, commas, '<' or '&'.
  std::string sender;
  // "City of Example, public health"; may be empty.
  std::string sender_name;
  // Whom to ask; may be empty.
  std::string contact;
  enum class Status { kDraft, kExercise } status = Status::kDraft;
  base::Duration expires_after = std::chrono::hours(168);
  // Outer rings, the last position being the first; together they are the area.
  std::vector<std::vector<CapPosition>> polygons;
};

// `history`: the events of one alert, oldest first; `sequence`: which of them the message is about.
// InvalidArgument: an option that CAP does not allow, or text that XML cannot hold. NotFound: no
// such event in the history. FailedPrecondition: the event is none that the public is told of, or
// its episode does not begin in the history.
base::StatusOr<std::string> ComposeCap(std::span<const v1::AlertEvent> history,
                                       std::uint64_t sequence, const CapOptions& options);

// The newest event that a message can be about; 0: there is none.
std::uint64_t NewestForCap(std::span<const v1::AlertEvent> history);

}  // namespace belgrand::alerting
