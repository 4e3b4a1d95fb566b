#include "compliance/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "platform/crypto/encoding.h"

namespace belgrand::compliance {
namespace {

bool TakeLine(std::string_view& text, std::string_view& line) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return false;
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

}  // namespace

std::string FormatCheckpoint(const Checkpoint& checkpoint) {
  return fmt::format("{}\n{}\n{}\n", checkpoint.origin, checkpoint.size,
                     crypto::ToBase64(crypto::View(checkpoint.root)));
}

base::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text) {
  std::string_view origin;
  std::string_view size;
  std::string_view root;
  if (!TakeLine(text, origin) || !TakeLine(text, size) || !TakeLine(text, root)) {
    return base::InvalidArgument("checkpoint has fewer than 3 lines");
  }
  Checkpoint checkpoint;
  if (origin.empty()) return base::InvalidArgument("checkpoint line 1: the origin is empty");
  checkpoint.origin = origin;
  const auto [end, error] =
      std::from_chars(size.data(), size.data() + size.size(), checkpoint.size);
  if (error != std::errc() || end != size.data() + size.size() ||
      (size.size() > 1 && size.front() == '0')) {
    return base::InvalidArgument(
        "checkpoint line 2: '{}' is not a decimal number of 64 bits without leading zeros", size);
  }
  const auto bytes = crypto::FromBase64(root);
  if (!bytes.ok() || bytes->size() != checkpoint.root.size()) {
    return base::InvalidArgument("checkpoint line 3: '{}' is not base64 of 32 bytes", root);
  }
  std::copy(bytes->begin(), bytes->end(), checkpoint.root.begin());
  for (std::string_view extension; !text.empty();) {
    if (!TakeLine(text, extension) || extension.empty()) {
      return base::InvalidArgument("checkpoint has an empty or unfinished extension line");
    }
  }
  return checkpoint;
}

}  // namespace belgrand::compliance
