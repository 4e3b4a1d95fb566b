#include "services/compliance/identity_holder.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "compliance/erasure_ledger.h"
#include "platform/base/file.h"
#include "platform/storage/search.h"
#include "services/shared/person_collect.h"
#include "services/shared/person_steward.h"
#include "services/shared/timestamp.h"

namespace belgrand::compliance {
namespace {

using Record = IdentityBook::Record;
using Persons = google::protobuf::RepeatedPtrField<v1::PersonToErase>;

constexpr std::size_t kMaxMarkBytes = 64;

// Whether an identity may be the person's, whatever its owner is called.
bool MayBeOf(const Record& record, const v1::PersonToErase& person) {
  if (person.subject() == privacy::v1::OFFICIAL || person.subject() == privacy::v1::OPERATOR) {
    return true;
  }
  const auto& laboratories = record.scope().laboratory_ids();
  return record.role() == privacy::v1::LABORATORY && !person.tenant().empty() &&
         std::find(laboratories.begin(), laboratories.end(), person.tenant()) != laboratories.end();
}

// Whose of them; null: nobody's.
const v1::PersonToErase* OwnerAmong(const Record& record, const shared::PersonMatcher& matcher) {
  const base::Instant created = base::FromMicros(record.created_us());
  const auto& persons = matcher.persons();
  const auto owner =
      std::find_if(persons.begin(), persons.end(), [&](const v1::PersonToErase& person) {
        if (record.owner().empty() || !MayBeOf(record, person)) return false;
        if (person.value().empty()) {
          return matcher.Named(person.subject(), person.tenant(), record.owner(), created);
        }
        return record.owner() == person.value() &&
               (!person.has_stored_until() || created <= shared::ToInstant(person.stored_until()));
      });
  return owner == persons.end() ? nullptr : &*owner;
}

v1::ErasureLine Line(const google::protobuf::Descriptor& record, const char* field,
                     std::uint64_t count) {
  v1::ErasureLine line;
  line.set_record(record.full_name());
  line.set_field(field);
  line.set_count(count);
  return line;
}

// Those who write them belong to no laboratory.
bool Mentions(const HoldBook::Record& hold, const shared::PersonMatcher& matcher) {
  return matcher.Mentioned("", hold.reason());
}

std::uint64_t Mentions(const std::vector<HoldBook::Record>& holds,
                       const shared::PersonMatcher& matcher) {
  return static_cast<std::uint64_t>(
      std::count_if(holds.begin(), holds.end(),
                    [&](const HoldBook::Record& hold) { return Mentions(hold, matcher); }));
}

// How many stored records that may be the person's hold the name's bytes as a whole field.
std::uint64_t HoldsName(const std::vector<Record>& records, const Persons& persons) {
  std::uint64_t count = 0;
  for (const v1::PersonToErase& person : persons) {
    if (person.value().empty()) continue;
    Record field;
    field.set_owner(person.value());
    const std::string sought = field.SerializeAsString();
    count += static_cast<std::uint64_t>(
        std::count_if(records.begin(), records.end(), [&](const Record& record) {
          return MayBeOf(record, person) && record.SerializeAsString().find(sought) != sought.npos;
        }));
  }
  return count;
}

}  // namespace

base::Status WithheldOwners::Replace(const v1::SetRestrictionsRequest& request) {
  std::optional<shared::PersonMatcher> persons;
  if (!request.persons().empty()) {
    std::vector<v1::PersonToErase> restricted;
    for (const v1::RestrictedPerson& person : request.persons()) {
      v1::PersonToErase& one = restricted.emplace_back();
      one.set_subject(person.subject());
      one.set_tenant(person.tenant());
      one.set_name_digest(person.name_digest());
    }
    ASSIGN_OR_RETURN(persons,
                     shared::PersonMatcher::Make(std::move(restricted), request.name_key()));
  }
  const base::MutexLock lock(mutex_);
  persons_ = std::move(persons);
  return base::OkStatus();
}

bool WithheldOwners::Withholds(const Record& record) const {
  const base::MutexLock lock(mutex_);
  return persons_ && OwnerAmong(record, *persons_) != nullptr;
}

IdentityHolder::IdentityHolder(IdentityBook& book, HoldBook& holds, const base::Clock& clock,
                               WithheldOwners& withheld)
    : book_(book),
      holds_(holds),
      clock_(clock),
      withheld_(withheld),
      mark_(book.file().parent_path() / "identities.erased") {}

base::StatusOr<v1::FindPersonsResponse> IdentityHolder::Find(
    const v1::FindPersonsRequest& request) {
  v1::FindPersonsResponse response;
  std::optional<std::string> bytes;
  if (auto read = base::ReadFile(mark_, kMaxMarkBytes); read.ok()) {
    bytes = *std::move(read);
  } else if (read.status().code() != base::StatusCode::kNotFound) {
    return read.status();
  }
  ASSIGN_OR_RETURN(const shared::ErasureMark mark, shared::DecodeMark(bytes));
  response.set_ledger_id(mark.ledger_id);
  response.set_erased_through(mark.through);
  if (request.persons().empty()) return response;
  ASSIGN_OR_RETURN(const auto matcher, shared::PersonMatcher::Make(request));
  const std::vector<Record> known = book_.List();
  const auto owned = std::count_if(known.begin(), known.end(), [&](const Record& record) {
    return OwnerAmong(record, matcher) != nullptr;
  });
  *response.add_lines() = Line(*Record::descriptor(), "owner", static_cast<std::uint64_t>(owned));
  *response.add_lines() =
      Line(*HoldBook::Record::descriptor(), "reason", Mentions(holds_.List(), matcher));
  if (!request.search_files()) return response;
  storage::SearchCount count;
  for (const auto& file : {book_.file(), holds_.file()}) {
    RETURN_IF_ERROR(storage::SearchFile(file, shared::Sought(matcher), count));
  }
  v1::SearchLine line = shared::ToLine(name(), "values", count, matcher);
  ASSIGN_OR_RETURN(const auto stored, book_.ReadStored());
  // A name that another's identity bears is not the person's.
  ASSIGN_OR_RETURN(const auto stored_holds, holds_.ReadStored());
  line.set_exact_hits(HoldsName(stored, request.persons()) + Mentions(stored_holds, matcher));
  *response.add_searched() = std::move(line);
  return response;
}

base::StatusOr<v1::ErasePersonsResponse> IdentityHolder::Erase(
    const v1::ErasePersonsRequest& request) {
  ASSIGN_OR_RETURN(const auto matcher, shared::PersonMatcher::Make(request));
  ASSIGN_OR_RETURN(const std::uint64_t count,
                   book_.ReplaceOwners(
                       [&](const Record& record) {
                         const v1::PersonToErase* const owner = OwnerAmong(record, matcher);
                         return owner == nullptr ? std::nullopt
                                                 : std::optional<std::string>(owner->replacement());
                       },
                       clock_.Now()));
  v1::ErasePersonsResponse response;
  *response.add_lines() = Line(*Record::descriptor(), "owner", count);
  ASSIGN_OR_RETURN(const std::uint64_t reasons,
                   holds_.ReplaceReasons([&](const HoldBook::Record& hold) {
                     return matcher.WithoutMentions("", hold.reason());
                   }));
  *response.add_lines() = Line(*HoldBook::Record::descriptor(), "reason", reasons);
  // Last: what comes before is repeated when it was broken off.
  RETURN_IF_ERROR(base::WriteFileAtomically(
      mark_, shared::EncodeMark({request.ledger_id(), request.erased_through()}), 0600));
  return response;
}

base::Status IdentityHolder::Collect(const v1::CollectPersonsRequest& request, const Take& take) {
  ASSIGN_OR_RETURN(const auto person,
                   shared::PersonMatcher::Make({request.person()}, request.name_key()));
  // The schema says OPERATOR of owners, whatever their role: so the collector is asked for one.
  v1::PersonToErase owner = request.person();
  owner.set_subject(privacy::v1::OPERATOR);
  owner.clear_tenant();
  ASSIGN_OR_RETURN(const crypto::Key256 key, crypto::Key256::FromBytes(request.name_key()));
  owner.set_name_digest(NameDigest(key, owner.subject(), "", owner.value()));
  ASSIGN_OR_RETURN(const auto matcher, shared::PersonMatcher::Make({owner}, request.name_key()));
  shared::PersonCollector collector(std::string(name()), matcher);
  for (const Record& record : book_.List()) {
    if (OwnerAmong(record, person) == nullptr) continue;
    auto held = collector.Collect(record, "");
    if (!held) continue;
    v1::HeldField& actor = *held->add_fields();
    actor.set_name("actor");
    actor.set_value(record.actor());
    actor.set_category(privacy::v1::IDENTITY);
    if (held->fields(0).has_gone_at()) *actor.mutable_gone_at() = held->fields(0).gone_at();
    RETURN_IF_ERROR(take(*std::move(held)));
  }
  shared::PersonCollector mentions(std::string(name()), person);
  for (const HoldBook::Record& hold : holds_.List()) {
    if (auto held = mentions.Collect(hold, "")) RETURN_IF_ERROR(take(*std::move(held)));
  }
  return base::OkStatus();
}

}  // namespace belgrand::compliance
