// What one sample costs: in order, late, and in a district of many sites.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "detection/engine.h"
#include "detection/simulate.h"
#include "tests/support/simulated_feed.h"

namespace belgrand::detection {
namespace {

std::vector<Observation> Feed(int sites, int days) {
  SimulationOptions options;
  options.districts = 1;
  options.sites = sites;
  options.days = days;
  return testing::ObservationsOf(Simulate(options).value());
}

void Play(benchmark::State& state, const std::vector<Observation>& feed) {
  std::size_t samples = 0;
  for (auto _ : state) {
    auto engine = Engine::Create().value();
    for (const Observation& o : feed) benchmark::DoNotOptimize(engine->OnSample(o));
    samples += feed.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(samples));
}

// Results come one to six days after collection: most samples take their place in the past.
void BM_LateSamples(benchmark::State& state) {
  const std::vector<Observation> feed = Feed(static_cast<int>(state.range(0)), 365);
  Play(state, feed);
}
BENCHMARK(BM_LateSamples)->Arg(1)->Arg(10)->Arg(40)->Unit(benchmark::kMillisecond);

void BM_SamplesInOrder(benchmark::State& state) {
  std::vector<Observation> feed = Feed(static_cast<int>(state.range(0)), 365);
  std::stable_sort(feed.begin(), feed.end(), [](const Observation& a, const Observation& b) {
    return a.measurement.collected_at < b.measurement.collected_at;
  });
  Play(state, feed);
}
BENCHMARK(BM_SamplesInOrder)->Arg(1)->Arg(10)->Arg(40)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace belgrand::detection

BENCHMARK_MAIN();
