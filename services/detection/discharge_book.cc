#include "services/detection/discharge_book.h"

#include <fmt/format.h>

#include <algorithm>

namespace belgrand::detection {

void DischargeBook::Note(const std::string& site_id, base::Instant from,
                         std::optional<base::Instant> to) {
  const base::MutexLock lock(mutex_);
  auto& of_site = sites_[site_id];
  of_site[from] = to;
  const base::Instant oldest = of_site.rbegin()->first - std::chrono::days(kKeptDays);
  of_site.erase(of_site.begin(), of_site.lower_bound(oldest));
}

bool DischargeBook::Overlaps(const std::string& site_id, base::Instant from,
                             base::Instant to) const {
  const base::MutexLock lock(mutex_);
  const auto of_site = sites_.find(site_id);
  if (of_site == sites_.end()) return false;
  return std::ranges::any_of(of_site->second, [&](const auto& discharge) {
    return discharge.first <= to && discharge.second.value_or(to) >= from;
  });
}

SamplingWindow WindowOf(const sample::Measurement& row) {
  const sample::Collection& how = row.collection;
  SamplingWindow window{row.collected_at, row.collected_at};
  if (how.started_at) {
    window.from = *how.started_at;
  } else if (how.composite_hours) {
    window.from -= std::chrono::seconds(static_cast<std::int64_t>(*how.composite_hours * 3600));
  } else if (how.sampling != sample::Sampling::kGrab) {
    window.from -= std::chrono::hours(24);
    const bool only_a_day =
        row.collected_at == base::Instant(base::DayOf(row.collected_at).time_since_epoch());
    if (only_a_day) window.to += std::chrono::hours(24);
  }
  return window;
}

void TagDischarges(const DischargeBook& book, SignalChange& change) {
  Evidence& evidence = change.evidence;
  const EvidenceSample* newest = nullptr;
  for (EvidenceSample& sample : evidence.samples) {
    const SamplingWindow window = WindowOf(sample.measurement);
    if (!book.Overlaps(sample.measurement.site_id, window.from, window.to)) continue;
    sample.doubts.push_back(sample::Doubt::kDischarge);
    newest = &sample;
  }
  if (newest == nullptr || change.phase == Phase::kCleared) return;
  const std::string day = base::FormatDay(base::DayOf(newest->measurement.collected_at));
  const std::string& site = newest->measurement.site_id;
  evidence.explanation += fmt::format(
      " While the sample of {} was taken at site {}, something was discharged into the sewer: its "
      "result may be wrong, so verify it.",
      day, site);
  evidence.explanation_fr += fmt::format(
      " Pendant le prélèvement du {} au site {}, un rejet a eu lieu dans l'égout\u00a0: son "
      "résultat "
      "peut être faux, à vérifier.",
      day, site);
  if (change.kind != SignalKind::kSpike || newest != &evidence.samples.back()) return;
  evidence.verify = true;
  change.severity = Severity::kWatch;
}

}  // namespace belgrand::detection
