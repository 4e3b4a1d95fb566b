#include "alerting/text.h"

#include <cstdint>

namespace belgrand::alerting {
namespace {

// Bytes of the code point at the front of `text`; 0 when it is malformed. Table 3-7 of Unicode 15.
std::size_t CodePointBytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4 || !continues(1)) return 0;
  if (lead < 0xe0) return 2;
  const std::uint8_t second = byte(1);
  if (lead < 0xf0) {
    if (!continues(2) || (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) {
      return 0;
    }
    return 3;
  }
  if (!continues(2) || !continues(3) || (lead == 0xf0 && second < 0x90) ||
      (lead == 0xf4 && second > 0x8f)) {
    return 0;
  }
  return 4;
}

}  // namespace

bool IsPrintableUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = CodePointBytes(text);
    if (bytes == 0) return false;
    const auto lead = static_cast<unsigned char>(text[0]);
    if ((lead < 0x20 && lead != '\t' && lead != '\n') || lead == 0x7f) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::size_t CountCharacters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) ++count;
  }
  return count;
}

bool TrimmedEmpty(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string Wrap(std::string_view text, std::size_t width, std::string_view indent) {
  std::string out;
  std::size_t column = 0;
  while (true) {
    const auto start = text.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) return out;
    text.remove_prefix(start);
    const std::string_view word = text.substr(0, text.find_first_of(" \t\r\n"));
    const std::size_t length = CountCharacters(word);
    if (column > 0 && column + 1 + length > width) {
      out += '\n';
      out += indent;
      column = 0;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += length;
    text.remove_prefix(word.size());
  }
}

std::string QuoteShell(std::string_view text) {
  constexpr std::string_view kSafe =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/%:=@+,";
  if (!text.empty() && text.find_first_not_of(kSafe) == std::string_view::npos) {
    return std::string(text);
  }
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace belgrand::alerting
