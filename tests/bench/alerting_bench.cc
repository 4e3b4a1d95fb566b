// What the book of alerts costs beside the bare writes it makes.
//
// Each pair does the same durable writes (same families, keys and sizes): once through AlertBook,
// once straight to the store. The counter "of_raw" of an AlertBook run is its rate divided by the
// raw one: 1 would be a book that costs nothing. A disk is measured here, so the figures are of the
// machine and the temporary directory (TMPDIR) they ran on.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "alerting/book.h"
#include "platform/base/check.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/alerting/signals.h"

namespace belgrand::alerting {
namespace {

using testing::MakeSignal;
using testing::Signal;

constexpr int kDistricts = 1'500;
constexpr int kEvidenceSamples = 20;
struct Shelf {
  belgrand::testing::TempDir dir;
  base::FakeClock clock{base::FromMicros(1'700'000'000'000'000)};
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<AlertBook> book;

  Shelf() {
    auto opened = OpenAlertStore(dir.path() / "alerting");
    BELGRAND_CHECK(opened.ok());
    store = *std::move(opened);
    auto made = AlertBook::Open(*store, clock, {{{"console", {}}}, "bench"});
    BELGRAND_CHECK(made.ok());
    book = *std::move(made);
  }
};

Signal SignalOf(int district, Signal::Phase phase, std::uint64_t feed) {
  const std::string name = "district-" + std::to_string(district);
  Signal signal = MakeSignal({.area = name, .phase = phase, .feed = feed, .district = name});
  for (int i = 0; i < kEvidenceSamples; ++i) {
    auto& sample = *signal.mutable_evidence()->add_samples();
    sample.set_laboratory_id("laboratory-1");
    sample.set_sample_id("sample-" + std::to_string(100'000 + i));
    sample.set_site_id("site-" + std::to_string(i));
    sample.set_value(12'345.6);
    sample.set_expected_log10(3.5);
    sample.set_residual(2.5);
  }
  return signal;
}

// Bytes of what one signal leaves behind, taken from a real book.
struct Sizes {
  std::size_t alert;
  std::size_t event;
  std::size_t delivery;
};

Sizes MeasureSizes() {
  Shelf shelf;
  const Signal signal = SignalOf(700, Signal::RAISED, 1);
  const Signal* pointer = &signal;
  BELGRAND_CHECK(shelf.book->Apply({&pointer, 1}).ok());
  const auto event = shelf.book->Event(1);
  const auto pending = shelf.book->Pending("console", 0);
  BELGRAND_CHECK(event.ok() && pending.ok() && pending->size() == 1);
  return {event->alert().ByteSizeLong(), event->ByteSizeLong(), pending->front().ByteSizeLong()};
}

// What AlertBook writes for one signal that officials are told of.
void PutRaw(storage::Batch& batch, const Sizes& sizes, int district, std::uint64_t sequence) {
  const std::string name = "district-" + std::to_string(district);
  const std::string key = AlertRecordKey({name, "SARS-CoV-2", "trend"});
  batch.Put(kEvents, EventKey(sequence), std::string(sizes.event, 'e'));
  batch.Put(kHistory, HistoryKey(key, sequence), "");
  batch.Put(kDeliveries, DeliveryKey(sequence, "console"), std::string(sizes.delivery, 'd'));
  batch.Put(kPending, QueueKey("console", sequence), "");
  batch.Put(kAlerts, key, std::string(sizes.alert, 'a'));
}

double raw_single_rate = 0;
double raw_burst_rate = 0;

// Rate of the whole run, from the seconds measured inside the loop.
double Note(benchmark::State& state, double items, double seconds) {
  const double rate = items / seconds;
  state.counters["signals/s"] = rate;
  return rate;
}

double Seconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

void RawOneByOne(benchmark::State& state) {
  const Sizes sizes = MeasureSizes();
  Shelf shelf;
  std::uint64_t sequence = 0;
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) {
    storage::Batch batch;
    const int district = static_cast<int>(sequence++ % kDistricts);
    PutRaw(batch, sizes, district, sequence);
    batch.Put(kMeta, NextSequenceMetaKey(), EncodeNumber(sequence + 1));
    BELGRAND_CHECK(shelf.store->Write(batch).ok());
  }
  raw_single_rate = Note(state, static_cast<double>(state.iterations()), Seconds(start));
}
BENCHMARK(RawOneByOne)->UseRealTime();

// Every signal opens, resolves or reopens an alert.
void SignalsOneByOne(benchmark::State& state) {
  Shelf shelf;
  std::uint64_t feed = 0;
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) {
    const auto phase = (feed / kDistricts) % 2 == 0 ? Signal::RAISED : Signal::CLEARED;
    const Signal signal = SignalOf(static_cast<int>(feed % kDistricts), phase, feed + 1);
    ++feed;
    const Signal* pointer = &signal;
    const auto applied = shelf.book->Apply({&pointer, 1});
    BELGRAND_CHECK(applied.ok() && *applied == 1);
  }
  const double rate = Note(state, static_cast<double>(state.iterations()), Seconds(start));
  if (raw_single_rate > 0) state.counters["of_raw"] = rate / raw_single_rate;
}
BENCHMARK(SignalsOneByOne)->UseRealTime();

void RawAtOnce(benchmark::State& state) {
  const Sizes sizes = MeasureSizes();
  Shelf shelf;
  std::uint64_t sequence = 0;
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) {
    storage::Batch batch;
    for (int i = 0; i < kDistricts; ++i) PutRaw(batch, sizes, i, ++sequence);
    BELGRAND_CHECK(shelf.store->Write(batch).ok());
  }
  raw_burst_rate =
      Note(state, static_cast<double>(state.iterations()) * kDistricts, Seconds(start));
}
BENCHMARK(RawAtOnce)->UseRealTime()->Unit(benchmark::kMillisecond);

// All districts of a large country alarm in one report, again and again.
void DistrictsAlarmAtOnce(benchmark::State& state) {
  Shelf shelf;
  std::uint64_t round = 0;
  double seconds = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto phase = round++ % 2 == 0 ? Signal::RAISED : Signal::CLEARED;
    std::vector<Signal> signals;
    for (int i = 0; i < kDistricts; ++i) signals.push_back(SignalOf(i, phase, round));
    std::vector<const Signal*> pointers;
    for (const Signal& signal : signals) pointers.push_back(&signal);
    state.ResumeTiming();
    const auto start = std::chrono::steady_clock::now();
    const auto applied = shelf.book->Apply(pointers);
    seconds += Seconds(start);
    BELGRAND_CHECK(applied.ok() && *applied == kDistricts);
  }
  BELGRAND_CHECK(shelf.book->newest_sequence() == round * kDistricts);
  const double rate = Note(state, static_cast<double>(state.iterations()) * kDistricts, seconds);
  if (raw_burst_rate > 0) state.counters["of_raw"] = rate / raw_burst_rate;
}
BENCHMARK(DistrictsAlarmAtOnce)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace belgrand::alerting

BENCHMARK_MAIN();
