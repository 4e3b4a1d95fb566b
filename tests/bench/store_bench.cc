// What changes as the store grows: appends, duplicate checks, memory, reads, start-up, space.
//
//   store_bench [--rows=2000000] [--cache_mib=64] [--filter_mib=64] [--sites=500]
//   store_bench --file=PATH    only the space that the rows of a file of samples take
//
// One process, no network: batches of 500 from 8 threads go to SampleStore. The rate over the first
// million rows is the baseline of the rate over the last; reads are measured against the same rows
// read in another way in the same run. Every row is new, with the fields of
// tests/bench/intake_load; its identity is not in the order of its arrival.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <string_view>
#include <thread>

#include "platform/base/check.h"
#include "platform/base/clock.h"
#include "platform/base/log.h"
#include "sample/catalogue.h"
#include "sample/sample_file.h"
#include "sample/validate.h"
#include "services/shared/content_hash.h"
#include "services/shared/sample_convert.h"
#include "services/timeseries/convert.h"
#include "services/timeseries/sample_store.h"
#include "tests/support/temp_dir.h"

namespace belgrand::timeseries {
namespace {

using Time = std::chrono::steady_clock;

constexpr int kBatch = 500;
constexpr int kThreads = 8;
constexpr const char* kTargets[] = {"sars-cov-2", "fluav", "flubv", "rsv"};
constexpr std::int64_t kDay = 86'400'000'000;
constexpr std::int64_t kFirst = 1'577'836'800'000'000;  // 2020-01-01

struct Options {
  std::uint64_t rows = 2'000'000;
  std::size_t cache = std::size_t{64} << 20;
  std::size_t filter = std::size_t{64} << 20;
  int sites = 500;
  std::string file = {};
};

double Seconds(Time::time_point since) {
  return std::chrono::duration<double>(Time::now() - since).count();
}

double ResidentMiB() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double DiskBytes(const std::filesystem::path& directory) {
  double bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".sst") bytes += static_cast<double>(entry.file_size());
  }
  return bytes;
}

std::uint64_t Mixed(std::uint64_t n) {
  n = (n ^ (n >> 30U)) * 0xbf58476d1ce4e5b9U;
  n = (n ^ (n >> 27U)) * 0x94d049bb133111ebU;
  return n ^ (n >> 31U);
}

std::string SiteId(int site) { return fmt::format("site-{:05}", site); }

Record Row(std::uint64_t number, int sites) {
  const auto site = static_cast<int>(number % static_cast<std::uint64_t>(sites));
  const std::uint64_t round = number / static_cast<std::uint64_t>(sites);
  const std::uint64_t random = Mixed(number);
  Record row;
  row.set_laboratory_id(fmt::format("laboratory-{}", site % 7));
  // A laboratory's numbers do not tell when a row arrives.
  row.set_sample_id(fmt::format("S{:010}", number * 7'368'787 % 9'999'999'967));
  row.set_site_id(SiteId(site));
  row.set_target(kTargets[round % std::size(kTargets)]);
  const auto day = static_cast<std::int64_t>(round / std::size(kTargets) % 2'000);
  row.set_collected_at_us(kFirst + day * kDay);
  row.set_known_at_us(kFirst + (day + 2) * kDay);
  row.set_value(1'000 + static_cast<double>(random % 1'000'000) / 100);
  row.set_censoring(1);
  row.set_lod(316);
  row.set_loq(968);
  row.set_flow_m3_per_day(5'000 + static_cast<double>(random >> 50U));
  row.set_population_served(20'000 + 37 * site);
  row.set_method_id("rt-qpcr-n1");
  row.set_reported_unit("gc/L");
  row.set_request_id(fmt::format("{:032x}", number / kBatch));
  row.set_content_hash("derived");
  return row;
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options) {
    Open();
    if (!options_.file.empty()) return;
    std::vector<storage::v1::SiteRecord> sites;
    for (int i = 0; i < options_.sites; ++i) {
      sites.emplace_back().set_site_id(SiteId(i));
      sites.back().set_district_id("district");
      sites.back().set_population_served(1000);
    }
    BELGRAND_CHECK(store_->sites().Put(sites, clock_.Now()).ok());
  }

  void Run() {
    fmt::print("block cache {} MiB, filter {} MiB\n{:>12} {:>10} {:>8} {:>9} {:>12}\n",
               options_.cache >> 20U, options_.filter >> 20U, "stored", "rows/s", "cpu us",
               "RSS MiB", "recent MiB");
    Grow();
    Reopen();
    ReadYears("as settled");
    Scan();
    Resend();
    Space(static_cast<double>(options_.rows));
    ReadYears("compacted");
  }

  // Rows as intake would store them, one call a batch, without persons: the published files name
  // none.
  void RunFile() {
    std::ifstream in(options_.file, std::ios::binary);
    auto reader = sample::SampleFileReader::Open(in, std::nullopt);
    if (!reader.ok()) fmt::print(stderr, "{}\n", base::Message(reader.status()));
    BELGRAND_CHECK(reader.ok());
    std::map<std::string, storage::v1::SiteRecord> sites;
    std::vector<Record> rows;
    std::uint64_t refused = 0;
    sample::FileRow from;
    for (auto more = (*reader)->Next(from); more.ok() && *more; more = (*reader)->Next(from)) {
      const sample::Validated judged = sample::Validate(from.row, nullptr, clock_.Now());
      if (!judged.ok()) {
        ++refused;
        continue;
      }
      timeseries::v1::SampleVersion version = shared::ToVersion(*judged.measurement);
      version.set_reported_unit(judged.reported_unit);
      version.set_comment(judged.comment);
      version.set_request_id(fmt::format("{:032x}", Mixed(1 + rows.size() / kBatch)));
      version.set_content_hash(shared::ContentHash(*judged.measurement, "", "", judged.comment));
      storage::v1::SiteRecord& site = sites[version.site_id()];
      site.set_site_id(version.site_id());
      site.set_district_id("district");
      site.set_population_served(1000);
      rows.push_back(ToRecord(std::move(version)));
    }
    std::vector<storage::v1::SiteRecord> all;
    for (const auto& [id, site] : sites) all.push_back(site);
    BELGRAND_CHECK(store_->sites().Put(all, clock_.Now()).ok());
    double stored = 0;
    for (std::size_t at = 0; at < rows.size(); at += kBatch) {
      const auto end = std::min(rows.size(), at + kBatch);
      const auto results = store_->Append({rows.begin() + static_cast<std::ptrdiff_t>(at),
                                           rows.begin() + static_cast<std::ptrdiff_t>(end)},
                                          AppendMode::kCommit, Hashes::kDerived);
      BELGRAND_CHECK(results.ok());
      for (const AppendResult& result : *results) {
        stored += result.outcome == Outcome::kStored ? 1 : 0;
      }
    }
    fmt::print("{}: {} rows stored, {} refused\n", options_.file, stored, refused);
    BELGRAND_CHECK(store_->Settle().ok());
    Space(stored);
  }

 private:
  void Open() {
    storage::StoreOptions options = LayoutOptions(directory_.path() / "db");
    options.block_cache_bytes = options_.cache;
    auto store = SampleStore::Open(options, clock_, {.filter_bytes = options_.filter});
    if (!store.ok()) fmt::print(stderr, "{}\n", base::Message(store.status()));
    BELGRAND_CHECK(store.ok());
    store_ = std::move(*store);
  }

  // Appends rows [from, to); rows a second.
  double Append(std::uint64_t from, std::uint64_t to, Outcome expected) {
    std::atomic<std::uint64_t> next = from;
    const auto started = Time::now();
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (;;) {
          const std::uint64_t first = next.fetch_add(kBatch);
          if (first >= to) return;
          std::vector<Record> rows;
          rows.reserve(kBatch);
          for (std::uint64_t n = first; n < first + kBatch; ++n) {
            rows.push_back(Row(n, options_.sites));
            // Only known rows are compared; making the hash is the work of intake.
            if (expected == Outcome::kDuplicate) {
              rows.back().clear_content_hash();
              rows.back().set_content_hash(ContentHashOf(rows.back()));
            }
          }
          const auto results =
              store_->Append(std::move(rows), AppendMode::kCommit, Hashes::kDerived);
          BELGRAND_CHECK(results.ok() && results->front().outcome == expected);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return static_cast<double>(to - from) / Seconds(started);
  }

  void Grow() {
    const std::uint64_t step = std::min<std::uint64_t>(options_.rows, 1'000'000);
    double first = 0;
    double last = 0;
    double window = 0;
    double cpu = CpuSeconds();
    double first_cpu = 0;
    double last_cpu = 0;  // a row, since the line before; all threads, making the rows included
    std::uint64_t told = 0;
    for (std::uint64_t at = 0; at < options_.rows; at += step) {
      window = Append(at, std::min(at + step, options_.rows), Outcome::kStored);
      if (at == 0) first = window;
      last = window;
      const std::uint64_t stored = at + step;
      if ((stored & (stored - 1)) == 0 || stored % (10 * step) == 0 || stored <= 4 * step) {
        const double now = CpuSeconds();
        last_cpu = 1e6 * (now - cpu) / static_cast<double>(stored - told);
        if (at == 0) first_cpu = last_cpu;
        cpu = now;
        told = stored;
        fmt::print("{:>12} {:>10.0f} {:>8.2f} {:>9.0f} {:>12.1f}\n", stored, window, last_cpu,
                   ResidentMiB(), static_cast<double>(store_->RecentBytes()) / (1 << 20));
        std::fflush(stdout);
      }
    }
    fmt::print(
        "last million against the first: {:.2f} (aim 0.8); rows per processor second, last line "
        "against the first: {:.2f}\n",
        last / first, first_cpu / last_cpu);
  }

  void Reopen() {
    store_.reset();
    const auto started = Time::now();
    Open();
    fmt::print("start-up with {} rows: {:.2f} s (aim 2)\n", store_->NewestFeed(), Seconds(started));
  }

  void ReadYears(std::string_view state) {
    BELGRAND_CHECK(store_->Settle().ok());
    // Once before, so that neither of the two finds what the other has brought into the cache.
    Read("", false);
    const double plain = Read("year of one site and target", false);
    const double as_of = Read("the same, as of the middle", true);
    fmt::print("{}: as_of is {:.2f} times the plain read (aim at most 1.5)\n", state,
               as_of / plain);
  }

  // The median, ms.
  double Read(std::string_view what, bool as_of_middle) {
    const auto middle = store_->ReadFeed(store_->NewestFeed() / 2, 1);
    BELGRAND_CHECK(middle.ok());
    std::vector<double> times;
    std::uint64_t rows = 0;
    for (int i = 0; i < 400; ++i) {
      SeriesQuery query{.site_id = SiteId(i % options_.sites), .target = kTargets[0]};
      query.from = base::FromMicros(kFirst);
      query.to = base::FromMicros(kFirst + 365 * kDay);
      if (as_of_middle) query.as_of = base::FromMicros(middle->records.at(0).recorded_at_us());
      const auto started = Time::now();
      auto reader = store_->ReadSeries(query);
      BELGRAND_CHECK(reader.ok());
      for (auto page = reader->Next(500); page.ok() && !page->empty(); page = reader->Next(500)) {
        rows += page->size();
      }
      times.push_back(1e3 * Seconds(started));
    }
    std::sort(times.begin(), times.end());
    if (!what.empty()) {
      fmt::print("{}: {} rows, p50 {:.3f} ms, p99 {:.3f} ms\n", what, rows / times.size(),
                 times[times.size() / 2], times[times.size() * 99 / 100]);
    }
    return times[times.size() / 2];
  }

  // Against the engine's own iterator over the same rows, one value each as format 1 had them.
  void Scan() {
    const std::uint64_t rows = std::min<std::uint64_t>(options_.rows, 1'000'000);
    storage::StoreOptions options;
    options.directory = directory_.path() / "rows";
    options.families = {"rows"};
    options.block_cache_bytes = options_.cache;
    auto plain = storage::Store::Open(options);
    BELGRAND_CHECK(plain.ok());
    for (std::uint64_t n = 0; n < rows; n += kBatch) {
      storage::Batch batch;
      for (std::uint64_t i = n; i < n + kBatch; ++i) {
        const Record row = Row(i, options_.sites);
        std::string key = SeriesPrefix(row.site_id(), row.target());
        key += row.sample_id();
        batch.Put(0, key, row.SerializeAsString());
      }
      BELGRAND_CHECK((*plain)->Write(batch).ok());
    }
    BELGRAND_CHECK((*plain)->CompactAll().ok());
    double best_plain = 0;
    double best_ours = 0;
    std::uint64_t bytes = 0;
    for (int round = 0; round < 3; ++round) {
      auto started = Time::now();
      std::uint64_t count = 0;
      for (auto cursor = (*plain)->Scan(0, "", ""); cursor.Valid(); cursor.Next()) {
        bytes += cursor.value().size();
        ++count;
      }
      best_plain = std::max(best_plain, static_cast<double>(count) / Seconds(started));
      started = Time::now();
      count = 0;
      double sum = 0;
      BELGRAND_CHECK(store_
                         ->ScanSeries([&](const RowChunk& chunk, std::size_t row) {
                           sum += chunk.real(row, Record::kValueFieldNumber);
                           ++count;
                         })
                         .ok());
      BELGRAND_CHECK(sum > 0);
      best_ours = std::max(best_ours, static_cast<double>(count) / Seconds(started));
    }
    BELGRAND_CHECK(bytes > 0);
    fmt::print(
        "scan of everything: {:.2f} M rows/s, the engine's iterator over single rows {:.2f} "
        "M/s, ratio {:.2f} (aim 0.5)\n",
        best_ours / 1e6, best_plain / 1e6, best_ours / best_plain);
  }

  // Batches that were stored long ago, with a cache far smaller than the data.
  void Resend() {
    const std::uint64_t rows = std::min<std::uint64_t>(options_.rows, 100'000);
    const double rate = Append(0, rows, Outcome::kDuplicate);
    fmt::print("the oldest {} rows sent again: {:.0f} rows/s\n", rows, rate);
  }

  void Space(double rows) {
    const double before = DiskBytes(directory_.path() / "db");
    const auto started = Time::now();
    BELGRAND_CHECK(store_->Compact().ok());
    const double seconds = Seconds(started);
    const double after = DiskBytes(directory_.path() / "db");
    fmt::print("space: {:.1f} bytes a row, {:.1f} after compaction ({:.1f} s)\n", before / rows,
               after / rows, seconds);
  }

  const Options options_;
  testing::TempDir directory_;
  const base::Clock& clock_ = base::Clock::System();
  std::unique_ptr<SampleStore> store_;
};

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const auto number = [&](std::string_view name, auto& value, std::size_t unit) {
      if (!argument.starts_with(name)) return;
      value = static_cast<std::remove_reference_t<decltype(value)>>(
          std::strtoull(argv[i] + name.size(), nullptr, 10) * unit);
    };
    number("--rows=", options.rows, 1);
    number("--cache_mib=", options.cache, std::size_t{1} << 20);
    number("--filter_mib=", options.filter, std::size_t{1} << 20);
    number("--sites=", options.sites, 1);
    if (argument.starts_with("--file=")) options.file = argument.substr(7);
    // What the smoke test gives every bench.
    if (argument.starts_with("--benchmark_min_time=")) options.rows = 20'000;
  }
  return options;
}

}  // namespace
}  // namespace belgrand::timeseries

int main(int argc, char** argv) {
  using belgrand::timeseries::Bench;
  belgrand::base::SetLogLevel(belgrand::base::LogLevel::kWarning);
  const auto options = belgrand::timeseries::Parse(argc, argv);
  Bench bench(options);
  options.file.empty() ? bench.Run() : bench.RunFile();
}
