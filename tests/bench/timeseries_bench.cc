// Durable appends and reads of the time series.
//
// AppendBatchOf500 is measured against RawWriteOfTheSameBytes: the same value of the log, made
// beforehand and written through platform/storage without any decision. The ratio of the two is
// what encoding, versions, duplicates and settling cost. Both sync every batch.
// tests/bench/store_bench.cc measures what changes with many rows.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "platform/base/check.h"
#include "platform/base/clock.h"
#include "platform/storage/store.h"
#include "services/timeseries/row_chunk.h"
#include "services/timeseries/sample_store.h"
#include "tests/support/temp_dir.h"

namespace belgrand::timeseries {
namespace {

constexpr int kBatch = 500;
constexpr int kSites = 500;
constexpr int kDaysPerYear = 365;

std::string SiteId(int site) { return fmt::format("site-{:04}", site); }

// One row of each site, as a laboratory sends them: day by day.
Record Row(int site, int day, int run) {
  Record row;
  row.set_laboratory_id("laboratory-1");
  row.set_sample_id(fmt::format("{}-{:04}-{}", run, day, site));
  row.set_site_id(SiteId(site));
  row.set_target("sars-cov-2");
  row.set_collected_at_us(base::ToMicros(base::Instant(std::chrono::days(18000 + day))));
  row.set_value(1000.0 + site * 17 + day);
  row.set_censoring(1);
  row.set_lod(100);
  row.set_loq(300);
  row.set_flow_m3_per_day(25000.0 + site);
  row.set_method_id("method-1");
  row.set_reported_unit("gc/L");
  row.set_request_id("0123456789abcdef0123456789abcdef");
  row.set_content_hash(fmt::format("{:016x}{:016x}", site * 7919 + day, run));
  return row;
}

std::vector<Record> BatchOf(int day, int run) {
  std::vector<Record> rows;
  rows.reserve(kBatch);
  for (int site = 0; site < kBatch; ++site) rows.push_back(Row(site % kSites, day, run));
  return rows;
}

struct Fixture {
  Fixture() : store(Open()) {
    std::vector<storage::v1::SiteRecord> sites;
    for (int i = 0; i < kSites; ++i) {
      sites.emplace_back().set_site_id(SiteId(i));
      sites.back().set_district_id("district");
      sites.back().set_population_served(1000);
    }
    BELGRAND_CHECK(store->sites().Put(sites, clock.Now()).ok());
  }
  std::unique_ptr<SampleStore> Open() const {
    auto opened = SampleStore::Open(LayoutOptions(directory.path() / "db"), clock);
    BELGRAND_CHECK(opened.ok());
    return std::move(*opened);
  }
  void AppendYear() {
    for (int day = 0; day < kDaysPerYear; ++day) {
      BELGRAND_CHECK(store->Append(BatchOf(day, 0)).ok());
    }
    BELGRAND_CHECK(store->Settle().ok());
  }
  testing::TempDir directory;
  const base::Clock& clock = base::Clock::System();
  std::unique_ptr<SampleStore> store;
};

void AppendBatchOf500(benchmark::State& state) {
  static std::unique_ptr<Fixture> fixture;
  if (state.thread_index() == 0) fixture = std::make_unique<Fixture>();
  int day = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Record> rows = BatchOf(day++, state.thread_index() + 1);
    state.ResumeTiming();
    const auto results = fixture->store->Append(std::move(rows));
    BELGRAND_CHECK(results.ok() && results->front().outcome == Outcome::kStored);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
  if (state.thread_index() == 0) fixture.reset();
}
BENCHMARK(AppendBatchOf500)->UseRealTime()->Threads(1)->Threads(8);

void RawWriteOfTheSameBytes(benchmark::State& state) {
  struct Raw {
    testing::TempDir directory;
    std::unique_ptr<storage::Store> store =
        std::move(*storage::Store::Open(LayoutOptions(directory.path() / "db")));
  };
  static std::unique_ptr<Raw> raw;
  if (state.thread_index() == 0) raw = std::make_unique<Raw>();
  int day = 0;
  std::uint64_t number = static_cast<std::uint64_t>(state.thread_index()) << 40;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Record> rows = BatchOf(day++, state.thread_index() + 1);
    std::vector<const Record*> pointers;
    for (Record& row : rows) {
      row.set_version(1);
      row.set_recorded_at_us(row.collected_at_us());
      row.set_feed_sequence(++number);
      pointers.push_back(&row);
    }
    storage::Batch batch;
    batch.Put(kLogFamily, FeedKey(number), EncodeRows(pointers));
    state.ResumeTiming();
    BELGRAND_CHECK(raw->store->Write(batch).ok());
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
  if (state.thread_index() == 0) raw.reset();
}
BENCHMARK(RawWriteOfTheSameBytes)->UseRealTime()->Threads(1)->Threads(8);

// What a chatty client costs: 64 of them share decisions and syncs.
void AppendOneRow(benchmark::State& state) {
  static std::unique_ptr<Fixture> fixture;
  if (state.thread_index() == 0) fixture = std::make_unique<Fixture>();
  int day = 0;
  for (auto _ : state) {
    BELGRAND_CHECK(fixture->store->Append({Row(day % kSites, day, state.thread_index() + 1)}).ok());
    ++day;
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) fixture.reset();
}
BENCHMARK(AppendOneRow)->UseRealTime()->Threads(1)->Threads(64);

void ResendBatchOf500(benchmark::State& state) {
  Fixture fixture;
  const std::vector<Record> rows = BatchOf(0, 1);
  BELGRAND_CHECK(fixture.store->Append(rows).ok());
  for (auto _ : state) {
    const auto results = fixture.store->Append(rows);
    BELGRAND_CHECK(results.ok() && results->front().outcome == Outcome::kDuplicate);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(ResendBatchOf500)->UseRealTime();

enum class AsOf { kNow, kHalfTime };

void ReadSiteYear(benchmark::State& state, AsOf as_of) {
  static const auto fixture = [] {
    auto built = std::make_unique<Fixture>();
    built->AppendYear();
    return built;
  }();
  // The state while half of the year had been recorded.
  const auto middle = fixture->store->ReadFeed(kBatch * (kDaysPerYear / 2), 1);
  BELGRAND_CHECK(middle.ok());
  std::int64_t rows = 0;
  int site = 0;
  for (auto _ : state) {
    SeriesQuery query{.site_id = SiteId(site++ % kSites), .target = "sars-cov-2"};
    if (as_of == AsOf::kHalfTime) {
      query.as_of = base::FromMicros(middle->records.at(0).recorded_at_us());
    }
    auto reader = fixture->store->ReadSeries(query);
    BELGRAND_CHECK(reader.ok());
    for (auto page = reader->Next(500); page.ok() && !page->empty(); page = reader->Next(500)) {
      rows += static_cast<std::int64_t>(page->size());
    }
  }
  state.SetItemsProcessed(rows);
}
BENCHMARK_CAPTURE(ReadSiteYear, Plain, AsOf::kNow);
BENCHMARK_CAPTURE(ReadSiteYear, AsOfHalfTime, AsOf::kHalfTime);

}  // namespace
}  // namespace belgrand::timeseries

BENCHMARK_MAIN();
