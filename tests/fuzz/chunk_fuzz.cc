// Any bytes at all as a chunk of readings: nothing may crash or hang, and what is given back is
// always a series that can be encoded and read again, bit by bit.
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "platform/base/check.h"
#include "sensor/chunk_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using belgrand::sensor::Decode;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto points = Decode(bytes);
  if (!points.ok()) return 0;
  const auto again = belgrand::sensor::Encode(*points);
  BELGRAND_CHECK(again.ok());
  const auto back = Decode(*again);
  BELGRAND_CHECK(back.ok() && back->size() == points->size());
  for (std::size_t i = 0; i < points->size(); ++i) {
    BELGRAND_CHECK((*back)[i].time_us == (*points)[i].time_us);
    BELGRAND_CHECK((*back)[i].mark == (*points)[i].mark);
    BELGRAND_CHECK(std::bit_cast<std::uint64_t>((*back)[i].value) ==
                   std::bit_cast<std::uint64_t>((*points)[i].value));
  }
  return 0;
}
