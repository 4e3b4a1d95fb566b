// Signed notes (C2SP signed-note v1.0.0): a text and the signatures of named keys under it.
//
// The text ends in a newline; after an empty line each signature is a line
// "— <key name> <base64(key id || signature)>". Key id = first 4 bytes of
// SHA-256(name || "\n" || type || public key). Types understood: 0x01 Ed25519 over the text, and
// (for witnesses) 0x04 Ed25519 cosignature v1 over "cosignature/v1\ntime <unix seconds>\n" || text,
// whose signature starts with the time as u64 big-endian.
//
// Thread safety: safe; all types are values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "platform/crypto/ed25519.h"

namespace belgrand::compliance {

// A note is refused above these, before any signature is computed.
inline constexpr std::size_t kMaxNoteBytes = 1'000'000;
inline constexpr std::size_t kMaxNoteSignatures = 100;

enum class NoteKeyType : std::uint8_t { kEd25519 = 1, kCosignatureV1 = 4 };

// The public half of a note key: who may have signed.
struct NoteVerifier {
  std::string name;
  std::uint32_t key_id = 0;
  NoteKeyType type = NoteKeyType::kEd25519;
  crypto::Ed25519PublicKey key{};

  // From "name+hex(key id)+base64(type || public key)". InvalidArgument says what is wrong.
  static base::StatusOr<NoteVerifier> Parse(std::string_view vkey);
  // The same public key under another name. InvalidArgument for a bad name.
  base::StatusOr<NoteVerifier> Renamed(std::string_view other_name) const;
  std::string Encode() const;
};

// The private half.
class NoteSigner {
 public:
  // InvalidArgument for a bad name or a seed that is not 32 bytes.
  static base::StatusOr<NoteSigner> FromSeed(std::string_view name, std::string_view seed,
                                             NoteKeyType type = NoteKeyType::kEd25519);
  // From "PRIVATE+KEY+name+hex(key id)+base64(type || seed)"; messages never show the key.
  static base::StatusOr<NoteSigner> Parse(std::string_view skey);

  const NoteVerifier& verifier() const { return verifier_; }
  crypto::Ed25519Signature Sign(std::string_view text) const { return key_.Sign(text); }

 private:
  NoteSigner(NoteVerifier verifier, crypto::Ed25519PrivateKey key)
      : verifier_(std::move(verifier)), key_(std::move(key)) {}
  NoteVerifier verifier_;
  crypto::Ed25519PrivateKey key_;
};

struct NoteSignature {
  std::string name;
  std::uint32_t key_id = 0;
  std::string signature;  // after the key id
};

struct Note {
  std::string text;  // with its final newline
  std::vector<NoteSignature> verified;
  std::vector<NoteSignature> unknown;  // of keys the caller did not name; proves nothing
};

// InvalidArgument when the text does not end in a newline or holds a control character or bad
// UTF-8, or the signer is a witness's.
base::StatusOr<std::string> SignNote(std::string_view text, const NoteSigner& signer);

// The line with which a witness (a signer of type 0x04) says that it saw this text at this time; to
// be put after the lines of the note. InvalidArgument as SignNote.
base::StatusOr<std::string> CosignatureLine(std::string_view text, const NoteSigner& witness,
                                            std::uint64_t unix_seconds);
// When a verified cosignature was made, in seconds since 1970. REQUIRES: of a key of type 0x04.
std::uint64_t CosignatureTime(const NoteSignature& signature);

// "— <name> <base64>\n".
std::string FormatSignatureLine(const NoteSignature& signature);

// Opens a note that at least one of `verifiers` signed.
// InvalidArgument: not a well-formed note. DataLoss: a known key's signature is wrong (the whole
// note is refused). NotFound: no known key signed it.
base::StatusOr<Note> OpenNote(std::string_view note, std::span<const NoteVerifier> verifiers);

}  // namespace belgrand::compliance
