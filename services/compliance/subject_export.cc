#include "services/compliance/subject_export.h"

#include <absl/strings/numbers.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "belgrand/compliance/v1/identity.pb.h"
#include "belgrand/ingest/v1/sample.pb.h"
#include "belgrand/storage/v1/audit_entry.pb.h"
#include "belgrand/storage/v1/case_record.pb.h"
#include "belgrand/storage/v1/identity_record.pb.h"
#include "compliance/entry_bundles.h"
#include "compliance/policy.h"
#include "platform/base/log.h"
#include "services/shared/timestamp.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;

constexpr int kRecordsPerMessage = 500;
constexpr std::uint64_t kEntriesPerRead = 1'000;

// Whether a field may be about a person of this kind. Those that the schema names nobody for, and
// those of compliance itself, may be of anybody.
bool Concerns(const pb::FieldDescriptor& field, privacy::v1::Subject subject) {
  const privacy::v1::FieldPolicy& policy = FieldPolicyOf(field);
  if (!IsPersonal(policy.category()) || policy.category() == privacy::v1::SUBJECT_ID) return false;
  return policy.subject() == subject || policy.subject() == privacy::v1::SUBJECT_UNSPECIFIED ||
         field.file()->package() == "belgrand.compliance.v1";
}

bool Shows(const pb::Descriptor& message, privacy::v1::Subject subject,
           std::set<const pb::Descriptor*>& seen) {
  if (!seen.insert(&message).second) return false;
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    if (Concerns(field, subject)) return true;
    if (field.message_type() != nullptr && CategoryOf(field) == privacy::v1::COMPOSITE &&
        Shows(*field.message_type(), subject, seen)) {
      return true;
    }
  }
  return false;
}

bool Shows(const pb::Descriptor& message, privacy::v1::Subject subject) {
  std::set<const pb::Descriptor*> seen;
  return Shows(message, subject, seen);
}

std::set<std::string> MethodsThatShow(privacy::v1::Subject subject) {
  std::set<std::string> methods;
  for (const pb::FileDescriptor* file : SchemaFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const pb::MethodDescriptor& method = *file->service(s)->method(m);
        if (Shows(*method.output_type(), subject)) methods.insert(std::string(method.full_name()));
      }
    }
  }
  return methods;
}

// Stored records hold the numbers of enumerations; a person is told the words.
void NameNumber(const std::string& record, v1::HeldField& field) {
  static const std::map<std::string, const pb::EnumDescriptor*> kEnums = {
      {"belgrand.storage.v1.CaseRecord.kind", v1::CaseKind_descriptor()},
      {"belgrand.storage.v1.CaseRecord.state", v1::CaseState_descriptor()},
      {"belgrand.storage.v1.CaseRecord.subject", privacy::v1::Subject_descriptor()},
      {"belgrand.storage.v1.IdentityRecord.kind", v1::Identity::Kind_descriptor()},
      {"belgrand.storage.v1.IdentityRecord.role", privacy::v1::Role_descriptor()},
      {"belgrand.storage.v1.OrderRecord.kind", v1::CaseKind_descriptor()},
      {"belgrand.storage.v1.OrderRecord.subject", privacy::v1::Subject_descriptor()},
      {"belgrand.storage.v1.SampleRecord.censoring", ingest::v1::Censoring_descriptor()}};
  const auto numbers = kEnums.find(record + "." + field.name());
  int number = 0;
  if (numbers == kEnums.end() || !absl::SimpleAtoi(field.value(), &number)) return;
  const pb::EnumValueDescriptor* const value = numbers->second->FindValueByNumber(number);
  if (value != nullptr) field.set_value(std::string(value->name()));
}

// What calls name in the audit log when they ask for a record.
void AddReferences(const v1::HeldRecord& record, std::set<std::string>& references) {
  std::map<std::string, std::string> values;
  for (const v1::HeldField& field : record.fields()) values[field.name()] = field.value();
  const auto add = [&](std::initializer_list<const char*> names) {
    std::string reference;
    for (const char* name : names) {
      const auto value = values.find(name);
      if (value == values.end() || value->second.empty()) return;
      if (!reference.empty()) reference += '/';
      reference += value->second;
    }
    references.insert(std::move(reference));
  };
  add({"alert_id"});
  add({"silence_id"});
  add({"case_id"});
  add({"laboratory_id", "sample_id", "target"});
  add({"site_id", "target"});
}

// Counts entries by role and method.
class Recipients {
 public:
  Recipients(privacy::v1::Subject subject, std::set<std::string> references)
      : methods_(MethodsThatShow(subject)), references_(std::move(references)) {}

  base::Status Add(const std::string& bytes) {
    storage::v1::AuditEntry entry;
    if (!entry.ParseFromString(bytes)) return base::DataLoss("an audit entry cannot be read");
    ++entries_;
    since_us_ = std::min(since_us_, entry.at_us());
    // An intent is followed by an outcome, which counts.
    if (entry.decision() != v1::ALLOWED || entry.status_code() != 0 ||
        entry.object_kind().ends_with("_intent") || !methods_.contains(entry.method())) {
      return base::OkStatus();
    }
    Tally& tally = tallies_[{entry.role(), entry.method()}];
    if (tally.calls++ == 0) tally.first_us = entry.at_us();
    tally.first_us = std::min(tally.first_us, entry.at_us());
    tally.last_us = std::max(tally.last_us, entry.at_us());
    tally.callers.insert(entry.actor_ref());
    if (references_.contains(entry.object_ref())) ++tally.about;
    return base::OkStatus();
  }

  void AppendTo(v1::ExportSubjectResponse& response) const {
    response.set_audit_entries(entries_);
    if (entries_ > 0) {
      *response.mutable_audit_since() = shared::ToTimestamp(base::FromMicros(since_us_));
    }
    for (const auto& [key, tally] : tallies_) {
      v1::DataRecipient& recipient = *response.add_recipients();
      recipient.set_role(static_cast<privacy::v1::Role>(key.first));
      recipient.set_method(key.second);
      recipient.set_callers(static_cast<std::uint32_t>(tally.callers.size()));
      recipient.set_calls(tally.calls);
      recipient.set_calls_about_records(tally.about);
      *recipient.mutable_first_at() = shared::ToTimestamp(base::FromMicros(tally.first_us));
      *recipient.mutable_last_at() = shared::ToTimestamp(base::FromMicros(tally.last_us));
    }
  }

 private:
  struct Tally {
    std::uint64_t calls = 0;
    std::uint64_t about = 0;
    std::int64_t first_us = 0;
    std::int64_t last_us = 0;
    std::set<std::string> callers;
  };
  const std::set<std::string> methods_;
  const std::set<std::string> references_;
  std::map<std::pair<std::int32_t, std::string>, Tally> tallies_;
  std::uint64_t entries_ = 0;
  std::int64_t since_us_ = std::numeric_limits<std::int64_t>::max();
};

using ReadSome =
    std::function<base::StatusOr<std::vector<std::string>>(std::uint64_t, std::uint64_t)>;

// All `size` entries of a log.
base::Status AddEntries(std::uint64_t size, const ReadSome& read, Recipients& recipients) {
  for (std::uint64_t at = 0; at < size; at += kEntriesPerRead) {
    ASSIGN_OR_RETURN(const auto entries, read(at, std::min(kEntriesPerRead, size - at)));
    for (const std::string& entry : entries) RETURN_IF_ERROR(recipients.Add(entry));
  }
  return base::OkStatus();
}

// A closed log that cannot be read hides no other: it may have been closed because of that.
void AddClosed(const ClosedLog& log, Recipients& recipients, v1::ExportSubjectResponse& response) {
  if (log.pruned) {
    response.set_audit_logs_expired(response.audit_logs_expired() + 1);
    return;
  }
  base::Status status = log.state;
  if (status.ok()) {
    status = AddEntries(
        log.checkpoint.size,
        [&](std::uint64_t at, std::uint64_t count) {
          return ReadEntries(log.directory, at, count);
        },
        recipients);
  }
  if (status.ok()) return;
  base::Log(base::LogLevel::kError, "closed_audit_log_not_read",
            {{"log", log.number}, {"reason", status}});
  response.set_audit_logs_damaged(response.audit_logs_damaged() + 1);
}

}  // namespace

std::vector<v1::ProcessingPurpose> PurposesOf(privacy::v1::Subject subject) {
  std::vector<v1::ProcessingPurpose> purposes;
  for (const pb::Descriptor* message : AllMessages(SchemaFiles())) {
    const privacy::v1::RecordPolicy* const policy = RecordPolicyOf(*message);
    const bool of_anybody = message == storage::v1::IdentityRecord::descriptor() ||
                            message == storage::v1::CaseRecord::descriptor() ||
                            message == storage::v1::OrderRecord::descriptor();
    if (policy == nullptr || !(of_anybody || Shows(*message, subject))) continue;
    v1::ProcessingPurpose& purpose = purposes.emplace_back();
    purpose.set_record(std::string(message->full_name()));
    purpose.set_activity(policy->activity());
    purpose.set_legal_basis(policy->legal_basis());
    purpose.set_retention(policy->retention());
    *purpose.mutable_recipients() = policy->recipients();
  }
  return purposes;
}

base::Status SubjectExport::Open(v1::HeldRecord& record) const {
  for (v1::HeldField& field : *record.mutable_fields()) {
    NameNumber(record.record(), field);
    if (field.sealed().empty()) continue;
    base::Status status = base::DataLoss("no place is named");
    for (const std::string& place : field.places()) {
      auto value = keyring_.Open(field.sealed(), place);
      status = value.status();
      if (!value.ok()) continue;
      field.set_value(*std::move(value));
      break;
    }
    // Erased meanwhile; what does not open otherwise is damage, which an export must not hide.
    if (!status.ok() && status.code() != base::StatusCode::kNotFound) {
      return base::Annotate(status, record.record() + "." + field.name());
    }
    field.clear_sealed();
    field.clear_places();
  }
  return base::OkStatus();
}

base::Status SubjectExport::AddRecipients(privacy::v1::Subject subject,
                                          const std::set<std::string>& references,
                                          v1::ExportSubjectResponse& response) const {
  // A half-year that ends meanwhile makes a closed log of the open one: then all is read again.
  for (;;) {
    const std::shared_ptr<AuditLog> open = log_.open();
    ASSIGN_OR_RETURN(const std::vector<ClosedLog> closed, log_.Closed());
    response.clear_audit_logs_expired();
    response.clear_audit_logs_damaged();
    Recipients recipients(subject, references);
    for (const ClosedLog& log : closed) AddClosed(log, recipients, response);
    const base::Status status = AddEntries(
        open->size(), [&](std::uint64_t at, std::uint64_t count) { return open->Read(at, count); },
        recipients);
    if (log_.open() != open) continue;
    RETURN_IF_ERROR(status);
    recipients.AppendTo(response);
    return base::OkStatus();
  }
}

base::Status SubjectExport::Run(const v1::Case& of_case, const v1::CollectPersonsRequest& whom,
                                const Send& send) const {
  v1::ExportSubjectResponse response;
  *response.mutable_of_case() = of_case;
  for (v1::ProcessingPurpose& purpose : PurposesOf(of_case.subject())) {
    *response.add_purposes() = std::move(purpose);
  }
  RETURN_IF_ERROR(send(response));
  response.Clear();
  std::set<std::string> references;
  for (const auto& holder : holders_) {
    const base::Status collected =
        holder->Collect(whom, [&](v1::HeldRecord record) -> base::Status {
          RETURN_IF_ERROR(Open(record));
          AddReferences(record, references);
          *response.add_records() = std::move(record);
          if (response.records_size() < kRecordsPerMessage) return base::OkStatus();
          const base::Status sent = send(response);
          response.Clear();
          return sent;
        });
    RETURN_IF_ERROR(collected);
  }
  RETURN_IF_ERROR(AddRecipients(of_case.subject(), references, response));
  response.set_complete(true);
  return send(response);
}

}  // namespace belgrand::compliance
