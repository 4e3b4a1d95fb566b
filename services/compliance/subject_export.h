// Everything that is stored of one person, with why, until when, and who was shown it.
//
// Records come from the roles and the case book; the reasons from the schema; the recipients from
// the audit log, the open one and those closed before it, whose every entry is read: a method
// counts whose answer, by the schema, shows such fields. Entries that are past their time are gone;
// the export says so.
//
// Thread safety: safe. Borrows all it is given.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "belgrand/compliance/v1/rights.pb.h"
#include "compliance/keyring.h"
#include "services/compliance/audit_shards.h"
#include "services/compliance/person_stewards.h"

namespace belgrand::compliance {

class SubjectExport {
 public:
  using Send = std::function<base::Status(const v1::ExportSubjectResponse&)>;

  SubjectExport(const Keyring& keyring, const AuditShards& log,
                const std::vector<std::unique_ptr<PersonHolder>>& holders)
      : keyring_(keyring), log_(log), holders_(holders) {}

  // `of_case` heads it. Unavailable: a role does not answer; then no message says `complete`.
  base::Status Run(const v1::Case& of_case, const v1::CollectPersonsRequest& whom,
                   const Send& send) const;

 private:
  base::Status Open(v1::HeldRecord& record) const;
  base::Status AddRecipients(privacy::v1::Subject subject, const std::set<std::string>& references,
                             v1::ExportSubjectResponse& response) const;

  const Keyring& keyring_;
  const AuditShards& log_;
  const std::vector<std::unique_ptr<PersonHolder>>& holders_;
};

// Stored messages that may hold something of a person of this kind.
std::vector<v1::ProcessingPurpose> PurposesOf(privacy::v1::Subject subject);

}  // namespace belgrand::compliance
