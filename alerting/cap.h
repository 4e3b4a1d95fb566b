// An alert as a message of the Common Alerting Protocol (OASIS CAP 1.2), for a public notice.
//
// ComposeCap makes drafts and exercises of an alert's own history: one episode is one chain, Alert
// when it opens, Update when its severity changes, Cancel when it is resolved, each with references
// to all before it. What the public is to act on is composed by alerting/notice.h, which chains
// what was released, and is released by two people. Category Health; English and French; no person,
// no laboratory, no site is named. The same input gives the same bytes. Thread safety: pure
// functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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
  std::string sender_name = {};
  // Whom to ask; may be empty.
  std::string contact = {};
  enum class Status { kDraft, kExercise, kActual } status = Status::kDraft;
  base::Duration expires_after = std::chrono::hours(168);
  // Outer rings, the last position being the first; together they are the area.
  std::vector<std::vector<CapPosition>> polygons = {};
  // What people are to do; may be empty.
  std::string instruction = {};
  std::string instruction_fr = {};
  // Of the area; empty: "District " and its name.
  std::string area_name = {};
  std::string area_name_fr = {};
};

enum class CapType { kAlert, kUpdate, kCancel };

// One message of a chain.
struct CapMessage {
  CapType type = CapType::kAlert;
  // Unique under the sender; no spaces, commas, '<' or '&'.
  std::string identifier;
  base::Instant sent{};
  // CapReference of every message before it, oldest first, with spaces between.
  std::string references = {};
  // A Cancel: the signal is over, or what was said is taken back while it stands.
  enum class End { kOver, kWithdrawn } end = End::kOver;
};
std::string CapReference(std::string_view sender, std::string_view identifier, base::Instant sent);

// `history`: the events of one alert, oldest first; `sequence`: which of them the message is about.
// InvalidArgument: an option that CAP does not allow, or text that XML cannot hold. NotFound: no
// such event in the history. FailedPrecondition: the event is none that the public is told of, or
// its episode does not begin in the history.
base::StatusOr<std::string> ComposeCap(std::span<const v1::AlertEvent> history,
                                       std::uint64_t sequence, const CapOptions& options);

// The event as a message of a chain; whatever kind of event it is.
// InvalidArgument as ComposeCap; FailedPrecondition: the public is told of no such alert.
base::StatusOr<std::string> ComposeCapMessage(const v1::AlertEvent& event,
                                              const CapMessage& message, const CapOptions& options);
// What can be wrong with the options, as InvalidArgument.
base::Status CheckCapOptions(const CapOptions& options);
// What the public is told of by an event of this kind; absent: nothing.
std::optional<CapType> CapTypeOf(v1::EventKind kind);
// "48.8,2.3 48.8,2.4 ...", as a polygon is written in CAP. InvalidArgument names what is wrong.
base::StatusOr<std::vector<CapPosition>> ParseCapPolygon(std::string_view text);

// The newest event that a message can be about; 0: there is none.
std::uint64_t NewestForCap(std::span<const v1::AlertEvent> history);

}  // namespace belgrand::alerting
