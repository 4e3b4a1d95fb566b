// Retention over all roles: asks every steward what is past its time, binds the answer by a hash,
// and carries out exactly what was shown. What a legal hold keeps is not deleted. A plan that
// deletes more than the threshold is carried out only when another person than who applies it has
// approved it within a day; approvals are kept in memory, a restart asks for them again.
//
// Thread safety: safe. One Apply at a time. Borrows the clock and the holds.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "belgrand/compliance/v1/compliance.pb.h"
#include "compliance/holds.h"
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
  virtual base::StatusOr<std::vector<v1::ExpiryLine>> Plan(base::Instant now,
                                                           const HoldScopes& holds) = 0;
  // Idempotent; the lines say what was deleted.
  virtual base::StatusOr<std::vector<v1::ExpiryLine>> Apply(base::Instant now,
                                                            const HoldScopes& holds) = 0;
};

// The stewards of the project behind their channels. FailedPrecondition: one has no channel.
base::StatusOr<std::vector<std::unique_ptr<Steward>>> ConnectStewards(const shared::Peers& peers);

v1::Hold ToWire(const HoldBook::Record& record);

struct TwoPersonRule {
  // Plans that delete or clear more need a second person.
  std::uint64_t above = 10'000;
  // Who is behind an actor: two credentials of one owner are one person. Empty: the actor.
  std::function<std::string(const std::string& actor)> person_of = nullptr;
};

class RetentionRunner {
 public:
  static constexpr base::Duration kApprovalLasts = std::chrono::hours(24);

  RetentionRunner(const base::Clock& clock, std::vector<std::unique_ptr<Steward>> stewards,
                  const HoldBook& holds, TwoPersonRule rule)
      : clock_(clock), stewards_(std::move(stewards)), holds_(holds), rule_(std::move(rule)) {}

  // `now` absent: the clock's. Unavailable when any steward does not answer: half a plan is none.
  base::StatusOr<v1::PlanRetentionResponse> Plan(std::optional<base::Instant> now);

  // Plans again for `now` and notes that the actor's person approves, if the hash is the same;
  // until when that counts. FailedPrecondition as Apply.
  base::StatusOr<base::Instant> Approve(const std::string& plan_hash, base::Instant now,
                                        const std::string& actor);

  // Plans again for `now` and deletes if the hash is the same. FailedPrecondition: `now` lies in
  // the future, the data changed since, or nobody else approved so large a plan. Aborted: another
  // Apply is under way. A steward that fails leaves the others' deletions done: plan again, the
  // rest is still due.
  base::StatusOr<v1::ApplyRetentionResponse> Apply(const std::string& plan_hash, base::Instant now,
                                                   const std::string& actor);

  // Changes the holds while nothing is being deleted. Unavailable: something is.
  base::Status WhileIdle(const std::function<base::Status()>& change);

 private:
  base::StatusOr<std::vector<v1::ExpiryLine>> AskAll(base::Instant now, const HoldScopes& holds);
  base::StatusOr<std::vector<v1::ExpiryLine>> CheckPlan(const std::string& plan_hash,
                                                        base::Instant now, const HoldScopes& holds);
  base::Status CheckApproved(const std::string& plan_hash, const std::string& actor,
                             const std::vector<v1::ExpiryLine>& lines);
  bool NeedsApproval(const std::vector<v1::ExpiryLine>& lines) const;
  std::string PersonOf(const std::string& actor) const;

  const base::Clock& clock_;
  const std::vector<std::unique_ptr<Steward>> stewards_;
  const HoldBook& holds_;
  const TwoPersonRule rule_;
  base::Mutex mutex_;
  bool applying_ GUARDED_BY(mutex_) = false;
  // By plan and person: until when.
  std::map<std::pair<std::string, std::string>, base::Instant> approvals_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::compliance
