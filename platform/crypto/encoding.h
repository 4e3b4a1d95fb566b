// Hexadecimal (lower case) and base64 (RFC 4648 section 4, padded), decoded strictly.
//
// Strict: a text has exactly one encoding, so a signature or proof cannot be re-spelled. Decoding
// refuses white space, missing padding, and bits set after the last byte.
#pragma once

#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::crypto {

std::string ToHex(std::string_view bytes);
// InvalidArgument for an odd length or a character that is not [0-9a-f].
base::StatusOr<std::string> FromHex(std::string_view text);

std::string ToBase64(std::string_view bytes);
// InvalidArgument for anything ToBase64 would not have written.
base::StatusOr<std::string> FromBase64(std::string_view text);

}  // namespace belgrand::crypto
