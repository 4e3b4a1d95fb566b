#include "sample/text.h"

#include <algorithm>

#include "platform/base/edit_distance.h"
#include "platform/base/utf8.h"

namespace belgrand::sample {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";

char LowerChar(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsContinuation(unsigned char c) { return (c & 0xC0U) == 0x80U; }

}  // namespace

std::optional<std::size_t> FirstInvalidUtf8(std::string_view text) {
  const std::size_t valid = base::Utf8ValidPrefix(text);
  if (valid == text.size()) return std::nullopt;
  return valid;
}

std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return !IsContinuation(static_cast<unsigned char>(c));
  }));
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kWhiteSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhiteSpace) - first + 1);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerChar);
  return lower;
}

std::string_view Nearest(std::string_view text, std::span<const std::string_view> candidates) {
  constexpr std::size_t kMaxSlips = 5;
  // Longer than any name of ours.
  if (text.empty() || text.size() > 128) return {};
  std::string_view best;
  std::size_t best_distance = std::clamp<std::size_t>(text.size() / 3, 1, kMaxSlips) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = base::EditDistance(text, candidate, best_distance);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string Printable(std::string_view text) {
  constexpr std::size_t kMaxBytes = 80;
  const bool plain = text.size() <= kMaxBytes && std::all_of(text.begin(), text.end(), [](char c) {
                       return c >= 0x20 && c < 0x7F;
                     });
  if (plain) return std::string(text);
  std::string out;
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t length = base::Utf8CharacterSize(text.substr(i));
    if (out.size() + std::max<std::size_t>(length, 1) > kMaxBytes) return out + "...";
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0 || byte < 0x20 || byte == 0x7F) {
      out.push_back('?');
      ++i;
    } else {
      out.append(text.substr(i, length));
      i += length;
    }
  }
  return out;
}

}  // namespace belgrand::sample
