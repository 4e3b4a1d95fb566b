#include "compliance/identity_book.h"

#include <algorithm>
#include <array>
#include <utility>

#include "compliance/access_scope.h"
#include "compliance/expiry_plan.h"
#include "compliance/record_file.h"
#include "compliance/token.h"
#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/secret.h"

namespace belgrand::compliance {
namespace {

using privacy::v1::Role;
using Record = storage::v1::IdentityRecord;

constexpr std::string_view kName = "identities";
constexpr std::size_t kMaxFileBytes = std::size_t{256} << 20;
constexpr std::size_t kMaxTextBytes = 200;

constexpr std::array<std::pair<std::string_view, Role>, 6> kRoleWords = {{
    {"laboratory", privacy::v1::LABORATORY},
    {"gateway", privacy::v1::SENSOR_GATEWAY},
    {"official", privacy::v1::HEALTH_OFFICIAL},
    {"dpo", privacy::v1::DATA_PROTECTION_OFFICER},
    {"operator", privacy::v1::SERVICE_OPERATOR},
    {"service", privacy::v1::INTERNAL_SERVICE},
}};

base::Status Refused(std::string_view why) {
  return base::MakeStatus(base::StatusCode::kUnauthenticated, why);
}

bool IsVisible(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTextBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

// "<role word>:<rest>".
std::pair<Role, std::string_view> SplitActor(std::string_view actor) {
  const std::size_t colon = actor.find(':');
  if (colon == actor.npos || colon + 1 == actor.size()) return {Role::ROLE_UNSPECIFIED, {}};
  return {ParseRoleWord(actor.substr(0, colon)), actor.substr(colon + 1)};
}

bool IsIssuedActor(std::string_view actor) {
  const std::size_t slash = actor.find('/');
  return slash != actor.npos && slash > 0 && slash + 1 < actor.size() &&
         actor.substr(0, slash).find(':') == actor.npos;
}

bool LooksLikeToken(std::string_view id) {
  return id.size() == 2 * kTokenIdBytes && crypto::FromHex(id).ok();
}

base::Status CheckOwner(std::string_view owner) {
  if (owner.empty() || owner.size() > kMaxTextBytes) {
    return base::InvalidArgument("owner has {} bytes: name one person or machine in 1 to {}",
                                 owner.size(), kMaxTextBytes);
  }
  return base::OkStatus();
}

// A laboratory speaks for itself: without a limit it could write in another's name.
base::Status CheckLaboratoryScope(Role role, const v1::AccessScope& scope) {
  if (role != privacy::v1::LABORATORY) return base::OkStatus();
  if (scope.everything() || scope.laboratory_ids().empty()) {
    return base::InvalidArgument("a laboratory's identity names the laboratories it speaks for");
  }
  if (!scope.district_ids().empty()) {
    return base::InvalidArgument(
        "a laboratory is limited by laboratory and site: what it sends says no district");
  }
  return base::OkStatus();
}

void MarkRevoked(Record& record, base::Instant now) {
  if (record.revoked_us() == 0) {
    record.set_revoked_us(std::max<std::int64_t>(base::ToMicros(now), 1));
  }
  if (record.kind() == v1::Identity::TOKEN) {
    record.set_ended_us(std::min(record.revoked_us(), record.expires_us()));
  }
}

base::Status Ended(const Record& record, base::Instant now) {
  if (record.revoked_us() != 0) return Refused("this identity was revoked");
  if (record.expires_us() != 0 && base::ToMicros(now) >= record.expires_us()) {
    return Refused("the token has expired: ask for a new one");
  }
  return base::OkStatus();
}

}  // namespace

std::string_view RoleWord(Role role) {
  for (const auto& [word, named] : kRoleWords) {
    if (named == role) return word;
  }
  return "";
}

Role ParseRoleWord(std::string_view word) {
  for (const auto& [known, role] : kRoleWords) {
    if (known == word) return role;
  }
  return Role::ROLE_UNSPECIFIED;
}

std::string EncodeIdentities(const std::vector<Record>& records) {
  std::vector<std::string> frames;
  frames.reserve(records.size());
  for (const Record& record : records) frames.push_back(record.SerializeAsString());
  return EncodeFrames(kName, frames);
}

base::StatusOr<std::vector<Record>> DecodeIdentities(std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::vector<std::string> frames, DecodeFrames(kName, bytes));
  std::vector<Record> records;
  records.reserve(frames.size());
  for (const std::string& frame : frames) {
    Record record;
    if (!record.ParseFromString(frame) || record.actor().empty()) {
      return base::DataLoss(
          "an identity cannot be read: restore a copy of the keyring's directory");
    }
    records.push_back(std::move(record));
  }
  return records;
}

base::StatusOr<std::vector<Record>> IdentityBook::ReadStored() const {
  const auto bytes = base::ReadFile(file_, kMaxFileBytes);
  if (bytes.status().code() == base::StatusCode::kNotFound) return std::vector<Record>();
  RETURN_IF_ERROR(bytes.status());
  auto records = DecodeIdentities(*bytes);
  if (!records.ok()) return base::Annotate(records.status(), file_.string());
  return records;
}

base::StatusOr<std::unique_ptr<IdentityBook>> IdentityBook::Open(std::filesystem::path file) {
  std::unique_ptr<IdentityBook> book(new IdentityBook(std::move(file)));
  ASSIGN_OR_RETURN(auto records, book->ReadStored());
  const base::MutexLock lock(book->mutex_);
  for (Record& record : records) {
    std::string actor = record.actor();
    book->records_.insert_or_assign(std::move(actor), std::move(record));
  }
  return book;
}

base::Status IdentityBook::Write(const Records& records) const {
  std::vector<Record> all;
  all.reserve(records.size());
  for (const auto& [actor, record] : records) all.push_back(record);
  return base::WriteFileAtomically(file_, EncodeIdentities(all), 0600);
}

base::Status IdentityBook::Add(const Record& record) {
  if (records_.size() >= kMaxIdentities) {
    return base::ResourceExhausted(
        "{} identities are in the list, which is the limit: apply retention to those that ended",
        records_.size());
  }
  Records next = records_;
  next.insert_or_assign(record.actor(), record);
  RETURN_IF_ERROR(Write(next));
  records_ = std::move(next);
  unwritten_ = false;
  return base::OkStatus();
}

base::StatusOr<IdentityBook::Issued> IdentityBook::IssueToken(std::string_view owner, Role role,
                                                              const v1::AccessScope& scope,
                                                              base::Duration lifetime,
                                                              base::Instant now) {
  RETURN_IF_ERROR(CheckOwner(owner));
  RETURN_IF_ERROR(CheckScope(scope));
  RETURN_IF_ERROR(CheckLaboratoryScope(role, scope));
  if (role != privacy::v1::LABORATORY && role != privacy::v1::HEALTH_OFFICIAL &&
      role != privacy::v1::DATA_PROTECTION_OFFICER && role != privacy::v1::SERVICE_OPERATOR) {
    return base::InvalidArgument(
        "a token is for a person: role laboratory, official, dpo or operator");
  }
  if (lifetime < kMinLifetime || lifetime > kMaxLifetime) {
    return base::InvalidArgument("a token lives for 1 minute to 90 days, not for {} s",
                                 std::chrono::floor<std::chrono::seconds>(lifetime).count());
  }
  Token token = NewToken();
  Issued issued;
  Record& record = issued.record;
  record.set_kind(v1::Identity::TOKEN);
  record.set_token_id(token.id);
  record.set_secret_sha256(std::string(crypto::View(crypto::Sha256(token.secret))));
  record.set_actor(fmt::format("{}:{}", RoleWord(role), crypto::ToHex(token.id)));
  record.set_owner(std::string(owner));
  record.set_role(role);
  *record.mutable_scope() = scope;
  record.set_created_us(base::ToMicros(now));
  record.set_expires_us(base::ToMicros(now + lifetime));
  record.set_ended_us(record.expires_us());
  {
    const base::MutexLock lock(mutex_);
    RETURN_IF_ERROR(Add(record));
  }
  issued.token = FormatToken(token);
  crypto::Cleanse(token.secret);
  return issued;
}

base::StatusOr<Record> IdentityBook::ListCertificate(std::string_view name, std::string_view owner,
                                                     const v1::AccessScope& scope,
                                                     base::Instant now) {
  RETURN_IF_ERROR(CheckOwner(owner));
  const std::size_t slash = name.find('/');
  const Role role = ParseRoleWord(name.substr(0, slash));
  if (slash == name.npos || role == Role::ROLE_UNSPECIFIED || !IsVisible(name.substr(slash + 1)) ||
      name.find('/', slash + 1) != name.npos) {
    return base::InvalidArgument(
        "a certificate is named <role>/<id> as in its URI, for example official/north");
  }
  const std::string id(name.substr(slash + 1));
  v1::AccessScope whole = scope;
  if (role == privacy::v1::LABORATORY) {
    if (whole.laboratory_ids().empty() && !whole.everything()) whole.add_laboratory_ids(id);
    if (whole.laboratory_ids_size() != 1 || whole.laboratory_ids(0) != id) {
      return base::InvalidArgument("the certificate of a laboratory speaks for laboratory {} only",
                                   id);
    }
  }
  RETURN_IF_ERROR(CheckScope(whole));
  RETURN_IF_ERROR(CheckLaboratoryScope(role, whole));
  Record record;
  record.set_kind(v1::Identity::CERTIFICATE);
  record.set_actor(fmt::format("{}:{}", RoleWord(role), id));
  record.set_owner(std::string(owner));
  record.set_role(role);
  *record.mutable_scope() = whole;
  record.set_created_us(base::ToMicros(now));
  const base::MutexLock lock(mutex_);
  if (records_.contains(record.actor())) {
    return base::MakeStatus(base::StatusCode::kAlreadyExists,
                            "this certificate is in the list: its scope stays what it is until "
                            "it is revoked and another name is used");
  }
  RETURN_IF_ERROR(Add(record));
  return record;
}

base::StatusOr<Record> IdentityBook::Revoke(std::string_view actor, base::Instant now) {
  const auto [role, id] = SplitActor(actor);
  const bool issued = IsIssuedActor(actor);
  if (!IsVisible(actor) || (!issued && role == Role::ROLE_UNSPECIFIED)) {
    return base::InvalidArgument(
        "this is no actor: write it as belgrand identity list does, <role>:<id> or "
        "<issuer>/<subject>");
  }
  const base::MutexLock lock(mutex_);
  const auto found = records_.find(actor);
  if (found == records_.end() && !issued && LooksLikeToken(id)) {
    return base::NotFound("no token is named so: see belgrand identity list");
  }
  Record record;
  if (found != records_.end()) {
    record = found->second;
    if (record.revoked_us() != 0 && !unwritten_) return record;
  } else {
    // The list's limit does not hold for what must not come in.
    record.set_kind(issued ? v1::Identity::ISSUED : v1::Identity::CERTIFICATE);
    record.set_actor(std::string(actor));
    record.set_role(role);
    record.set_created_us(base::ToMicros(now));
  }
  MarkRevoked(record, now);
  // In force before it is on disk: whoever stole a credential does not wait for the disk.
  records_.insert_or_assign(record.actor(), record);
  const base::Status written = Write(records_);
  unwritten_ = !written.ok();
  if (!written.ok()) {
    return base::Annotate(written,
                          "the identity is refused from now on, but a restart would forget that; "
                          "revoke it again when the disk is well");
  }
  return record;
}

base::StatusOr<Record> IdentityBook::CheckToken(std::string_view text, base::Instant now) const {
  ASSIGN_OR_RETURN(const Token token, ParseToken(text));
  const crypto::Digest secret = crypto::Sha256(token.secret);
  const std::string id = crypto::ToHex(token.id);
  const base::MutexLock lock(mutex_);
  for (const auto& [word, role] : kRoleWords) {
    const auto found = records_.find(fmt::format("{}:{}", word, id));
    if (found == records_.end() || found->second.kind() != v1::Identity::TOKEN) continue;
    if (!crypto::ConstantTimeEqual(found->second.secret_sha256(), crypto::View(secret))) break;
    RETURN_IF_ERROR(Ended(found->second, now));
    return found->second;
  }
  return Refused("the token is unknown");
}

base::StatusOr<std::optional<Record>> IdentityBook::CheckActor(std::string_view actor,
                                                               base::Instant now) const {
  const base::MutexLock lock(mutex_);
  const auto found = records_.find(actor);
  if (found == records_.end()) return std::optional<Record>();
  RETURN_IF_ERROR(Ended(found->second, now));
  return std::optional<Record>(found->second);
}

std::string IdentityBook::OwnerOf(std::string_view actor) const {
  const base::MutexLock lock(mutex_);
  const auto found = records_.find(actor);
  return found == records_.end() ? std::string() : found->second.owner();
}

std::vector<Record> IdentityBook::List() const {
  std::vector<Record> all;
  {
    const base::MutexLock lock(mutex_);
    for (const auto& [actor, record] : records_) all.push_back(record);
  }
  std::stable_sort(all.begin(), all.end(), [](const Record& a, const Record& b) {
    return a.created_us() < b.created_us();
  });
  return all;
}

base::StatusOr<std::uint64_t> IdentityBook::ForgetOwners(const IsOwned& is_owned,
                                                         base::Instant now) {
  return ReplaceOwners(
      [&](const Record& record) {
        return is_owned(record) ? std::optional<std::string>("") : std::nullopt;
      },
      now);
}

base::StatusOr<std::uint64_t> IdentityBook::ReplaceOwners(const Renaming& renamed,
                                                          base::Instant now) {
  const base::MutexLock lock(mutex_);
  std::uint64_t count = 0;
  for (auto& [actor, record] : records_) {
    if (record.owner().empty()) continue;
    auto owner = renamed(record);
    if (!owner) continue;
    // Nobody's token is nobody's to use.
    if (owner->empty() && record.kind() == v1::Identity::TOKEN) MarkRevoked(record, now);
    record.set_owner(*std::move(owner));
    ++count;
  }
  // Also when nothing was found: the last writing may have failed.
  if (count == 0 && !unwritten_) return count;
  const base::Status written = Write(records_);
  unwritten_ = !written.ok();
  RETURN_IF_ERROR(written);
  return count;
}

base::StatusOr<std::vector<v1::ExpiryLine>> IdentityBook::PlanExpiry(
    base::Instant now, const HoldScopes& holds) const {
  ExpiryTally tally(*Record::descriptor(), now, HoldMatcher(*Record::descriptor(), holds));
  const base::MutexLock lock(mutex_);
  for (const auto& [actor, record] : records_) tally.Count(record);
  return tally.Lines();
}

base::StatusOr<std::vector<v1::ExpiryLine>> IdentityBook::ApplyExpiry(base::Instant now,
                                                                      const HoldScopes& holds) {
  ExpiryTally tally(*Record::descriptor(), now, HoldMatcher(*Record::descriptor(), holds));
  const base::MutexLock lock(mutex_);
  Records kept;
  for (const auto& [actor, record] : records_) {
    if (tally.Count(record) == ExpiryTally::Verdict::kDeleteRecord) continue;
    kept.emplace(actor, record);
  }
  if (kept.size() < records_.size()) {
    RETURN_IF_ERROR(Write(kept));
    records_ = std::move(kept);
  }
  std::vector<v1::ExpiryLine> lines = tally.Lines();
  return lines;
}

}  // namespace belgrand::compliance
