// Secret bytes, their wiping, their comparison, and the randomness they are made of.
//
// Thread safety: functions are safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::crypto {

// Overwrites in a way the compiler may not drop.
void Cleanse(std::string& secret);
void Cleanse(void* secret, std::size_t size);

// A 256-bit symmetric key that wipes itself.
class Key256 {
 public:
  Key256() = default;
  ~Key256() { Cleanse(bytes_.data(), bytes_.size()); }
  Key256(const Key256&) = default;
  Key256& operator=(const Key256&) = default;

  static Key256 Random();
  // InvalidArgument unless `bytes` has 32 bytes; the message does not show them.
  static base::StatusOr<Key256> FromBytes(std::string_view bytes);

  const std::uint8_t* data() const { return bytes_.data(); }
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

 private:
  std::array<std::uint8_t, 32> bytes_{};
};

// From the operating system's generator. Stops the process if that fails: no caller could go on
// safely.
void FillRandom(void* out, std::size_t size);
std::string RandomBytes(std::size_t size);
template <std::size_t N>
std::array<std::uint8_t, N> RandomArray() {
  std::array<std::uint8_t, N> bytes;
  FillRandom(bytes.data(), N);
  return bytes;
}

// Time depends on the lengths only.
bool ConstantTimeEqual(std::string_view a, std::string_view b);

}  // namespace belgrand::crypto
