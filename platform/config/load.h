// Strict loading of protobuf text files: configuration and nothing else.
//
// The reader of an error here is a person who has just edited a file. So every problem is reported
// at once, one per line, as "file:line:column: what, and what to do"; an unknown name comes with
// the nearest known one. Nothing is guessed: a file with any problem is refused as a whole.
//
// protobuf's own parser stops at the first error it cannot step over. Unknown names it can; after a
// wrong value this loader blanks a plain "name: value" line and parses again, so independent
// mistakes on different lines are all found. A mistake in the bracket structure ends the search:
// what follows it cannot be trusted.
//
// Thread safety: safe.
#pragma once

#include <google/protobuf/message.h>

#include <filesystem>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::config {

inline constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;

// Replaces `*message` by what `text` says; unchanged on error. `name` stands for the file in
// messages. InvalidArgument: the problems, one per line, in order of position. The text must be
// UTF-8 (a byte order mark is skipped) and at most kMaxConfigBytes long.
base::Status ParseTextproto(std::string_view text, std::string_view name,
                            google::protobuf::Message* message);

// The same from a file. NotFound, PermissionDenied, Unavailable name the path.
base::Status LoadTextprotoInto(const std::filesystem::path& path,
                               google::protobuf::Message* message);

template <typename T>
base::StatusOr<T> ParseTextproto(std::string_view text, std::string_view name) {
  T message;
  RETURN_IF_ERROR(ParseTextproto(text, name, &message));
  return message;
}

template <typename T>
base::StatusOr<T> LoadTextproto(const std::filesystem::path& path) {
  T message;
  RETURN_IF_ERROR(LoadTextprotoInto(path, &message));
  return message;
}

}  // namespace belgrand::config
