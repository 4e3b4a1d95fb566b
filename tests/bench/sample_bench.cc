// What judging a row costs: reading it from CSV, and validating it. Rows a second are "items".
#include <benchmark/benchmark.h>

#include <sstream>
#include <string>

#include "platform/base/check.h"
#include "sample/catalogue.h"
#include "sample/sample_csv.h"
#include "sample/sample_file.h"
#include "sample/validate.h"

namespace belgrand::sample {
namespace {

constexpr int kRows = 10'000;
constexpr int kSites = 160;

std::string MakeFile() {
  std::string text = std::string(kSampleCsvHeader) + "\n";
  for (int i = 0; i < kRows; ++i) {
    const int site = i % kSites;
    text += fmt::format(
        "S-{},Site {},District {},{},2021-01-{:02},2021-02-{:02},N1,{}.25,gc/L,none,1316,11368,{},"
        "lab-a,qpcr-n1\n",
        i, site, site % 14, 10000 + site, i % 28 + 1, i % 28 + 1, 20000 + i, 2000 + site);
  }
  return text;
}

struct Loaded {
  std::vector<FileRow> rows;
  Catalogue sites;
};

Loaded Load(const std::string& text) {
  Loaded loaded;
  std::istringstream in(text);
  const auto reader = SampleFileReader::Open(in, std::nullopt);
  BELGRAND_CHECK(reader.ok());
  FileRow row;
  for (;;) {
    const auto any = (*reader)->Next(row);
    BELGRAND_CHECK(any.ok());
    if (!*any) return loaded;
    loaded.sites.Put(*row.site);
    loaded.rows.push_back(row);
  }
}

void BM_ReadSampleCsv_10kRows(benchmark::State& state) {
  const std::string text = MakeFile();
  for (auto step : state) {
    static_cast<void>(step);
    benchmark::DoNotOptimize(Load(text).rows.size());
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(BM_ReadSampleCsv_10kRows)->Unit(benchmark::kMillisecond);

void BM_Validate_10kRows(benchmark::State& state) {
  const Loaded loaded = Load(MakeFile());
  const base::Instant now = *base::ParseInstant("2022-06-01");
  for (auto step : state) {
    static_cast<void>(step);
    std::size_t accepted = 0;
    for (const FileRow& row : loaded.rows) accepted += Validate(row.row, &loaded.sites, now).ok();
    BELGRAND_CHECK(accepted == kRows);
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}
BENCHMARK(BM_Validate_10kRows)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace belgrand::sample

BENCHMARK_MAIN();
