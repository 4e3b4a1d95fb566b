// Whole-file reads and writes that survive a crash.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::base {

// NotFound, PermissionDenied or Unavailable (other I/O) name the path; ResourceExhausted when the
// file is larger than `max_bytes`.
StatusOr<std::string> ReadFile(const std::filesystem::path& path,
                               std::size_t max_bytes = std::size_t{1} << 30);

// Replaces `path` so that a crash leaves the old content or the new, never a mixture: writes a
// temporary file beside it, fsyncs, renames, fsyncs the directory. `mode` is the permission of a
// new file.
Status WriteFileAtomically(const std::filesystem::path& path, std::string_view content,
                           unsigned mode = 0600);

// Makes the directory's entries durable (after a create, rename or unlink).
Status SyncDirectory(const std::filesystem::path& directory);

}  // namespace belgrand::base
