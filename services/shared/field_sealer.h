// Seals personal values from a role that has no keyring of its own.
//
// Thread safety: safe.
#pragma once

#include "belgrand/compliance/v1/compliance.pb.h"
#include "platform/base/error.h"
#include "services/shared/peers.h"

namespace belgrand::shared {

// As ComplianceService.SealFields: in this process where the keyring is, over its channel
// otherwise. Unavailable: there is no way to it.
base::StatusOr<compliance::v1::SealFieldsResponse> SealFields(
    const Peers& peers, const compliance::v1::SealFieldsRequest& request);

}  // namespace belgrand::shared
