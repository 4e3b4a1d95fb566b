#include "compliance/policy.h"

#include <algorithm>
#include <map>
#include <string>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/compliance/v1/compliance.pb.h"
#include "belgrand/compliance/v1/erasure.pb.h"
#include "belgrand/compliance/v1/hold.pb.h"
#include "belgrand/compliance/v1/identity.pb.h"
#include "belgrand/compliance/v1/rights.pb.h"
#include "belgrand/config/v1/config.pb.h"
#include "belgrand/detection/v1/detection.pb.h"
#include "belgrand/detection/v1/setup.pb.h"
#include "belgrand/error/v1/error.pb.h"
#include "belgrand/ingest/v1/ingest.pb.h"
#include "belgrand/ingest/v1/sample.pb.h"
#include "belgrand/operations/v1/operations.pb.h"
#include "belgrand/sensor/v1/sensor.pb.h"
#include "belgrand/spool/v1/spool.pb.h"
#include "belgrand/storage/v1/alert_record.pb.h"
#include "belgrand/storage/v1/audit_entry.pb.h"
#include "belgrand/storage/v1/backup.pb.h"
#include "belgrand/storage/v1/case_record.pb.h"
#include "belgrand/storage/v1/detection_record.pb.h"
#include "belgrand/storage/v1/erasure.pb.h"
#include "belgrand/storage/v1/hold_record.pb.h"
#include "belgrand/storage/v1/identity_record.pb.h"
#include "belgrand/storage/v1/keyring.pb.h"
#include "belgrand/storage/v1/sample_record.pb.h"
#include "belgrand/storage/v1/sensor_record.pb.h"
#include "belgrand/storage/v1/setup_record.pb.h"
#include "belgrand/timeseries/v1/timeseries.pb.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;
using privacy::v1::Category;

void Collect(const pb::Descriptor* message, std::vector<const pb::Descriptor*>& out) {
  if (message->options().map_entry()) return;
  out.push_back(message);
  for (int i = 0; i < message->nested_type_count(); ++i) Collect(message->nested_type(i), out);
}

using MethodTable = std::map<std::string, const pb::MethodDescriptor*, std::less<>>;

MethodTable BuildMethodTable() {
  MethodTable table;
  for (const pb::FileDescriptor* file : SchemaFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      const pb::ServiceDescriptor* service = file->service(s);
      for (int m = 0; m < service->method_count(); ++m) {
        const pb::MethodDescriptor* const method = service->method(m);
        if (!method->options().HasExtension(privacy::v1::method)) continue;
        table.emplace(service->full_name() + "/" + method->name(), method);
        table.emplace(method->full_name(), method);
      }
    }
  }
  return table;
}

}  // namespace

const std::vector<const pb::FileDescriptor*>& SchemaFiles() {
  static const auto* const files = new std::vector<const pb::FileDescriptor*>{
      alerting::v1::Alert::descriptor()->file(),
      compliance::v1::AuditEvent::descriptor()->file(),
      compliance::v1::Erasure::descriptor()->file(),
      compliance::v1::Hold::descriptor()->file(),
      compliance::v1::Identity::descriptor()->file(),
      compliance::v1::Case::descriptor()->file(),
      config::v1::Config::descriptor()->file(),
      detection::v1::Signal::descriptor()->file(),
      detection::v1::Setup::descriptor()->file(),
      error::v1::Status::descriptor()->file(),
      ingest::v1::Verdict::descriptor()->file(),
      ingest::v1::Sample::descriptor()->file(),
      operations::v1::Backup::descriptor()->file(),
      privacy::v1::FieldPolicy::descriptor()->file(),
      sensor::v1::Sensor::descriptor()->file(),
      spool::v1::Row::descriptor()->file(),
      storage::v1::AlertRecord::descriptor()->file(),
      storage::v1::AuditEntry::descriptor()->file(),
      storage::v1::BackupSet::descriptor()->file(),
      storage::v1::CaseRecord::descriptor()->file(),
      storage::v1::SignalRecord::descriptor()->file(),
      storage::v1::ErasureEntry::descriptor()->file(),
      storage::v1::HoldRecord::descriptor()->file(),
      storage::v1::IdentityRecord::descriptor()->file(),
      storage::v1::KeyringHeader::descriptor()->file(),
      storage::v1::SampleRecord::descriptor()->file(),
      storage::v1::SensorRecord::descriptor()->file(),
      storage::v1::SetupRecord::descriptor()->file(),
      timeseries::v1::Site::descriptor()->file(),
  };
  return *files;
}

std::vector<const pb::Descriptor*> AllMessages(
    const std::vector<const pb::FileDescriptor*>& files) {
  std::vector<const pb::Descriptor*> messages;
  for (const pb::FileDescriptor* file : files) {
    for (int i = 0; i < file->message_type_count(); ++i) Collect(file->message_type(i), messages);
  }
  return messages;
}

const privacy::v1::FieldPolicy& FieldPolicyOf(const pb::FieldDescriptor& field) {
  return field.options().GetExtension(privacy::v1::field);
}

Category CategoryOf(const pb::FieldDescriptor& field) { return FieldPolicyOf(field).category(); }

const privacy::v1::RecordPolicy* RecordPolicyOf(const pb::Descriptor& message) {
  if (!message.options().HasExtension(privacy::v1::record)) return nullptr;
  return &message.options().GetExtension(privacy::v1::record);
}

const pb::MethodDescriptor* FindMethod(std::string_view full_method_name) {
  static const auto* const table = new MethodTable(BuildMethodTable());
  if (!full_method_name.empty() && full_method_name.front() == '/') {
    full_method_name.remove_prefix(1);
  }
  const auto found = table->find(full_method_name);
  return found == table->end() ? nullptr : found->second;
}

const privacy::v1::MethodPolicy* FindMethodPolicy(std::string_view full_method_name) {
  const pb::MethodDescriptor* const method = FindMethod(full_method_name);
  return method == nullptr ? nullptr : &method->options().GetExtension(privacy::v1::method);
}

bool IsForOthers(const privacy::v1::MethodPolicy& policy) {
  return std::any_of(policy.roles().begin(), policy.roles().end(),
                     [](int role) { return role != privacy::v1::INTERNAL_SERVICE; });
}

bool MayCall(const privacy::v1::MethodPolicy* policy, privacy::v1::Role role) {
  if (policy == nullptr || role == privacy::v1::ROLE_UNSPECIFIED) return false;
  return std::find(policy->roles().begin(), policy->roles().end(), static_cast<int>(role)) !=
         policy->roles().end();
}

bool MayServe(const privacy::v1::MethodPolicy* policy, privacy::v1::Purpose purpose) {
  if (policy == nullptr || purpose == privacy::v1::PURPOSE_UNSPECIFIED) return false;
  return std::find(policy->purposes().begin(), policy->purposes().end(),
                   static_cast<int>(purpose)) != policy->purposes().end();
}

bool MayClaim(privacy::v1::Role role, privacy::v1::Purpose purpose) {
  switch (role) {
    case privacy::v1::LABORATORY:
      return purpose == privacy::v1::MEASUREMENT || purpose == privacy::v1::SURVEILLANCE;
    case privacy::v1::SENSOR_GATEWAY:
      return purpose == privacy::v1::MEASUREMENT;
    case privacy::v1::HEALTH_OFFICIAL:
      return purpose == privacy::v1::SURVEILLANCE || purpose == privacy::v1::OUTBREAK_RESPONSE;
    case privacy::v1::DATA_PROTECTION_OFFICER:
      return purpose == privacy::v1::DATA_PROTECTION;
    case privacy::v1::SERVICE_OPERATOR:
      return purpose == privacy::v1::OPERATION;
    case privacy::v1::PUBLIC:
      return purpose == privacy::v1::PUBLIC_INFORMATION;
    case privacy::v1::INTERNAL_SERVICE:
      return purpose != privacy::v1::PURPOSE_UNSPECIFIED;
    default:
      return false;
  }
}

bool MayClaim(const privacy::v1::MethodPolicy* policy, std::span<const privacy::v1::Role> roles,
              privacy::v1::Purpose purpose) {
  return MayServe(policy, purpose) &&
         std::any_of(roles.begin(), roles.end(), [&](privacy::v1::Role role) {
           return MayCall(policy, role) && MayClaim(role, purpose);
         });
}

privacy::v1::Purpose OrdinaryPurpose(const privacy::v1::MethodPolicy* policy,
                                     std::span<const privacy::v1::Role> roles) {
  if (policy == nullptr) return privacy::v1::PURPOSE_UNSPECIFIED;
  for (const int number : policy->purposes()) {
    const auto purpose = static_cast<privacy::v1::Purpose>(number);
    if (MayClaim(policy, roles, purpose)) return purpose;
  }
  return privacy::v1::PURPOSE_UNSPECIFIED;
}

std::string PurposeName(privacy::v1::Purpose purpose) {
  std::string name = privacy::v1::Purpose_Name(purpose);
  for (char& c : name) c = c == '_' ? '-' : static_cast<char>(c + ('a' - 'A'));
  return name;
}

privacy::v1::Purpose ParsePurpose(std::string_view name) {
  const auto& purposes = *privacy::v1::Purpose_descriptor();
  for (int i = 0; i < purposes.value_count(); ++i) {
    const auto purpose = static_cast<privacy::v1::Purpose>(purposes.value(i)->number());
    if (purpose != privacy::v1::PURPOSE_UNSPECIFIED && name == PurposeName(purpose)) {
      return purpose;
    }
  }
  return privacy::v1::PURPOSE_UNSPECIFIED;
}

std::string PurposeNames(const privacy::v1::MethodPolicy& policy,
                         std::span<const privacy::v1::Role> roles) {
  std::string names;
  for (const int number : policy.purposes()) {
    const auto purpose = static_cast<privacy::v1::Purpose>(number);
    if (!MayClaim(&policy, roles, purpose)) continue;
    if (!names.empty()) names += ", ";
    names += PurposeName(purpose);
  }
  return names;
}

bool IsPersonal(Category category) {
  switch (category) {
    case privacy::v1::NOT_PERSONAL:
    case privacy::v1::COMPOSITE:
    case privacy::v1::SECRET:
      return false;
    default:
      return true;
  }
}

bool IsWithheld(Category category) {
  return IsPersonal(category) || category == privacy::v1::SECRET;
}

}  // namespace belgrand::compliance
