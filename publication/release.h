// A release: the numbers of a plan that the attacker leaves, beside all that was ever released.
//
// Compose judges; nothing is on disk then. The caller appends the record to the ledger and only
// then writes what the public sees (render.h).
//
// Thread safety: pure but for the source of noise.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "platform/base/error.h"
#include "publication/noise.h"
#include "publication/plan.h"
#include "publication/record.h"

namespace belgrand::publication {

struct NoiseOptions {
  Epsilon epsilon;
  // Of the data of one calendar year, in millionths.
  std::int64_t budget_micro_epsilon = 0;
};

struct ReleaseOptions {
  PlanOptions plan;
  // Publish, by district, how many sites found the target, with noise.
  std::optional<NoiseOptions> noise;
  base::Instant created{};
};

struct AttackReport {
  std::size_t equations = 0;
  std::size_t earlier_equations = 0;
  std::size_t protected_contributions = 0;
  // Contributions that the attacker would have won without secondary suppression.
  std::size_t won_without = 0;
  // What earlier releases give away by themselves, beyond what they published alone: values were
  // amended or sites reclassified since.
  std::size_t won_before = 0;
  // Protected contributions that were published alone before they were protected.
  std::size_t already_public = 0;
  // Numbers left out because what was published before already lets the attacker win there.
  std::size_t frozen = 0;
  // How often the attacker was asked.
  std::size_t attacks = 0;
};

struct Release {
  Plan plan;
  AttackReport attack;
  // Those drawn before and those drawn now.
  std::vector<NoisyCount> counts;
  // Without number and previous_sha256. Holds only what the ledger does not know.
  Record record;
};

// InvalidArgument: rules, or weeks, as MakePlan. ResourceExhausted: the noise does not fit into the
// budget of a year. Internal: the attacker wins against what was selected; nothing may be written.
base::StatusOr<Release> Compose(const std::vector<SiteWeek>& weeks,
                                const std::vector<Record>& records, const ReleaseOptions& options,
                                NoiseSource& noise);

// A contribution that the attacker wins, and how.
struct WonContribution {
  UnknownKey key;
  Finding finding = Finding::kExact;
};

// What the attacker wins against all that the records hold, with the values they hold; for
// `belgrand publish check`. Contributions that stand alone in a number are public, and not told.
std::vector<WonContribution> Reattack(const std::vector<Record>& records, int protection_percent);

}  // namespace belgrand::publication
