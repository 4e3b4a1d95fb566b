#include "detection/smooth/scou.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "detection/normal.h"
#include "detection/smooth/nelder_mead.h"

namespace belgrand::detection {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kReach = 8;      // standard deviations that a day's step may take
constexpr double kFitReach = 6;   // while parameters are sought: 2e-9 of the mass is left out
constexpr double kFitStep = 0.8;  // grid step, in the smaller of sigma and epsilon
constexpr std::size_t kFitLeastStates = 64;
constexpr double kBeyond = 2;  // standard deviations of grid beyond the samples

bool Usable(const LogValue& v) {
  if (std::isnan(v.low) || std::isnan(v.high) || v.low > v.high) return false;
  return std::isfinite(v.low) || std::isfinite(v.high);
}

// What a sample reads as a number, for the span of the grid: a non-detect reads its limit.
double Reading(const LogValue& v) {
  if (std::isinf(v.low)) return v.high;
  if (std::isinf(v.high)) return v.low;
  return 0.5 * (v.low + v.high);
}

// In order, a day once.
std::vector<DatedLogValue> InOrder(std::span<const DatedLogValue> samples) {
  std::vector<DatedLogValue> sorted;
  for (const DatedLogValue& s : samples) {
    if (Usable(s.value)) sorted.push_back(s);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.day < b.day; });
  std::vector<DatedLogValue> once;
  for (std::size_t i = 0; i < sorted.size();) {
    std::vector<LogValue> rows;
    std::size_t end = i;
    for (; end < sorted.size() && sorted[end].day == sorted[i].day; ++end) {
      rows.push_back(sorted[end].value);
    }
    once.push_back({sorted[i].day, CombineReplicates(std::move(rows))});
    i = end;
  }
  return once;
}

struct Span {
  double low = 0;
  double high = 0;
  double sd = 0;
};

// nullopt: nothing to lay a grid over.
std::optional<Span> SpanOf(std::span<const DatedLogValue> samples) {
  if (samples.size() < 2 || samples.back().day - samples.front().day > kScouMostDays) {
    return std::nullopt;
  }
  const double n = static_cast<double>(samples.size());
  double mean = 0;
  double least = kInfinity;
  double most = -kInfinity;
  for (const DatedLogValue& s : samples) {
    const double y = Reading(s.value);
    mean += y / n;
    least = std::min(least, y);
    most = std::max(most, y);
  }
  double squares = 0;
  for (const DatedLogValue& s : samples) {
    const double e = Reading(s.value) - mean;
    squares += e * e / n;
  }
  const double sd = std::sqrt(squares);
  const Span span{least - kBeyond * sd, most + kBeyond * sd, sd};
  const double size = std::max(std::abs(span.low), std::abs(span.high));
  if (!(span.high - span.low > 1e-9 * size) || !std::isfinite(span.high - span.low)) {
    return std::nullopt;
  }
  return span;
}

class Grid {
 public:
  Grid(const Span& span, std::size_t states)
      : low_(span.low),
        high_(span.high),
        step_((span.high - span.low) / static_cast<double>(states)),
        // Rounding may add a point below `high`; the published grid has it too.
        size_(static_cast<std::size_t>(std::ceil((span.high - span.low) / step_))) {}

  std::size_t size() const { return size_; }
  double step() const { return step_; }
  double low() const { return low_; }
  double high() const { return high_; }
  double At(std::size_t k) const { return low_ + static_cast<double>(k) * step_; }

  // out[k] = scale * exp(-(y - x_k)^2 / 2 sd^2), outward from the point nearest y by the ratio of
  // neighbours, which itself changes by a constant factor.
  void Gaussian(double y, double sd, double scale, std::vector<double>& out) const {
    const double delta = step_ / sd;
    const double last = static_cast<double>(size_ - 1);
    const std::size_t start =
        static_cast<std::size_t>(std::clamp(std::round((y - low_) / step_), 0.0, last));
    const double z = (At(start) - y) / sd;
    const double factor = std::exp(-delta * delta);
    out[start] = scale * std::exp(-0.5 * z * z);
    double ratio = std::exp(-delta * z - 0.5 * delta * delta);
    for (std::size_t k = start + 1; k < size_; ++k, ratio *= factor) out[k] = out[k - 1] * ratio;
    ratio = std::exp(delta * z - 0.5 * delta * delta);
    for (std::size_t k = start; k-- > 0; ratio *= factor) out[k] = out[k + 1] * ratio;
  }

 private:
  double low_;
  double high_;
  double step_;
  std::size_t size_;
};

// One day's step: a Gaussian kernel cut at `reach`, each row of it brought to sum 1.
class Transition {
 public:
  Transition(const Grid& grid, double sigma, double reach) {
    const double delta = grid.step() / sigma;
    const double cut = std::min(std::ceil(reach / delta), static_cast<double>(grid.size() - 1));
    half_ = static_cast<std::size_t>(std::max(cut, 1.0));
    for (std::size_t d = 0; d <= half_; ++d) {
      const double z = static_cast<double>(d) * delta;
      kernel_.push_back(std::exp(-0.5 * z * z));
    }
    std::vector<double> tail(half_ + 1);  // sum of kernel_[1..d]
    for (std::size_t d = 1; d <= half_; ++d) tail[d] = tail[d - 1] + kernel_[d];
    const std::size_t last = grid.size() - 1;
    for (std::size_t i = 0; i <= last; ++i) {
      const double row = kernel_[0] + tail[std::min(i, half_)] + tail[std::min(last - i, half_)];
      inverse_row_.push_back(1 / row);
    }
    padded_.resize(grid.size() + 2 * half_);
  }

  // x <- x A
  void Forward(std::vector<double>& x) {
    for (std::size_t i = 0; i < x.size(); ++i) padded_[half_ + i] = x[i] * inverse_row_[i];
    Convolve(x);
  }
  // x <- A x
  void Backward(std::vector<double>& x) {
    std::copy(x.begin(), x.end(), padded_.begin() + static_cast<std::ptrdiff_t>(half_));
    Convolve(x);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] *= inverse_row_[i];
  }

 private:
  void Convolve(std::vector<double>& x) const {
    const std::size_t n = x.size();
    const double* centre = padded_.data() + half_;
    double* out = x.data();
    for (std::size_t i = 0; i < n; ++i) out[i] = kernel_[0] * centre[i];
    std::size_t d = 1;
    for (; d + 1 <= half_; d += 2) {
      const double* left = centre - d;
      const double* right = centre + d;
      const double near = kernel_[d];
      const double far = kernel_[d + 1];
      for (std::size_t i = 0; i < n; ++i) {
        out[i] += near * (left[i] + right[i]) + far * ((left - 1)[i] + right[i + 1]);
      }
    }
    for (; d <= half_; ++d) {
      const double* left = centre - d;
      const double* right = centre + d;
      for (std::size_t i = 0; i < n; ++i) out[i] += kernel_[d] * (left[i] + right[i]);
    }
  }

  std::size_t half_ = 1;
  std::vector<double> kernel_;
  std::vector<double> inverse_row_;
  std::vector<double> padded_;
};

// Density (or probability) of the samples given the state.
class Emission {
 public:
  Emission(const Grid& grid, const ScouParameters& parameters)
      : grid_(grid), parameters_(parameters), density_(grid.size()), interval_(grid.size()) {}

  // Of an outlier that reads so, times its prior probability.
  double Outlier(const LogValue& v) const {
    const double p = parameters_.outlier_probability;
    if (v.quantified()) return p / (grid_.high() - grid_.low());
    const double from = std::max(v.low, grid_.low());
    const double to = std::min(v.high, grid_.high());
    return p * std::max(to - from, 0.0) / (grid_.high() - grid_.low());
  }

  const std::vector<double>& Of(const LogValue& v) {
    const double usual = 1 - parameters_.outlier_probability;
    const double sd = parameters_.epsilon;
    const double outlier = Outlier(v);
    if (v.quantified()) {
      constexpr double kInverseSqrtTwoPi = 0.39894228040143267794;
      grid_.Gaussian(v.low, sd, usual * kInverseSqrtTwoPi / sd, density_);
      for (double& d : density_) d += outlier;
      return density_;
    }
    // Limits hardly ever change from one sample to the next.
    if (v.low == known_.low && v.high == known_.high) return interval_;
    known_ = v;
    for (std::size_t k = 0; k < interval_.size(); ++k) {
      const double x = grid_.At(k);
      const double above = std::isinf(v.low) ? 0 : NormalCdf((v.low - x) / sd);
      const double below = std::isinf(v.high) ? 1 : NormalCdf((v.high - x) / sd);
      interval_[k] = usual * std::max(below - above, 0.0) + outlier;
    }
    return interval_;
  }

 private:
  const Grid& grid_;
  const ScouParameters& parameters_;
  std::vector<double> density_;
  LogValue known_{kInfinity, -kInfinity};  // what interval_ is of; at first nothing
  std::vector<double> interval_;
};

bool Sound(const ScouParameters& p) {
  return std::isfinite(p.sigma) && std::isfinite(p.epsilon) && p.sigma > 0 && p.epsilon > 0 &&
         p.outlier_probability > 0 && p.outlier_probability < 1;
}

// Multiplies and brings to sum 1; returns the sum before.
double Weigh(std::vector<double>& x, const std::vector<double>& by) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] *= by[i];
  if (sum > 0) {
    const double inverse = 1 / sum;
    for (double& v : x) v *= inverse;
  }
  return sum;
}

double Likelihood(std::span<const DatedLogValue> samples, const Grid& grid,
                  const ScouParameters& parameters) {
  Transition transition(grid, parameters.sigma, kReach);
  Emission emission(grid, parameters);
  std::vector<double> state(grid.size(), 1 / static_cast<double>(grid.size()));
  double sum = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::int64_t days = i == 0 ? 0 : samples[i].day - samples[i - 1].day;
    for (std::int64_t d = 0; d < days; ++d) transition.Forward(state);
    sum += std::log(Weigh(state, emission.Of(samples[i].value)));
  }
  return sum;
}

// The same for the search: the days between two samples are one step of their summed variance.
// That differs from day by day only in what happens at the ends of the grid, where little is.
double FastLikelihood(std::span<const DatedLogValue> samples, const Grid& grid,
                      const ScouParameters& parameters) {
  std::map<std::int64_t, Transition> transitions;
  Emission emission(grid, parameters);
  std::vector<double> state(grid.size(), 1 / static_cast<double>(grid.size()));
  double sum = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::int64_t days = i == 0 ? 0 : samples[i].day - samples[i - 1].day;
    if (days > 0) {
      const double sigma = parameters.sigma * std::sqrt(static_cast<double>(days));
      transitions.try_emplace(days, grid, sigma, kFitReach).first->second.Forward(state);
    }
    sum += std::log(Weigh(state, emission.Of(samples[i].value)));
  }
  return sum;
}

std::size_t FitStates(const Span& span, const ScouParameters& p) {
  const double step = kFitStep * std::min(p.sigma, p.epsilon);
  const double states = std::ceil((span.high - span.low) / step);
  return static_cast<std::size_t>(
      std::clamp(states, static_cast<double>(kFitLeastStates), static_cast<double>(kScouStates)));
}

// Grid points whose distribution function is nearest 2.5 % and 97.5 %, and the mean.
void Summarize(const std::vector<double>& posterior, const Grid& grid, std::size_t at,
               ScouSeries& series) {
  double below = 0;
  double mean = 0;
  std::array<double, 2> nearest = {kInfinity, kInfinity};
  std::array<std::size_t, 2> place = {0, 0};
  for (std::size_t k = 0; k < posterior.size(); ++k) {
    below += posterior[k];
    mean += posterior[k] * grid.At(k);
    const std::array<double, 2> distance = {std::abs(below - 0.025), std::abs(below - 0.975)};
    for (std::size_t side = 0; side < 2; ++side) {
      if (distance[side] >= nearest[side]) continue;
      nearest[side] = distance[side];
      place[side] = k;
    }
  }
  series.mean[at] = mean;
  series.lower[at] = grid.At(place[0]);
  series.upper[at] = grid.At(place[1]);
}

// The forward states of all days, then the backward pass that reads them.
class Smoother {
 public:
  Smoother(std::span<const DatedLogValue> samples, const Grid& grid,
           const ScouParameters& parameters)
      : samples_(samples),
        grid_(grid),
        transition_(grid, parameters.sigma, kReach),
        emission_(grid, parameters) {}

  std::optional<ScouSeries> Run() {
    const std::size_t days =
        static_cast<std::size_t>(samples_.back().day - samples_.front().day) + 1;
    series_.first_day = samples_.front().day;
    series_.as_of_day = samples_.back().day;
    series_.grid_low = grid_.low();
    series_.grid_high = grid_.high();
    series_.mean.resize(days);
    series_.lower.resize(days);
    series_.upper.resize(days);
    series_.outlier_probability.resize(days);
    Forward(days);
    if (!std::isfinite(series_.log_likelihood)) return std::nullopt;
    Backward(days);
    return std::move(series_);
  }

 private:
  std::size_t DayOf(std::size_t sample) const {
    return static_cast<std::size_t>(samples_[sample].day - samples_.front().day);
  }

  void Forward(std::size_t days) {
    std::vector<double> state(grid_.size(), 1 / static_cast<double>(grid_.size()));
    std::size_t next = 0;
    forward_.reserve(days);
    for (std::size_t day = 0; day < days; ++day) {
      if (day > 0) transition_.Forward(state);
      if (next < samples_.size() && DayOf(next) == day) {
        series_.log_likelihood += std::log(Weigh(state, emission_.Of(samples_[next].value)));
        ++next;
      }
      forward_.push_back(state);
    }
  }

  void Backward(std::size_t days) {
    std::vector<double> backward(grid_.size(), 1);
    std::vector<double> posterior(grid_.size());
    std::size_t next = samples_.size();
    for (std::size_t day = days; day-- > 0;) {
      const std::vector<double>& forward = forward_[day];
      for (std::size_t k = 0; k < posterior.size(); ++k) posterior[k] = forward[k] * backward[k];
      double sum = 0;
      for (const double p : posterior) sum += p;
      for (double& p : posterior) p /= sum;
      Summarize(posterior, grid_, day, series_);
      if (next > 0 && DayOf(next - 1) == day) {
        const LogValue& value = samples_[--next].value;
        const std::vector<double>& density = emission_.Of(value);
        // forward / density is the prediction of the day, up to a factor that cancels.
        double share = 0;
        for (std::size_t k = 0; k < posterior.size(); ++k) share += posterior[k] / density[k];
        series_.outlier_probability[day] = std::clamp(share * emission_.Outlier(value), 0.0, 1.0);
        Weigh(backward, density);
      }
      if (day > 0) transition_.Backward(backward);
    }
  }

  std::span<const DatedLogValue> samples_;
  const Grid& grid_;
  Transition transition_;
  Emission emission_;
  ScouSeries series_;
  std::vector<std::vector<double>> forward_;
};

}  // namespace

std::optional<ScouSeries> SmoothScou(std::span<const DatedLogValue> samples,
                                     const ScouParameters& parameters, std::size_t states) {
  const std::vector<DatedLogValue> ordered = InOrder(samples);
  const auto span = SpanOf(ordered);
  if (!span || !Sound(parameters) || states < 2) return std::nullopt;
  const Grid grid(*span, states);
  return Smoother(ordered, grid, parameters).Run();
}

double ScouLogLikelihood(std::span<const DatedLogValue> samples, const ScouParameters& parameters,
                         std::size_t states) {
  const std::vector<DatedLogValue> ordered = InOrder(samples);
  const auto span = SpanOf(ordered);
  if (!span || !Sound(parameters) || states < 2) return -kInfinity;
  return Likelihood(ordered, Grid(*span, states), parameters);
}

ScouFit FitScou(std::span<const DatedLogValue> samples) {
  const std::vector<DatedLogValue> ordered = InOrder(samples);
  ScouFit fit;
  if (ordered.size() < kScouLeastSamples) return fit;
  if (std::all_of(ordered.begin(), ordered.end(),
                  [](const DatedLogValue& s) { return std::isinf(s.value.low); })) {
    fit.outcome = ScouFitOutcome::kAllBelowLimit;
    return fit;
  }
  const auto span = SpanOf(ordered);
  if (!span) {
    fit.outcome = ScouFitOutcome::kNoSpread;
    return fit;
  }
  // A grid of kScouStates points cannot tell a smaller step from none.
  const double least_sigma = (span->high - span->low) / (4.0 * static_cast<double>(kScouStates));
  const auto parameters = [](std::span<const double> x) {
    return ScouParameters{x[0], x[1], x[2]};
  };
  const auto minus = [&](std::span<const double> x) {
    const ScouParameters p = parameters(x);
    if (!Sound(p) || p.sigma < least_sigma || p.epsilon < least_sigma) return kInfinity;
    return -FastLikelihood(ordered, Grid(*span, FitStates(*span, p)), p);
  };
  const std::array<double, 3> start = {0.5 * span->sd, span->sd, 0.1};
  const Minimum minimum = Minimize(minus, start, {});
  fit.outcome = minimum.converged ? ScouFitOutcome::kFitted : ScouFitOutcome::kNotConverged;
  fit.parameters = parameters(minimum.at);
  fit.log_likelihood = -minimum.value;
  fit.iterations = minimum.iterations;
  fit.evaluations = minimum.evaluations;
  return fit;
}

std::vector<std::vector<DatedLogValue>> SplitAtGaps(std::span<const DatedLogValue> samples,
                                                    std::int64_t gap_days) {
  std::vector<std::vector<DatedLogValue>> pieces;
  for (const DatedLogValue& s : InOrder(samples)) {
    if (pieces.empty() || s.day - pieces.back().back().day > gap_days) pieces.emplace_back();
    pieces.back().push_back(s);
  }
  return pieces;
}

}  // namespace belgrand::detection
