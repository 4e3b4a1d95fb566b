// The OBEPINE smoother over two years of one site: what a fit and a smoothed curve cost, beside the
// same recursion with the full transition matrix that the published program uses.
#include <benchmark/benchmark.h>

#include <cmath>
#include <limits>

#include "detection/random.h"
#include "detection/smooth/scou.h"

namespace belgrand::detection {
namespace {

constexpr int kDays = 730;

// Two samples a week from the model itself, one in five below the limit.
std::vector<DatedLogValue> TwoYears() {
  Random random(121);
  std::vector<DatedLogValue> samples;
  double level = 5;
  for (int day = 0; day < kDays; ++day) {
    level += 0.1 * random.Normal() - 0.002 * (level - 5);
    if (day % 7 != 0 && day % 7 != 4) continue;
    const double y = random.Uniform() < 0.03 ? random.Uniform(2, 8) : level + 0.3 * random.Normal();
    const double limit = 4.3;
    samples.push_back({day, y <= limit ? LogValue{-std::numeric_limits<double>::infinity(), limit}
                                       : LogValue{y, y}});
  }
  return samples;
}

void BM_Fit(benchmark::State& state) {
  const std::vector<DatedLogValue> samples = TwoYears();
  ScouFit fit;
  for (auto _ : state) benchmark::DoNotOptimize(fit = FitScou(samples));
  state.counters["evaluations"] = fit.evaluations;
}
BENCHMARK(BM_Fit)->Unit(benchmark::kMillisecond);

void BM_FitAndSmooth(benchmark::State& state) {
  const std::vector<DatedLogValue> samples = TwoYears();
  for (auto _ : state) {
    benchmark::DoNotOptimize(SmoothScou(samples, FitScou(samples).parameters));
  }
}
BENCHMARK(BM_FitAndSmooth)->Unit(benchmark::kMillisecond);

// One evaluation of the likelihood on a grid of so many points.
void BM_BandedLikelihood(benchmark::State& state) {
  const std::vector<DatedLogValue> samples = TwoYears();
  const auto states = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(ScouLogLikelihood(samples, {}, states));
}
BENCHMARK(BM_BandedLikelihood)->Arg(150)->Arg(300)->Arg(600)->Unit(benchmark::kMillisecond);

// The same number of days with a full matrix: states^2 multiplications a day.
void BM_DenseLikelihood(benchmark::State& state) {
  const auto states = static_cast<std::size_t>(state.range(0));
  const double step = 6.0 / static_cast<double>(states);
  std::vector<double> transition(states * states);
  for (std::size_t i = 0; i < states; ++i) {
    double row = 0;
    for (std::size_t j = 0; j < states; ++j) {
      const double z = step * (static_cast<double>(i) - static_cast<double>(j)) / 0.15;
      row += transition[i * states + j] = std::exp(-0.5 * z * z);
    }
    for (std::size_t j = 0; j < states; ++j) transition[i * states + j] /= row;
  }
  for (auto _ : state) {
    std::vector<double> now(states, 1 / static_cast<double>(states));
    std::vector<double> next(states);
    for (int day = 1; day < kDays; ++day) {
      std::fill(next.begin(), next.end(), 0.0);
      for (std::size_t i = 0; i < states; ++i) {
        const double weight = now[i];
        const double* row = &transition[i * states];
        for (std::size_t j = 0; j < states; ++j) next[j] += weight * row[j];
      }
      std::swap(now, next);
    }
    benchmark::DoNotOptimize(now.data());
  }
}
BENCHMARK(BM_DenseLikelihood)->Arg(150)->Arg(300)->Arg(600)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace belgrand::detection

BENCHMARK_MAIN();
