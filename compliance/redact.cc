#include "compliance/redact.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "compliance/policy.h"
#include "platform/base/utf8.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;
using Type = pb::FieldDescriptor;

std::string Quote(std::string_view text, std::size_t limit) {
  std::string out = "\"";
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto byte = static_cast<unsigned char>(rest.front());
    const std::size_t length = base::Utf8CharacterSize(rest);
    if (text.size() - rest.size() + std::max<std::size_t>(length, 1) > limit) break;
    // U+0080 to U+009F are control characters too, U+2028 and U+2029 line breaks of some viewers.
    const bool control =
        byte < 0x20 || byte == 0x7F ||
        (length == 2 && byte == 0xC2 && static_cast<unsigned char>(rest[1]) < 0xA0) ||
        rest.substr(0, 3) == "\xE2\x80\xA8" || rest.substr(0, 3) == "\xE2\x80\xA9";
    const std::size_t take = std::max<std::size_t>(length, 1);
    if (length == 0 || control) {
      for (std::size_t i = 0; i < take; ++i) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(rest[i]));
      }
    } else {
      if (byte == '"' || byte == '\\') out += '\\';
      out += rest.substr(0, take);
    }
    rest.remove_prefix(take);
  }
  out += '"';
  if (!rest.empty()) out += fmt::format("(+{} bytes)", rest.size());
  return out;
}

std::string Mark(privacy::v1::Category category) {
  if (category == privacy::v1::CATEGORY_UNSPECIFIED) return "<unclassified>";
  std::string name = privacy::v1::Category_Name(category);
  if (name.empty()) name = "UNCLASSIFIED";
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return "<" + name + ">";
}

class Printer {
 public:
  explicit Printer(const RedactLimits& limits) : limits_(limits) {}

  void PrintFields(const pb::Message& message, int depth) {
    std::vector<const Type*> fields;
    message.GetReflection()->ListFields(message, &fields);
    bool first = true;
    for (const Type* field : fields) {
      if (full_) return;
      Write(first ? "" : ", ");
      first = false;
      PrintField(message, *field, depth);
    }
    if (!message.GetReflection()->GetUnknownFields(message).empty()) {
      Write(first ? "<unknown fields>" : ", <unknown fields>");
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  void Write(std::string_view text) {
    if (full_) return;
    if (out_.size() + text.size() > limits_.total_bytes) {
      full_ = true;
      out_ += "...";
      return;
    }
    out_ += text;
  }

  void PrintField(const pb::Message& message, const Type& field, int depth) {
    const privacy::v1::Category category = CategoryOf(field);
    Write(field.is_extension() ? "<extension>" : field.name());
    Write(": ");
    if (field.is_extension() || IsWithheld(category)) return Write(Mark(category));
    if (field.is_map()) return Write("<map>");
    if (!field.is_repeated()) return PrintValue(message, field, -1, depth);
    const int size = message.GetReflection()->FieldSize(message, &field);
    Write("[");
    for (int i = 0; i < std::min(size, limits_.elements) && !full_; ++i) {
      if (i > 0) Write(", ");
      PrintValue(message, field, i, depth);
    }
    if (size > limits_.elements) Write(fmt::format(" (+{} more)", size - limits_.elements));
    Write("]");
  }

  // `index` -1: the field is not repeated.
  void PrintValue(const pb::Message& message, const Type& field, int index, int depth) {
    const pb::Reflection& reflection = *message.GetReflection();
    const auto get = [&](auto single, auto repeated) {
      return index < 0 ? (reflection.*single)(message, &field)
                       : (reflection.*repeated)(message, &field, index);
    };
    using R = pb::Reflection;
    switch (field.cpp_type()) {
      case Type::CPPTYPE_INT32:
        return Write(fmt::format("{}", get(&R::GetInt32, &R::GetRepeatedInt32)));
      case Type::CPPTYPE_INT64:
        return Write(fmt::format("{}", get(&R::GetInt64, &R::GetRepeatedInt64)));
      case Type::CPPTYPE_UINT32:
        return Write(fmt::format("{}", get(&R::GetUInt32, &R::GetRepeatedUInt32)));
      case Type::CPPTYPE_UINT64:
        return Write(fmt::format("{}", get(&R::GetUInt64, &R::GetRepeatedUInt64)));
      case Type::CPPTYPE_DOUBLE:
        return Write(fmt::format("{}", get(&R::GetDouble, &R::GetRepeatedDouble)));
      case Type::CPPTYPE_FLOAT:
        return Write(fmt::format("{}", get(&R::GetFloat, &R::GetRepeatedFloat)));
      case Type::CPPTYPE_BOOL:
        return Write(get(&R::GetBool, &R::GetRepeatedBool) ? "true" : "false");
      case Type::CPPTYPE_ENUM:
        return PrintEnum(field, get(&R::GetEnumValue, &R::GetRepeatedEnumValue));
      case Type::CPPTYPE_STRING:
        return PrintText(field, get(&R::GetString, &R::GetRepeatedString));
      case Type::CPPTYPE_MESSAGE:
        return PrintMessage(field,
                            index < 0 ? reflection.GetMessage(message, &field)
                                      : reflection.GetRepeatedMessage(message, &field, index),
                            depth);
    }
  }

  void PrintEnum(const Type& field, int number) {
    const pb::EnumValueDescriptor* const value = field.enum_type()->FindValueByNumber(number);
    Write(value == nullptr ? fmt::format("{}", number) : value->name());
  }

  void PrintText(const Type& field, const std::string& text) {
    if (field.type() == Type::TYPE_BYTES) return Write(fmt::format("<{} bytes>", text.size()));
    Write(Quote(text, limits_.text_bytes));
  }

  void PrintMessage(const Type& field, const pb::Message& message, int depth) {
    const std::string& type = field.message_type()->full_name();
    if (type == "google.protobuf.Timestamp" || type == "google.protobuf.Duration") {
      return PrintTime(message);
    }
    // A message of the project whose own fields carry the classes, and no other.
    if (CategoryOf(field) != privacy::v1::COMPOSITE || type.rfind("belgrand.", 0) != 0) {
      return Write("<message>");
    }
    if (depth >= limits_.depth) return Write("{...}");
    Write("{");
    PrintFields(message, depth + 1);
    Write("}");
  }

  // By field number, so that messages of a dynamic pool are read too.
  void PrintTime(const pb::Message& message) {
    const pb::Descriptor& type = *message.GetDescriptor();
    const pb::Reflection& reflection = *message.GetReflection();
    const std::int64_t seconds = reflection.GetInt64(message, type.FindFieldByNumber(1));
    const std::int32_t nanos = reflection.GetInt32(message, type.FindFieldByNumber(2));
    if (type.name() == "Duration") return Write(fmt::format("{}s+{}ns", seconds, nanos));
    pb::Timestamp timestamp;
    timestamp.set_seconds(seconds);
    timestamp.set_nanos(nanos);
    const bool valid = seconds >= pb::util::TimeUtil::kTimestampMinSeconds &&
                       seconds <= pb::util::TimeUtil::kTimestampMaxSeconds && nanos >= 0 &&
                       nanos < 1'000'000'000;
    Write(valid ? pb::util::TimeUtil::ToString(timestamp)
                : fmt::format("<invalid time {}s+{}ns>", seconds, nanos));
  }

  const RedactLimits limits_;
  std::string out_;
  bool full_ = false;
};

}  // namespace

std::string Redact(const pb::Message& message, const RedactLimits& limits) {
  Printer printer(limits);
  printer.PrintFields(message, 0);
  return printer.Take();
}

}  // namespace belgrand::compliance
