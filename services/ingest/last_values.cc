#include "services/ingest/last_values.h"

#include <chrono>

#include "sample/validate.h"

namespace belgrand::ingest {
namespace {

constexpr base::Duration kMaxGap = std::chrono::days(35);

// Another method may measure another level: such a step is a seam, not a slip.
std::string Series(const sample::Measurement& m) {
  return m.site_id + '\n' + m.target + '\n' + m.laboratory_id + '\n' + m.method_id;
}

}  // namespace

std::optional<sample::Violation> LastValues::Compare(const sample::Measurement& m) const {
  const base::MutexLock lock(mutex_);
  const auto found = by_series_.find(Series(m));
  if (found == by_series_.end()) return std::nullopt;
  const base::Duration gap = m.collected_at - found->second.collected_at;
  if (gap <= base::Duration::zero() || gap > kMaxGap) return std::nullopt;
  return sample::TenfoldJump(m, found->second.value);
}

void LastValues::Remember(const sample::Measurement& m) {
  if (m.censoring != sample::Censoring::kNone || !m.value.has_value()) return;
  const base::MutexLock lock(mutex_);
  if (by_series_.size() >= kMaxSeries && !by_series_.contains(Series(m))) by_series_.clear();
  Last& last = by_series_[Series(m)];
  if (m.collected_at >= last.collected_at) last = {m.collected_at, *m.value};
}

}  // namespace belgrand::ingest
