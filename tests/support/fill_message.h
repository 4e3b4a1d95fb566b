// Gives every field of a message a value, whatever fields there are: a test that is written with it
// cannot forget a field that is added later.
//
// Thread safety: pure functions.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <functional>
#include <string>

namespace belgrand::testing {

// A value other than the default; `seed` chooses among several.
inline void FillField(google::protobuf::Message& message,
                      const google::protobuf::FieldDescriptor& field, int seed = 1);

// Every field, repeated ones twice.
inline void FillMessage(google::protobuf::Message& message, int seed = 1) {
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    // Instants are kept to the microsecond.
    const bool nanos = type.full_name() == "google.protobuf.Timestamp" && i == 1;
    FillField(message, *type.field(i), nanos ? 1000 * seed : seed + i);
  }
}

inline void FillField(google::protobuf::Message& message,
                      const google::protobuf::FieldDescriptor& field, int seed) {
  using Field = google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const auto put = [&](auto add, auto set, const auto& value) {
    if (!field.is_repeated()) return (reflection.*set)(&message, &field, value);
    while (reflection.FieldSize(message, &field) < 2) (reflection.*add)(&message, &field, value);
  };
  using Reflection = google::protobuf::Reflection;
  switch (field.cpp_type()) {
    case Field::CPPTYPE_INT32:
      return put(&Reflection::AddInt32, &Reflection::SetInt32, seed);
    case Field::CPPTYPE_INT64:
      return put(&Reflection::AddInt64, &Reflection::SetInt64, std::int64_t{1000} * seed);
    case Field::CPPTYPE_UINT32:
      return put(&Reflection::AddUInt32, &Reflection::SetUInt32, static_cast<std::uint32_t>(seed));
    case Field::CPPTYPE_UINT64:
      return put(&Reflection::AddUInt64, &Reflection::SetUInt64, static_cast<std::uint64_t>(seed));
    case Field::CPPTYPE_DOUBLE:
      return put(&Reflection::AddDouble, &Reflection::SetDouble, 0.5 + seed);
    case Field::CPPTYPE_FLOAT:
      return put(&Reflection::AddFloat, &Reflection::SetFloat, 0.5F + static_cast<float>(seed));
    case Field::CPPTYPE_BOOL:
      return put(&Reflection::AddBool, &Reflection::SetBool, true);
    case Field::CPPTYPE_ENUM: {
      const auto& values = *field.enum_type();
      const int index = 1 + seed % (values.value_count() - 1);
      return put(&Reflection::AddEnum, &Reflection::SetEnum, values.value(index));
    }
    case Field::CPPTYPE_STRING: {
      const std::string text = field.name() + std::to_string(seed);
      if (!field.is_repeated()) return reflection.SetString(&message, &field, text);
      while (reflection.FieldSize(message, &field) < 2) {
        reflection.AddString(&message, &field, text);
      }
      return;
    }
    case Field::CPPTYPE_MESSAGE:
      if (!field.is_repeated()) {
        return FillMessage(*reflection.MutableMessage(&message, &field), seed);
      }
      for (int i = reflection.FieldSize(message, &field); i < 2; ++i) {
        FillMessage(*reflection.AddMessage(&message, &field), seed + i);
      }
  }
}

// Every field that is not a message of this project, with its path ("collection.matrix",
// "replicates[1].value"), and the message that holds it.
inline void ForEachLeaf(
    google::protobuf::Message& message, const std::string& prefix,
    const std::function<void(const std::string& path, google::protobuf::Message& holder,
                             const google::protobuf::FieldDescriptor& field)>& visit) {
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *type.field(i);
    const std::string path = prefix + field.name();
    const bool composed = field.message_type() != nullptr &&
                          field.message_type()->full_name().rfind("belgrand.", 0) == 0;
    if (!composed) {
      visit(path, message, field);
    } else if (!field.is_repeated()) {
      ForEachLeaf(*reflection.MutableMessage(&message, &field), path + ".", visit);
    } else {
      for (int j = 0; j < reflection.FieldSize(message, &field); ++j) {
        ForEachLeaf(*reflection.MutableRepeatedMessage(&message, &field, j),
                    path + "[" + std::to_string(j) + "].", visit);
      }
    }
  }
}

}  // namespace belgrand::testing
