// Says of most identities that were never stored that they were never stored, from memory alone: a
// split-block Bloom filter of fixed size (Putze, Sanders and Singler, 2007).
//
// Never wrong the other way round. At 16 bits an identity about 1 new row in 1,000 has to be looked
// for on disk, at 8 bits 1 in 35.
//
// Thread safety: safe; a code that is being added may or may not be found.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "services/timeseries/identity.h"

namespace belgrand::timeseries {

class IdentityFilter {
 public:
  explicit IdentityFilter(std::size_t bytes)
      : blocks_(std::max<std::size_t>(bytes / sizeof(Block), 1)),
        words_(std::make_unique<Block[]>(blocks_)) {}

  void Add(IdentityCode code) {
    Block& block = At(code);
    const std::uint32_t mixed = Mix(code);
    for (std::size_t i = 0; i < kSalts.size(); ++i) {
      block[i].fetch_or(Bit(mixed, i), std::memory_order_relaxed);
    }
  }
  bool MayHold(IdentityCode code) const {
    const Block& block = At(code);
    const std::uint32_t mixed = Mix(code);
    for (std::size_t i = 0; i < kSalts.size(); ++i) {
      if ((block[i].load(std::memory_order_relaxed) & Bit(mixed, i)) == 0) return false;
    }
    return true;
  }
  void Prefetch(IdentityCode code) const { __builtin_prefetch(&At(code)); }
  std::size_t bytes() const { return blocks_ * sizeof(Block); }

 private:
  static constexpr std::array<std::uint32_t, 8> kSalts = {0x47b6137b, 0x44974d91, 0x8824ad5b,
                                                          0xa2b7289d, 0x705495c7, 0x2df1424b,
                                                          0x9efc4947, 0x5c6bfb31};
  using Block = std::array<std::atomic<std::uint32_t>, 8>;

  static std::uint32_t Mix(IdentityCode code) {
    return static_cast<std::uint32_t>((code * 0x9e3779b97f4a7c15U) >> 32U);
  }
  static std::uint32_t Bit(std::uint32_t mixed, std::size_t i) {
    return 1U << ((mixed * kSalts[i]) >> 27U);
  }
  // The top of the code chooses the block, by multiplication: blocks_ < 2^24 for 512 MiB.
  Block& At(IdentityCode code) const {
    return words_[static_cast<std::size_t>((code >> (kIdentityCodeBits - 32U)) * blocks_ >> 32U)];
  }

  const std::size_t blocks_;
  const std::unique_ptr<Block[]> words_;
};

}  // namespace belgrand::timeseries
