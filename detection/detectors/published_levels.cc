// Methods that set an area against its own years: CDC activity level, site percentile, presence.
#include <algorithm>
#include <cmath>

#include "detection/detectors/area_series.h"
#include "detection/detectors/published_methods.h"
#include "detection/levels/wval.h"
#include "detection/methods/presence.h"

namespace belgrand::detection {
namespace {

// A site whose newest sample is older than this says nothing of now; one silent for longer is no
// longer counted among the district's sites.
constexpr std::int64_t kNowDays = 14;
constexpr std::int64_t kKnownDays = 60;
// Whole weeks that hold kNowDays.
constexpr std::int64_t kShownDays = kNowDays + 7;

std::int64_t Newest(const AreaView& view) {
  return static_cast<std::int64_t>(view.steps.back()->day);
}

// The stream without its gene: what the CDC calls the laboratory method (engine.cc, StreamOf).
struct MethodAndGene {
  std::string_view method;
  std::string_view gene;
};

MethodAndGene Split(std::string_view stream) {
  constexpr std::string_view kGene = "\ngene ";
  const std::size_t at = stream.rfind(kGene);
  if (at == std::string_view::npos) return {stream, {}};
  return {stream.substr(0, at), stream.substr(at + kGene.size())};
}

// One value for each day and method; the methods by number. The samples come in order of day and
// stream, and of one day there are few.
std::vector<WvalSample> WvalSamples(const SiteHistory& site) {
  std::vector<std::string_view> methods;
  std::vector<WvalSample> samples;
  samples.reserve(site.samples.size());
  std::vector<std::vector<GeneReading>> readings;  // of the day, by method
  const auto close_day = [&](std::int64_t day) {
    for (std::size_t m = 0; m < readings.size(); ++m) {
      if (readings[m].empty()) continue;
      samples.push_back({day, CombineGenes(readings[m]), static_cast<std::uint32_t>(m)});
      readings[m].clear();
    }
  };
  for (std::size_t i = 0; i < site.samples.size(); ++i) {
    const SiteSample& s = site.samples[i];
    if (i > 0 && s.day != site.samples[i - 1].day) close_day(site.samples[i - 1].day);
    const MethodAndGene split = Split(s.stream);
    const auto known = std::find(methods.begin(), methods.end(), split.method);
    const auto method = static_cast<std::size_t>(known - methods.begin());
    if (known == methods.end()) {
      methods.push_back(split.method);
      readings.emplace_back();
    }
    const double concentration = std::pow(10.0, AsNumber(s.value));
    if (concentration > 0) readings[method].push_back({split.gene, concentration});
  }
  close_day(site.samples.back().day);
  return samples;
}

// Median over the sites with a value now, when at least half of those known have one.
template <typename OfSite>
std::optional<DistrictWval> OverSites(const AreaView& view, OfSite of_site) {
  const std::int64_t newest = Newest(view);
  std::vector<double> values;
  std::size_t known = 0;
  for (const SiteHistory& site : Histories(view)) {
    if (newest - site.samples.back().day > kKnownDays) continue;
    ++known;
    if (newest - site.samples.back().day > kNowDays) continue;
    if (const std::optional<double> value = of_site(site)) values.push_back(*value);
  }
  return WvalOfDistrict(std::move(values), known);
}

}  // namespace

Score ScoreWval(const AreaView& view) {
  const std::optional<WvalScale> scale = WvalScaleOf(view.target);
  if (!scale) return {};
  const auto level = OverSites(view, [&](const SiteHistory& site) -> std::optional<double> {
    if (WvalJoinsOn(site.samples.front().day, *scale) > Newest(view)) return std::nullopt;
    const std::vector<SiteWeek> weeks =
        WvalWeeks(WvalOfSite(WvalSamples(site), *scale, Newest(view) - kShownDays));
    // A sample that is an outlier leaves its week without a value.
    if (weeks.empty() || weeks.back().week_end < Newest(view) - kNowDays) return std::nullopt;
    return weeks.back().wval;
  });
  if (!level) return {};
  return {level->wval / UpperCut(ActivityLevel::kLow, *scale), 0, 0};
}

Score ScorePercentile(const AreaView& view) {
  const auto level = OverSites(view, [](const SiteHistory& site) {
    std::vector<double> history;
    const SiteSample& now = site.samples.back();
    for (const SiteSample& s : site.samples) {
      if (s.stream == now.stream && s.day < now.day) history.push_back(AsNumber(s.value));
    }
    return SitePercentile(history, AsNumber(now.value));
  });
  return {level ? level->wval : 0, 0, 0};
}

Score ScorePresence(const AreaView& view) {
  std::vector<PresenceSample> samples;
  for (const auto& [key, group] : view.track.groups()) {
    // One replicate or retest that detects is a detection: a median must not vote it down.
    const bool detected = std::ranges::any_of(
        group.rows, [](const auto& row) { return !std::isinf(row.second->value.low); });
    samples.push_back({key.day, detected});
  }
  const PresenceEvidence evidence = JudgePresence(samples);
  // Four weeks without detection end it; a detection that stands alone is already news.
  if (evidence.recent_detections == 0) return {};
  const double value = evidence.status == FourWeekStatus::kPersistent ? 2 : 1;
  return {value, 0, view.steps.back()->day - static_cast<double>(evidence.since),
          static_cast<std::uint32_t>(evidence.recent_detections)};
}

}  // namespace belgrand::detection
