#include "services/shared/person_collect.h"

#include <algorithm>
#include <set>

#include "compliance/policy.h"
#include "services/shared/timestamp.h"

namespace belgrand::shared {
namespace {

namespace pb = google::protobuf;
using compliance::v1::HeldField;
using privacy::v1::Category;

bool IsName(Category category) {
  return category == privacy::v1::IDENTITY || category == privacy::v1::CONTACT;
}

std::string TextOf(const pb::Message& message, const pb::FieldDescriptor& field) {
  const pb::Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) {
    std::string text;
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      if (field.cpp_type() != pb::FieldDescriptor::CPPTYPE_STRING) return {};
      if (i > 0) text += ", ";
      text += reflection.GetRepeatedString(message, &field, i);
    }
    return text;
  }
  switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(message, &field);
    case pb::FieldDescriptor::CPPTYPE_INT64: {
      const std::int64_t value = reflection.GetInt64(message, &field);
      // Of records that hold persons, every such number is an instant.
      return field.name().ends_with("_us") ? base::FormatInstant(base::FromMicros(value))
                                           : fmt::format("{}", value);
    }
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return fmt::format("{}", reflection.GetUInt64(message, &field));
    case pb::FieldDescriptor::CPPTYPE_INT32:
      return fmt::format("{}", reflection.GetInt32(message, &field));
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      return fmt::format("{}", reflection.GetUInt32(message, &field));
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
      return fmt::format("{}", reflection.GetDouble(message, &field));
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "true" : "false";
    default:
      return {};
  }
}

std::vector<const pb::FieldDescriptor*> SetFields(const pb::Message& message) {
  std::vector<const pb::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  return fields;
}

}  // namespace

bool PersonCollector::IsTheirs(const pb::Message& message, const pb::FieldDescriptor& field) const {
  const privacy::v1::FieldPolicy& policy = compliance::FieldPolicyOf(field);
  if (!IsName(policy.category()) || field.is_repeated() ||
      field.cpp_type() != pb::FieldDescriptor::CPPTYPE_STRING) {
    return false;
  }
  const std::string value = message.GetReflection()->GetString(message, &field);
  if (policy.encrypt()) return matcher_.Sealed(value);
  return matcher_.Named(policy.subject(), "", value, base::Instant::min());
}

void PersonCollector::CollectFrom(const pb::Message& message, const std::string& path,
                                  std::string_view tenant, std::vector<Found>& found) const {
  const auto fields = SetFields(message);
  std::set<privacy::v1::Subject> theirs;
  for (const pb::FieldDescriptor* field : fields) {
    if (IsTheirs(message, *field)) theirs.insert(compliance::FieldPolicyOf(*field).subject());
  }
  for (const pb::FieldDescriptor* field : fields) {
    const privacy::v1::FieldPolicy& policy = compliance::FieldPolicyOf(*field);
    const std::string name = path + std::string(field->name());
    const bool of_kind = theirs.contains(policy.subject());
    if (policy.category() == privacy::v1::COMPOSITE) {
      const pb::Reflection& reflection = *message.GetReflection();
      const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
      for (int i = 0; i < count; ++i) {
        CollectFrom(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                         : reflection.GetMessage(message, field),
                    name + ".", tenant, found);
      }
    } else if (IsTheirs(message, *field) ||
               (policy.category() == privacy::v1::WORK_ACTIVITY && of_kind)) {
      found.push_back({name, &message, field});
    } else if (policy.category() == privacy::v1::FREE_TEXT && !field->is_repeated() &&
               (of_kind ||
                matcher_.Mentioned(tenant, message.GetReflection()->GetString(message, field)))) {
      found.push_back({name, &message, field});
    }
  }
}

const std::map<std::string, compliance::RetentionPolicy>& PersonCollector::PoliciesOf(
    const pb::Descriptor& record) {
  const auto [known, fresh] = policies_.try_emplace(&record);
  if (fresh) {
    for (compliance::RetentionPolicy& policy : compliance::RetentionPolicies(record)) {
      std::string field = policy.field;
      known->second.emplace(std::move(field), std::move(policy));
    }
  }
  return known->second;
}

HeldField PersonCollector::Describe(const pb::Message& record, const Found& found) {
  HeldField held;
  held.set_name(found.path);
  held.set_category(compliance::CategoryOf(*found.field));
  if (compliance::FieldPolicyOf(*found.field).encrypt()) {
    held.set_sealed(found.holder->GetReflection()->GetString(*found.holder, found.field));
    if (places_) {
      for (std::string& place : places_(record, found.path)) held.add_places(std::move(place));
    }
  } else {
    held.set_value(TextOf(*found.holder, *found.field));
  }
  // Its own end, or the record's, whichever comes first.
  std::optional<base::Instant> gone;
  for (const std::string& path : {found.path, std::string()}) {
    const auto policy = PoliciesOf(*record.GetDescriptor()).find(path);
    if (policy == PoliciesOf(*record.GetDescriptor()).end()) continue;
    const auto from = compliance::RetentionClock(policy->second, record);
    if (!from) continue;
    const base::Instant end = compliance::AddDuration(*from, policy->second.duration);
    gone = gone ? std::min(*gone, end) : end;
  }
  if (gone) *held.mutable_gone_at() = ToTimestamp(*gone);
  return held;
}

std::optional<compliance::v1::HeldRecord> PersonCollector::Collect(const pb::Message& record,
                                                                   std::string_view tenant) {
  std::vector<Found> found;
  CollectFrom(record, "", tenant, found);
  if (found.empty()) return std::nullopt;
  compliance::v1::HeldRecord held;
  held.set_store(store_);
  held.set_record(std::string(record.GetDescriptor()->full_name()));
  for (const Found& one : found) *held.add_fields() = Describe(record, one);
  for (const pb::FieldDescriptor* field : SetFields(record)) {
    if (compliance::CategoryOf(*field) != privacy::v1::NOT_PERSONAL ||
        field->type() == pb::FieldDescriptor::TYPE_BYTES) {
      continue;
    }
    std::string value = TextOf(record, *field);
    if (value.empty()) continue;
    HeldField& beside = *held.add_fields();
    beside.set_name(std::string(field->name()));
    beside.set_value(std::move(value));
    beside.set_category(privacy::v1::NOT_PERSONAL);
  }
  return held;
}

}  // namespace belgrand::shared
