#include "detection/false_alarms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "detection/null_rates.h"

namespace belgrand::detection {
namespace {

constexpr double kDaysPerYear = 365.25;
constexpr double kWindowYears = FalseAlarmControl::kWindowDays / kDaysPerYear;
constexpr double kMostPerYear = 1000;

double PValue(double rate) { return -std::expm1(-rate * kWindowYears); }
double RateOfPValue(double p) { return -std::log1p(-std::min(p, 0.999)) / kWindowYears; }

}  // namespace

base::StatusOr<std::unique_ptr<FalseAlarmControl>> FalseAlarmControl::Create(
    const FalseAlarmPolicy& policy, std::span<const Detector* const> detectors) {
  if (!(policy.per_district_year >= 0 && policy.per_district_year <= kMostPerYear)) {
    return base::InvalidArgument(
        "false alerts per district and year: {} is out of range; give a number from 0 (each "
        "detector's own limit) to {:g}",
        policy.per_district_year, kMostPerYear);
  }
  if (!(policy.discovery_rate >= 0 && policy.discovery_rate < 1)) {
    return base::InvalidArgument(
        "false discovery rate: {} is out of range; give a share from 0 (not controlled) "
        "to below 1, such as 0.2",
        policy.discovery_rate);
  }
  for (const Detector* detector : detectors) {
    if (HasNullRate(detector->info().name)) continue;
    return base::InvalidArgument(
        "detectors: how often '{}' is false is not known, so that false alerts cannot be "
        "budgeted with it; leave it out, or leave out the budget and the discovery rate",
        detector->info().name);
  }
  return std::unique_ptr<FalseAlarmControl>(new FalseAlarmControl(policy, detectors));
}

FalseAlarmControl::FalseAlarmControl(const FalseAlarmPolicy& policy,
                                     std::span<const Detector* const> detectors)
    : policy_(policy), detectors_(detectors.begin(), detectors.end()), bins_(kBins + 1, 0) {
  for (const Detector* detector : detectors_) {
    uses_level_[LevelIndex(detector->info().level)] = true;
  }
}

std::size_t FalseAlarmControl::StreamOf(std::size_t detector, const std::string& district,
                                        const std::string& target, const std::string& area) {
  const auto [place, is_new] =
      index_.try_emplace({detector, district, target, area}, streams_.size());
  if (!is_new) return place->second;
  const auto [home, first] = district_index_.try_emplace(district, districts_.size());
  if (first) districts_.emplace_back();
  Stream& stream = streams_.emplace_back();
  stream.detector = detector;
  stream.district = home->second;
  return place->second;
}

void FalseAlarmControl::Advance(std::int64_t day) {
  if (day <= now_) return;
  now_ = day;
  while (!seen_.empty() && seen_.begin()->first < now_ - kSeenDays) {
    Stream& stream = streams_[seen_.begin()->second];
    --districts_[stream.district].streams[LevelIndex(detectors_[stream.detector]->info().level)];
    stream.seen = kNever;
    seen_.erase(seen_.begin());
  }
  while (!best_.empty() && best_.begin()->first < now_ - kWindowDays) Drop(best_.begin()->second);
}

void FalseAlarmControl::Drop(std::size_t stream) {
  Stream& s = streams_[stream];
  --bins_[static_cast<std::size_t>(s.best_bin)];
  best_.erase({s.best_day, stream});
  s.best_day = kNever;
}

void FalseAlarmControl::See(std::size_t stream, std::int64_t day) {
  Stream& s = streams_[stream];
  if (day < now_ - kSeenDays || day <= s.seen) return;
  if (s.seen == kNever) {
    ++districts_[s.district].streams[LevelIndex(detectors_[s.detector]->info().level)];
  } else {
    seen_.erase({s.seen, stream});
  }
  s.seen = day;
  seen_.emplace(day, stream);
}

void FalseAlarmControl::Remember(std::size_t stream, int bin, std::int64_t day) {
  if (day < now_ - kWindowDays) return;
  Stream& s = streams_[stream];
  if (s.best_day != kNever) {
    if (bin < s.best_bin) return;
    day = std::max(day, s.best_day);
    Drop(stream);
  }
  s.best_bin = bin;
  s.best_day = day;
  best_.emplace(day, stream);
  ++bins_[static_cast<std::size_t>(bin)];
}

double FalseAlarmControl::AllowedRate(const Stream& stream) const {
  const DetectorInfo& info = detectors_[stream.detector]->info();
  if (policy_.per_district_year <= 0) return NullRate(info.name, info.threshold);
  const double part = uses_level_[0] && uses_level_[1] ? 0.5 : 1;
  const std::uint32_t among =
      std::max(districts_[stream.district].streams[LevelIndex(info.level)], 1U);
  return policy_.per_district_year * part / among;
}

double FalseAlarmControl::Limit(std::size_t stream) const {
  const DetectorInfo& info = detectors_[streams_[stream].detector]->info();
  if (policy_.per_district_year <= 0) return info.threshold;
  return ScoreOfNullRate(info.name, AllowedRate(streams_[stream]));
}

// The largest k whose k-th smallest p is at most k q / m gives the cut k q / m; without any, q / m:
// what the first would have to reach.
double FalseAlarmControl::Cut() const {
  const double step =
      policy_.discovery_rate / static_cast<double>(std::max<std::size_t>(seen_.size(), 1));
  double cut = step;
  std::uint64_t count = 0;
  for (int bin = kBins; bin >= 0; --bin) {
    const std::uint32_t here = bins_[static_cast<std::size_t>(bin)];
    if (here == 0) continue;
    count += here;
    const double p = std::pow(10.0, -static_cast<double>(bin) / kStepsPerDecade);
    if (p <= static_cast<double>(count) * step) cut = static_cast<double>(count) * step;
  }
  return cut;
}

FalseAlarmControl::Verdict FalseAlarmControl::Take(std::size_t stream, const Finding& finding,
                                                   std::int64_t known, Standing standing) {
  Advance(known);
  See(stream, known);
  Verdict verdict;
  verdict.limit = verdict.stated_limit = Limit(stream);
  verdict.admitted = finding.eligible && finding.score >= verdict.limit;
  if (policy_.discovery_rate <= 0 || !finding.eligible) return verdict;
  const std::string_view name = detectors_[streams_[stream].detector]->info().name;
  const double p = PValue(NullRate(name, finding.score));
  const double decades = p > 0 ? -std::log10(p) : 16.0;
  const int bin = std::clamp(static_cast<int>(std::floor(decades * kStepsPerDecade)), 0, kBins);
  Remember(stream, bin, known);
  if (!verdict.admitted || standing == Standing::kHeld) return verdict;
  const bool late = known < now_ - kWindowDays;
  const double cut =
      late ? policy_.discovery_rate / static_cast<double>(std::max<std::size_t>(seen_.size(), 1))
           : Cut();
  const double rounded = std::pow(10.0, -static_cast<double>(bin) / kStepsPerDecade);
  verdict.admitted = rounded <= cut;
  verdict.stated_limit = std::max(verdict.limit, ScoreOfNullRate(name, RateOfPValue(cut)));
  return verdict;
}

std::string FalseAlarmControl::Describe() const {
  std::string text;
  if (policy_.per_district_year > 0) {
    text = fmt::format("{:g} false alerts a district and year", policy_.per_district_year);
  }
  if (policy_.discovery_rate > 0) {
    text +=
        fmt::format("{}{:g} of all alerts false", text.empty() ? "" : ", ", policy_.discovery_rate);
  }
  return text;
}

std::string FalseAlarmControl::WordsFor(const Verdict& verdict, sample::Language language) const {
  const bool french = language == sample::Language::kFrench;
  const double allowed = policy_.per_district_year;
  if (policy_.discovery_rate <= 0) {
    return french ? fmt::format(
                        " La limite découle de {:g} fausse(s) alerte(s) permise(s) par district et "
                        "par an.",
                        allowed)
                  : fmt::format(
                        " The limit follows from {:g} false alerts allowed in the district and "
                        "year.",
                        allowed);
  }
  const bool raised = verdict.stated_limit > verdict.limit;
  const double share = 100 * policy_.discovery_rate;
  std::string text =
      french ? fmt::format(
                   " La limite{} tient les fausses alertes à {:.0f} % au plus de toutes celles qui "
                   "sont données, sur l'ensemble des districts, sites et cibles",
                   raised ? ", relevée pour le nombre de séries suivies," : "", share)
             : fmt::format(
                   " The limit{} keeps false alerts to at most {:.0f} % of all that are raised "
                   "over all districts, sites and targets together",
                   raised ? ", raised for the number of series watched," : "", share);
  if (allowed > 0) {
    text += french ? fmt::format(", et à {:g} par district et par an", allowed)
                   : fmt::format(", and to {:g} in the district and year", allowed);
  }
  return text + ".";
}

}  // namespace belgrand::detection
