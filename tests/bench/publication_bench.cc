// A release of a whole country: 1,500 sites, 100 districts, 52 weeks; the first one, and a later
// one beside it. What it costs to judge every number against the attacker.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>

#include "platform/base/check.h"
#include "publication/release.h"
#include "tests/unit/publication/country.h"

namespace belgrand::publication {
namespace {

constexpr int kSites = 1'500;
constexpr int kDistricts = 100;

int Weeks() {
  const char* weeks = std::getenv("BELGRAND_BENCH_WEEKS");
  return weeks == nullptr ? 1 : std::atoi(weeks);
}

ReleaseOptions Options(bool with_sites) {
  ReleaseOptions options;
  options.plan.publication_day = *base::ParseDay("2025-06-01");
  if (with_sites) options.plan.sites = PlanOptions::Sites::kWhereAllowed;
  return options;
}

Release Publish(const std::vector<SiteWeek>& weeks, const std::vector<Record>& records,
                const ReleaseOptions& options) {
  NoiseSource noise([](void* out, std::size_t size) { std::memset(out, 0, size); });
  auto release = Compose(weeks, records, options, noise);
  BELGRAND_CHECK(release.ok());
  return *std::move(release);
}

void Report(benchmark::State& state, const Release& release) {
  const auto count = [&](Verdict verdict) {
    return static_cast<double>(
        std::count_if(release.plan.cells.begin(), release.plan.cells.end(),
                      [&](const Cell& cell) { return cell.verdict == verdict; }));
  };
  state.counters["released"] = count(Verdict::kReleased);
  state.counters["secondary"] = count(Verdict::kSecondary);
  state.counters["protected"] = static_cast<double>(release.attack.protected_contributions);
  state.counters["won_without"] = static_cast<double>(release.attack.won_without);
  state.counters["attacks"] = static_cast<double>(release.attack.attacks);
}

void BM_FirstReleaseOfACountry(benchmark::State& state) {
  const auto weeks = Country(1, kSites, kDistricts).Weeks(0, Weeks(), 90);
  const auto options = Options(state.range(0) == 1);
  Release release;
  for (auto _ : state) release = Publish(weeks, {}, options);
  Report(state, release);
}
BENCHMARK(BM_FirstReleaseOfACountry)
    ->ArgName("with_sites")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond);

void BM_LateResultsOfACountry(benchmark::State& state) {
  const Country country(1, kSites, kDistricts);
  const auto options = Options(state.range(0) == 1);
  const Record first = Publish(country.Weeks(0, Weeks(), 90), {}, options).record;
  const auto weeks = country.Weeks(0, Weeks());
  Release release;
  for (auto _ : state) release = Publish(weeks, {first}, options);
  Report(state, release);
}
BENCHMARK(BM_LateResultsOfACountry)
    ->ArgName("with_sites")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace belgrand::publication

BENCHMARK_MAIN();
