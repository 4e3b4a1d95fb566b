#include "services/spool/frame.h"

#include <cstring>

#include "platform/crypto/aead.h"
#include "platform/crypto/hash.h"

namespace belgrand::spool {
namespace {

constexpr std::string_view kMagic = "BGSPOOL1";
constexpr std::string_view kDestroyed = "BGREMOVE";
constexpr std::string_view kKeyContext = "belgrand spool key v1";
constexpr std::string_view kFrameContext = "belgrand spool v1";
constexpr std::size_t kFileIdBytes = 16;
constexpr std::size_t kKeyIdBytes = 8;
constexpr std::size_t kWrappedBytes = 32 + crypto::kGcmTagBytes;
constexpr std::size_t kChecksumBytes = 4;
static_assert(kMagic.size() + kFileIdBytes + kKeyIdBytes + crypto::kGcmNonceBytes + kWrappedBytes +
                  kChecksumBytes ==
              kPreambleBytes);

std::string KeyId(const crypto::Key256& key) {
  return std::string(crypto::View(crypto::Sha256({"belgrand spool key id", key.view()})))
      .substr(0, kKeyIdBytes);
}

std::string Checksum(std::string_view bytes) {
  return std::string(crypto::View(crypto::Sha256(bytes))).substr(0, kChecksumBytes);
}

std::string BigEndian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

crypto::GcmNonce NonceOf(std::string_view bytes) {
  crypto::GcmNonce nonce;
  std::memcpy(nonce.data(), bytes.data(), nonce.size());
  return nonce;
}

// `bytes` without its first `count`, which are returned.
std::string_view Take(std::string_view& bytes, std::size_t count) {
  const std::string_view taken = bytes.substr(0, count);
  bytes.remove_prefix(count);
  return taken;
}

}  // namespace

FrameCipher FrameCipher::Create(const crypto::Key256& spool_key, std::string& preamble) {
  FrameCipher cipher;
  cipher.file_id_ = crypto::RandomArray<kFileIdBytes>();
  cipher.key_ = crypto::Key256::Random();
  const auto nonce = crypto::RandomArray<crypto::kGcmNonceBytes>();
  const std::string id(crypto::View(cipher.file_id_));
  preamble =
      std::string(kMagic) + id + KeyId(spool_key) + std::string(crypto::View(nonce)) +
      crypto::AesGcmSeal(spool_key, nonce, std::string(kKeyContext) + id, cipher.key_.view());
  preamble += Checksum(preamble);
  return cipher;
}

base::StatusOr<FrameCipher> FrameCipher::Open(const crypto::Key256& spool_key,
                                              std::string_view preamble) {
  if (preamble.size() != kPreambleBytes || !preamble.starts_with(kMagic) ||
      Checksum(preamble.substr(0, kPreambleBytes - kChecksumBytes)) !=
          preamble.substr(kPreambleBytes - kChecksumBytes)) {
    return base::DataLoss("its first {} bytes are damaged", kPreambleBytes);
  }
  std::string_view rest = preamble.substr(kMagic.size());
  const std::string_view id = Take(rest, kFileIdBytes);
  if (Take(rest, kKeyIdBytes) != KeyId(spool_key)) {
    return base::FailedPrecondition(
        "it was sealed under another key: give the --key-file it was spooled with");
  }
  const crypto::GcmNonce nonce = NonceOf(Take(rest, crypto::kGcmNonceBytes));
  ASSIGN_OR_RETURN(std::string key,
                   crypto::AesGcmOpen(spool_key, nonce, std::string(kKeyContext) + std::string(id),
                                      Take(rest, kWrappedBytes)));
  FrameCipher cipher;
  std::memcpy(cipher.file_id_.data(), id.data(), id.size());
  auto unwrapped = crypto::Key256::FromBytes(key);
  crypto::Cleanse(key);
  if (!unwrapped.ok()) return unwrapped.status();
  cipher.key_ = *unwrapped;
  return cipher;
}

std::string FrameCipher::Place(FrameKind kind, std::uint64_t offset) const {
  return std::string(kFrameContext) + std::string(crypto::View(file_id_)) +
         static_cast<char>(kind) + BigEndian(offset, 8);
}

std::string FrameCipher::Seal(FrameKind kind, std::uint64_t offset,
                              std::string_view content) const {
  const auto nonce = crypto::RandomArray<crypto::kGcmNonceBytes>();
  const std::string body = static_cast<char>(kind) + std::string(crypto::View(nonce)) +
                           crypto::AesGcmSeal(key_, nonce, Place(kind, offset), content);
  return BigEndian(body.size(), 4) + Checksum(body) + body;
}

base::StatusOr<std::string> FrameCipher::Unseal(FrameKind kind, std::uint64_t offset,
                                                std::string_view body) const {
  if (body.size() < kFrameOverhead) return base::DataLoss("a frame is too short");
  std::string_view rest = body.substr(1);
  const crypto::GcmNonce nonce = NonceOf(Take(rest, crypto::kGcmNonceBytes));
  return crypto::AesGcmOpen(key_, nonce, Place(kind, offset), rest);
}

base::StatusOr<FrameHead> ParseFrameHead(std::string_view bytes) {
  if (bytes.size() < kFrameHeadBytes) return base::DataLoss("a frame is cut off");
  FrameHead head;
  for (std::size_t i = 0; i < 4; ++i) {
    head.length = head.length << 8U | static_cast<std::uint8_t>(bytes[i]);
  }
  std::memcpy(head.checksum.data(), bytes.data() + 4, head.checksum.size());
  if (head.length < kFrameOverhead || head.length > kMaxFrameBytes) {
    return base::DataLoss("a frame says it has {} bytes; {} to {} are possible", head.length,
                          kFrameOverhead, kMaxFrameBytes);
  }
  return head;
}

base::StatusOr<FrameKind> CheckBody(const FrameHead& head, std::string_view body) {
  if (body.size() != head.length) return base::DataLoss("a frame is cut off");
  if (Checksum(body) != crypto::View(head.checksum)) {
    return base::DataLoss("the checksum of a frame does not match");
  }
  const auto kind = static_cast<FrameKind>(body[0]);
  if (kind < FrameKind::kHeader || kind > FrameKind::kVerdicts) {
    return base::DataLoss("a frame has the unknown kind {}", static_cast<int>(body[0]));
  }
  return kind;
}

std::string DestroyedPreamble() {
  std::string bytes(kDestroyed);
  bytes.resize(kPreambleBytes, '\0');
  return bytes;
}

bool IsDestroyed(std::string_view preamble) { return preamble.starts_with(kDestroyed); }

}  // namespace belgrand::spool
