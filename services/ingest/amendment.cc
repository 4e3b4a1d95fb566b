#include "services/ingest/amendment.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <set>
#include <string_view>

#include "platform/base/time.h"
#include "sample/text.h"
#include "services/shared/timestamp.h"

namespace belgrand::ingest {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using timeseries::v1::SampleVersion;

// Not content, or content that a version read back does not show: persons, comment.
const std::set<std::string_view>& Passed() {
  static const auto& names = *new std::set<std::string_view>{
      "reported_unit",     "reported",     "sampled_by_sealed", "analysed_by_sealed",
      "amended_by_sealed", "version",      "recorded_at",       "feed_sequence",
      "request_id",        "content_hash", "amendment_reason",  "comment"};
  return names;
}

constexpr char kNothing[] = "-";

std::string ScalarText(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const auto get = [&](auto single, auto repeated) {
    return field.is_repeated() ? (reflection.*repeated)(message, &field, index)
                               : (reflection.*single)(message, &field);
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return fmt::format("{}", get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble));
    case FieldDescriptor::CPPTYPE_UINT32:
      return fmt::format("{}", get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32));
    case FieldDescriptor::CPPTYPE_BOOL:
      return get(&Reflection::GetBool, &Reflection::GetRepeatedBool) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = get(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue);
      const auto* const value = field.enum_type()->FindValueByNumber(number);
      if (number == 0) return kNothing;
      return value == nullptr ? std::to_string(number) : sample::Lower(value->name());
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = get(&Reflection::GetString, &Reflection::GetRepeatedString);
      return text.empty() ? kNothing : text;
    }
    default:
      return "?";
  }
}

std::string FieldText(const Message& message, const FieldDescriptor& field);

std::string MessageText(const Message& message) {
  if (message.GetDescriptor()->full_name() == "google.protobuf.Timestamp") {
    return base::FormatInstant(
        shared::ToInstant(static_cast<const google::protobuf::Timestamp&>(message)));
  }
  std::string text;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    const std::string part = FieldText(message, field);
    if (part == kNothing) continue;
    text += (text.empty() ? "" : " ") + part;
  }
  return text;
}

std::string FieldText(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  if (!field.is_repeated()) {
    if (field.has_presence() && !reflection.HasField(message, &field)) return kNothing;
    return field.message_type() != nullptr ? MessageText(reflection.GetMessage(message, &field))
                                           : ScalarText(message, field, 0);
  }
  std::string text;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    text += text.empty() ? "" : ", ";
    text += field.message_type() != nullptr
                ? MessageText(reflection.GetRepeatedMessage(message, &field, i))
                : ScalarText(message, field, i);
  }
  return text.empty() ? kNothing : text;
}

std::string NameOf(const FieldDescriptor& field) {
  const bool concentration =
      field.name() == "value" || field.name() == "lod" || field.name() == "loq";
  return concentration ? field.name() + " (gc/L)" : field.name();
}

void Compare(const Message& a, const Message& b, std::string& out) {
  for (int i = 0; i < a.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *a.GetDescriptor()->field(i);
    if (Passed().contains(field.name())) continue;
    const bool group = field.message_type() != nullptr && !field.is_repeated() &&
                       field.message_type()->full_name().starts_with("belgrand.");
    if (group) {
      Compare(a.GetReflection()->GetMessage(a, &field), b.GetReflection()->GetMessage(b, &field),
              out);
      continue;
    }
    const std::string before = FieldText(a, field);
    const std::string now = FieldText(b, field);
    if (before == now) continue;
    if (!out.empty()) out += "; ";
    out += fmt::format("{}: {} -> {}", NameOf(field), before, now);
  }
}

}  // namespace

std::string DescribeDifference(const SampleVersion& stored, const SampleVersion& sent) {
  std::string text;
  Compare(stored, sent, text);
  return text;
}

}  // namespace belgrand::ingest
