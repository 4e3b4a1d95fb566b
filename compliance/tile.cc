#include "compliance/tile.h"

#include <charconv>

#include "platform/base/check.h"

namespace belgrand::compliance {
namespace {

constexpr std::string_view kRoot = "tile/";
constexpr std::string_view kEntriesLevel = "entries";

// A plain decimal number of at most `max_digits` digits, or nothing.
bool ParseDigits(std::string_view text, std::size_t max_digits, std::uint64_t& value) {
  if (text.empty() || text.size() > max_digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string TilePath(const TileName& name) {
  BELGRAND_CHECK(name.level >= TileName::kEntries && name.level <= kMaxTileLevel);
  BELGRAND_CHECK(name.width >= 1 && name.width <= kTileWidth);
  std::string number = fmt::format("{:03}", name.index % 1000);
  for (std::uint64_t rest = name.index / 1000; rest > 0; rest /= 1000) {
    number = fmt::format("x{:03}/{}", rest % 1000, number);
  }
  const std::string level =
      name.level == TileName::kEntries ? std::string(kEntriesLevel) : fmt::format("{}", name.level);
  std::string path = fmt::format("{}{}/{}", kRoot, level, number);
  if (name.width < kTileWidth) path += fmt::format(".p/{}", name.width);
  return path;
}

base::StatusOr<TileName> ParseTilePath(std::string_view path) {
  const auto bad = [path] { return base::InvalidArgument("'{}' is not the path of a tile", path); };
  std::string_view rest = path;
  if (!rest.starts_with(kRoot)) return bad();
  rest.remove_prefix(kRoot.size());
  TileName name;
  const std::size_t slash = rest.find('/');
  if (slash == rest.npos) return bad();
  const std::string_view level = rest.substr(0, slash);
  std::uint64_t number = 0;
  if (level == kEntriesLevel) {
    name.level = TileName::kEntries;
  } else if (ParseDigits(level, 1, number) && number <= kMaxTileLevel) {
    name.level = static_cast<int>(number);
  } else {
    return bad();
  }
  rest.remove_prefix(slash + 1);
  if (const std::size_t partial = rest.find(".p/"); partial != rest.npos) {
    if (!ParseDigits(rest.substr(partial + 3), 3, name.width)) return bad();
    if (name.width == 0 || name.width >= kTileWidth) return bad();
    rest = rest.substr(0, partial);
  }
  while (!rest.empty()) {
    if (rest.front() == 'x') rest.remove_prefix(1);
    if (!ParseDigits(rest.substr(0, 3), 3, number)) return bad();
    if (name.index > (UINT64_MAX - number) / 1000) return bad();
    name.index = name.index * 1000 + number;
    rest.remove_prefix(rest.size() < 3 ? rest.size() : 3);
    if (!rest.empty()) {
      if (rest.front() != '/') return bad();
      rest.remove_prefix(1);
      if (rest.empty()) return bad();
    }
  }
  // One spelling per tile: leading groups of zeros, missing x marks and the like do not round-trip.
  if (TilePath(name) != path) return bad();
  return name;
}

void AppendToBundle(std::string& bundle, std::string_view entry) {
  BELGRAND_CHECK(entry.size() <= kMaxEntryBytes);
  bundle += static_cast<char>(entry.size() >> 8);
  bundle += static_cast<char>(entry.size() & 255);
  bundle += entry;
}

BundleContent ReadBundle(std::string_view bytes) {
  BundleContent content;
  while (bytes.size() - content.whole_bytes >= 2) {
    const std::size_t at = content.whole_bytes;
    const std::size_t length = static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[at])) << 8 |
                               static_cast<std::uint8_t>(bytes[at + 1]);
    if (bytes.size() - at - 2 < length) break;
    content.entries.push_back(bytes.substr(at + 2, length));
    content.whole_bytes = at + 2 + length;
  }
  return content;
}

}  // namespace belgrand::compliance
