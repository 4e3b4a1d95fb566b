// Structured log lines: one JSON object a line, on standard error.
//
// A line is an event name (snake_case, from the code, never from input) and fields that are text,
// numbers or booleans. A protobuf message cannot be logged: turn it into text with
// compliance::Redact first, which leaves out what the schema calls personal.
//
//   base::Log(LogLevel::kInfo, "samples_stored", {{"rows", n}, {"laboratory", id}});
//
// Thread safety: safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "platform/base/error.h"

namespace belgrand::base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

class LogField {
 public:
  LogField(std::string_view key, std::string_view value) : key_(key), value_(std::string(value)) {}
  LogField(std::string_view key, const char* value) : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, const std::string& value)
      : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, const Status& value) : key_(key), value_(Message(value)) {}
  template <typename T>
  requires std::is_arithmetic_v<T> LogField(std::string_view key, T value) : key_(key) {
    if constexpr (std::is_same_v<T, bool>) {
      value_ = value;
    } else if constexpr (std::is_floating_point_v<T>) {
      value_ = static_cast<double>(value);
    } else {
      value_ = static_cast<std::int64_t>(value);
    }
  }

  std::string_view key() const { return key_; }
  const std::variant<std::string, std::int64_t, double, bool>& value() const { return value_; }

 private:
  std::string_view key_;
  std::variant<std::string, std::int64_t, double, bool> value_;
};

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
// Lines below `level` are dropped; the default is kInfo.
void SetLogLevel(LogLevel level);
// "debug", "info", "warning" or "error".
StatusOr<LogLevel> ParseLogLevel(std::string_view text);

}  // namespace belgrand::base
