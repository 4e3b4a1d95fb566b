// How far apart two spellings are, for "did you mean".
#pragma once

#include <cstddef>
#include <string_view>

namespace belgrand::base {

// Fewest insertions, deletions and replacements of bytes that turn one into the other; the case of
// ASCII letters does not count. Takes time in proportion to the product of the lengths: bound them.
std::size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace belgrand::base
