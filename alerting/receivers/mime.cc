#include "alerting/receivers/mime.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "platform/crypto/encoding.h"

namespace belgrand::alerting {
namespace {

constexpr std::string_view kCrlf = "\r\n";
// Bytes of text in one encoded word: "=?UTF-8?B?" + 60 characters of base64 + "?=" = 72.
constexpr std::size_t kEncodedWordBytes = 45;
constexpr std::size_t kQuotedLineLength = 75;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::string Part(std::string_view type, std::string_view text) {
  return fmt::format(
      "Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}",
      type, QuotedPrintable(text));
}

std::string HtmlPart(const MailMessage& message, std::string_view boundary) {
  if (message.image.empty()) return Part("text/html", message.html);
  const std::string inner = fmt::format("{}-related", boundary);
  return fmt::format(
      "Content-Type: multipart/related; boundary=\"{0}\"; type=\"text/html\"\r\n\r\n"
      "--{0}\r\n{1}\r\n"
      "--{0}\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
      "Content-ID: <{2}>\r\nContent-Disposition: inline; filename=\"plot.png\"\r\n\r\n{3}"
      "--{0}--\r\n",
      inner, Part("text/html", message.html), message.image_id, Base64Lines(message.image));
}

}  // namespace

std::string FormatMailDate(base::Instant at) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const base::Day day = base::DayOf(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", kDays[std::chrono::weekday(day).c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
      time.seconds().count());
}

std::string EncodeHeaderValue(std::string_view value) {
  const bool plain = std::ranges::all_of(value, [](char c) { return c >= 0x20 && c < 0x7f; });
  // Within one line, and not to be taken for an encoded word.
  if (plain && value.size() <= 900 && value.find("=?") == std::string_view::npos) {
    return std::string(value);
  }
  std::string clean(value);
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  std::string out;
  for (std::size_t at = 0; at < clean.size();) {
    std::size_t size = std::min(kEncodedWordBytes, clean.size() - at);
    while (size > 1 && at + size < clean.size() && IsContinuation(clean[at + size])) --size;
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + crypto::ToBase64(std::string_view(clean).substr(at, size)) + "?=";
    at += size;
  }
  return out;
}

std::string QuotedPrintable(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n') {
      out += kCrlf;
      column = 0;
      continue;
    }
    if (byte == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    const bool line_ends = i + 1 == text.size() || text[i + 1] == '\n';
    const bool literal = (byte >= 33 && byte <= 126 && byte != '=') || (byte == ' ' && !line_ends);
    const std::size_t width = literal ? 1 : 3;
    if (column + width > kQuotedLineLength) {
      out += "=\r\n";
      column = 0;
    }
    column += width;
    if (literal) {
      out += static_cast<char>(byte);
    } else {
      out += '=';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::string Base64Lines(std::string_view bytes) {
  constexpr std::size_t kBytesInLine = 57;  // 76 characters
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += kBytesInLine) {
    out += crypto::ToBase64(bytes.substr(at, kBytesInLine));
    out += kCrlf;
  }
  return out;
}

std::string BuildMessage(const MailMessage& message, std::string_view boundary) {
  std::string out;
  for (const auto& [name, value] : message.headers) {
    out += name + ": " + EncodeHeaderValue(value) + "\r\n";
  }
  out += fmt::format(
      "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n",
      boundary);
  // The better form comes last (RFC 2046 section 5.1.4).
  out += fmt::format("--{}\r\n{}\r\n", boundary, Part("text/plain", message.text));
  out += fmt::format("--{}\r\n{}\r\n", boundary, HtmlPart(message, boundary));
  out += fmt::format("--{}--\r\n", boundary);
  return out;
}

}  // namespace belgrand::alerting
