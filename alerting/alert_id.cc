#include "alerting/alert_id.h"

#include <array>
#include <optional>
#include <utility>

namespace belgrand::alerting {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::optional<unsigned> HexValue(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = HexValue(text[i + 1]);
    const auto low = HexValue(text[i + 2]);
    if (!high || !low) return std::nullopt;
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

}  // namespace

std::string PercentEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
  }
  return out;
}

std::string FormatAlertId(const AlertKey& key) {
  return PercentEncode(key.district_id) + "/" + PercentEncode(key.target) + "/" +
         PercentEncode(key.rule);
}

base::StatusOr<AlertKey> ParseAlertId(std::string_view alert_id) {
  const auto wrong = [&] {
    return base::InvalidArgument(
        "alert_id '{}': not '<district>/<target>/<rule>', each percent-encoded; copy it from a "
        "list "
        "of alerts",
        alert_id.substr(0, 200));
  };
  std::array<std::string, 3> parts;
  std::string_view rest = alert_id;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto slash = rest.find('/');
    if ((i + 1 < parts.size()) == (slash == std::string_view::npos)) return wrong();
    auto part = PercentDecode(rest.substr(0, slash));
    if (!part || part->empty()) return wrong();
    parts[i] = *std::move(part);
    if (slash != std::string_view::npos) rest.remove_prefix(slash + 1);
  }
  return AlertKey{std::move(parts[0]), std::move(parts[1]), std::move(parts[2])};
}

}  // namespace belgrand::alerting
