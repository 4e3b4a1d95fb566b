#include "compliance/register.h"

#include <algorithm>
#include <map>

#include "compliance/policy.h"
#include "compliance/retention.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;

// The fields of a message that are personal, with those of the messages it is composed of.
void CollectPersonal(const pb::Descriptor& message, const std::string& path,
                     std::vector<const pb::Descriptor*>& above,
                     std::vector<std::pair<std::string, const pb::FieldDescriptor*>>& fields) {
  if (std::find(above.begin(), above.end(), &message) != above.end()) return;
  above.push_back(&message);
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    const std::string name = path + std::string(field.name());
    const privacy::v1::Category category = CategoryOf(field);
    if (category == privacy::v1::COMPOSITE && field.message_type() != nullptr) {
      CollectPersonal(*field.message_type(), name + ".", above, fields);
    } else if (IsPersonal(category)) {
      fields.emplace_back(name, &field);
    }
  }
  above.pop_back();
}

std::vector<std::pair<std::string, const pb::FieldDescriptor*>> PersonalFields(
    const pb::Descriptor& message) {
  std::vector<std::pair<std::string, const pb::FieldDescriptor*>> fields;
  std::vector<const pb::Descriptor*> above;
  CollectPersonal(message, "", above, fields);
  return fields;
}

void AddRecord(const pb::Descriptor& message, const privacy::v1::RecordPolicy& policy,
               Activity& activity) {
  activity.name = policy.activity();
  activity.legal_bases.insert(policy.legal_basis());
  activity.recipients.insert(policy.recipients().begin(), policy.recipients().end());
  activity.records.push_back(
      {std::string(message.full_name()), policy.retention(), policy.clock_field()});
  std::map<std::string, std::string> retention;
  for (const RetentionPolicy& rule : RetentionPolicies(message)) retention[rule.field] = rule.text;
  for (const auto& [path, field] : PersonalFields(message)) {
    const privacy::v1::FieldPolicy& own = FieldPolicyOf(*field);
    const auto kept = retention.find(path);
    activity.fields.push_back({std::string(message.full_name()) + "." + path, own.category(),
                               own.subject(), own.encrypt(),
                               kept == retention.end() ? policy.retention() : kept->second});
  }
}

void AddDisclosures(const pb::ServiceDescriptor& service, std::vector<Disclosure>& disclosures) {
  for (int i = 0; i < service.method_count(); ++i) {
    const pb::MethodDescriptor& method = *service.method(i);
    Disclosure disclosure;
    disclosure.method = std::string(method.full_name());
    for (const auto& [path, field] : PersonalFields(*method.output_type())) {
      const privacy::v1::FieldPolicy& own = FieldPolicyOf(*field);
      disclosure.fields.push_back({path, own.category(), own.subject(), field});
    }
    if (disclosure.fields.empty()) continue;
    const privacy::v1::MethodPolicy* policy = FindMethodPolicy(disclosure.method);
    if (policy != nullptr) {
      for (const int role : policy->roles()) {
        disclosure.roles.insert(static_cast<privacy::v1::Role>(role));
      }
      disclosure.audited = policy->audit() == privacy::v1::AUDITED;
    }
    disclosures.push_back(std::move(disclosure));
  }
}

}  // namespace

Register BuildRegister() {
  std::map<std::string, Activity> activities;
  for (const pb::Descriptor* message : AllMessages(SchemaFiles())) {
    const privacy::v1::RecordPolicy* policy = RecordPolicyOf(*message);
    if (policy != nullptr) AddRecord(*message, *policy, activities[policy->activity()]);
  }
  Register processing;
  for (auto& [name, activity] : activities) processing.activities.push_back(std::move(activity));
  for (const pb::FileDescriptor* file : SchemaFiles()) {
    for (int i = 0; i < file->service_count(); ++i) {
      AddDisclosures(*file->service(i), processing.disclosures);
    }
  }
  return processing;
}

}  // namespace belgrand::compliance
