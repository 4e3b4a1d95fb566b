// Well-formed UTF-8, as Unicode 15 table 3-7 defines it: no overlong form, no surrogate, nothing
// above U+10FFFF.
//
// Thread safety: safe.
#pragma once

#include <cstddef>
#include <string_view>

namespace belgrand::base {

// Bytes of the character at the front of `text`, 1 to 4; 0 when `text` is empty or begins with
// none.
std::size_t Utf8CharacterSize(std::string_view text);

// Offset of the first byte that is not part of a character; text.size() when all of it is UTF-8.
std::size_t Utf8ValidPrefix(std::string_view text);
inline bool IsUtf8(std::string_view text) { return Utf8ValidPrefix(text) == text.size(); }

}  // namespace belgrand::base
