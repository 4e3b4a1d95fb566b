// Silences: who wants to hear nothing of which alerts, until when, and why.
//
// A silence always has an owner, a reason, an end and at least one condition, and leaves the
// highest severity alone unless it says otherwise. A broad one mutes nothing before a second person
// consents. Pure functions; thread safety: safe.
#pragma once

#include "alerting/policy/policy.h"
#include "belgrand/storage/v1/alert_record.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::alerting {

// A silence lasts at most this long, and begins at most this far in the future.
inline constexpr base::Duration kLongestSilence = std::chrono::days(90);
inline constexpr std::size_t kMaxSilences = 1'000;
// Districts that one person may silence.
inline constexpr std::uint32_t kDefaultDistrictsAlone = 3;

// InvalidArgument names the field, its value and the remedy.
base::Status CheckSilence(const storage::v1::SilenceRecord& silence, base::Instant now);
// The conditions alone: at least one.
base::Status CheckSilenceMatch(const storage::v1::SilenceRecord& silence);
// It would mute the highest severity, all districts, or more than `districts_alone` of them.
bool IsBroad(const storage::v1::SilenceRecord& silence, std::uint32_t districts_alone);
// A broad one that nobody else has consented to mutes nothing.
bool AwaitsConsent(const storage::v1::SilenceRecord& silence);
bool IsActive(const storage::v1::SilenceRecord& silence, base::Instant at);
// Whether its conditions hold; not whether it is active.
bool Mutes(const storage::v1::SilenceRecord& silence, const AlertFacts& facts);

}  // namespace belgrand::alerting
