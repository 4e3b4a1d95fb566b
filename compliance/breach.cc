#include "compliance/breach.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "compliance/read_limit.h"

namespace belgrand::compliance {
namespace {

using privacy::v1::Subject;

// "/belgrand.x.v1.Service/Method" of the wire as the schema's "belgrand.x.v1.Service.Method".
std::string SchemaName(std::string_view method) {
  if (method.starts_with('/')) method.remove_prefix(1);
  std::string name(method);
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

const Disclosure* FindDisclosure(const Register& processing, std::string_view method) {
  for (const Disclosure& disclosure : processing.disclosures) {
    if (disclosure.method == method) return &disclosure;
  }
  return nullptr;
}

bool Names(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// An entry that does not say in which role or what for was shown everything.
bool MayHaveRead(const storage::v1::AuditEntry& entry, const ShownField& field) {
  const auto role = static_cast<privacy::v1::Role>(entry.role());
  if (role == privacy::v1::ROLE_UNSPECIFIED || entry.purpose() == 0) return true;
  return MayRead(*field.field, {&role, 1}, static_cast<privacy::v1::Purpose>(entry.purpose()));
}

base::Instant AMonthAfter(base::Instant at) {
  const base::Day day = base::DayOf(at);
  std::chrono::year_month_day date(day);
  date += std::chrono::months(1);
  if (!date.ok()) date = date.year() / date.month() / std::chrono::last;
  return base::Instant(base::Day(date)) + (at - base::Instant(day));
}

}  // namespace

BreachScoper::BreachScoper(std::string actor_ref, const Register& processing, base::Instant from,
                           base::Instant until)
    : actor_ref_(std::move(actor_ref)), processing_(processing), from_(from), until_(until) {}

void BreachScoper::Take(const std::string& entry_bytes) {
  storage::v1::AuditEntry entry;
  if (!entry.ParseFromString(entry_bytes)) {
    ++unreadable_;
    return;
  }
  const auto role = static_cast<privacy::v1::Role>(entry.role());
  actors_[role].insert(entry.actor_ref());
  const base::Instant at = base::FromMicros(entry.at_us());
  if (at < from_ || at > until_) return;
  ++entries_;
  if (entry.actor_ref() == actor_ref_) Count(entry);
}

void BreachScoper::Count(const storage::v1::AuditEntry& entry) {
  const std::string name = SchemaName(entry.method());
  const base::Instant at = base::FromMicros(entry.at_us());
  MethodUse& use = uses_[name];
  if (use.answered + use.refused == 0) {
    use.method = name;
    use.first = at;
    use.last = at;
  }
  use.first = std::min(use.first, at);
  use.last = std::max(use.last, at);
  if (entry.status_code() != 0) {
    ++use.refused;
    return;
  }
  ++use.answered;
  use.records += entry.record_count();
  use.unbounded += entry.record_count() == 0;
  if (!entry.object_ref().empty()) {
    if (use.objects.size() < BreachScope::kMaxObjects) {
      use.objects.insert(entry.object_ref());
    } else {
      use.more_objects += !use.objects.contains(entry.object_ref());
    }
  }
  const Disclosure* disclosure = FindDisclosure(processing_, name);
  if (disclosure == nullptr) return;
  for (const ShownField& field : disclosure->fields) {
    if (MayHaveRead(entry, field) && !Names(use.fields, field.name)) {
      use.fields.push_back(field.name);
    }
  }
}

std::vector<PersonsBound> BreachScoper::Persons(std::uint64_t sealed_persons) const {
  const auto seen = [&](privacy::v1::Role role) -> std::uint64_t {
    const auto found = actors_.find(role);
    return found == actors_.end() ? 0 : found->second.size();
  };
  std::uint64_t everybody = 0;
  for (const auto& [role, actors] : actors_) everybody += actors.size();
  const auto bound = [&](Subject subject) {
    switch (subject) {
      case privacy::v1::SAMPLER:
      case privacy::v1::LAB_STAFF:
        return sealed_persons;
      case privacy::v1::OFFICIAL:
        return seen(privacy::v1::HEALTH_OFFICIAL);
      case privacy::v1::OPERATOR:
        return seen(privacy::v1::SERVICE_OPERATOR) + seen(privacy::v1::DATA_PROTECTION_OFFICER);
      default:
        return everybody;
    }
  };
  std::map<Subject, std::map<std::string, ShownField>> shown;
  for (const auto& [name, use] : uses_) {
    if (use.answered == 0) continue;
    const Disclosure* disclosure = FindDisclosure(processing_, name);
    if (disclosure == nullptr) continue;
    for (const ShownField& field : disclosure->fields) {
      if (!Names(use.fields, field.name)) continue;
      const std::string full = name + ":" + field.name;
      shown[field.subject].insert({full, {full, field.category, field.subject}});
    }
  }
  std::vector<PersonsBound> persons;
  for (auto& [subject, fields] : shown) {
    PersonsBound& person = persons.emplace_back();
    person.subject = subject;
    person.at_most = bound(subject);
    for (auto& [full, field] : fields) person.fields.push_back(std::move(field));
  }
  return persons;
}

BreachScope BreachScoper::Done(std::string credential, std::uint64_t sealed_persons) const {
  BreachScope scope;
  scope.credential = std::move(credential);
  scope.from = from_;
  scope.until = until_;
  scope.entries = entries_;
  scope.unreadable = unreadable_;
  for (const auto& [name, use] : uses_) scope.uses.push_back(use);
  scope.persons = Persons(sealed_persons);
  return scope;
}

std::vector<BreachClock> BreachClocks(base::Instant aware_at) {
  return {{"nis2_early_warning", aware_at + std::chrono::hours(24)},
          {"gdpr_authority", aware_at + std::chrono::hours(72)},
          {"nis2_notification", aware_at + std::chrono::hours(72)},
          {"nis2_report", AMonthAfter(aware_at + std::chrono::hours(72))}};
}

}  // namespace belgrand::compliance
