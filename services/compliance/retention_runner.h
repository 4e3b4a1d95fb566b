// Retention over all roles: asks every steward what is past its time, binds the answer by a hash,
// and carries out exactly what was shown.
//
// Thread safety: safe. One Apply at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/compliance/v1/compliance.pb.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/base/mutex.h"
#include "services/shared/peers.h"

namespace belgrand::compliance {

// A role that stores records, as compliance sees it.
class Steward {
 public:
  virtual ~Steward() = default;
  virtual std::string_view name() const = 0;
  virtual base::StatusOr<std::vector<v1::ExpiryLine>> Plan(base::Instant now) = 0;
  // Idempotent; the lines say what was deleted.
  virtual base::StatusOr<std::vector<v1::ExpiryLine>> Apply(base::Instant now) = 0;
};

// The stewards of the project behind their channels. FailedPrecondition: one has no channel.
base::StatusOr<std::vector<std::unique_ptr<Steward>>> ConnectStewards(const shared::Peers& peers);

class RetentionRunner {
 public:
  RetentionRunner(const base::Clock& clock, std::vector<std::unique_ptr<Steward>> stewards)
      : clock_(clock), stewards_(std::move(stewards)) {}

  // `now` absent: the clock's. Unavailable when any steward does not answer: half a plan is none.
  base::StatusOr<v1::PlanRetentionResponse> Plan(std::optional<base::Instant> now);

  // Plans again for `now` and deletes if the hash is the same. FailedPrecondition: `now` lies in
  // the future, or the data changed since. Aborted: another Apply is under way. A steward that
  // fails leaves the others' deletions done: plan again, the rest is still due.
  base::StatusOr<v1::ApplyRetentionResponse> Apply(const std::string& plan_hash, base::Instant now);

 private:
  base::StatusOr<std::vector<v1::ExpiryLine>> AskAll(base::Instant now);

  const base::Clock& clock_;
  const std::vector<std::unique_ptr<Steward>> stewards_;
  base::Mutex mutex_;
  bool applying_ GUARDED_BY(mutex_) = false;
};

}  // namespace belgrand::compliance
