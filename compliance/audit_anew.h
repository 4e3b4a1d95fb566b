// Puts an audit log aside, whole, and lays an empty one in its place: after an older copy of the
// data had to be restored, when the log cannot go on without contradicting its witnesses, and at
// the end of each half-year, so that its entries can be deleted when their time has come.
//
// The new log has the same signing key and another origin: that of its half-year, "x/2027h1", or
// the next in line, "x/anew-2", "x/anew-3". Witnesses that know the key of "x" know these too.
// Every step is a rename that a crash leaves done or not; running it again goes on from there.
//
// Thread safety: one call at a time; refuses a log that a process has open.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "compliance/checkpoint.h"
#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::compliance {

// The origin under which the log in `directory` goes on: that of its verifier key where it follows
// `configured`, else `configured`.
std::string OriginInUse(const std::filesystem::path& directory, const std::string& configured);

std::string NextOrigin(std::string_view origin);

// Of a log in a line of logs the origin of the first: "x" of "x/2027h1/anew-2". They have one key.
std::string_view FirstOrigin(std::string_view origin);

// The half-year of an instant, UTC: "2026h2".
std::string HalfYearOf(base::Instant at);

// The origin of the log that follows `current` and begins in `half_year`: never `current` again.
std::string OriginOfHalfYear(const std::string& configured, const std::string& current,
                             const std::string& half_year);

struct AnewOptions {
  std::filesystem::path directory;
  std::filesystem::path seed_path;
  // Where closed logs lie: <closed>/1, <closed>/2, ...
  std::filesystem::path closed;
  // The last cosigned checkpoint, put beside the closed log as "cosigned"; need not exist.
  std::filesystem::path anchor;
  // Of the log that follows; empty: NextOrigin.
  std::string next_origin;
};

struct AnewReport {
  // As far as its checkpoint can be read; size 0 where it cannot.
  Checkpoint before;
  std::filesystem::path closed;
  std::string origin;
};

// NotFound: there is no log. FailedPrecondition: a process has it open, or its seed is missing.
base::StatusOr<AnewReport> BeginAnew(const AnewOptions& options);

}  // namespace belgrand::compliance
