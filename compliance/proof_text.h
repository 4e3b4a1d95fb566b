// The lines that checkpoints, proofs and witness requests are made of: strict, so that a text has
// exactly one spelling.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "compliance/merkle.h"
#include "platform/base/error.h"

namespace belgrand::compliance {

// Takes the first line off `text`, without its newline; false where there is no newline left.
bool TakeLine(std::string_view& text, std::string_view& line);

// Decimal, of 64 bits, without leading zeros; InvalidArgument shows the text.
base::StatusOr<std::uint64_t> ParseDecimal(std::string_view text);

// Base64 of 32 bytes; InvalidArgument shows the text.
base::StatusOr<Hash> ParseHash(std::string_view base64);
std::string FormatHash(const Hash& hash);

}  // namespace belgrand::compliance
