// The compliance role: wires the audit log, the keyring and retention, and keeps the checkpoint
// young.
//
// Files:
//   <data_dir>/compliance/audit/          the log (docs/formats/audit_log.md)
//   <data_dir>/compliance/audit_log.seed  the key that signs checkpoints
//   <keyring_dir>/                        the keyring, audit_actor.key (references of actors), and
//                                         audit_cosigned, the last cosigned checkpoint
#pragma once

#include <memory>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/error.h"
#include "services/shared/role.h"
#include "services/shared/runtime.h"

namespace belgrand::compliance {

// `config` has its defaults filled in. Opens log and keyring, creating them at the first start;
// errors of AuditLog::Open, Keyring::OpenDirectory and AuditEntries::Open, with the directory
// named. DataLoss too when the log does not continue what was cosigned of it (Cosigner).
base::StatusOr<std::unique_ptr<shared::Role>> CreateComplianceRole(const config::v1::Config& config,
                                                                   const shared::Runtime& runtime);

}  // namespace belgrand::compliance
