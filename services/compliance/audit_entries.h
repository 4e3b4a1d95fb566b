// Turns what a role reports of a call into the bytes of one audit log entry.
//
// The log cannot be rewritten, so nothing that names a person may enter it: the actor becomes
// HMAC-SHA256(reference key, actor), first 16 bytes. The same actor has the same reference while
// the key lives; destroying the key file cuts every reference loose. The key lies in the keyring
// directory, apart from the log and outside backups; where it is missing a new one is made, and
// references change.
//
// An entry always fits: a text longer than its limit is cut, and ends in "...". Refusing it would
// let a client with a long identifier keep its calls out of the log.
//
// Thread safety: safe after Open.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "belgrand/compliance/v1/compliance.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"
#include "platform/crypto/secret.h"

namespace belgrand::compliance {

class AuditEntries {
 public:
  // Reads the reference key, or makes it (32 random bytes, mode 0600). DataLoss: the file is there
  // and is no key.
  static base::StatusOr<AuditEntries> Open(const std::filesystem::path& key_file);

  // A serialised belgrand.storage.v1.AuditEntry. `now` stands in for an absent event.at.
  // InvalidArgument: no actor, method or decision: an entry that says nothing must not pass for one
  // that does.
  base::StatusOr<std::string> Encode(const v1::AuditEvent& event, base::Instant now) const;

  // 16 bytes.
  std::string ActorRef(std::string_view actor) const;

 private:
  explicit AuditEntries(crypto::Key256 key) : key_(key) {}
  crypto::Key256 key_;
};

}  // namespace belgrand::compliance
