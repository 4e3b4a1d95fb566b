// What one sample costs: in order, late, and in a district of many sites.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "detection/engine.h"
#include "detection/simulate.h"

namespace belgrand::detection {
namespace {

std::vector<Observation> Feed(int sites, int days) {
  SimulationOptions options;
  options.districts = 1;
  options.sites = sites;
  options.days = days;
  const Simulation simulation = Simulate(options).value();
  std::vector<Observation> observations;
  for (const SimulatedSample& sample : simulation.samples) {
    Observation o;
    o.measurement = sample.measurement;
    o.district_id = simulation.sites[sample.site].district_id;
    o.population = simulation.sites[sample.site].population_served;
    o.known_at = *sample.measurement.known_at;
    o.feed_sequence = observations.size() + 1;
    observations.push_back(std::move(o));
  }
  return observations;
}

// Results come one to six days after collection: most samples take their place in the past.
void BM_LateSamples(benchmark::State& state) {
  const std::vector<Observation> feed = Feed(static_cast<int>(state.range(0)), 365);
  std::size_t samples = 0;
  for (auto _ : state) {
    auto engine = Engine::Create().value();
    for (const Observation& o : feed) benchmark::DoNotOptimize(engine->OnSample(o));
    samples += feed.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(samples));
}
BENCHMARK(BM_LateSamples)->Arg(1)->Arg(10)->Arg(40)->Unit(benchmark::kMillisecond);

void BM_SamplesInOrder(benchmark::State& state) {
  std::vector<Observation> feed = Feed(static_cast<int>(state.range(0)), 365);
  std::stable_sort(feed.begin(), feed.end(), [](const Observation& a, const Observation& b) {
    return a.measurement.collected_at < b.measurement.collected_at;
  });
  std::size_t samples = 0;
  for (auto _ : state) {
    auto engine = Engine::Create().value();
    for (const Observation& o : feed) benchmark::DoNotOptimize(engine->OnSample(o));
    samples += feed.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(samples));
}
BENCHMARK(BM_SamplesInOrder)->Arg(1)->Arg(10)->Arg(40)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace belgrand::detection

BENCHMARK_MAIN();
