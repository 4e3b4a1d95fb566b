#include "detection/trend_filter.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace belgrand::detection {
namespace {

constexpr double kLeastNoise = 0.08;
constexpr double kMostNoise = 0.7;
// First guess of a level known only to lie below a limit: this far under it.
constexpr double kBelowLimit = 0.5;
constexpr double kFirstLevelSd = 1.0;
// A level that only non-detects speak of is held near their limit: weakly, and only from below.
constexpr double kFloorSd = 0.7;
constexpr double kLeastShare = 0.25;
constexpr double kMostShare = 4.0;
constexpr double kForgetStreamDays = 200;

double Centre(const LogValue& value) {
  if (std::isinf(value.low)) return value.high - kBelowLimit;
  if (std::isinf(value.high)) return value.low;
  return 0.5 * (value.low + value.high);
}

// Where the outlier's share of the mixture reaches TrendFilter::kStrange for a point: from there on
// a sample speaks of its side and no more of its distance. `usual` and `outlier` are variances of
// the prediction.
double StrangeFrom(double usual, double outlier, double probability) {
  const double odds = TrendFilter::kStrange / (1 - TrendFilter::kStrange) * (1 - probability) /
                      probability * std::sqrt(outlier / usual);
  return std::sqrt(2 * std::log(odds) / (1 / usual - 1 / outlier));
}

LogValue Cut(const LogValue& value, double mean, double reach) {
  if (value.quantified()) {
    const double cut = std::clamp(value.low, mean - reach, mean + reach);
    return {cut, cut};
  }
  return {std::min(value.low, mean + reach), std::max(value.high, mean - reach)};
}

}  // namespace

double TrendFilter::noise_sd() const {
  const double variance =
      noise_count_ > 0 ? noise_sum_ / noise_count_ : parameters_->noise_sd * parameters_->noise_sd;
  return std::clamp(std::sqrt(variance), kLeastNoise, kMostNoise);
}

void TrendFilter::Start(double day, const LogValue& value) {
  state_ = GaussianState();
  streams_.clear();
  anchors_ = 0;
  day_ = day;
  segment_start_ = day;
  next_tick_ = (std::floor(day / kAnchorDays) + 1) * kAnchorDays;
  state_.Append(Centre(value), kFirstLevelSd * kFirstLevelSd);
  state_.Append(0, parameters_->growth_sd * parameters_->growth_sd);
  for (std::size_t k = 0; k < kAnchors; ++k) state_.Append(0, 0);
  if (noise_count_ == 0) {
    noise_count_ = parameters_->noise_weight;
    noise_sum_ = noise_count_ * parameters_->noise_sd * parameters_->noise_sd;
  }
}

void TrendFilter::MoveBy(double days) {
  if (days <= 0) return;
  const double theta = 1 / parameters_->growth_memory_days;
  const double variance = parameters_->growth_sd * parameters_->growth_sd;
  const double kept = std::exp(-theta * days);
  const double lost = -std::expm1(-theta * days);
  const double lost_twice = -std::expm1(-2 * theta * days);
  const double q = 2 * theta * variance;
  const double q_level =
      std::max(q / (theta * theta) * (days - 2 * lost / theta + lost_twice / (2 * theta)), 0.0);
  const double q_cross = q / (2 * theta * theta) * lost * lost;
  const double drift = parameters_->level_drift * parameters_->level_drift * days;
  state_.MovePair(kLevel, {1, lost / theta, 0, kept},
                  {q_level + drift, q_cross, q_cross, variance * lost_twice});
  const double wander = parameters_->offset_drift * parameters_->offset_drift * days;
  for (std::size_t i = kFirstOffset; i < state_.size(); ++i) state_.AddVariance(i, wander);
  day_ += days;
}

void TrendFilter::PushAnchor() {
  if (anchors_ == kAnchors) {
    if (weeks_.size() == kMostWeeks) weeks_.erase(weeks_.begin());
    weeks_.push_back(static_cast<float>(state_.mean(kFirstAnchor + kAnchors - 1)));
  }
  anchors_ = std::min(anchors_ + 1, kAnchors);
  for (std::size_t k = anchors_; k-- > 1;) state_.Clone(kFirstAnchor + k - 1, kFirstAnchor + k);
  state_.Clone(kLevel, kFirstAnchor);
}

void TrendFilter::MoveTo(double day) {
  while (next_tick_ <= day) {
    MoveBy(next_tick_ - day_);
    PushAnchor();
    next_tick_ += kAnchorDays;
  }
  MoveBy(day - day_);
}

void TrendFilter::ForgetStreams(double day) {
  for (std::size_t i = streams_.size(); i-- > 0;) {
    if (day - streams_[i].last_day <= kForgetStreamDays) continue;
    streams_.erase(streams_.begin() + static_cast<std::ptrdiff_t>(i));
    state_.Remove(kFirstOffset + i);
  }
}

std::size_t TrendFilter::StreamIndex(double day, const std::string& site_id,
                                     const std::string& stream, double population, bool* is_new) {
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i].name != stream) continue;
    streams_[i].last_day = day;
    streams_[i].population = population;
    *is_new = false;
    return i;
  }
  ForgetStreams(day);
  streams_.push_back({stream, site_id, population, day});
  state_.Append(0, parameters_->offset_sd * parameters_->offset_sd);
  *is_new = true;
  return streams_.size() - 1;
}

bool TrendFilter::HasWitness(std::size_t index, int side) const {
  const Stream& own = streams_[index];
  return std::ranges::any_of(streams_, [&](const Stream& other) {
    if (other.strange != side || day_ - other.strange_day > kAgreeDays) return false;
    // One sample under two methods or genes is one witness.
    return other.site_id != own.site_id || other.strange_day != day_;
  });
}

double TrendFilter::MeanPopulation(double active_days) const {
  double sum = 0;
  double count = 0;
  for (const Stream& stream : streams_) {
    if (stream.population <= 0 || day_ - stream.last_day > active_days) continue;
    sum += stream.population;
    count += 1;
  }
  return count > 0 ? sum / count : 0;
}

double TrendFilter::NoiseVariance(double population) const {
  const double sd = noise_sd();
  const double mean = MeanPopulation(60);
  if (population <= 0 || mean <= 0) return sd * sd;
  const double factor = std::pow(mean / population, parameters_->population_power);
  return sd * sd * std::clamp(factor, kLeastShare, kMostShare);
}

void TrendFilter::LearnNoise(double weight, double squared_error) {
  const double keep = 1 - 1 / parameters_->noise_memory;
  noise_sum_ = noise_sum_ * keep + weight * std::min(squared_error, 1.0);
  noise_count_ = noise_count_ * keep + weight;
}

Step TrendFilter::Observe(double day, const std::string& site_id, const std::string& stream,
                          double population, const LogValue& value) {
  if (empty() || day - day_ > parameters_->restart_after_days) {
    Start(day, value);
  } else {
    MoveTo(day);
  }
  ++samples_;
  bool is_new = false;
  const std::size_t index = StreamIndex(day, site_id, stream, population, &is_new);
  const Judged judged = Judge(index, value);

  Step step;
  step.day = day;
  step.site_id = site_id;
  step.value = value;
  step.expected = judged.predicted.mean;
  step.deviation = std::sqrt(judged.predicted.variance + judged.noise);
  step.residual = judged.usual.pull * step.deviation;
  step.outlier_probability = judged.outlier_share;
  step.log_score = judged.log_score;
  step.opens_segment = is_new;

  const int side = judged.outlier_share < kStrange ? 0 : judged.usual.pull > 0 ? 1 : -1;
  const bool agrees = side != 0 && HasWitness(index, side);
  if (agrees) {
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      Stream& other = streams_[i];
      if (!other.waiting || other.strange != side) continue;
      if (day - other.strange_day <= kAgreeDays) AbsorbCut(i, *other.waiting);
      other.waiting.reset();
    }
  }
  Stream& own = streams_[index];
  own.strange = side;
  own.strange_day = day;
  step.set_aside = side != 0 && !agrees;
  own.waiting = step.set_aside ? std::optional(value) : std::nullopt;
  if (agrees) {
    AbsorbCut(index, value);
  } else if (!step.set_aside) {
    Absorb(index, value, judged);
  }
  return step;
}

TrendFilter::Judged TrendFilter::Judge(std::size_t index, const LogValue& value) const {
  const Term form[] = {{kLevel, 1.0}, {kFirstOffset + index, 1.0}};
  Judged judged;
  judged.predicted = state_.Project(form);
  judged.noise = NoiseVariance(streams_[index].population);
  const double p = parameters_->outlier_probability;
  const double variance = judged.predicted.variance + judged.noise;
  const double spread = parameters_->outlier_sd * parameters_->outlier_sd;
  judged.usual = NewsOf(value, judged.predicted.mean, variance);
  judged.outlier = NewsOf(value, judged.predicted.mean, variance + spread);
  const double a = std::log1p(-p) + judged.usual.log_weight;
  const double b = std::log(p) + judged.outlier.log_weight;
  const double top = std::max(a, b);
  judged.log_score = top + std::log(std::exp(a - top) + std::exp(b - top));
  judged.outlier_share = std::exp(b - judged.log_score);
  return judged;
}

void TrendFilter::AbsorbCut(std::size_t index, const LogValue& value) {
  const Judged judged = Judge(index, value);
  const double variance = judged.predicted.variance + judged.noise;
  const double spread = parameters_->outlier_sd * parameters_->outlier_sd;
  const LogValue cut =
      Cut(value, judged.predicted.mean,
          StrangeFrom(variance, variance + spread, parameters_->outlier_probability));
  Absorb(index, cut, Judge(index, cut));
}

void TrendFilter::Absorb(std::size_t index, const LogValue& value, const Judged& judged) {
  const double outlier_share = judged.outlier_share;
  const double usual_share = 1 - outlier_share;
  const News& usual = judged.usual;
  const News& outlier = judged.outlier;
  // The two posteriors lie on one line (P h); their mixture is collapsed by its first two moments.
  const double pull = usual_share * usual.pull + outlier_share * outlier.pull;
  const double gap = usual.pull - outlier.pull;
  const double certainty = usual_share * usual.certainty + outlier_share * outlier.certainty -
                           usual_share * outlier_share * gap * gap;
  state_.Absorb(judged.predicted, pull, certainty);

  const Term form[] = {{kLevel, 1.0}, {kFirstOffset + index, 1.0}};
  if (value.quantified()) {
    const Projection after = state_.Moments(form);
    const double error = value.low - after.mean;
    LearnNoise(usual_share,
               (error * error + after.variance) * noise_sd() * noise_sd() / judged.noise);
  } else if (std::isinf(value.low)) {
    const double floor = value.high - kBelowLimit;
    const Projection after = state_.Project(form);
    if (after.mean < floor) {
      const double s2 = after.variance + kFloorSd * kFloorSd;
      state_.Absorb(after, (floor - after.mean) / s2, 1 / s2);
    }
  }
}

Estimate TrendFilter::Growth() const {
  if (empty()) return {};
  return {state_.mean(kGrowth), std::sqrt(state_.variance(kGrowth))};
}

std::vector<Term> TrendFilter::LevelForm(double active_days) const {
  double total = 0;
  for (const Stream& stream : streams_) {
    if (day_ - stream.last_day <= active_days) total += std::max(stream.population, 1.0);
  }
  std::vector<Term> form = {{kLevel, 1.0}};
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    if (day_ - streams_[i].last_day > active_days) continue;
    form.push_back({kFirstOffset + i, std::max(streams_[i].population, 1.0) / total});
  }
  return form;
}

Estimate TrendFilter::Level(double active_days) const {
  if (empty()) return {};
  const Projection level = state_.Moments(LevelForm(active_days));
  return {level.mean, std::sqrt(level.variance)};
}

Estimate TrendFilter::RiseSince(std::size_t k, double* days_ago) const {
  *days_ago = day_ - (next_tick_ - kAnchorDays * static_cast<double>(k + 1));
  const Term form[] = {{kLevel, 1.0}, {kFirstAnchor + k, -1.0}};
  const Projection rise = state_.Moments(form);
  return {rise.mean, std::sqrt(rise.variance)};
}

double TrendFilter::LevelRank(std::size_t least) const {
  if (weeks_.size() < std::max<std::size_t>(least, 1)) return -1;
  const double level = state_.mean(kLevel);
  const auto below = std::count_if(weeks_.begin(), weeks_.end(), [level](float week) {
    return static_cast<double>(week) < level;
  });
  return static_cast<double>(below) / static_cast<double>(weeks_.size());
}

std::optional<Estimate> TrendFilter::OffsetBetween(std::string_view before,
                                                   std::string_view after) const {
  const auto index = [this](std::string_view name) {
    return std::ranges::find_if(streams_, [&](const Stream& s) { return s.name == name; });
  };
  const auto from = index(before);
  const auto to = index(after);
  if (from == streams_.end() || to == streams_.end() || from == to) return std::nullopt;
  const auto offset = [this](auto stream) {
    return kFirstOffset + static_cast<std::size_t>(stream - streams_.begin());
  };
  const Term form[] = {{offset(to), 1.0}, {offset(from), -1.0}};
  const Projection above = state_.Moments(form);
  return Estimate{above.mean, std::sqrt(above.variance)};
}

std::vector<TrendFilter::StreamView> TrendFilter::Streams(double active_days) const {
  std::vector<StreamView> views;
  const std::vector<Term> level = LevelForm(active_days);
  for (std::size_t t = 1; t < level.size(); ++t) {
    const std::size_t i = level[t].index - kFirstOffset;
    const Term form[] = {{kLevel, 1.0}, {level[t].index, 1.0}};
    const Projection own = state_.Moments(form);
    views.push_back({streams_[i].site_id,
                     level[t].coefficient,
                     {own.mean, std::sqrt(own.variance)},
                     streams_[i].last_day});
  }
  return views;
}

}  // namespace belgrand::detection
