// Bearer tokens of people: "belgrand_<id>_<secret>_<check>".
//
// id: 8 random bytes, by which it is found; secret: 32 random bytes, of which only the SHA-256 is
// stored; check: the first 4 bytes of the SHA-256 of all that stands before its underscore, so that
// a token that was cut or mistyped is told from one that is wrong, and so that programs which look
// for leaked secrets can tell one for sure. All in lower-case hexadecimal: one token has one
// spelling.
//
// A plain hash is enough for a secret of 256 random bits: there is nothing to guess.
// Thread safety: functions are safe.
#pragma once

#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::compliance {

inline constexpr std::string_view kTokenPrefix = "belgrand_";
inline constexpr std::size_t kTokenIdBytes = 8;
inline constexpr std::size_t kTokenSecretBytes = 32;

struct Token {
  std::string id;
  std::string secret;
};

// Random.
Token NewToken();
std::string FormatToken(const Token& token);
// Unauthenticated: not a token; says nothing of what it was.
base::StatusOr<Token> ParseToken(std::string_view text);

}  // namespace belgrand::compliance
