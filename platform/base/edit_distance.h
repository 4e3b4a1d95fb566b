// How far apart two spellings are, for "did you mean".
#pragma once

#include <cstddef>
#include <string_view>

namespace belgrand::base {

// Fewest insertions, deletions and replacements of bytes that turn one into the other, or `limit`
// where that takes as many or more; the case of ASCII letters does not count. Takes time in
// proportion to `limit` and the shorter length, and far less for texts that have little in common.
std::size_t EditDistance(std::string_view a, std::string_view b, std::size_t limit);

}  // namespace belgrand::base
