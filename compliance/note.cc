#include "compliance/note.h"

#include <algorithm>
#include <set>
#include <utility>

#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"

namespace belgrand::compliance {
namespace {

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // U+2014 and a space
constexpr std::string_view kSkeyPrefix = "PRIVATE+KEY+";
constexpr std::size_t kKeyIdBytes = 4;
constexpr std::size_t kCosignatureTimeBytes = 8;

// Decodes one code point from the front of `text`; false for anything that is not shortest-form
// UTF-8 of a scalar value (RFC 3629).
bool TakeCodePoint(std::string_view& text, std::uint32_t& point) {
  const auto first = static_cast<std::uint8_t>(text.front());
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xc2 ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || text.size() < length) return false;
  point = length == 1 ? first : first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if ((byte & 0xc0) != 0x80) return false;
    point = point << 6 | (byte & 0x3fU);
  }
  text.remove_prefix(length);
  if (length == 3) return point >= 0x800 && (point < 0xd800 || point > 0xdfff);
  if (length == 4) return point >= 0x10000 && point <= 0x10ffff;
  return true;
}

bool IsUnicodeSpace(std::uint32_t point) {
  return (point >= 0x09 && point <= 0x0d) || point == 0x20 || point == 0x85 || point == 0xa0 ||
         point == 0x1680 || (point >= 0x2000 && point <= 0x200a) || point == 0x2028 ||
         point == 0x2029 || point == 0x202f || point == 0x205f || point == 0x3000;
}

bool IsNoteText(std::string_view text) {
  while (!text.empty()) {
    std::uint32_t point = 0;
    if (!TakeCodePoint(text, point)) return false;
    if (point < 0x20 && point != '\n') return false;
  }
  return true;
}

bool IsKeyName(std::string_view name) {
  if (name.empty()) return false;
  while (!name.empty()) {
    std::uint32_t point = 0;
    if (!TakeCodePoint(name, point)) return false;
    if (IsUnicodeSpace(point) || point == '+') return false;
  }
  return true;
}

std::uint32_t BigEndian32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

std::string BigEndian32(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

std::uint32_t KeyId(std::string_view name, std::string_view type_and_key) {
  return BigEndian32(crypto::View(crypto::Sha256({name, "\n", type_and_key})));
}

std::string TypeAndKey(const NoteVerifier& verifier) {
  return std::string(1, static_cast<char>(verifier.type)).append(crypto::View(verifier.key));
}

// The fields of "name+hex+base64"; the name itself holds no '+', the base64 may.
struct KeyText {
  std::string_view name;
  std::uint32_t key_id = 0;
  NoteKeyType type = NoteKeyType::kEd25519;  // as read: may be none of the known ones
  std::string key;
};
base::StatusOr<KeyText> SplitKey(std::string_view text, std::string_view what) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == text.npos ? text.npos : text.find('+', first + 1);
  if (second == text.npos) {
    return base::InvalidArgument("{} is not of the form name+hex(key id)+base64(key)", what);
  }
  const std::string_view name = text.substr(0, first);
  if (!IsKeyName(name)) {
    return base::InvalidArgument("{} has a bad name: it must be UTF-8 without spaces or '+'", what);
  }
  const auto id = crypto::FromHex(text.substr(first + 1, second - first - 1));
  if (!id.ok() || id->size() != kKeyIdBytes) {
    return base::InvalidArgument("{} of {}: the key id is not 8 lower-case hexadecimal digits",
                                 what, name);
  }
  const auto key = crypto::FromBase64(text.substr(second + 1));
  if (!key.ok() || key->size() != 33) {
    return base::InvalidArgument("{} of {}: the key is not base64 of a type and 32 bytes", what,
                                 name);
  }
  return KeyText{name, BigEndian32(*id), static_cast<NoteKeyType>((*key)[0]), key->substr(1)};
}

base::Status Malformed(std::string_view why) {
  return base::InvalidArgument("not a signed note: {}", why);
}

base::StatusOr<NoteSignature> ParseSignatureLine(std::string_view line) {
  if (!line.starts_with(kDash)) return Malformed("a signature line does not start with '— '");
  line.remove_prefix(kDash.size());
  const std::size_t space = line.find(' ');
  if (space == line.npos || !IsKeyName(line.substr(0, space))) {
    return Malformed("a signature line has no key name");
  }
  const auto blob = crypto::FromBase64(line.substr(space + 1));
  if (!blob.ok() || blob->size() <= kKeyIdBytes) {
    return Malformed("a signature line is not base64 of a key id and a signature");
  }
  return NoteSignature{std::string(line.substr(0, space)), BigEndian32(*blob),
                       blob->substr(kKeyIdBytes)};
}

std::string CosignedMessage(std::string_view text, std::uint64_t unix_seconds) {
  return fmt::format("cosignature/v1\ntime {}\n{}", unix_seconds, text);
}

// The first eight bytes; REQUIRES: there are as many.
std::uint64_t BigEndian64(std::string_view bytes) {
  return std::uint64_t{BigEndian32(bytes)} << 32 | BigEndian32(bytes.substr(4));
}

bool Verify(const NoteVerifier& verifier, std::string_view text, std::string_view signature) {
  if (verifier.type == NoteKeyType::kEd25519) {
    return crypto::Ed25519Verify(verifier.key, text, signature);
  }
  if (signature.size() <= kCosignatureTimeBytes) return false;
  return crypto::Ed25519Verify(verifier.key, CosignedMessage(text, BigEndian64(signature)),
                               signature.substr(kCosignatureTimeBytes));
}

base::Status CheckSignable(std::string_view text, const NoteSigner& signer, NoteKeyType type) {
  if (!text.ends_with('\n') || !IsNoteText(text)) {
    return base::InvalidArgument(
        "the text of a note must be UTF-8 without control characters and end in a newline");
  }
  if (signer.verifier().type == type) return base::OkStatus();
  return base::InvalidArgument("key {} is of type {}, which does not sign this",
                               signer.verifier().name, static_cast<int>(signer.verifier().type));
}

}  // namespace

base::StatusOr<NoteVerifier> NoteVerifier::Parse(std::string_view vkey) {
  ASSIGN_OR_RETURN(const KeyText fields, SplitKey(vkey, "verifier key"));
  NoteVerifier verifier{std::string(fields.name), fields.key_id, fields.type, {}};
  std::copy(fields.key.begin(), fields.key.end(), verifier.key.begin());
  if (KeyId(verifier.name, TypeAndKey(verifier)) != verifier.key_id) {
    return base::InvalidArgument("verifier key of {}: the key id is not that of the key",
                                 fields.name);
  }
  if (fields.type != NoteKeyType::kEd25519 && fields.type != NoteKeyType::kCosignatureV1) {
    return base::InvalidArgument("verifier key of {}: type {} is not supported (1 or 4 are)",
                                 fields.name, static_cast<int>(fields.type));
  }
  return verifier;
}

std::string NoteVerifier::Encode() const {
  return fmt::format("{}+{:08x}+{}", name, key_id, crypto::ToBase64(TypeAndKey(*this)));
}

base::StatusOr<NoteVerifier> NoteVerifier::Renamed(std::string_view other_name) const {
  if (!IsKeyName(other_name)) {
    return base::InvalidArgument("'{}' is no name of a key", other_name.substr(0, 100));
  }
  NoteVerifier renamed{std::string(other_name), 0, type, key};
  renamed.key_id = KeyId(renamed.name, TypeAndKey(renamed));
  return renamed;
}

base::StatusOr<NoteSigner> NoteSigner::FromSeed(std::string_view name, std::string_view seed,
                                                NoteKeyType type) {
  if (!IsKeyName(name)) {
    return base::InvalidArgument("note key name '{}' must be non-empty UTF-8 without spaces or '+'",
                                 name);
  }
  ASSIGN_OR_RETURN(crypto::Ed25519PrivateKey key, crypto::Ed25519PrivateKey::FromSeed(seed));
  NoteVerifier verifier{std::string(name), 0, type, key.public_key()};
  verifier.key_id = KeyId(name, TypeAndKey(verifier));
  return NoteSigner(std::move(verifier), std::move(key));
}

base::StatusOr<NoteSigner> NoteSigner::Parse(std::string_view skey) {
  if (!skey.starts_with(kSkeyPrefix)) {
    return base::InvalidArgument("signing key does not start with {}", kSkeyPrefix);
  }
  ASSIGN_OR_RETURN(const KeyText fields, SplitKey(skey.substr(kSkeyPrefix.size()), "signing key"));
  if (fields.type != NoteKeyType::kEd25519) {
    return base::InvalidArgument("signing key of {} is not of type 1 (Ed25519)", fields.name);
  }
  ASSIGN_OR_RETURN(NoteSigner signer, FromSeed(fields.name, fields.key));
  if (signer.verifier().key_id != fields.key_id) {
    return base::InvalidArgument("signing key of {}: the key id is not that of the key",
                                 fields.name);
  }
  return signer;
}

base::StatusOr<std::string> SignNote(std::string_view text, const NoteSigner& signer) {
  RETURN_IF_ERROR(CheckSignable(text, signer, NoteKeyType::kEd25519));
  const NoteVerifier& key = signer.verifier();
  return fmt::format(
      "{}\n{}", text,
      FormatSignatureLine({key.name, key.key_id, std::string(crypto::View(signer.Sign(text)))}));
}

base::StatusOr<std::string> CosignatureLine(std::string_view text, const NoteSigner& witness,
                                            std::uint64_t unix_seconds) {
  RETURN_IF_ERROR(CheckSignable(text, witness, NoteKeyType::kCosignatureV1));
  std::string blob = BigEndian32(static_cast<std::uint32_t>(unix_seconds >> 32)) +
                     BigEndian32(static_cast<std::uint32_t>(unix_seconds));
  blob += crypto::View(witness.Sign(CosignedMessage(text, unix_seconds)));
  const NoteVerifier& key = witness.verifier();
  return FormatSignatureLine({key.name, key.key_id, std::move(blob)});
}

std::uint64_t CosignatureTime(const NoteSignature& signature) {
  return signature.signature.size() < kCosignatureTimeBytes ? 0 : BigEndian64(signature.signature);
}

std::string FormatSignatureLine(const NoteSignature& signature) {
  return fmt::format("{}{} {}\n", kDash, signature.name,
                     crypto::ToBase64(BigEndian32(signature.key_id) + signature.signature));
}

base::StatusOr<Note> OpenNote(std::string_view note, std::span<const NoteVerifier> verifiers) {
  if (note.size() > kMaxNoteBytes) return Malformed("longer than 1,000,000 bytes");
  if (!IsNoteText(note)) return Malformed("control characters or bad UTF-8");
  const std::size_t split = note.rfind("\n\n");
  if (split == note.npos) return Malformed("no empty line before the signatures");
  Note opened{std::string(note.substr(0, split + 1)), {}, {}};
  std::string_view lines = note.substr(split + 2);
  if (lines.empty() || !lines.ends_with('\n'))
    return Malformed("no signature, or no final newline");
  std::set<std::pair<std::string, std::uint32_t>> seen;
  for (std::size_t count = 1; !lines.empty(); ++count) {
    if (count > kMaxNoteSignatures) return Malformed("more than 100 signatures");
    const std::size_t end = lines.find('\n');
    ASSIGN_OR_RETURN(NoteSignature signature, ParseSignatureLine(lines.substr(0, end)));
    lines.remove_prefix(end + 1);
    const auto known = std::find_if(verifiers.begin(), verifiers.end(), [&](const auto& verifier) {
      return verifier.name == signature.name && verifier.key_id == signature.key_id;
    });
    if (known == verifiers.end()) {
      opened.unknown.push_back(std::move(signature));
    } else if (seen.emplace(signature.name, signature.key_id).second) {
      if (!Verify(*known, opened.text, signature.signature)) {
        return base::DataLoss("signature of {} does not verify: the note was altered or forged",
                              signature.name);
      }
      opened.verified.push_back(std::move(signature));
    }
  }
  if (opened.verified.empty()) return base::NotFound("no known key signed the note");
  return opened;
}

}  // namespace belgrand::compliance
