// What the erasure of one person costs in a large database of samples.
//
//   erasure_bench [--rows=1000000] [--persons=200]
//
// One process, no network. Every row names a sampler and an analyst, sealed; rows are appended 500
// at a time and share their seals, as intake stores them. One sampler is erased: the walk that
// counts, the search that must find them, the clearing with the rewrite of the files, and the
// search that must not. The same for dropping one key among as many persons.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <string_view>

#include "compliance/keyring.h"
#include "platform/base/check.h"
#include "platform/base/clock.h"
#include "services/timeseries/sample_store.h"
#include "tests/support/temp_dir.h"

namespace belgrand::timeseries {
namespace {

using Time = std::chrono::steady_clock;

constexpr std::uint64_t kBatch = 500;
constexpr int kSites = 200;
constexpr std::int64_t kDay = 86'400'000'000;
constexpr std::int64_t kFirst = 1'577'836'800'000'000;  // 2020-01-01

struct Options {
  std::uint64_t rows = 1'000'000;
  std::uint64_t persons = 200;
};

double Seconds(Time::time_point since) {
  return std::chrono::duration<double>(Time::now() - since).count();
}

std::string SiteId(std::uint64_t site) { return fmt::format("site-{:03}", site); }

Record Row(std::uint64_t number) {
  Record row;
  row.set_laboratory_id("laboratory-1");
  row.set_sample_id(fmt::format("S{:010}", number));
  row.set_site_id(SiteId(number % kSites));
  row.set_target("sars-cov-2");
  row.set_collected_at_us(kFirst + static_cast<std::int64_t>(number / kSites % 2'000) * kDay);
  row.set_value(1'000 + static_cast<double>(number * 7'368'787 % 1'000'000) / 100);
  row.set_censoring(1);
  row.set_lod(316);
  row.set_loq(968);
  row.set_method_id("rt-qpcr-n1");
  row.set_reported_unit("gc/L");
  row.set_request_id(fmt::format("{:032x}", number / kBatch));
  row.set_content_hash("given");
  return row;
}

std::string SealFor(compliance::Keyring& keyring, const std::string& name, std::uint64_t call,
                    std::string* reference = nullptr) {
  const compliance::PlainValue value{1, "laboratory-1", name, fmt::format("place/{}", call)};
  const auto sealed = keyring.Seal(std::span(&value, 1));
  BELGRAND_CHECK(sealed.ok());
  if (reference != nullptr) *reference = sealed->front().subject_ref;
  return sealed->front().sealed;
}

void Fill(SampleStore& store, compliance::Keyring& keyring, const Options& options) {
  std::vector<storage::v1::SiteRecord> sites;
  for (std::uint64_t i = 0; i < kSites; ++i) {
    sites.emplace_back().set_site_id(SiteId(i));
    sites.back().set_district_id("district");
    sites.back().set_population_served(1000);
  }
  BELGRAND_CHECK(store.sites().Put(sites, base::Clock::System().Now()).ok());
  for (std::uint64_t at = 0; at < options.rows; at += kBatch) {
    const std::uint64_t call = at / kBatch;
    const std::string sampler =
        SealFor(keyring, fmt::format("sampler {}", call % options.persons), call);
    const std::string analyst =
        SealFor(keyring, fmt::format("analyst {}", call % (options.persons / 10 + 1)), call);
    std::vector<Record> rows;
    for (std::uint64_t i = at; i < std::min(at + kBatch, options.rows); ++i) {
      Record& row = rows.emplace_back(Row(i));
      row.set_sampled_by_sealed(sampler);
      row.set_analysed_by_sealed(analyst);
    }
    BELGRAND_CHECK(store.Append(std::move(rows)).ok());
  }
}

void PrintSearch(const char* when, const storage::SearchFacts& facts, double seconds) {
  fmt::print("{:<32} {:>8.2f} s   {} hits in {:.0f} MiB unpacked, {} hits in {:.0f} MiB of files\n",
             when, seconds, facts.values.hits.at(0),
             static_cast<double>(facts.values.bytes) / (1 << 20), facts.raw.hits.at(0),
             static_cast<double>(facts.raw.bytes) / (1 << 20));
}

void Run(const Options& options) {
  const belgrand::testing::TempDir directory;
  auto keyring = compliance::Keyring::OpenDirectory({directory.path() / "keys"}).value();
  auto store =
      SampleStore::Open(LayoutOptions(directory.path() / "timeseries"), base::Clock::System())
          .value();
  auto started = Time::now();
  Fill(*store, *keyring, options);
  fmt::print("{} rows of {} persons stored in {:.1f} s\n", options.rows, keyring->size(),
             Seconds(started));
  std::string reference;
  SealFor(*keyring, "sampler 0", 0, &reference);
  compliance::v1::PersonToErase person;
  person.set_subject_ref(reference);
  const auto matcher = shared::PersonMatcher::Make({person}, "").value();

  started = Time::now();
  const auto found = store->FindPersons(matcher).value();
  fmt::print("{:<32} {:>8.2f} s   {} fields\n", "walk that counts", Seconds(started),
             found.at(0).count());
  started = Time::now();
  const auto before = store->SearchFiles({reference}).value();
  PrintSearch("search before", before, Seconds(started));
  BELGRAND_CHECK(before.values.hits.at(0) > 0);
  started = Time::now();
  BELGRAND_CHECK(keyring->Drop(reference).ok());
  fmt::print("{:<32} {:>8.4f} s   {} persons left\n", "key dropped, epoch changed",
             Seconds(started), keyring->size());
  started = Time::now();
  const auto erased = store->ErasePersons(matcher).value();
  fmt::print("{:<32} {:>8.2f} s   {} fields\n", "cleared and files rewritten", Seconds(started),
             erased.at(0).count());
  BELGRAND_CHECK(erased.at(0).count() == found.at(0).count());
  started = Time::now();
  const auto after = store->SearchFiles({reference}).value();
  PrintSearch("search after", after, Seconds(started));
  BELGRAND_CHECK(after.values.hits.at(0) + after.logs.hits.at(0) + after.manifests.hits.at(0) +
                     after.raw.hits.at(0) ==
                 0);
}

}  // namespace
}  // namespace belgrand::timeseries

int main(int argc, char** argv) {
  belgrand::timeseries::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument(argv[i]);
    const auto value = [&] {
      return std::strtoull(argument.substr(argument.find('=') + 1).data(), nullptr, 10);
    };
    if (argument.starts_with("--rows=")) {
      options.rows = value();
    } else if (argument.starts_with("--persons=")) {
      options.persons = value();
    } else if (argument.starts_with("--benchmark_")) {
      options.rows = 5'000;  // the smoke test
    } else {
      fmt::print(stderr, "erasure_bench [--rows=N] [--persons=N]\n");
      return 2;
    }
  }
  belgrand::timeseries::Run(options);
  return 0;
}
