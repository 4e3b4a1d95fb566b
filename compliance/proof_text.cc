#include "compliance/proof_text.h"

#include <algorithm>
#include <charconv>

#include "platform/crypto/encoding.h"

namespace belgrand::compliance {
namespace {

// What a message repeats of a text that may come from anywhere.
std::string_view Shown(std::string_view text) { return text.substr(0, 60); }

}  // namespace

bool TakeLine(std::string_view& text, std::string_view& line) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return false;
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

base::StatusOr<std::uint64_t> ParseDecimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() ||
      (text.size() > 1 && text.front() == '0')) {
    return base::InvalidArgument("'{}' is not a decimal number of 64 bits without leading zeros",
                                 Shown(text));
  }
  return value;
}

base::StatusOr<Hash> ParseHash(std::string_view base64) {
  const auto bytes = crypto::FromBase64(base64);
  Hash hash;
  if (!bytes.ok() || bytes->size() != hash.size()) {
    return base::InvalidArgument("'{}' is not base64 of 32 bytes", Shown(base64));
  }
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

std::string FormatHash(const Hash& hash) { return crypto::ToBase64(crypto::View(hash)); }

}  // namespace belgrand::compliance
