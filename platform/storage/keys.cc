#include "platform/storage/keys.h"

namespace belgrand::storage {
namespace {

constexpr char kZero = '\x00';
constexpr char kEscapedZero = '\xff';
constexpr char kTextEnd = '\x01';
constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

template <typename Unsigned>
void AppendBigEndian(std::string& key, Unsigned value) {
  for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>(static_cast<unsigned char>(value >> shift)));
  }
}

template <typename Unsigned>
std::optional<Unsigned> TakeBigEndian(std::string_view& key) {
  if (key.size() < sizeof(Unsigned)) return std::nullopt;
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    value = static_cast<Unsigned>((value << 8) | static_cast<unsigned char>(key[i]));
  }
  key.remove_prefix(sizeof(Unsigned));
  return value;
}

}  // namespace

void AppendUint64(std::string& key, std::uint64_t value) { AppendBigEndian(key, value); }
void AppendUint32(std::string& key, std::uint32_t value) { AppendBigEndian(key, value); }
void AppendInt64(std::string& key, std::int64_t value) {
  AppendBigEndian(key, static_cast<std::uint64_t>(value) ^ kSignBit);
}

void AppendText(std::string& key, std::string_view text) {
  for (std::size_t zero = text.find(kZero); zero != text.npos; zero = text.find(kZero)) {
    key.append(text.substr(0, zero + 1));
    key.push_back(kEscapedZero);
    text.remove_prefix(zero + 1);
  }
  key.append(text);
  key.push_back(kZero);
  key.push_back(kTextEnd);
}

std::optional<std::uint64_t> TakeUint64(std::string_view& key) {
  return TakeBigEndian<std::uint64_t>(key);
}
std::optional<std::uint32_t> TakeUint32(std::string_view& key) {
  return TakeBigEndian<std::uint32_t>(key);
}
std::optional<std::int64_t> TakeInt64(std::string_view& key) {
  const auto raw = TakeBigEndian<std::uint64_t>(key);
  if (!raw) return std::nullopt;
  return static_cast<std::int64_t>(*raw ^ kSignBit);
}

std::optional<std::string> TakeText(std::string_view& key) {
  std::string text;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] != kZero) {
      text.push_back(key[i]);
      continue;
    }
    if (++i == key.size()) return std::nullopt;
    if (key[i] == kTextEnd) {
      key.remove_prefix(i + 1);
      return text;
    }
    if (key[i] != kEscapedZero) return std::nullopt;
    text.push_back(kZero);
  }
  return std::nullopt;
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) {
    end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  }
  return end;
}

}  // namespace belgrand::storage
