// A small file of records that is written whole: a first line that names it, SHA-256 of the rest,
// then frames of a length (4 bytes, big-endian) and that many bytes. Damage and a cut are found;
// half a file is never taken for a whole one.
//
// Thread safety: functions are safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"

namespace belgrand::compliance {

// `name`: "identities" gives the first line "belgrand identities 1".
std::string EncodeFrames(std::string_view name, const std::vector<std::string>& frames);
// DataLoss: not what was written. FailedPrecondition: of another format.
base::StatusOr<std::vector<std::string>> DecodeFrames(std::string_view name,
                                                      std::string_view bytes);

}  // namespace belgrand::compliance
