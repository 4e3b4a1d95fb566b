// SHA-256, HMAC-SHA256 and HKDF-SHA256 (FIPS 180-4, RFC 2104, RFC 5869).
//
// Byte strings are std::string_view: that is what protobuf and the file layer hold.
// Thread safety: functions are safe; a Sha256Stream is externally synchronised.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace belgrand::crypto {

using Digest = std::array<std::uint8_t, 32>;

// The bytes of a digest, key or signature; valid while the array lives.
template <std::size_t N>
std::string_view View(const std::array<std::uint8_t, N>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), N};
}

Digest Sha256(std::string_view data);
// Of the parts one after the other, without joining them in memory.
Digest Sha256(std::initializer_list<std::string_view> parts);

class Sha256Stream {
 public:
  Sha256Stream();
  void Update(std::string_view data);
  // The digest of all updates; the stream starts afresh.
  Digest Finish();

 private:
  std::unique_ptr<void, void (*)(void*)> context_;
};

Digest HmacSha256(std::string_view key, std::string_view data);

// `length` at most 255 * 32 bytes (checked).
std::string HkdfSha256(std::string_view key, std::string_view salt, std::string_view info,
                       std::size_t length);

}  // namespace belgrand::crypto
