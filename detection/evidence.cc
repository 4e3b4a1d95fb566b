#include "detection/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "detection/normal.h"

namespace belgrand::detection {
namespace {

constexpr std::size_t kMostSiteSamples = 8;
constexpr std::size_t kMostDistrictSamples = 20;
constexpr double kTwoSided95 = 1.959964;

std::string DayText(double day) {
  return base::FormatDay(base::Day(std::chrono::days(static_cast<std::int64_t>(std::floor(day)))));
}

// 1230000 -> "1.23 million"; three significant digits: the noise allows no more.
std::string Concentration(double log10_value) {
  const double value = std::pow(10.0, std::clamp(log10_value, -6.0, 18.0));
  if (value >= 1e9) return fmt::format("{:.3g} billion", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.3g} million", value / 1e6);
  if (value >= 100) return fmt::format("{:.0f}", value);
  return fmt::format("{:.3g}", value);
}

std::string Fold(double log10_difference) {
  const double fold = std::pow(10.0, std::clamp(log10_difference, -9.0, 9.0));
  return fold >= 10 ? fmt::format("{:.0f}", fold) : fmt::format("{:.1f}", fold);
}

std::string Percent(double probability) {
  if (probability > 0.99) return "more than 99 %";
  if (probability < 0.01) return "less than 1 %";
  return fmt::format("{:.0f} %", 100 * probability);
}

std::string SpikeWords(const Evidence& evidence) {
  if (!evidence.probability_spike) return "";
  return fmt::format(
      " The probability that it is a spike rather than the scatter of measurements is {}.",
      Percent(*evidence.probability_spike));
}

std::string Doubling(double growth_per_day) {
  const double days = std::log(2.0) / std::abs(growth_per_day);
  if (!(days <= 60)) return "hardly changes";
  return growth_per_day > 0 ? fmt::format("doubles every {:.0f} days", days)
                            : fmt::format("halves every {:.0f} days", days);
}

std::string Place(const ExplanationSubject& subject) {
  if (subject.level == AreaLevel::kDistrict) return fmt::format("district {}", subject.area_id);
  return fmt::format("site {} (district {})", subject.area_id, subject.district_id);
}

std::string Basis(AreaLevel level, const Evidence& evidence) {
  const std::size_t quantified = static_cast<std::size_t>(std::count_if(
      evidence.samples.begin(), evidence.samples.end(),
      [](const EvidenceSample& s) { return s.measurement.censoring == sample::Censoring::kNone; }));
  std::string text =
      fmt::format("newest {} rows, {} of them quantified", evidence.samples.size(), quantified);
  if (level == AreaLevel::kDistrict) text += fmt::format(", {} sites", evidence.sites.size());
  return text;
}

}  // namespace

double ProbabilityRising(const TrendFilter& filter) {
  const Estimate growth = filter.Growth();
  return growth.sd > 0 ? NormalCdf(growth.mean / growth.sd) : 0.5;
}

Evidence CollectEvidence(AreaLevel level, const Track& track, const DetectorInfo& detector,
                         const Finding& finding) {
  const TrendFilter& filter = track.filter();
  Evidence evidence;
  evidence.score = finding.score;
  evidence.limit = detector.threshold;
  evidence.baseline_log10 = finding.baseline_log10;
  const Estimate now = filter.Level(kActiveDays);
  evidence.estimate_log10 = now.mean;
  evidence.lower_log10 = now.mean - kTwoSided95 * now.sd;
  evidence.upper_log10 = now.mean + kTwoSided95 * now.sd;
  evidence.growth_per_day = filter.Growth().mean * kNaturalLogOfTen;
  if (detector.kind == SignalKind::kRise) {
    evidence.probability_rising = ProbabilityRising(filter);
  } else if (finding.alarm) {
    // Of another sample it would say nothing of the spike that is held.
    evidence.probability_spike = finding.spike_probability;
  }
  const std::size_t most = level == AreaLevel::kDistrict ? kMostDistrictSamples : kMostSiteSamples;
  for (auto group = track.groups().rbegin();
       group != track.groups().rend() && evidence.samples.size() < most; ++group) {
    const SampleGroup& content = group->second;
    for (auto row = content.rows.rbegin();
         row != content.rows.rend() && evidence.samples.size() < most; ++row) {
      evidence.samples.push_back(
          {row->second->measurement, content.step.expected, content.step.residual});
    }
  }
  std::reverse(evidence.samples.begin(), evidence.samples.end());
  if (level == AreaLevel::kDistrict) {
    for (const TrendFilter::StreamView& stream : filter.Streams(kActiveDays)) {
      evidence.sites.push_back(
          {stream.site_id, stream.weight, stream.level.mean, evidence.growth_per_day});
    }
    std::stable_sort(evidence.sites.begin(), evidence.sites.end(),
                     [](const SiteContribution& a, const SiteContribution& b) {
                       return a.weight != b.weight ? a.weight > b.weight : a.site_id < b.site_id;
                     });
  }
  return evidence;
}

std::string Explain(const ExplanationSubject& subject, const DetectorInfo& detector,
                    const Finding& finding, const Evidence& evidence, const TrendFilter& filter) {
  const std::string place = Place(subject);
  const std::string newest = DayText(filter.day());
  if (subject.phase == Phase::kCleared) {
    return fmt::format(
        "{}: the {} of {} is over as of samples collected up to {}. Estimated level now {} gc/L "
        "(95 % interval {} to {}).",
        place, NameOf(detector.kind), subject.target, newest,
        Concentration(evidence.estimate_log10), Concentration(evidence.lower_log10),
        Concentration(evidence.upper_log10));
  }
  if (detector.selection == Selection::kOnRequest) {
    return fmt::format(
        "{}: by the method {}, {} is out of the ordinary: its score is {:.2f}, its limit {:.2f}. "
        "{} Estimated level {} gc/L (95 % interval {} to {}). Samples collected up to {}: {}. It "
        "ends after {} evaluations in a row without alarm, over {:.0f} days. Severity: {}.",
        place, detector.name, subject.target, finding.score, evidence.limit, detector.meaning,
        Concentration(evidence.estimate_log10), Concentration(evidence.lower_log10),
        Concentration(evidence.upper_log10), newest, Basis(subject.level, evidence),
        detector.quiet_samples, detector.quiet_days, NameOf(subject.severity));
  }
  if (detector.kind == SignalKind::kSpike) {
    const double seen = finding.baseline_log10 + finding.excess_log10;
    return fmt::format(
        "{}: the sample of {} collected on {} reads {} gc/L, {} times the {} gc/L expected from "
        "the samples before it; that is {:.1f} standard deviations above (limit {:.1f}).{} One "
        "sample may be contamination, a discharge or an error of the laboratory: ask for a "
        "re-analysis and look at the next sample. It ends when {} samples in a row read as "
        "expected. Severity: {}.",
        place, subject.target, DayText(finding.since_day), Concentration(seen),
        Fold(finding.excess_log10), Concentration(finding.baseline_log10), finding.score,
        evidence.limit, SpikeWords(evidence), detector.quiet_samples, NameOf(subject.severity));
  }
  return fmt::format(
      "{}: {} has risen about {}-fold since {}, from {} to {} gc/L (95 % interval {} to {}), and "
      "{}. "
      "The increase stands at least {:.1f} standard deviations above the smallest that counts "
      "(limit "
      "{:.1f}); "
      "the probability that it is still rising is {}. Samples collected up to {}: {}. It ends when "
      "the level no longer exceeds that of the weeks before in {} samples over {:.0f} days. "
      "Severity: {}.",
      place, subject.target, Fold(evidence.estimate_log10 - evidence.baseline_log10),
      DayText(finding.since_day), Concentration(evidence.baseline_log10),
      Concentration(evidence.estimate_log10), Concentration(evidence.lower_log10),
      Concentration(evidence.upper_log10), Doubling(evidence.growth_per_day), finding.score,
      evidence.limit, Percent(evidence.probability_rising), newest, Basis(subject.level, evidence),
      detector.quiet_samples, detector.quiet_days, NameOf(subject.severity));
}

}  // namespace belgrand::detection
