// The witness role: cosigns checkpoints of audit logs of others over HTTP (C2SP tlog-witness).
//
// Meant for a machine and an organisation of its own: a witness that the log's operator runs proves
// nothing. It needs no other role and no gRPC; the answers are on http_listen below /witness/.
//
// Files:
//   <data_dir>/witness/seed          the key that cosigns, mode 0600
//   <data_dir>/witness/witness.vkey  its public half: give it to the logs, and to who verifies
//   <data_dir>/witness/records/      what it cosigned last (docs/formats/witness.md)
#pragma once

#include <memory>

#include "belgrand/config/v1/config.pb.h"
#include "platform/base/error.h"
#include "services/shared/role.h"
#include "services/shared/runtime.h"

namespace belgrand::compliance {

// InvalidArgument: there is no witness section. FailedPrecondition: there are records, and the key
// that made them is missing. Errors of Witness::Open.
base::StatusOr<std::unique_ptr<shared::Role>> CreateWitnessRole(const config::v1::Config& config,
                                                                const shared::Runtime& runtime);

}  // namespace belgrand::compliance
