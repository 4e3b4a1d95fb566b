#include "detection/methods/farrington.h"

#include <algorithm>
#include <cmath>

#include "detection/methods/distributions.h"
#include "detection/methods/quasi_poisson.h"
#include "detection/normal.h"

namespace belgrand::detection {
namespace {

double Score(double count, double expected, double upper) {
  const double room = upper - expected;
  if (room > 0) return (count - expected) / room;
  return count > upper ? 10 : 0;
}

// Rows that the model is fitted to: position of the week, its seasonal level from 1, its count.
struct Reference {
  std::vector<std::size_t> weeks;
  std::vector<std::size_t> levels;
  std::vector<double> counts;
};

// Level `periods` is the window about the same week of each year; the weeks between two windows
// are shared out among the other levels, the first of them longer by one where it does not divide.
std::vector<std::size_t> SeasonalLevels(std::size_t at, const FarringtonRule& rule) {
  const std::size_t w = rule.half_window;
  std::vector<std::size_t> levels(at + 1, 0);
  for (std::size_t i = at - w; i <= at; ++i) levels[i] = rule.periods;
  for (std::size_t year = 1; year <= rule.years; ++year) {
    const std::size_t same_week = at - year * rule.year_weeks;
    for (std::size_t i = same_week - w; i <= same_week + w; ++i) levels[i] = rule.periods;
    if (rule.periods == 1) continue;
    const std::size_t between = rule.year_weeks - 2 * w - 1;
    const std::size_t length = between / (rule.periods - 1);
    const std::size_t rest = between % (rule.periods - 1);
    std::size_t next = same_week + w + 1;
    for (std::size_t level = 1; level < rule.periods; ++level) {
      const std::size_t end = next + length + (level <= rest ? 1 : 0);
      for (; next < end; ++next) levels[next] = level;
    }
  }
  return levels;
}

Reference References(std::span<const double> counts, std::size_t at, const FarringtonRule& rule) {
  const std::vector<std::size_t> levels = SeasonalLevels(at, rule);
  Reference reference;
  for (std::size_t i = 0; i + rule.left_out < at; ++i) {
    if (levels[i] == 0 || !std::isfinite(counts[i]) || counts[i] < 0) continue;
    reference.weeks.push_back(i);
    reference.levels.push_back(levels[i]);
    reference.counts.push_back(counts[i]);
  }
  return reference;
}

enum class Trend { kNo, kYes };

class Model {
 public:
  Model(const Reference& reference, std::size_t at, const FarringtonRule& rule, Trend trend)
      : reference_(reference), at_(at), rule_(rule), trend_(trend) {}

  // False: no convergence.
  bool Fit() {
    const std::size_t rows = reference_.weeks.size();
    std::vector<double> design;
    for (std::size_t r = 0; r < rows; ++r)
      AppendRow(reference_.weeks[r], reference_.levels[r], design);
    std::vector<double> weights(rows, 1);
    fit_ = FitQuasiPoisson(reference_.counts, design, columns(), weights);
    if (!fit_) return false;
    const double phi = std::max(1.0, fit_->dispersion);
    std::vector<double> residuals;
    for (std::size_t r = 0; r < rows; ++r) {
      const double mean = fit_->mean[r];
      const double spread = std::sqrt(phi * std::max(1 - fit_->leverage[r], 1e-9));
      residuals.push_back(
          1.5 *
          (std::pow(reference_.counts[r], 2.0 / 3) * std::pow(mean, -1.0 / 6) - std::sqrt(mean)) /
          spread);
    }
    weights = OutbreakWeights(residuals, rule_.weights_threshold);
    fit_ = FitQuasiPoisson(reference_.counts, design, columns(), weights);
    if (!fit_) return false;
    scale_ = fit_->dispersion;
    if (rule_.error_scale == ErrorScale::kSurveillance) {
      scale_ = 0;
      for (std::size_t r = 0; r < rows; ++r) {
        const double e = reference_.counts[r] / fit_->mean[r] - 1;
        scale_ += weights[r] * e * e / fit_->residual_df;
      }
    }
    return true;
  }

  double phi() const { return std::max(1.0, fit_->dispersion); }
  double Eta() const { return std::clamp(fit_->Predict(Now()), -30.0, 30.0); }
  double SeEta() const { return std::sqrt(fit_->PredictionVariance(Now()) * scale_); }
  // Two-sided p of the trend.
  double TrendP() const {
    const double variance = fit_->covariance[1 * columns() + 1] * scale_;
    if (!(variance > 0) || fit_->residual_df < 1) return 1;
    return StudentTwoSided(fit_->coefficients[1] / std::sqrt(variance), fit_->residual_df);
  }

 private:
  std::size_t columns() const { return rule_.periods + (trend_ == Trend::kYes ? 1 : 0); }
  void AppendRow(std::size_t week, std::size_t level, std::vector<double>& row) const {
    row.push_back(1);
    // Years from the present: the scale of the other columns.
    if (trend_ == Trend::kYes) {
      row.push_back((static_cast<double>(week) - static_cast<double>(at_)) /
                    static_cast<double>(rule_.year_weeks));
    }
    for (std::size_t l = 2; l <= rule_.periods; ++l) row.push_back(l == level ? 1 : 0);
  }
  std::vector<double> Now() const {
    std::vector<double> row;
    AppendRow(at_, rule_.periods, row);
    return row;
  }

  const Reference& reference_;
  std::size_t at_;
  const FarringtonRule& rule_;
  Trend trend_;
  std::optional<QuasiPoissonFit> fit_;
  double scale_ = 1;
};

bool EnoughCases(std::span<const double> counts, std::size_t at, double least) {
  double sum = 0;
  for (std::size_t i = at - std::min<std::size_t>(at, 3); i <= at; ++i) {
    if (std::isfinite(counts[i])) sum += counts[i];
  }
  return sum >= least;
}

}  // namespace

CountBounds DeltaBounds(double expected, double se, double phi, PowerTransform transform,
                        double alpha, double count) {
  const double tau = phi + se * se / expected;
  double power = 1;
  double spread = std::sqrt(expected * tau);
  if (transform == PowerTransform::kHalf) {
    power = 0.5;
    spread = std::sqrt(0.25 * tau);
  } else if (transform == PowerTransform::kTwoThirds) {
    power = 2.0 / 3;
    spread = std::sqrt(4.0 / 9 * std::cbrt(expected) * tau);
  }
  const double centre = std::pow(expected, power);
  const double reach = NormalQuantile(1 - alpha) * spread;
  CountBounds bounds;
  bounds.lower = std::pow(std::max(0.0, centre - reach), 1 / power);
  bounds.upper = std::pow(std::max(0.0, centre + reach), 1 / power);
  bounds.p = NormalCdf(-(std::pow(count, power) - centre) / std::max(spread, 1e-300));
  bounds.score = Score(count, expected, bounds.upper);
  return bounds;
}

CountBounds QuantileBounds(double eta, double se_eta, double phi, QuantileMean mean, double alpha,
                           double count) {
  const double shift = mean == QuantileMean::kUpperLimit ? NormalQuantile(1 - alpha) * se_eta : 0;
  const double around = std::exp(std::clamp(eta + shift, -30.0, 30.0));
  CountBounds bounds;
  if (phi > 1) {
    const double size = around / (phi - 1);
    bounds.lower = NegativeBinomialQuantile(alpha, size, 1 / phi);
    bounds.upper = NegativeBinomialQuantile(1 - alpha, size, 1 / phi);
    bounds.p = 1 - NegativeBinomialCdf(count - 1, size, 1 / phi);
  } else {
    bounds.lower = PoissonQuantile(alpha, around);
    bounds.upper = PoissonQuantile(1 - alpha, around);
    bounds.p = 1 - PoissonCdf(count - 1, around);
  }
  bounds.score = Score(count, std::exp(eta), bounds.upper);
  return bounds;
}

std::vector<double> OutbreakWeights(std::span<const double> residuals, double threshold) {
  std::vector<double> weights;
  double sum = 0;
  for (const double s : residuals) {
    weights.push_back(s > threshold ? 1 / (s * s) : 1);
    sum += weights.back();
  }
  for (double& w : weights) w *= static_cast<double>(residuals.size()) / sum;
  return weights;
}

std::optional<FarringtonResult> FarringtonFlexible(std::span<const double> weekly_counts,
                                                   std::size_t at, const FarringtonRule& rule) {
  const bool sound =
      rule.years > 0 && rule.periods > 0 && rule.year_weeks >= 2 * rule.half_window + rule.periods;
  if (!sound || at >= weekly_counts.size() ||
      at < rule.years * rule.year_weeks + rule.half_window || !std::isfinite(weekly_counts[at]) ||
      weekly_counts[at] < 0 || !EnoughCases(weekly_counts, at, rule.least_cases)) {
    return std::nullopt;
  }
  const Reference reference = References(weekly_counts, at, rule);
  if (reference.counts.empty()) return std::nullopt;
  const double most = *std::max_element(reference.counts.begin(), reference.counts.end());
  if (!(most > 0)) return std::nullopt;
  FarringtonResult result;
  Model with_trend(reference, at, rule, Trend::kYes);
  Model without(reference, at, rule, Trend::kNo);
  result.trend = rule.years >= 3 && with_trend.Fit() &&
                 (rule.trend_p >= 1 || with_trend.TrendP() < rule.trend_p) &&
                 std::exp(with_trend.Eta()) <= most;
  if (!result.trend && !without.Fit()) return std::nullopt;
  const Model& model = result.trend ? with_trend : without;
  result.expected = std::exp(model.Eta());
  result.phi = model.phi();
  const double count = weekly_counts[at];
  if (rule.threshold == CountThreshold::kDelta) {
    result.bounds = DeltaBounds(result.expected, result.expected * model.SeEta(), result.phi,
                                rule.transform, rule.alpha, count);
  } else {
    result.bounds = QuantileBounds(
        model.Eta(), model.SeEta(), result.phi,
        rule.threshold == CountThreshold::kMuan ? QuantileMean::kUpperLimit : QuantileMean::kPlugIn,
        rule.alpha, count);
  }
  result.alarm = result.bounds.score > 1 && count > 0;
  return result;
}

}  // namespace belgrand::detection
