#include "platform/crypto/base64url.h"

#include "platform/crypto/encoding.h"

namespace belgrand::crypto {

std::string ToBase64Url(std::string_view bytes) {
  std::string text = ToBase64(bytes);
  text.erase(text.find_last_not_of('=') + 1);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

base::StatusOr<std::string> FromBase64Url(std::string_view text) {
  if (const std::size_t other = text.find_first_of("+/="); other != std::string_view::npos) {
    return base::InvalidArgument("character {} of base64url text is not of the alphabet", other);
  }
  std::string padded(text);
  for (char& c : padded) c = c == '-' ? '+' : c == '_' ? '/' : c;
  padded.append((4 - text.size() % 4) % 4, '=');
  return FromBase64(padded);
}

}  // namespace belgrand::crypto
