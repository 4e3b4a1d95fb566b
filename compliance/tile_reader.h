// The resources of a C2SP tlog-tiles server, cut from the growing files of an audit log, so that a
// client which Belgrand did not write can follow and verify it.
//
// Thread safety: safe; may run while the log is being written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::compliance {

// The bytes of "checkpoint", "tile/<L>/<N>[.p/<W>]" or "tile/entries/<N>[.p/<W>]" of the log in
// `directory`, of which the first `size` entries may be served (AuditLog::size, or a checkpoint's
// size). InvalidArgument: no such kind of path. NotFound: past `size`.
base::StatusOr<std::string> ReadLogResource(const std::filesystem::path& directory,
                                            std::uint64_t size, std::string_view path);

}  // namespace belgrand::compliance
