// The frames that the keyring and the erasure ledger are made of: u32 big-endian length || first 4
// bytes of SHA-256(payload) || payload. docs/formats/keyring.md.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::compliance {

inline constexpr std::size_t kFrameHeaderBytes = 8;
inline constexpr std::size_t kMaxFramePayloadBytes = 4096;

std::string EncodeFrame(std::string_view payload);

// The payload of the frame that `rest` begins with; nothing when it is an unfinished append: cut
// off, or zeros. DataLoss: damaged; names the frame by `file` and `number`.
base::StatusOr<std::optional<std::string_view>> NextFrame(std::string_view rest,
                                                          std::string_view file,
                                                          std::size_t number);

}  // namespace belgrand::compliance
