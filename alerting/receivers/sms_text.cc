#include "alerting/receivers/sms_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace belgrand::alerting {
namespace {

// The GSM 7-bit default alphabet without its control characters, and its extension table.
constexpr std::u32string_view kGsm =
    U"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    U"ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
constexpr std::u32string_view kGsmExtension = U"\f^{}\\[~]|€";

constexpr std::size_t kGsmSingle = 160;
constexpr std::size_t kGsmPart = 153;
constexpr std::size_t kUcsSingle = 70;
constexpr std::size_t kUcsPart = 67;

char32_t TakeCharacter(std::string_view& text) {
  const auto lead = static_cast<std::uint8_t>(text[0]);
  const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t point = bytes == 1 ? lead : lead & (0xff >> (bytes + 1));
  for (std::size_t i = 1; i < bytes && i < text.size(); ++i) {
    point = point << 6 | (static_cast<std::uint8_t>(text[i]) & 0x3f);
  }
  text.remove_prefix(std::min(bytes, text.size()));
  return point;
}

}  // namespace

SmsLength MeasureSms(std::string_view text) {
  std::size_t septets = 0;
  std::size_t units = 0;
  bool gsm = true;
  while (!text.empty()) {
    const char32_t character = TakeCharacter(text);
    units += character > 0xffff ? 2 : 1;
    if (kGsm.find(character) != std::u32string_view::npos) {
      septets += 1;
    } else if (kGsmExtension.find(character) != std::u32string_view::npos) {
      septets += 2;
    } else {
      gsm = false;
    }
  }
  SmsLength length;
  length.alphabet = gsm ? SmsLength::Alphabet::kGsm7 : SmsLength::Alphabet::kUcs2;
  length.units = gsm ? septets : units;
  const std::size_t single = gsm ? kGsmSingle : kUcsSingle;
  const std::size_t part = gsm ? kGsmPart : kUcsPart;
  length.parts = length.units == 0        ? 0
                 : length.units <= single ? 1
                                          : (length.units + part - 1) / part;
  return length;
}

std::string PlainForSms(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kPlain = {{
      {"\u00a0", " "},
      {"\u202f", " "},
      {"\u2009", " "},
      {"\u2018", "'"},
      {"\u2019", "'"},
      {"\u201c", "\""},
      {"\u201d", "\""},
      {"\u2013", "-"},
      {"\u2014", "-"},
  }};
  std::string out;
  while (!text.empty()) {
    const auto found = std::ranges::find_if(
        kPlain, [&](const auto& pair) { return text.starts_with(pair.first); });
    if (found != kPlain.end()) {
      out += found->second;
      text.remove_prefix(found->first.size());
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string FitSms(std::string_view text, std::size_t max_parts) {
  if (MeasureSms(text).parts <= max_parts) return std::string(text);
  constexpr std::string_view kCut = "...";
  std::string best;
  std::string at_space;
  for (std::string_view rest = text; !rest.empty();) {
    TakeCharacter(rest);
    const std::string candidate(text.substr(0, text.size() - rest.size()));
    if (MeasureSms(candidate + std::string(kCut)).parts > max_parts) break;
    best = candidate;
    if (!rest.empty() && rest.front() == ' ') at_space = candidate;
  }
  // A last word that is longer than half of the text is cut rather than dropped.
  return (at_space.size() * 2 > best.size() ? at_space : best) + std::string(kCut);
}

}  // namespace belgrand::alerting
