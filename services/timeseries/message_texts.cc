#include "services/timeseries/message_texts.h"

#include <cstdint>
#include <cstring>

#include "services/timeseries/columns.h"

namespace belgrand::timeseries {
namespace {

constexpr std::size_t kDoubleBytes = 8;
constexpr std::size_t kFloatBytes = 4;
enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

bool CopyVarint(std::string_view& in, std::string& out, std::uint64_t& value) {
  const char* const from = in.data();
  if (!TakeVarint(in, value)) return false;
  out.append(from, static_cast<std::size_t>(in.data() - from));
  return true;
}

bool CopyBytes(std::string_view& in, std::uint64_t size, std::string& out) {
  if (size > in.size()) return false;
  out.append(in.substr(0, size));
  in.remove_prefix(size);
  return true;
}

// One field; `real` moves the number of one that has a double.
template <typename MoveReal>
bool CopyField(std::string_view& in, std::string& out, MoveReal real) {
  std::uint64_t tag = 0;
  std::uint64_t value = 0;
  if (!CopyVarint(in, out, tag)) return false;
  switch (tag & 7U) {
    case kVarint:
      return CopyVarint(in, out, value);
    case kFixed64:
      return real();
    case kLength:
      return CopyVarint(in, out, value) && CopyBytes(in, value, out);
    case kFixed32:
      return CopyBytes(in, kFloatBytes, out);
    default:
      return false;
  }
}

}  // namespace

bool SplitMessage(std::string_view message, MessageForm form, std::string& shape,
                  std::vector<double>& reals) {
  while (!message.empty()) {
    std::uint64_t size = message.size();
    if (form == MessageForm::kList && !CopyVarint(message, shape, size)) return false;
    if (size > message.size()) return false;
    std::string_view one = message.substr(0, size);
    message.remove_prefix(size);
    const auto take = [&] {
      if (one.size() < kDoubleBytes) return false;
      std::memcpy(&reals.emplace_back(), one.data(), kDoubleBytes);
      one.remove_prefix(kDoubleBytes);
      return true;
    };
    while (!one.empty()) {
      if (!CopyField(one, shape, take)) return false;
    }
  }
  return true;
}

bool JoinMessage(std::string_view shape, MessageForm form, const std::vector<double>& reals,
                 std::size_t& next, std::string& out) {
  const auto give = [&] {
    if (next == reals.size()) return false;
    char bytes[kDoubleBytes];
    std::memcpy(bytes, &reals[next++], kDoubleBytes);
    out.append(bytes, kDoubleBytes);
    return true;
  };
  if (form == MessageForm::kOne) {
    while (!shape.empty()) {
      if (!CopyField(shape, out, give)) return false;
    }
    return true;
  }
  while (!shape.empty()) {
    std::uint64_t size = 0;
    if (!CopyVarint(shape, out, size)) return false;
    const std::size_t from = out.size();
    while (out.size() - from < size) {
      if (!CopyField(shape, out, give)) return false;
    }
    if (out.size() - from != size) return false;
  }
  return true;
}

bool AppendMessages(std::string& out, const std::vector<std::string_view>& messages,
                    MessageForm form) {
  std::string bytes;
  std::vector<std::size_t> sizes;
  std::vector<double> reals;
  sizes.reserve(messages.size());
  for (const std::string_view message : messages) {
    const std::size_t from = bytes.size();
    if (!SplitMessage(message, form, bytes, reals)) return false;
    sizes.push_back(bytes.size() - from);
  }
  if (reals.empty()) return false;
  std::vector<std::string_view> shapes;
  shapes.reserve(messages.size());
  std::string_view rest = bytes;
  for (const std::size_t size : sizes) {
    shapes.push_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  AppendTexts(out, shapes);
  AppendVarint(out, reals.size());
  AppendDoubles(out, reals);
  return true;
}

bool TakeMessages(std::string_view& in, std::size_t count, MessageForm form,
                  std::vector<std::string_view>& messages, std::string& made) {
  std::vector<std::string_view> shapes;
  std::string shapes_made;
  std::uint64_t size = 0;
  std::vector<double> reals;
  if (!TakeTexts(in, count, shapes, shapes_made) || !TakeVarint(in, size)) return false;
  std::size_t shape_bytes = 0;
  for (const std::string_view shape : shapes) shape_bytes += shape.size();
  // Each has a tag at least: a damaged number asks for no memory.
  if (size > shape_bytes || !TakeDoubles(in, size, reals)) return false;
  made.clear();
  made.reserve(shape_bytes + kDoubleBytes * reals.size());
  std::vector<std::size_t> ends;
  ends.reserve(count);
  std::size_t next = 0;
  for (const std::string_view shape : shapes) {
    if (!JoinMessage(shape, form, reals, next, made)) return false;
    ends.push_back(made.size());
  }
  if (next != reals.size()) return false;
  messages.resize(count);
  std::size_t from = 0;
  for (std::size_t i = 0; i < count; ++i) {
    messages[i] = std::string_view(made).substr(from, ends[i] - from);
    from = ends[i];
  }
  return true;
}

}  // namespace belgrand::timeseries
