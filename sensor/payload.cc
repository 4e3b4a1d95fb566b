#include "sensor/payload.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "platform/base/time.h"

namespace belgrand::sensor {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 8;

base::StatusOr<json> Parse(std::string_view payload) {
  if (payload.size() > kMaxPayloadBytes) {
    return base::InvalidArgument("the message has {} bytes, more than {}", payload.size(),
                                 kMaxPayloadBytes);
  }
  json parsed = json::parse(payload.begin(), payload.end(), nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return base::InvalidArgument("the message is no JSON object");
  return parsed;
}

const json* Member(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

// A finite number; nullopt for everything else.
std::optional<double> NumberOf(const json& value) {
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  return std::isfinite(number) ? std::optional<double>(number) : std::nullopt;
}

// ISO 8601 with any number of decimals: what is finer than a microsecond is cut off.
base::StatusOr<std::int64_t> InstantOf(const std::string& text) {
  std::string trimmed = text;
  if (const auto dot = trimmed.find('.'); dot != std::string::npos) {
    auto end = dot + 1;
    while (end < trimmed.size() && trimmed[end] >= '0' && trimmed[end] <= '9') ++end;
    if (end > dot + 7) trimmed.erase(dot + 7, end - dot - 7);
  }
  const auto instant = base::ParseInstant(trimmed);
  if (!instant.ok()) return base::InvalidArgument("the time of the message is not ISO 8601");
  return base::ToMicros(*instant);
}

base::Status Flatten(const json& object, const std::string& prefix, int depth, std::int64_t time_us,
                     std::vector<Measurement>& out) {
  if (depth > kMaxDepth) return base::InvalidArgument("the object is nested deeper than {}", depth);
  for (const auto& [name, value] : object.items()) {
    const std::string metric = prefix.empty() ? name : prefix + "." + name;
    if (value.is_object()) {
      RETURN_IF_ERROR(Flatten(value, metric, depth + 1, time_us, out));
      continue;
    }
    const std::optional<double> number = NumberOf(value);
    if (!number && !value.is_null()) continue;
    if (out.size() == kMaxMetrics) {
      return base::InvalidArgument("the message has more than {} values", kMaxMetrics);
    }
    out.push_back({metric, time_us, number});
  }
  return base::OkStatus();
}

// Milliseconds since 1970, as an integer.
std::optional<std::int64_t> Millis(const json* value) {
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max() / 1000;
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  if (value->is_number_unsigned() && value->get<std::uint64_t>() > kLast) return std::nullopt;
  const auto millis = value->get<std::int64_t>();
  if (millis < 0 || millis > kLast) return std::nullopt;
  return millis * 1000;
}

// "spBv1.0/group/DDATA/node/device" -> "group/node/device"; empty: a message without readings.
base::StatusOr<std::string> SparkplugDevice(std::string_view topic) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= topic.size() && parts.size() < 6;) {
    const std::size_t slash = std::min(topic.find('/', at), topic.size());
    parts.push_back(topic.substr(at, slash - at));
    at = slash + 1;
  }
  if (parts.size() < 4 || parts.size() > 5 || parts[0] != "spBv1.0") {
    return base::InvalidArgument("the topic is none of Sparkplug B");
  }
  const std::string_view kind = parts[2];
  const bool of_node = (kind == "NBIRTH" || kind == "NDATA") && parts.size() == 4;
  const bool of_device = (kind == "DBIRTH" || kind == "DDATA") && parts.size() == 5;
  if (!of_node && !of_device) return std::string();
  std::string device = std::string(parts[1]) + "/" + std::string(parts[3]);
  if (of_device) device += "/" + std::string(parts[4]);
  return device;
}

}  // namespace

base::StatusOr<DeviceMessage> ParseChirpStack(std::string_view payload) {
  ASSIGN_OR_RETURN(const json message, Parse(payload));
  DeviceMessage out;
  const json* const info = Member(message, "deviceInfo");
  const json* const device = info == nullptr ? nullptr : Member(*info, "devEui");
  if (device == nullptr || !device->is_string()) {
    return base::InvalidArgument("the message has no deviceInfo.devEui");
  }
  out.device_id = device->get<std::string>();
  const json* const time = Member(message, "time");
  if (time == nullptr || !time->is_string()) {
    return base::InvalidArgument("the message has no time");
  }
  ASSIGN_OR_RETURN(const std::int64_t time_us, InstantOf(time->get<std::string>()));
  const json* const object = Member(message, "object");
  if (object == nullptr || !object->is_object()) {
    return base::InvalidArgument("the message has no decoded object: give the device a codec");
  }
  RETURN_IF_ERROR(Flatten(*object, "", 1, time_us, out.measurements));
  return out;
}

base::StatusOr<DeviceMessage> ParseSparkplug(std::string_view topic, std::string_view payload) {
  DeviceMessage out;
  ASSIGN_OR_RETURN(out.device_id, SparkplugDevice(topic));
  if (out.device_id.empty()) return out;
  ASSIGN_OR_RETURN(const json message, Parse(payload));
  const auto time = Millis(Member(message, "timestamp"));
  const json* const metrics = Member(message, "metrics");
  if (metrics == nullptr || !metrics->is_array()) {
    return base::InvalidArgument("the message has no metrics");
  }
  if (metrics->size() > kMaxMetrics) {
    return base::InvalidArgument("the message has more than {} metrics", kMaxMetrics);
  }
  for (const json& metric : *metrics) {
    const json* const name = Member(metric, "name");
    if (name == nullptr || !name->is_string()) continue;  // an alias: its name was in the birth
    const auto own_time = Millis(Member(metric, "timestamp"));
    if (!own_time && !time) return base::InvalidArgument("a metric has no timestamp");
    const json* const value = Member(metric, "value");
    const json* const null_flag = Member(metric, "is_null");
    const bool null = (value != nullptr && value->is_null()) ||
                      (null_flag != nullptr && null_flag->is_boolean() && null_flag->get<bool>());
    const std::optional<double> number = value == nullptr || null ? std::nullopt : NumberOf(*value);
    if (!number && !null) continue;
    out.measurements.push_back({name->get<std::string>(), own_time ? *own_time : *time, number});
  }
  return out;
}

}  // namespace belgrand::sensor
