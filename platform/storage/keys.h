// Building blocks of keys: their byte order is the order of what they encode.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace belgrand::storage {

// Big-endian.
void AppendUint64(std::string& key, std::uint64_t value);
void AppendUint32(std::string& key, std::uint32_t value);
// Big-endian with the sign bit flipped: negative instants order before positive ones.
void AppendInt64(std::string& key, std::int64_t value);
// The bytes with 0x00 written as 0x00 0xff, then 0x00 0x01: no text is a prefix of another.
void AppendText(std::string& key, std::string_view text);

// Each takes its part off the front of `key`; nullopt (and `key` untouched) when it is not there.
std::optional<std::uint64_t> TakeUint64(std::string_view& key);
std::optional<std::uint32_t> TakeUint32(std::string_view& key);
std::optional<std::int64_t> TakeInt64(std::string_view& key);
std::optional<std::string> TakeText(std::string_view& key);

// The first key after every key that starts with `prefix`; empty when there is none.
std::string PrefixEnd(std::string_view prefix);

}  // namespace belgrand::storage
