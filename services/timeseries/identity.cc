#include "services/timeseries/identity.h"

#include <bit>
#include <cstring>

#include "platform/base/check.h"

namespace belgrand::timeseries {
namespace {

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void Take(std::uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
};

static_assert(std::endian::native == std::endian::little);

std::uint64_t Word(const char* bytes, std::size_t size = 8) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, size);
  return word;
}

}  // namespace

std::uint64_t SipHash24(std::uint64_t key0, std::uint64_t key1, std::string_view data) {
  SipState state{key0 ^ 0x736f6d6570736575U, key1 ^ 0x646f72616e646f6dU, key0 ^ 0x6c7967656e657261U,
                 key1 ^ 0x7465646279746573U};
  const std::size_t size = data.size();
  while (data.size() >= 8) {
    state.Take(Word(data.data()));
    data.remove_prefix(8);
  }
  state.Take(Word(data.data(), data.size()) | static_cast<std::uint64_t>(size) << 56U);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.Round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

IdentityHasher::IdentityHasher(std::string_view key) {
  BELGRAND_CHECK(key.size() == kIdentityKeyBytes);
  key0_ = Word(key.data());
  key1_ = Word(key.data() + 8);
}

}  // namespace belgrand::timeseries
