#include "platform/crypto/encoding.h"

#include <cstdint>

namespace belgrand::crypto {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::uint32_t Byte(std::string_view bytes, std::size_t i) {
  return i < bytes.size() ? static_cast<std::uint8_t>(bytes[i]) : 0U;
}

}  // namespace

std::string ToHex(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

base::StatusOr<std::string> FromHex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return base::InvalidArgument("hexadecimal text has {} characters: an even number is needed",
                                 text.size());
  }
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::size_t high = kHex.find(text[i]);
    const std::size_t low = kHex.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) {
      return base::InvalidArgument("character {} of hexadecimal text is not one of 0-9 a-f", i);
    }
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

std::string ToBase64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t group = Byte(bytes, i) << 16 | Byte(bytes, i + 1) << 8 | Byte(bytes, i + 2);
    text += kBase64[group >> 18];
    text += kBase64[group >> 12 & 63];
    text += i + 1 < bytes.size() ? kBase64[group >> 6 & 63] : '=';
    text += i + 2 < bytes.size() ? kBase64[group & 63] : '=';
  }
  return text;
}

base::StatusOr<std::string> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return base::InvalidArgument("base64 text has {} characters: a multiple of 4 is needed",
                                 text.size());
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::size_t padding = 0;
    if (i + 4 == text.size()) padding = text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const bool is_padding = j >= 4 - padding;
      const std::size_t value = is_padding ? 0 : kBase64.find(text[i + j]);
      if (value == std::string_view::npos) {
        return base::InvalidArgument("character {} of base64 text is not of the alphabet", i + j);
      }
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    if ((group & ((1U << (8 * padding)) - 1)) != 0) {
      return base::InvalidArgument("base64 text has bits set after its last byte");
    }
    for (std::size_t j = 0; j < 3 - padding; ++j) {
      bytes += static_cast<char>(group >> (16 - 8 * j) & 255);
    }
  }
  return bytes;
}

}  // namespace belgrand::crypto
