#include "compliance/record_file.h"

#include "platform/crypto/hash.h"

namespace belgrand::compliance {
namespace {

constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kMaxFrameBytes = 1 << 20;

std::string FirstLine(std::string_view name, std::string_view format) {
  return fmt::format("belgrand {} {}\n", name, format);
}

}  // namespace

std::string EncodeFrames(std::string_view name, const std::vector<std::string>& frames) {
  std::string rest;
  for (const std::string& frame : frames) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      rest += static_cast<char>(frame.size() >> shift & 255);
    }
    rest += frame;
  }
  const crypto::Digest digest = crypto::Sha256(rest);
  return FirstLine(name, "1") + std::string(crypto::View(digest)) + rest;
}

base::StatusOr<std::vector<std::string>> DecodeFrames(std::string_view name,
                                                      std::string_view bytes) {
  const base::Status damaged = base::DataLoss(
      "the list of {} is damaged: restore a copy of the keyring's directory, or move the file away "
      "and start with an empty list",
      name);
  const std::string first = FirstLine(name, "1");
  if (!bytes.starts_with(first)) {
    const std::string any = FirstLine(name, "");
    if (bytes.starts_with(std::string_view(any).substr(0, any.size() - 1))) {
      return base::FailedPrecondition(
          "the list of {} is of another release: this one reads format 1", name);
    }
    return damaged;
  }
  bytes.remove_prefix(first.size());
  if (bytes.size() < kDigestBytes) return damaged;
  const std::string_view digest = bytes.substr(0, kDigestBytes);
  bytes.remove_prefix(kDigestBytes);
  const crypto::Digest real = crypto::Sha256(bytes);
  if (crypto::View(real) != digest) return damaged;
  std::vector<std::string> frames;
  while (!bytes.empty()) {
    if (bytes.size() < kLengthBytes) return damaged;
    std::size_t size = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
      size = size << 8 | static_cast<std::uint8_t>(bytes[i]);
    }
    bytes.remove_prefix(kLengthBytes);
    if (size > bytes.size() || size > kMaxFrameBytes) return damaged;
    frames.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return frames;
}

}  // namespace belgrand::compliance
