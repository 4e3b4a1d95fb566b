#include "compliance/frames.h"

#include <cstdint>

#include "platform/crypto/hash.h"

namespace belgrand::compliance {
namespace {

constexpr std::size_t kChecksumBytes = 4;

}  // namespace

std::string EncodeFrame(std::string_view payload) {
  std::string frame;
  for (int shift = 24; shift >= 0; shift -= 8) {
    frame += static_cast<char>(payload.size() >> shift & 255);
  }
  frame += crypto::View(crypto::Sha256(payload)).substr(0, kChecksumBytes);
  return frame.append(payload);
}

base::StatusOr<std::optional<std::string_view>> NextFrame(std::string_view rest,
                                                          std::string_view file,
                                                          std::size_t number) {
  if (rest.find_first_not_of('\0') == rest.npos || rest.size() < kFrameHeaderBytes) {
    return std::optional<std::string_view>();
  }
  std::size_t length = 0;
  for (int i = 0; i < 4; ++i) {
    length = length << 8 | static_cast<std::uint8_t>(rest[static_cast<std::size_t>(i)]);
  }
  if (length == 0 || length > kMaxFramePayloadBytes) {
    return base::DataLoss("{} frame {} claims {} bytes: the file is damaged", file, number, length);
  }
  if (rest.size() - kFrameHeaderBytes < length) return std::optional<std::string_view>();
  const std::string_view payload = rest.substr(kFrameHeaderBytes, length);
  if (crypto::View(crypto::Sha256(payload)).substr(0, kChecksumBytes) !=
      rest.substr(4, kChecksumBytes)) {
    return base::DataLoss("{} frame {} does not match its checksum: the file is damaged", file,
                          number);
  }
  return std::optional<std::string_view>(payload);
}

}  // namespace belgrand::compliance
