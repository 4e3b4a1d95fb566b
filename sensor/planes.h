// The bricks of the chunk codec: variable-length numbers, and planes of bytes that are stored in
// whichever form is smallest.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"

namespace belgrand::sensor {

inline std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t UnZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}
// Wrap around instead of overflowing: the way back wraps too.
inline std::int64_t WrapSub(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t WrapAdd(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

void PutVarint(std::string& out, std::uint64_t value);

// Reads what was put; every Take is DataLoss when it is not there.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  base::StatusOr<std::uint64_t> Varint();
  base::StatusOr<std::uint8_t> Byte();
  base::StatusOr<std::string_view> Bytes(std::uint64_t size);
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// One plane: raw, one repeated byte, or compressed.
void PutPlane(std::string& out, std::string_view plane);
base::StatusOr<std::string> TakePlane(Reader& in, std::size_t size);

// Unsigned numbers: the count of bytes that the largest needs, then that many planes, lowest first.
void PutNumbers(std::string& out, const std::vector<std::uint64_t>& numbers);
base::StatusOr<std::vector<std::uint64_t>> TakeNumbers(Reader& in, std::size_t count);

// Numbers below 2^width, width 0 to 32, packed without gaps, lowest bit first.
void PutPacked(std::string& out, const std::vector<std::uint64_t>& numbers, unsigned width);
base::StatusOr<std::vector<std::uint64_t>> TakePacked(Reader& in, std::size_t count,
                                                      unsigned width);

}  // namespace belgrand::sensor
