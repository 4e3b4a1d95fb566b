#include "compliance/policy.h"

#include <algorithm>
#include <map>
#include <string>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/compliance/v1/compliance.pb.h"
#include "belgrand/compliance/v1/erasure.pb.h"
#include "belgrand/compliance/v1/identity.pb.h"
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
#include "belgrand/storage/v1/detection_record.pb.h"
#include "belgrand/storage/v1/erasure.pb.h"
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

using MethodTable = std::map<std::string, const privacy::v1::MethodPolicy*, std::less<>>;

MethodTable BuildMethodTable() {
  MethodTable table;
  for (const pb::FileDescriptor* file : SchemaFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      const pb::ServiceDescriptor* service = file->service(s);
      for (int m = 0; m < service->method_count(); ++m) {
        const pb::MethodOptions& options = service->method(m)->options();
        if (!options.HasExtension(privacy::v1::method)) continue;
        const privacy::v1::MethodPolicy* const policy = &options.GetExtension(privacy::v1::method);
        table.emplace(service->full_name() + "/" + service->method(m)->name(), policy);
        table.emplace(service->method(m)->full_name(), policy);
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
      compliance::v1::Identity::descriptor()->file(),
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
      storage::v1::SignalRecord::descriptor()->file(),
      storage::v1::ErasureEntry::descriptor()->file(),
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

const privacy::v1::MethodPolicy* FindMethodPolicy(std::string_view full_method_name) {
  static const auto* const table = new MethodTable(BuildMethodTable());
  if (!full_method_name.empty() && full_method_name.front() == '/') {
    full_method_name.remove_prefix(1);
  }
  const auto found = table->find(full_method_name);
  return found == table->end() ? nullptr : found->second;
}

bool MayCall(const privacy::v1::MethodPolicy* policy, privacy::v1::Role role) {
  if (policy == nullptr || role == privacy::v1::ROLE_UNSPECIFIED) return false;
  return std::find(policy->roles().begin(), policy->roles().end(), static_cast<int>(role)) !=
         policy->roles().end();
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
