#include "sensor/planes.h"

#include <algorithm>
#include <bit>

#include "platform/base/compress.h"

namespace belgrand::sensor {
namespace {

// Stored; cannot be changed.
enum PlaneForm : char { kRaw = 0, kRepeated = 1, kCompressed = 2 };

base::Status CutOff() { return base::DataLoss("a chunk of readings ends too early"); }

}  // namespace

void PutVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

base::StatusOr<std::uint64_t> Reader::Varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    ASSIGN_OR_RETURN(const std::uint8_t byte, Byte());
    if (shift == 63 && byte > 1) break;
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return base::DataLoss("a chunk of readings holds a number of more than 64 bits");
}

base::StatusOr<std::uint8_t> Reader::Byte() {
  if (rest_.empty()) return CutOff();
  const auto byte = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return byte;
}

base::StatusOr<std::string_view> Reader::Bytes(std::uint64_t size) {
  if (size > rest_.size()) return CutOff();
  const std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

void PutPlane(std::string& out, std::string_view plane) {
  if (plane.empty()) return;
  if (plane.find_first_not_of(plane.front()) == std::string_view::npos) {
    out.push_back(kRepeated);
    out.push_back(plane.front());
    return;
  }
  thread_local std::string frame;
  frame.clear();
  base::CompressTo(frame, plane);
  if (frame.size() + 2 < plane.size()) {
    out.push_back(kCompressed);
    PutVarint(out, frame.size());
    out.append(frame);
    return;
  }
  out.push_back(kRaw);
  out.append(plane);
}

base::StatusOr<std::string> TakePlane(Reader& in, std::size_t size) {
  if (size == 0) return std::string();
  ASSIGN_OR_RETURN(const std::uint8_t form, in.Byte());
  if (form == kRepeated) {
    ASSIGN_OR_RETURN(const std::uint8_t byte, in.Byte());
    return std::string(size, static_cast<char>(byte));
  }
  if (form == kRaw) {
    ASSIGN_OR_RETURN(const std::string_view bytes, in.Bytes(size));
    return std::string(bytes);
  }
  if (form != kCompressed)
    return base::DataLoss("a plane of readings has the unknown form {}", form);
  ASSIGN_OR_RETURN(const std::uint64_t frame_size, in.Varint());
  ASSIGN_OR_RETURN(const std::string_view frame, in.Bytes(frame_size));
  return base::Decompress(frame, size);
}

void PutNumbers(std::string& out, const std::vector<std::uint64_t>& numbers) {
  std::uint64_t all = 0;
  for (const std::uint64_t number : numbers) all |= number;
  const auto width = static_cast<unsigned>((std::bit_width(all) + 7) / 8);
  out.push_back(static_cast<char>(width));
  std::string plane(numbers.size(), '\0');
  for (unsigned byte = 0; byte < width; ++byte) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      plane[i] = static_cast<char>(numbers[i] >> (8 * byte));
    }
    PutPlane(out, plane);
  }
}

base::StatusOr<std::vector<std::uint64_t>> TakeNumbers(Reader& in, std::size_t count) {
  ASSIGN_OR_RETURN(const std::uint8_t width, in.Byte());
  if (width > 8) return base::DataLoss("a chunk of readings holds numbers of {} bytes", width);
  std::vector<std::uint64_t> numbers(count);
  for (unsigned byte = 0; byte < width; ++byte) {
    ASSIGN_OR_RETURN(const std::string plane, TakePlane(in, count));
    for (std::size_t i = 0; i < count; ++i) {
      numbers[i] |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(plane[i])) << (8 * byte);
    }
  }
  return numbers;
}

void PutPacked(std::string& out, const std::vector<std::uint64_t>& numbers, unsigned width) {
  std::uint64_t pending = 0;
  unsigned bits = 0;
  for (const std::uint64_t number : numbers) {
    pending |= number << bits;
    bits += width;
    for (; bits >= 8; bits -= 8, pending >>= 8) out.push_back(static_cast<char>(pending));
  }
  if (bits > 0) out.push_back(static_cast<char>(pending));
}

base::StatusOr<std::vector<std::uint64_t>> TakePacked(Reader& in, std::size_t count,
                                                      unsigned width) {
  ASSIGN_OR_RETURN(const std::string_view bytes,
                   in.Bytes((static_cast<std::uint64_t>(count) * width + 7) / 8));
  std::vector<std::uint64_t> numbers(count);
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  std::uint64_t pending = 0;
  unsigned bits = 0;
  std::size_t at = 0;
  for (std::uint64_t& number : numbers) {
    for (; bits < width; bits += 8) {
      pending |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[at++])) << bits;
    }
    number = pending & mask;
    pending >>= width;
    bits -= width;
  }
  return numbers;
}

}  // namespace belgrand::sensor
