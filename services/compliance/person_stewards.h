// The roles that hold persons, as the eraser sees them.
//
// Thread safety: as the channels behind: safe.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "belgrand/compliance/v1/erasure.pb.h"
#include "platform/base/error.h"
#include "services/shared/peers.h"

namespace belgrand::compliance {

class PersonHolder {
 public:
  virtual ~PersonHolder() = default;
  virtual std::string_view name() const = 0;
  virtual base::StatusOr<v1::FindPersonsResponse> Find(const v1::FindPersonsRequest& request) = 0;
  // Idempotent.
  virtual base::StatusOr<v1::ErasePersonsResponse> Erase(
      const v1::ErasePersonsRequest& request) = 0;
  // Everything that is stored of one person; `take` may end it with an error, which is returned.
  using Take = std::function<base::Status(v1::HeldRecord)>;
  virtual base::Status Collect(const v1::CollectPersonsRequest& request, const Take& take) = 0;
  // Idempotent.
  virtual base::Status Restrict(const v1::SetRestrictionsRequest& request) = 0;
};

// FailedPrecondition: one has no channel.
base::StatusOr<std::vector<std::unique_ptr<PersonHolder>>> ConnectPersonHolders(
    const shared::Peers& peers);

}  // namespace belgrand::compliance
