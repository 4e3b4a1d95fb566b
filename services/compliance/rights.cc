#include "services/compliance/rights.h"

#include <algorithm>

#include "compliance/erasure_ledger.h"
#include "compliance/sealed_field.h"
#include "platform/base/log.h"
#include "platform/base/utf8.h"
#include "platform/crypto/encoding.h"
#include "services/compliance/case_keeper.h"
#include "services/shared/timestamp.h"

namespace belgrand::compliance {
namespace {

using storage::v1::CaseRecord;
using storage::v1::OrderRecord;

constexpr base::Duration kFollowInterval = std::chrono::seconds(10);
constexpr std::size_t kIdBytes = 16;
// Under which the keyring keeps the keys of orders: no kind of person.
constexpr std::int32_t kOrderSubject = 0;

std::string NewCaseId() { return crypto::ToHex(crypto::RandomBytes(kIdBytes)); }

base::Status NoCase(const std::string& case_id) {
  return base::NotFound("there is no case '{}': belgrand subject cases lists them", case_id);
}

void SetTime(google::protobuf::Timestamp* (v1::Case::*field)(), v1::Case& wire, std::int64_t us) {
  if (us != 0) *(wire.*field)() = shared::ToTimestamp(base::FromMicros(us));
}

// The open case of a kind for a person; null: there is none.
CaseRecord* FindOpen(CaseBookContent& content, std::int32_t kind, std::string_view subject_ref) {
  for (CaseRecord& record : content.cases) {
    if (record.kind() != kind || !IsOpen(record)) continue;
    const auto reference = SubjectRefOf(record.name_sealed());
    if (reference.ok() && *reference == subject_ref) return &record;
  }
  return nullptr;
}

}  // namespace

base::Status NoOrder(const std::string& order_id) {
  return base::NotFound("there is no order '{}': belgrand subject orders lists them", order_id);
}

// A second try must not take the place of what the first needs to be finished.
base::Status Rights::CheckNotBegun(const CaseRecord& record) const {
  if (record.erasure_id().empty() || state_of_(record.erasure_id()) == ErasureState::kUnknown) {
    return base::OkStatus();
  }
  return base::Aborted(
      "case {} is being carried out, and the service goes on with it by itself: look at belgrand "
      "subject cases in a minute",
      record.case_id());
}

v1::Case Rights::ToWire(const CaseRecord& record) const {
  v1::Case wire;
  wire.set_case_id(record.case_id());
  wire.set_kind(static_cast<v1::CaseKind>(record.kind()));
  wire.set_subject(static_cast<privacy::v1::Subject>(record.subject()));
  wire.set_tenant(record.tenant());
  auto name = keyring_.Open(record.name_sealed(), CaseNamePlace(record.case_id()));
  if (name.ok()) wire.set_name(*std::move(name));
  SetTime(&v1::Case::mutable_received_at, wire, record.received_at_us());
  SetTime(&v1::Case::mutable_opened_at, wire, record.opened_at_us());
  SetTime(&v1::Case::mutable_due_at, wire, record.due_at_us());
  wire.set_extended_months(record.extended_months());
  wire.set_extension_reason(record.extension_reason());
  wire.set_state(static_cast<v1::CaseState>(record.state()));
  SetTime(&v1::Case::mutable_decided_at, wire, record.decided_at_us());
  wire.set_note(record.note());
  SetTime(&v1::Case::mutable_restricted_at, wire, record.restricted_at_us());
  SetTime(&v1::Case::mutable_lifted_at, wire, record.lifted_at_us());
  SetTime(&v1::Case::mutable_exported_at, wire, record.exported_at_us());
  wire.set_erasure_id(record.erasure_id());
  return wire;
}

v1::Order Rights::ToWire(const OrderRecord& record) const {
  v1::Order wire;
  wire.set_order_id(record.order_id());
  wire.set_case_id(record.case_id());
  wire.set_kind(static_cast<v1::CaseKind>(record.kind()));
  wire.set_laboratory_id(record.laboratory_id());
  wire.set_subject(static_cast<privacy::v1::Subject>(record.subject()));
  auto name = keyring_.Open(record.name_sealed(), OrderNamePlace(record.order_id()));
  if (name.ok()) wire.set_name(*std::move(name));
  auto corrected =
      keyring_.Open(record.corrected_sealed(), OrderCorrectionPlace(record.order_id()));
  if (corrected.ok()) wire.set_corrected_name(*std::move(corrected));
  *wire.mutable_issued_at() = shared::ToTimestamp(base::FromMicros(record.issued_at_us()));
  if (record.acknowledged_at_us() != 0) {
    *wire.mutable_acknowledged_at() =
        shared::ToTimestamp(base::FromMicros(record.acknowledged_at_us()));
  }
  wire.set_nothing_held(record.nothing_held());
  wire.set_lifted(record.lifted());
  return wire;
}

base::StatusOr<CaseRecord> Rights::NewCase(v1::CaseKind kind, const v1::SubjectSelector& person,
                                           base::Instant received) const {
  CaseRecord record;
  record.set_case_id(NewCaseId());
  record.set_kind(kind);
  record.set_subject(person.subject());
  record.set_tenant(person.tenant());
  RETURN_IF_ERROR(Begin(record, received, clock_.Now()));
  if (person.value().empty()) return record;  // named by reference alone
  const PlainValue name{person.subject(), person.tenant(), person.value(),
                        CaseNamePlace(record.case_id())};
  ASSIGN_OR_RETURN(const auto sealed, keyring_.Seal(std::span(&name, 1)));
  record.set_name_sealed(sealed.front().sealed);
  record.set_name_digest(NameDigest(name_key_, person.subject(), person.tenant(), person.value()));
  return record;
}

// Under the order's own key.
base::Status Rights::Correct(OrderRecord& order, const std::string& corrected) const {
  ASSIGN_OR_RETURN(const std::string reference, SubjectRefOf(order.name_sealed()));
  ASSIGN_OR_RETURN(*order.mutable_corrected_sealed(),
                   keyring_.SealFor(reference, OrderCorrectionPlace(order.order_id()), corrected));
  return base::OkStatus();
}

// Officials belong to no laboratory: nobody is told to do anything in files of their own.
base::StatusOr<std::vector<std::string>> Rights::AddOrder(CaseBookContent& content,
                                                          const CaseRecord& of_case,
                                                          const std::string& name,
                                                          const std::string& corrected) const {
  if (of_case.tenant().empty() || name.empty()) return std::vector<std::string>();
  OrderRecord order;
  order.set_order_id(NewCaseId());
  order.set_case_id(of_case.case_id());
  // An objection restricts until it is decided.
  order.set_kind(of_case.kind() == v1::OBJECTION ? v1::RESTRICTION : of_case.kind());
  order.set_laboratory_id(of_case.tenant());
  order.set_subject(of_case.subject());
  order.set_issued_at_us(base::ToMicros(clock_.Now()));
  order.set_lifted(of_case.lifted_at_us() != 0);
  const std::string place = OrderNamePlace(order.order_id());
  const PlainValue key{kOrderSubject, "order", order.order_id(), place};
  ASSIGN_OR_RETURN(const auto made, keyring_.Seal(std::span(&key, 1)));
  ASSIGN_OR_RETURN(*order.mutable_name_sealed(),
                   keyring_.SealFor(made.front().subject_ref, place, name));
  if (!corrected.empty()) RETURN_IF_ERROR(Correct(order, corrected));
  content.orders.push_back(order);
  return std::vector<std::string>{order.order_id()};
}

base::StatusOr<v1::OpenCaseResponse> Rights::Open(const v1::OpenCaseRequest& request) {
  if (!v1::CaseKind_IsValid(request.kind()) || request.kind() == v1::CASE_KIND_UNSPECIFIED) {
    return base::InvalidArgument(
        "kind is {}: say ACCESS, RECTIFICATION, ERASURE, RESTRICTION or OBJECTION",
        static_cast<int>(request.kind()));
  }
  const v1::SubjectSelector& person = request.person();
  if (!person.subject_ref().empty()) {
    return base::InvalidArgument("subject_ref is given: a case names the person by value");
  }
  RETURN_IF_ERROR(CheckNamed(person));
  if (!base::IsUtf8(person.value())) return base::InvalidArgument("value is not UTF-8");
  const base::Instant received =
      request.has_received_at() ? shared::ToInstant(request.received_at()) : clock_.Now();
  ASSIGN_OR_RETURN(const CaseRecord fresh, NewCase(request.kind(), person, received));
  ASSIGN_OR_RETURN(const std::string reference, SubjectRefOf(fresh.name_sealed()));
  v1::OpenCaseResponse response;
  CaseRecord opened = fresh;
  const base::Status updated = book_.Update([&](CaseBookContent& content) -> base::Status {
    if (const CaseRecord* known = FindOpen(content, fresh.kind(), reference)) {
      opened = *known;
      response.set_existing(true);
      return base::OkStatus();
    }
    content.cases.push_back(fresh);
    if (!Restricts(fresh)) return base::OkStatus();
    return AddOrder(content, fresh, person.value(), "").status();
  });
  RETURN_IF_ERROR(updated);
  *response.mutable_opened() = ToWire(opened);
  if (Restricts(opened)) {
    for (std::string& role : TellRoles()) response.add_not_restricted_yet(std::move(role));
  }
  return response;
}

v1::ListCasesResponse Rights::List(bool open_only) const {
  CaseBookContent content = book_.Read();
  std::stable_sort(
      content.cases.begin(), content.cases.end(),
      [](const CaseRecord& a, const CaseRecord& b) { return a.due_at_us() < b.due_at_us(); });
  v1::ListCasesResponse response;
  for (const CaseRecord& record : content.cases) {
    if (!open_only || IsOpen(record) || Restricts(record)) *response.add_cases() = ToWire(record);
  }
  return response;
}

base::StatusOr<v1::Case> Rights::Find(const std::string& case_id) const {
  CaseBookContent content = book_.Read();
  const CaseRecord* const record = content.FindCase(case_id);
  if (record == nullptr) return NoCase(case_id);
  return ToWire(*record);
}

base::StatusOr<v1::Case> Rights::Change(const std::string& case_id, const CaseChange& change) {
  v1::Case changed;
  const base::Status updated = book_.Update([&](CaseBookContent& content) -> base::Status {
    CaseRecord* const record = content.FindCase(case_id);
    if (record == nullptr) return NoCase(case_id);
    const bool restricted = Restricts(*record);
    RETURN_IF_ERROR(change(*record, content));
    changed = ToWire(*record);
    if (!restricted || Restricts(*record)) return base::OkStatus();
    return AddOrder(content, CaseRecord(*record), changed.name(), "").status();
  });
  RETURN_IF_ERROR(updated);
  TellRoles();
  return changed;
}

base::StatusOr<v1::Case> Rights::Extend(const v1::ExtendCaseRequest& request) {
  return Change(request.case_id(), [&](CaseRecord& record, CaseBookContent&) {
    return compliance::Extend(record, request.months(), request.reason(), clock_.Now());
  });
}

base::StatusOr<v1::Case> Rights::Decide(const v1::DecideCaseRequest& request) {
  return Change(request.case_id(), [&](CaseRecord& record, CaseBookContent&) -> base::Status {
    const bool granted = request.decision() == v1::GRANTED;
    if (granted && (record.kind() == v1::ERASURE || record.kind() == v1::RECTIFICATION)) {
      return base::FailedPrecondition(
          "a case of {} is granted by carrying it out: belgrand subject {}",
          KindName(record.kind()), record.kind() == v1::ERASURE ? "erase" : "rectify");
    }
    if (granted && record.kind() == v1::ACCESS && record.exported_at_us() == 0) {
      return base::FailedPrecondition(
          "case {} grants access and nothing was exported: belgrand subject access --case {}",
          record.case_id(), record.case_id());
    }
    return compliance::Decide(record, request.decision(), request.note(), clock_.Now());
  });
}

base::StatusOr<v1::Case> Rights::Lift(const v1::LiftRestrictionRequest& request) {
  return Change(request.case_id(), [&](CaseRecord& record, CaseBookContent&) {
    return compliance::Lift(record, request.person_informed() ? Informed::kYes : Informed::kNo,
                            clock_.Now());
  });
}

base::StatusOr<v1::SubjectSelector> Rights::PersonOf(const std::string& case_id,
                                                     v1::CaseKind kind) const {
  ASSIGN_OR_RETURN(const v1::Case known, Find(case_id));
  if (known.kind() != kind) {
    return base::FailedPrecondition("case {} is one of {}, not of {}", case_id,
                                    KindName(known.kind()), KindName(kind));
  }
  if (known.state() != v1::OPEN) {
    return base::FailedPrecondition("case {} is decided: open another one", case_id);
  }
  if (known.name().empty()) {
    return base::FailedPrecondition("the person of case {} is erased: nothing of them is left",
                                    case_id);
  }
  v1::SubjectSelector person;
  person.set_subject(known.subject());
  person.set_tenant(known.tenant());
  person.set_value(known.name());
  return person;
}

base::Status Rights::NoteExport(const std::string& case_id) {
  return Change(case_id,
                [&](CaseRecord& record, CaseBookContent&) {
                  record.set_exported_at_us(base::ToMicros(clock_.Now()));
                  return base::OkStatus();
                })
      .status();
}

v1::CollectPersonsRequest Rights::CollectRequest(const v1::SubjectSelector& person) const {
  v1::CollectPersonsRequest request;
  v1::PersonToErase& whom = *request.mutable_person();
  whom.set_subject(person.subject());
  whom.set_tenant(person.tenant());
  whom.set_value(person.value());
  auto reference = keyring_.FindSubject(person.subject(), person.tenant(), person.value());
  if (reference.ok()) whom.set_subject_ref(*std::move(reference));
  whom.set_name_digest(NameDigest(name_key_, person.subject(), person.tenant(), person.value()));
  request.set_name_key(std::string(name_key_.view()));
  return request;
}

base::StatusOr<Rights::Prepared> Rights::PrepareErasure(const v1::SubjectSelector& person,
                                                        const std::string& erasure_id) {
  ASSIGN_OR_RETURN(const CaseRecord fresh, NewCase(v1::ERASURE, person, clock_.Now()));
  const auto reference = SubjectRefOf(fresh.name_sealed());
  Prepared prepared;
  const base::Status updated = book_.Update([&](CaseBookContent& content) -> base::Status {
    CaseRecord* record = reference.ok() ? FindOpen(content, v1::ERASURE, *reference) : nullptr;
    if (record == nullptr) record = &content.cases.emplace_back(fresh);
    RETURN_IF_ERROR(CheckNotBegun(*record));
    record->set_erasure_id(erasure_id);
    prepared.case_id = record->case_id();
    // One order is enough for what is tried again.
    for (const OrderRecord& order : content.orders) {
      if (order.case_id() == record->case_id()) prepared.order_ids.push_back(order.order_id());
    }
    if (!prepared.order_ids.empty()) return base::OkStatus();
    ASSIGN_OR_RETURN(prepared.order_ids, AddOrder(content, *record, person.value(), ""));
    return base::OkStatus();
  });
  RETURN_IF_ERROR(updated);
  return prepared;
}

base::StatusOr<v1::SubjectSelector> Rights::PrepareRectification(
    const v1::RectifySubjectRequest& request, const std::string& erasure_id) {
  const std::string& corrected = request.corrected_name();
  if (corrected.empty() || corrected.size() > kMaxNameBytes || !base::IsUtf8(corrected)) {
    return base::InvalidArgument("corrected_name has {} bytes: send 1 to {} of UTF-8",
                                 corrected.size(), kMaxNameBytes);
  }
  ASSIGN_OR_RETURN(v1::SubjectSelector person, PersonOf(request.case_id(), v1::RECTIFICATION));
  if (corrected == person.value()) {
    return base::InvalidArgument(
        "corrected_name is what is stored: send the correct value, or refuse the case");
  }
  const PlainValue correct{person.subject(), person.tenant(), corrected,
                           CaseReplacementPlace(request.case_id())};
  ASSIGN_OR_RETURN(const auto sealed, keyring_.Seal(std::span(&correct, 1)));
  const auto changed =
      Change(request.case_id(), [&](CaseRecord& record, CaseBookContent& content) -> base::Status {
        RETURN_IF_ERROR(CheckNotBegun(record));
        record.set_erasure_id(erasure_id);
        record.set_replacement_sealed(sealed.front().sealed);
        // What is tried again needs no second order, unless the first was carried out with another
        // name.
        for (OrderRecord& order : content.orders) {
          if (order.case_id() != record.case_id() || order.acknowledged_at_us() != 0) continue;
          return Correct(order, corrected);
        }
        return AddOrder(content, record, person.value(), corrected).status();
      });
  RETURN_IF_ERROR(changed.status());
  return person;
}

base::Status Rights::Complete(const std::string& erasure_id) {
  return book_.Update([&](CaseBookContent& content) -> base::Status {
    for (CaseRecord& record : content.cases) {
      if (record.erasure_id() != erasure_id || !IsOpen(record)) continue;
      RETURN_IF_ERROR(compliance::Decide(record, v1::GRANTED, record.note(), clock_.Now()));
    }
    return base::OkStatus();
  });
}

v1::ListOrdersResponse Rights::Orders(const Laboratories& shown, bool pending_only) const {
  v1::ListOrdersResponse response;
  const CaseBookContent content = book_.Read();
  for (const OrderRecord& order : content.orders) {
    if (!shown(order.laboratory_id())) continue;
    if (pending_only && order.acknowledged_at_us() != 0) continue;
    *response.add_orders() = ToWire(order);
  }
  return response;
}

base::StatusOr<std::string> Rights::LaboratoryOfOrder(const std::string& order_id) const {
  CaseBookContent content = book_.Read();
  const OrderRecord* const order = content.FindOrder(order_id);
  if (order == nullptr) return NoOrder(order_id);
  return order->laboratory_id();
}

base::StatusOr<v1::Order> Rights::Acknowledge(const v1::AcknowledgeOrderRequest& request) {
  CaseBookContent content = book_.Read();
  const OrderRecord* const order = content.FindOrder(request.order_id());
  if (order == nullptr) return NoOrder(request.order_id());
  if (order->acknowledged_at_us() != 0) return ToWire(*order);
  // First the key: after a crash the order can still be acknowledged by its id.
  const auto reference = SubjectRefOf(order->name_sealed());
  if (reference.ok() && keyring_.Holds(*reference)) RETURN_IF_ERROR(keyring_.Drop(*reference));
  v1::Order acknowledged;
  const base::Status updated = book_.Update([&](CaseBookContent& now) -> base::Status {
    OrderRecord* const record = now.FindOrder(request.order_id());
    if (record == nullptr) return base::NotFound("the order is past its retention");
    record->clear_name_sealed();
    record->clear_corrected_sealed();
    record->set_acknowledged_at_us(base::ToMicros(clock_.Now()));
    record->set_nothing_held(request.nothing_held());
    acknowledged = ToWire(*record);
    return base::OkStatus();
  });
  RETURN_IF_ERROR(updated);
  return acknowledged;
}

v1::SetRestrictionsRequest Rights::Restricted() const {
  v1::SetRestrictionsRequest request;
  request.set_name_key(std::string(name_key_.view()));
  const CaseBookContent content = book_.Read();
  const auto add = [&](const CaseRecord& record, const std::string& sealed, std::string digest) {
    v1::RestrictedPerson& person = *request.add_persons();
    person.set_subject(static_cast<privacy::v1::Subject>(record.subject()));
    person.set_tenant(record.tenant());
    const auto reference = SubjectRefOf(sealed);
    if (reference.ok()) person.set_subject_ref(*reference);
    person.set_name_digest(std::move(digest));
    person.set_name_bytes(static_cast<std::uint32_t>(sealed.size() - kSealedOverheadBytes));
  };
  for (const CaseRecord& record : content.cases) {
    if (!Restricts(record) || record.name_digest().empty()) continue;
    add(record, record.name_sealed(), record.name_digest());
    // While a name is corrected, roles hold the one or the other.
    for (const CaseRecord& other : content.cases) {
      if (!IsOpen(other) || other.name_digest() != record.name_digest()) continue;
      const auto name =
          keyring_.Open(other.replacement_sealed(), CaseReplacementPlace(other.case_id()));
      if (!name.ok()) continue;
      add(other, other.replacement_sealed(),
          NameDigest(name_key_, other.subject(), other.tenant(), *name));
    }
  }
  return request;
}

std::set<std::string, std::less<>> Rights::RestrictedReferences() const {
  std::set<std::string, std::less<>> references;
  const v1::SetRestrictionsRequest restricted = Restricted();
  for (const v1::RestrictedPerson& person : restricted.persons()) {
    if (!person.subject_ref().empty()) references.insert(person.subject_ref());
  }
  return references;
}

std::vector<std::string> Rights::TellRoles() {
  const base::MutexLock lock(telling_);
  const v1::SetRestrictionsRequest request = Restricted();
  std::vector<std::string> silent;
  for (const auto& holder : holders_) {
    const base::Status told = holder->Restrict(request);
    if (told.ok()) continue;
    silent.emplace_back(holder->name());
    if (request.persons().empty()) continue;  // there is nothing it could show
    base::Log(base::LogLevel::kWarning, "restrictions_not_told",
              {{"role", holder->name()}, {"reason", told}});
  }
  return silent;
}

Rights::Depth Rights::Count() const {
  const CaseBookContent content = book_.Read();
  const base::Instant now = clock_.Now();
  Depth depth;
  for (const CaseRecord& record : content.cases) {
    if (IsOpen(record)) ++depth.open;
    if (Restricts(record)) ++depth.restricting;
    const Urgency urgency = UrgencyOf(record, now);
    if (urgency == Urgency::kDueSoon) ++depth.due_soon;
    if (urgency == Urgency::kOverdue) ++depth.overdue;
  }
  for (const OrderRecord& order : content.orders) {
    if (order.acknowledged_at_us() != 0) continue;
    ++depth.orders_pending;
    depth.oldest_order = std::max(depth.oldest_order, now - base::FromMicros(order.issued_at_us()));
  }
  return depth;
}

void Rights::Remind() {
  const CaseBookContent content = book_.Read();
  const base::Instant now = clock_.Now();
  const base::MutexLock lock(mutex_);
  std::map<std::string, Urgency> urgent;
  for (const CaseRecord& record : content.cases) {
    const Urgency urgency = UrgencyOf(record, now);
    if (urgency == Urgency::kNone) continue;
    urgent[record.case_id()] = urgency;
    const auto before = reminded_.find(record.case_id());
    if (before != reminded_.end() && before->second == urgency) continue;
    const bool overdue = urgency == Urgency::kOverdue;
    base::Log(overdue ? base::LogLevel::kError : base::LogLevel::kWarning,
              overdue ? "case_overdue" : "case_due_soon",
              {{"case", record.case_id()},
               {"kind", KindName(record.kind())},
               {"due", base::FormatInstant(base::FromMicros(record.due_at_us()))}});
  }
  reminded_ = std::move(urgent);
}

void Rights::Follow() {
  const CaseBookContent content = book_.Read();
  for (const CaseRecord& record : content.cases) {
    if (!IsOpen(record) || record.erasure_id().empty() ||
        state_of_(record.erasure_id()) != ErasureState::kFinished) {
      continue;
    }
    const base::Status completed = Complete(record.erasure_id());
    if (!completed.ok()) {
      base::Log(base::LogLevel::kError, "case_not_completed",
                {{"case", record.case_id()}, {"reason", completed}});
    }
  }
  TellRoles();
  Remind();
}

void Rights::Start() {
  follower_ = std::thread([this] { Run(); });
}

void Rights::Stop() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (follower_.joinable()) follower_.join();
}

void Rights::Run() {
  while (true) {
    {
      const base::MutexLock lock(mutex_);
      if (!stopping_) wake_.WaitFor(mutex_, kFollowInterval);
      if (stopping_) return;
    }
    Follow();
  }
}

}  // namespace belgrand::compliance
