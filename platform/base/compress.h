// General-purpose compression (zstd). The only owner of <zstd.h>.
//
// Thread safety: safe; each thread keeps its own working memory. Frames are zstd's own (RFC 8878),
// so that any zstd tool can open what was written.
#pragma once

#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::base {

// Appends the frame of `bytes` to `out`; returns the frame's size.
std::size_t CompressTo(std::string& out, std::string_view bytes);

// DataLoss: not a frame, cut off, or its content is not exactly `size` bytes (which also bounds the
// memory taken).
StatusOr<std::string> Decompress(std::string_view frame, std::size_t size);

}  // namespace belgrand::base
