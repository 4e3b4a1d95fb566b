// A short code of a row's identity, for indexes: 40 bits of SipHash-2-4 under a key of the store.
//
// Different rows may have the same code, so whoever finds one compares the rows. The key is random
// and secret, so that nobody can send rows that all have one code.
//
// Thread safety: safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "services/timeseries/layout.h"

namespace belgrand::timeseries {

using IdentityCode = std::uint64_t;
inline constexpr unsigned kIdentityCodeBits = 40;
inline constexpr std::size_t kIdentityKeyBytes = 16;

// SipHash-2-4 (Aumasson and Bernstein, 2012).
std::uint64_t SipHash24(std::uint64_t key0, std::uint64_t key1, std::string_view data);

class IdentityHasher {
 public:
  IdentityHasher() = default;
  // REQUIRES: kIdentityKeyBytes bytes.
  explicit IdentityHasher(std::string_view key);

  IdentityCode Code(std::string_view row_key) const {
    return SipHash24(key0_, key1_, row_key) >> (64 - kIdentityCodeBits);
  }

 private:
  std::uint64_t key0_ = 0;
  std::uint64_t key1_ = 0;
};

}  // namespace belgrand::timeseries
