// What the tests of the time series share: rows, sites and a store that can be closed and opened
// again.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/base/clock.h"
#include "services/timeseries/fsck.h"
#include "services/timeseries/row_chunk.h"
#include "services/timeseries/sample_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::timeseries {

inline base::Instant At(std::string_view text) { return *base::ParseInstant(text); }

// A stored row of laboratory "lab"; its hash is made from its content.
inline Record Row(std::string_view sample_id, std::string_view site_id, std::string_view collected,
                  double value, std::string_view reason = "") {
  Record record;
  record.set_laboratory_id("lab");
  record.set_sample_id(std::string(sample_id));
  record.set_site_id(std::string(site_id));
  record.set_target("sars-cov-2");
  record.set_collected_at_us(base::ToMicros(At(collected)));
  record.set_value(value);
  record.set_censoring(1);
  record.set_lod(100);
  record.set_reported_unit("gc/L");
  record.set_amendment_reason(std::string(reason));
  record.set_content_hash(fmt::format("{}|{}|{}", site_id, collected, value));
  return record;
}

inline storage::v1::SiteRecord SiteNamed(std::string_view id, std::string_view district) {
  storage::v1::SiteRecord site;
  site.set_site_id(std::string(id));
  site.set_name(std::string(id) + " works");
  site.set_district_id(std::string(district));
  site.set_population_served(120000);
  return site;
}

// The rows of a value of the log or of a series, and back.
inline std::vector<Record> RowsOf(std::string value) {
  const auto chunk = RowChunk::Parse(std::move(value));
  EXPECT_OK(chunk);
  std::vector<Record> rows;
  for (std::size_t i = 0; chunk.ok() && i < (*chunk)->size(); ++i) {
    rows.push_back((*chunk)->Get(i));
  }
  return rows;
}
inline std::string ChunkOf(const std::vector<Record>& rows) {
  std::vector<const Record*> pointers;
  for (const Record& row : rows) pointers.push_back(&row);
  return EncodeRows(pointers);
}

class SampleStoreTest : public ::testing::Test {
 protected:
  SampleStoreTest() : clock_(At("2021-01-05T12:00:00Z")) {
    Reopen();
    EXPECT_OK(store_->sites().Put(
        {SiteNamed("shieldhall", "glasgow"), SiteNamed("seafield", "lothian")}, clock_.Now()));
  }

  storage::StoreOptions Options() const {
    storage::StoreOptions options = LayoutOptions(directory_.path() / "timeseries");
    options.block_cache_bytes = std::size_t{4} << 20;
    options.write_buffer_bytes = std::size_t{4} << 20;
    return options;
  }
  void Reopen() {
    store_.reset();
    auto opened = SampleStore::Open(Options(), clock_, limits_);
    ASSERT_OK(opened);
    store_ = std::move(*opened);
  }
  // One row at a time of its own; returns its result.
  AppendResult Append(const Record& row) {
    clock_.Advance(std::chrono::seconds(1));
    auto results = store_->Append({row});
    EXPECT_OK(results);
    return results.ok() ? results->at(0) : AppendResult();
  }
  std::vector<Record> Read(SeriesQuery query, std::size_t page = 500) {
    query.target = query.target.empty() ? "sars-cov-2" : query.target;
    auto reader = store_->ReadSeries(query);
    EXPECT_OK(reader);
    std::vector<Record> rows;
    while (reader.ok()) {
      auto next = reader->Next(page);
      EXPECT_OK(next);
      if (!next.ok() || next->empty()) break;
      rows.insert(rows.end(), next->begin(), next->end());
    }
    return rows;
  }
  // Closes the store and checks its files.
  FsckReport CloseAndFsck() {
    store_.reset();
    auto report = Fsck(directory_.path() / "timeseries");
    EXPECT_OK(report);
    return report.ok() ? std::move(*report) : FsckReport{};
  }

  belgrand::testing::TempDir directory_;
  base::FakeClock clock_;
  SampleStoreLimits limits_{.filter_bytes = std::size_t{1} << 16, .settle_rows = 32'768};
  std::unique_ptr<SampleStore> store_;
};

}  // namespace belgrand::timeseries
