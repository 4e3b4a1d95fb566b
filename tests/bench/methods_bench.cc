// What the judgement of one more sample costs, detector by detector, on average over a year (and
// five) of one site or a district of ten: the whole engine, filters of site and district included,
// with that one detector.
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
  std::vector<Observation> feed = testing::ObservationsOf(Simulate(options).value());
  std::stable_sort(feed.begin(), feed.end(), [](const Observation& a, const Observation& b) {
    return a.measurement.collected_at < b.measurement.collected_at;
  });
  return feed;
}

void Play(benchmark::State& state, const std::string& detector) {
  const std::vector<Observation> feed =
      Feed(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  std::size_t samples = 0;
  for (auto _ : state) {
    auto engine = Engine::Create({detector}).value();
    for (const Observation& o : feed) benchmark::DoNotOptimize(engine->OnSample(o));
    samples += feed.size();
  }
  state.counters["per_sample"] = benchmark::Counter(
      static_cast<double>(samples), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

const bool kRegistered = [] {
  for (const auto& detector : RegisteredDetectors()) {
    const std::string name = detector->info().name;
    const int sites = detector->info().level == AreaLevel::kSite ? 1 : 10;
    auto* bench =
        benchmark::RegisterBenchmark(("BM_OneMoreSample/" + name).c_str(),
                                     [name](benchmark::State& state) { Play(state, name); });
    bench->Args({sites, 365})->Unit(benchmark::kMillisecond);
    // Those that compare with earlier years have more to read.
    if (detector->info().past == Past::kKeep) bench->Args({sites, 5 * 365});
  }
  return true;
}();

}  // namespace
}  // namespace belgrand::detection

BENCHMARK_MAIN();
