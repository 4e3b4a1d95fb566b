#include "alerting/silence.h"

#include <algorithm>
#include <set>
#include <string>

#include "alerting/lifecycle.h"
#include "alerting/text.h"

namespace belgrand::alerting {
namespace {

using storage::v1::SilenceRecord;

constexpr int kMaxConditions = 1'000;

template <typename List, typename Value>
bool AnyOf(const List& list, const Value& value) {
  return list.empty() || std::ranges::find(list, value) != list.end();
}

}  // namespace

base::Status CheckSilenceMatch(const SilenceRecord& silence) {
  if (silence.district_ids().empty() && silence.targets().empty() && silence.rules().empty()) {
    return base::InvalidArgument(
        "match is too broad: a silence names districts, targets or rules, or it would mute every "
        "alert");
  }
  const int conditions = silence.district_ids_size() + silence.targets_size() +
                         silence.rules_size() + silence.kinds_size();
  if (conditions > kMaxConditions) {
    return base::InvalidArgument("match names {} things: at most {} are kept", conditions,
                                 kMaxConditions);
  }
  for (const auto* list : {&silence.district_ids(), &silence.targets(), &silence.rules()}) {
    for (const std::string& name : *list) {
      if (name.empty() || name.size() > kMaxNameBytes) {
        return base::InvalidArgument("match holds a name of {} bytes: 1 to {} are allowed",
                                     name.size(), kMaxNameBytes);
      }
    }
  }
  for (const int kind : silence.kinds()) {
    RETURN_IF_ERROR(base::Annotate(CheckKind(kind), "match"));
  }
  return base::OkStatus();
}

base::Status CheckSilence(const SilenceRecord& silence, base::Instant now) {
  RETURN_IF_ERROR(CheckSilenceMatch(silence));
  RETURN_IF_ERROR(CheckPerson(silence.owner(), "reason", silence.reason()));
  if (TrimmedEmpty(silence.reason())) {
    return base::InvalidArgument("reason is empty: say why nobody need hear of these alerts");
  }
  const base::Instant starts = base::FromMicros(silence.starts_at_us());
  const base::Instant ends = base::FromMicros(silence.ends_at_us());
  if (silence.ends_at_us() == 0) {
    return base::InvalidArgument("ends_at is missing: a silence has an end");
  }
  if (ends <= now || ends <= starts) {
    return base::InvalidArgument("ends_at is {}: it must lie after now and after the start",
                                 base::FormatInstant(ends));
  }
  if (ends - std::max(starts, now) > kLongestSilence || starts - now > kLongestSilence) {
    return base::InvalidArgument(
        "the silence lasts from {} to {}: it may begin within {} days and last {}",
        base::FormatInstant(starts), base::FormatInstant(ends),
        std::chrono::duration_cast<std::chrono::days>(kLongestSilence).count(),
        std::chrono::duration_cast<std::chrono::days>(kLongestSilence).count());
  }
  return base::OkStatus();
}

bool IsBroad(const SilenceRecord& silence, std::uint32_t districts_alone) {
  const std::set<std::string> districts(silence.district_ids().begin(),
                                        silence.district_ids().end());
  return silence.include_critical() || districts.empty() || districts.size() > districts_alone;
}

bool AwaitsConsent(const SilenceRecord& silence) {
  return silence.needs_consent() && silence.consented_at_us() == 0;
}

bool IsActive(const SilenceRecord& silence, base::Instant at) {
  if (AwaitsConsent(silence)) return false;
  const std::int64_t us = base::ToMicros(at);
  return silence.starts_at_us() <= us && us < silence.ends_at_us();
}

bool Mutes(const SilenceRecord& silence, const AlertFacts& facts) {
  if (facts.severity >= config::v1::CRITICAL && !silence.include_critical()) return false;
  return AnyOf(silence.district_ids(), facts.district_id) &&
         AnyOf(silence.targets(), facts.target) && AnyOf(silence.rules(), facts.rule) &&
         AnyOf(silence.kinds(), facts.kind);
}

}  // namespace belgrand::alerting
