// Puts an audit log aside, whole, and lays an empty one in its place: after an older copy of the
// data had to be restored, when the log cannot go on without contradicting its witnesses, and to
// close a period.
//
// The new log has the same signing key and the next origin: "x" is followed by "x/anew-2", then
// "x/anew-3". Witnesses that know the key of "x" know these too. Every step is a rename that a
// crash leaves done or not; running it again goes on from there.
//
// Thread safety: one call at a time; refuses a log that a process has open.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "compliance/checkpoint.h"
#include "platform/base/error.h"

namespace belgrand::compliance {

// The origin under which the log in `directory` goes on: that of its verifier key where it follows
// `configured`, else `configured`.
std::string OriginInUse(const std::filesystem::path& directory, const std::string& configured);

std::string NextOrigin(std::string_view origin);

struct AnewOptions {
  std::filesystem::path directory;
  std::filesystem::path seed_path;
  // Where closed logs lie: <closed>/1, <closed>/2, ...
  std::filesystem::path closed;
  // The last cosigned checkpoint, put beside the closed log as "cosigned"; need not exist.
  std::filesystem::path anchor;
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
