// Small text helpers of the sample module: UTF-8, trimming, case, nearest spelling.
//
// Thread safety: all functions are pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace belgrand::sample {

// Offset of the first byte that breaks UTF-8 (overlong forms and surrogates included); nullopt when
// whole.
std::optional<std::size_t> FirstInvalidUtf8(std::string_view text);

// Code points of valid UTF-8; bytes otherwise miscounted, never out of bounds.
std::size_t CountCharacters(std::string_view text);

// Without ASCII white space at both ends.
std::string_view Trim(std::string_view text);

// ASCII letters lowered; other bytes kept.
std::string Lower(std::string_view text);

// The candidate closest to `text`, when it is close enough to be a slip of the pen (a third of the
// letters, at least one and at most five); empty otherwise.
std::string_view Nearest(std::string_view text, std::span<const std::string_view> candidates);

// `text` fit for a message: at most 80 bytes, control characters and broken UTF-8 replaced by '?'.
std::string Printable(std::string_view text);

}  // namespace belgrand::sample
