#include "detection/evidence.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

#include "detection/evidence_seams.h"
#include "detection/normal.h"

namespace belgrand::detection {
namespace {

constexpr std::size_t kMostSiteSamples = 8;
constexpr std::size_t kMostDistrictSamples = 20;
constexpr double kTwoSided95 = 1.959964;

// Gives each sample its normalised values, in the ways that one of them allows.
void AddNormalised(const Track& track, std::vector<EvidenceSample>& samples) {
  std::map<std::string_view, sample::FlowMedian> flows;
  std::map<std::pair<std::string_view, std::string_view>, double> populations;
  for (const auto& [key, group] : track.groups()) {
    for (const auto& [id, row] : group.rows) {
      const sample::Measurement& m = row->measurement;
      flows[m.site_id].Add(m.collected_at, m.flow_m3_per_day);
      populations[{id.first, id.second}] = row->population;
    }
  }
  for (const sample::Normalisation way : sample::kNormalisations) {
    std::vector<sample::Normalised> values;
    for (const EvidenceSample& one : samples) {
      const sample::Measurement& m = one.measurement;
      values.push_back(sample::Normalise(
          m, way, {populations[{m.laboratory_id, m.sample_id}], flows[m.site_id].Value()}));
    }
    if (std::ranges::none_of(values, [](const auto& v) { return v.missing.empty(); })) continue;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i].normalised.push_back(std::move(values[i]));
    }
  }
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
      evidence.samples.push_back({row->second->measurement, content.step.expected,
                                  content.step.residual, row->second->doubts});
    }
  }
  std::reverse(evidence.samples.begin(), evidence.samples.end());
  AddNormalised(track, evidence.samples);
  evidence.seams = SeamsOf(level, track);
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

}  // namespace belgrand::detection
