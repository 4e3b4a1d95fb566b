// Columns of numbers and of texts as bytes, small by what their values have in common: the pieces
// of a row chunk (services/timeseries/row_chunk.h). docs/formats/timeseries.md defines the bytes.
//
// Nothing is compressed here: equal, evenly spaced or close values take few bytes, the bytes of the
// others are laid out so that the storage engine's compression finds what repeats.
//
// Thread safety: pure functions. Take* return false on bytes that no Append* makes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace belgrand::timeseries {

void AppendVarint(std::string& out, std::uint64_t value);
bool TakeVarint(std::string_view& in, std::uint64_t& value);

// Any integers; the shortest of: all equal, distance from the least, distance from the one before.
void AppendIntegers(std::string& out, std::span<const std::int64_t> values);
bool TakeIntegers(std::string_view& in, std::size_t count, std::vector<std::int64_t>& values);

// Whether what follows says that all values are equal: then one may be taken for all of them.
bool HoldsOneInteger(std::string_view in);
bool HoldsOneDouble(std::string_view in);
bool HoldsOneText(std::string_view in);

// Exact for every bit pattern; decimal fractions of few digits take the bytes of integers.
void AppendDoubles(std::string& out, std::span<const double> values);
bool TakeDoubles(std::string_view& in, std::size_t count, std::vector<double>& values);

// Texts that repeat are written once, and those that differ in a decimal number alone as numbers.
// The views are valid while the bytes of `in` and `made` are; `made` holds what had to be written
// out.
void AppendTexts(std::string& out, std::span<const std::string_view> values);
bool TakeTexts(std::string_view& in, std::size_t count, std::vector<std::string_view>& values,
               std::string& made);

// One bit a row.
void AppendBits(std::string& out, const std::vector<bool>& bits);
bool TakeBits(std::string_view& in, std::size_t count, std::vector<bool>& bits);

}  // namespace belgrand::timeseries
