// The list of identities: tokens of people, certificates with a scope of their own, and what was
// revoked.
//
// One file beside the keyring, outside RocksDB and outside backups: a restored backup must not
// bring back a token that was revoked. It is written whole, to a new file that takes the old one's
// place (docs/formats/identities.md); there are few identities and they seldom change. Secrets of
// tokens are in it as SHA-256 only.
//
// An actor stands for one identity for ever: "official:3f0c19d2a76b4e85" (a token),
// "laboratory:north" (a certificate), "city/4711" (a subject of an issuer). What is revoked stays
// so. Records of tokens are dropped a year after they ended (their retention); no other token ever
// has the same actor, whose 64 bits are random.
//
// Domain code: the caller passes `now`. Thread safety: safe.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/compliance/v1/compliance.pb.h"
#include "belgrand/privacy/v1/privacy.pb.h"
#include "belgrand/storage/v1/identity_record.pb.h"
#include "compliance/holds.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "platform/base/time.h"

namespace belgrand::compliance {

// As certificates and actors write a role: "official"; empty for roles that neither have.
std::string_view RoleWord(privacy::v1::Role role);
// ROLE_UNSPECIFIED for any other word.
privacy::v1::Role ParseRoleWord(std::string_view word);

class IdentityBook {
 public:
  using Record = storage::v1::IdentityRecord;
  static constexpr std::size_t kMaxIdentities = 20'000;
  static constexpr base::Duration kMinLifetime = std::chrono::minutes(1);
  static constexpr base::Duration kMaxLifetime = std::chrono::hours(90 * 24);

  struct Issued {
    Record record;
    std::string token;  // shown once
  };

  // An absent file is an empty list. DataLoss: the file is not what was written.
  static base::StatusOr<std::unique_ptr<IdentityBook>> Open(std::filesystem::path file);

  // InvalidArgument: a role that people do not have, an empty or long owner, a lifetime or scope
  // out of bounds. ResourceExhausted: the list is full. Unavailable: it cannot be written; nothing
  // changed.
  base::StatusOr<Issued> IssueToken(std::string_view owner, privacy::v1::Role role,
                                    const v1::AccessScope& scope, base::Duration lifetime,
                                    base::Instant now);
  // What a certificate is limited to. `name`: "<role>/<id>" as in its URI. AlreadyExists.
  base::StatusOr<Record> ListCertificate(std::string_view name, std::string_view owner,
                                         const v1::AccessScope& scope, base::Instant now);

  // For ever, and at once: in force when it returns, even with Unavailable (the file could not be
  // written: it would be forgotten at a restart). Certificates and people of issuers need not be in
  // the list. NotFound: a token that is not; InvalidArgument: no actor.
  base::StatusOr<Record> Revoke(std::string_view actor, base::Instant now);

  // The identity of a token that is good now. Unauthenticated: it is not, or ended.
  base::StatusOr<Record> CheckToken(std::string_view token, base::Instant now) const;
  // What the list says of an actor; nullopt: nothing. Unauthenticated: revoked or expired.
  base::StatusOr<std::optional<Record>> CheckActor(std::string_view actor, base::Instant now) const;

  // Whose token or certificate this is; empty: not in the list, or nobody's any more.
  std::string OwnerOf(std::string_view actor) const;
  // In order of creation.
  std::vector<Record> List() const;

  // Erasure: clears the owner of every record that `is_owned` knows, and revokes those of them that
  // are tokens; a certificate's limit stays. Returns how many. Unavailable: as Revoke.
  using IsOwned = std::function<bool(const Record&)>;
  base::StatusOr<std::uint64_t> ForgetOwners(const IsOwned& is_owned, base::Instant now);
  // The same for erasure and rectification at once: who `renamed` says a record is of now, nobody
  // (empty), or nothing new (nullopt). Tokens of who has another name stay good.
  using Renaming = std::function<std::optional<std::string>(const Record&)>;
  base::StatusOr<std::uint64_t> ReplaceOwners(const Renaming& renamed, base::Instant now);
  // What the file says, for a search of it.
  base::StatusOr<std::vector<Record>> ReadStored() const;
  const std::filesystem::path& file() const { return file_; }

  // Retention of the records (compliance/expiry_plan.h).
  base::StatusOr<std::vector<v1::ExpiryLine>> PlanExpiry(base::Instant now,
                                                         const HoldScopes& holds = {}) const;
  base::StatusOr<std::vector<v1::ExpiryLine>> ApplyExpiry(base::Instant now,
                                                          const HoldScopes& holds = {});

 private:
  using Records = std::map<std::string, Record, std::less<>>;  // by actor

  explicit IdentityBook(std::filesystem::path file) : file_(std::move(file)) {}
  base::Status Add(const Record& record) REQUIRES_LOCK(mutex_);
  base::Status Write(const Records& records) const REQUIRES_LOCK(mutex_);

  const std::filesystem::path file_;
  mutable base::Mutex mutex_;
  Records records_ GUARDED_BY(mutex_);
  // A revocation is in force and not on disk.
  bool unwritten_ GUARDED_BY(mutex_) = false;
};

// The file's bytes. Separate so that a fuzzer reaches them. DataLoss: not what was written.
std::string EncodeIdentities(const std::vector<storage::v1::IdentityRecord>& records);
base::StatusOr<std::vector<storage::v1::IdentityRecord>> DecodeIdentities(std::string_view bytes);

}  // namespace belgrand::compliance
