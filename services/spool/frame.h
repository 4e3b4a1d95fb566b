// The bytes of a spool file: a preamble that wraps the file's own key, then sealed frames.
//
// Layout: docs/formats/spool.md. Every file has a fresh key, wrapped under the key of the spool, so
// that overwriting the preamble makes the rest of the file unreadable wherever copies of its blocks
// remain. A frame is bound to its file, kind and place: frames of two files, or two frames of one,
// cannot change places unnoticed. The checksum needs no key and tells damage from a wrong key.
//
// Thread safety: a FrameCipher may be shared; functions are pure.
// Errors: FailedPrecondition: another key. DataLoss: damaged bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "platform/base/error.h"
#include "platform/crypto/secret.h"

namespace belgrand::spool {

enum class FrameKind : std::uint8_t { kHeader = 1, kRows = 2, kEnd = 3, kVerdicts = 4 };

inline constexpr std::size_t kPreambleBytes = 96;
// Length and checksum in front of a frame's body.
inline constexpr std::size_t kFrameHeadBytes = 8;
// Body of a frame beside its content: kind, nonce and tag.
inline constexpr std::size_t kFrameOverhead = 1 + 12 + 16;
inline constexpr std::size_t kMaxFrameBytes = std::size_t{8} << 20;

class FrameCipher {
 public:
  // A new file; `preamble` are its first bytes.
  static FrameCipher Create(const crypto::Key256& spool_key, std::string& preamble);
  static base::StatusOr<FrameCipher> Open(const crypto::Key256& spool_key,
                                          std::string_view preamble);

  // The whole frame that starts at `offset` of the file.
  std::string Seal(FrameKind kind, std::uint64_t offset, std::string_view content) const;
  // The content of a body that CheckBody accepted.
  base::StatusOr<std::string> Unseal(FrameKind kind, std::uint64_t offset,
                                     std::string_view body) const;

 private:
  std::string Place(FrameKind kind, std::uint64_t offset) const;

  std::array<std::uint8_t, 16> file_id_{};
  crypto::Key256 key_;
};

struct FrameHead {
  std::uint32_t length = 0;  // of the body
  std::array<std::uint8_t, 4> checksum{};
};
// DataLoss: fewer than kFrameHeadBytes, or a length that no frame has.
base::StatusOr<FrameHead> ParseFrameHead(std::string_view bytes);
// The kind; DataLoss when checksum or kind is wrong.
base::StatusOr<FrameKind> CheckBody(const FrameHead& head, std::string_view body);

// What a preamble is overwritten with before its file is removed.
std::string DestroyedPreamble();
// The file was finished or dropped, only its removal was cut off. Its first bytes say so: zeros
// alone could come from a failing disk.
bool IsDestroyed(std::string_view preamble);

}  // namespace belgrand::spool
