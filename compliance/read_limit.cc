#include "compliance/read_limit.h"

#include <algorithm>

#include "compliance/policy.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;
using privacy::v1::Role;

// Well-known types carry no classes: the field that holds one answers for it.
bool IsOurs(const pb::Descriptor& message) { return message.full_name().starts_with("belgrand."); }

void CollectMessages(const pb::Descriptor& message, std::set<const pb::Descriptor*>& seen) {
  if (!IsOurs(message) || !seen.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    if (IsWithheld(CategoryOf(field)) || field.message_type() == nullptr) continue;
    CollectMessages(*field.message_type(), seen);
  }
}

bool Holds(const pb::Message& message, const pb::FieldDescriptor& field) {
  const pb::Reflection& reflection = *message.GetReflection();
  return field.is_repeated() ? reflection.FieldSize(message, &field) > 0
                             : reflection.HasField(message, &field);
}

std::set<const pb::MethodDescriptor*> MethodsWithReaders() {
  std::set<const pb::MethodDescriptor*> methods;
  for (const pb::FileDescriptor* file : SchemaFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const pb::MethodDescriptor& method = *file->service(s)->method(m);
        if (IsForOthers(method.options().GetExtension(privacy::v1::method)) &&
            !PersonalFieldsOf(*method.output_type()).empty()) {
          methods.insert(&method);
        }
      }
    }
  }
  return methods;
}

}  // namespace

std::vector<const pb::FieldDescriptor*> PersonalFieldsOf(const pb::Descriptor& answer) {
  std::set<const pb::Descriptor*> messages;
  CollectMessages(answer, messages);
  std::vector<const pb::FieldDescriptor*> fields;
  for (const pb::Descriptor* message : messages) {
    for (int i = 0; i < message->field_count(); ++i) {
      if (IsWithheld(CategoryOf(*message->field(i)))) fields.push_back(message->field(i));
    }
  }
  return fields;
}

bool HasReaders(std::string_view full_method_name) {
  // Asked for every call: the schema does not change.
  static const auto* const methods =
      new std::set<const pb::MethodDescriptor*>(MethodsWithReaders());
  return methods->contains(FindMethod(full_method_name));
}

bool MayRead(const pb::FieldDescriptor& field, std::span<const Role> roles,
             privacy::v1::Purpose purpose) {
  const privacy::v1::FieldPolicy& policy = FieldPolicyOf(field);
  const auto& for_what = policy.read_for();
  if (std::find(for_what.begin(), for_what.end(), purpose) == for_what.end()) return false;
  return std::any_of(policy.readers().begin(), policy.readers().end(), [&](int reader) {
    const Role role = static_cast<Role>(reader);
    return std::find(roles.begin(), roles.end(), role) != roles.end() && MayClaim(role, purpose);
  });
}

ReadLimit::ReadLimit(const pb::Descriptor& answer, std::span<const Role> roles,
                     privacy::v1::Purpose purpose) {
  for (const Field field : PersonalFieldsOf(answer)) {
    if (!MayRead(*field, roles, purpose)) parts_[field->containing_type()].hidden.push_back(field);
  }
  std::set<const pb::Descriptor*> messages;
  CollectMessages(answer, messages);
  // What leads to one of these, and what leads there, until nothing more does.
  for (bool grown = !parts_.empty(); grown;) {
    grown = false;
    for (const pb::Descriptor* message : messages) {
      for (int i = 0; i < message->field_count(); ++i) {
        const pb::FieldDescriptor& field = *message->field(i);
        if (field.message_type() == nullptr || !parts_.contains(field.message_type())) continue;
        if (IsWithheld(CategoryOf(field))) continue;
        std::vector<Field>& leads = parts_[message].leads;
        if (std::find(leads.begin(), leads.end(), &field) != leads.end()) continue;
        leads.push_back(&field);
        grown = true;
      }
    }
  }
}

bool ReadLimit::Touches(const pb::Message& message) const {
  const auto part = parts_.find(message.GetDescriptor());
  if (part == parts_.end()) return false;
  if (std::any_of(part->second.hidden.begin(), part->second.hidden.end(),
                  [&](Field field) { return Holds(message, *field); })) {
    return true;
  }
  const pb::Reflection& reflection = *message.GetReflection();
  return std::any_of(part->second.leads.begin(), part->second.leads.end(), [&](Field field) {
    if (!field->is_repeated()) {
      return reflection.HasField(message, field) && Touches(reflection.GetMessage(message, field));
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if (Touches(reflection.GetRepeatedMessage(message, field, i))) return true;
    }
    return false;
  });
}

void ReadLimit::Reduce(pb::Message& message, std::set<std::string>& left_out) const {
  const auto part = parts_.find(message.GetDescriptor());
  if (part == parts_.end()) return;
  const pb::Reflection& reflection = *message.GetReflection();
  for (const Field field : part->second.hidden) {
    if (!Holds(message, *field)) continue;
    reflection.ClearField(&message, field);
    left_out.insert(field->full_name());
  }
  for (const Field field : part->second.leads) {
    if (!field->is_repeated()) {
      if (reflection.HasField(message, field)) {
        Reduce(*reflection.MutableMessage(&message, field), left_out);
      }
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      Reduce(*reflection.MutableRepeatedMessage(&message, field, i), left_out);
    }
  }
}

std::unique_ptr<pb::Message> ReadLimit::Reduced(const pb::Message& answer,
                                                std::set<std::string>& left_out) const {
  if (!Touches(answer)) return nullptr;
  std::unique_ptr<pb::Message> reduced(answer.New());
  reduced->CopyFrom(answer);
  Reduce(*reduced, left_out);
  return reduced;
}

}  // namespace belgrand::compliance
