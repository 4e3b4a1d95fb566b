// Retention as the schema of SampleRecord says it: sealed names after a year, the reason of an
// amendment after five, the record after ten, each counted from recorded_at.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>

#include "services/shared/timestamp.h"
#include "tests/unit/services/timeseries_fixture.h"

namespace belgrand::timeseries {
namespace {

using belgrand::testing::StatusIs;

class SampleExpiryTest : public SampleStoreTest {
 protected:
  SampleExpiryTest() {
    std::mt19937_64 random(7);  // random bytes: no compression can hide them from the scanner
    for (int i = 0; i < 2048; ++i) sealed_.push_back(static_cast<char>(random()));
  }
  Record RowWithName(std::string_view id) {
    Record row = Row(id, "shieldhall", "2021-01-04", 1);
    row.set_sampled_by_sealed(sealed_);
    return row;
  }
  bool OnDisk(std::string_view needle) const {
    for (const auto& entry :
         std::filesystem::directory_iterator(directory_.path() / "timeseries")) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string content((std::istreambuf_iterator<char>(file)), {});
      if (content.find(needle) != std::string::npos) return true;
    }
    return false;
  }
  bool SealedOnDisk() const { return OnDisk(std::string_view(sealed_).substr(500, 48)); }
  static const compliance::v1::ExpiryLine& Line(
      const std::vector<compliance::v1::ExpiryLine>& lines, std::string_view field) {
    for (const compliance::v1::ExpiryLine& line : lines) {
      if (line.field() == field) return line;
    }
    ADD_FAILURE() << "no line for '" << field << "'";
    return lines.front();
  }
  std::string sealed_;
};

TEST_F(SampleExpiryTest, PlanCountsAndChangesNothing) {
  Append(RowWithName("s1"));
  clock_.Set(At("2021-06-01"));
  Append(RowWithName("s2"));
  const auto lines = store_->PlanExpiry(At("2022-01-06"));
  ASSERT_OK(lines);
  const compliance::v1::ExpiryLine& line = Line(*lines, "sampled_by_sealed");
  EXPECT_EQ(line.held(), 2u);
  EXPECT_EQ(line.expired(), 1u);
  EXPECT_EQ(line.retention(), "P1Y");
  EXPECT_EQ(shared::ToInstant(line.oldest()), At("2021-01-05T12:00:01Z"));
  EXPECT_EQ(shared::ToInstant(line.newest()), At("2021-01-05T12:00:01Z"));
  EXPECT_EQ(Line(*lines, "").expired(), 0u);
  EXPECT_EQ(store_->History("lab", "s1", "sars-cov-2")->at(0).sampled_by_sealed(), sealed_);
}

TEST_F(SampleExpiryTest, NameLeavesTheRecordAndTheFilesAfterAYearAndTheRestStays) {
  Append(RowWithName("s1"));
  ASSERT_OK(store_->ApplyExpiry(At("2022-01-05T12:00:00Z")));
  EXPECT_EQ(store_->History("lab", "s1", "sars-cov-2")->at(0).sampled_by_sealed(), sealed_)
      << "one second early";
  ASSERT_TRUE(SealedOnDisk()) << "positive control: the scanner finds a live value";
  const auto lines = store_->ApplyExpiry(At("2022-01-05T12:00:01Z"));
  ASSERT_OK(lines);
  EXPECT_EQ(Line(*lines, "sampled_by_sealed").expired(), 1u);
  const auto history = store_->History("lab", "s1", "sars-cov-2");
  EXPECT_TRUE(history->at(0).sampled_by_sealed().empty());
  EXPECT_EQ(history->at(0).value(), 1);
  EXPECT_EQ(history->at(0).version(), 1u);
  EXPECT_FALSE(SealedOnDisk());
  EXPECT_EQ(Append(RowWithName("s1")).outcome, Outcome::kDuplicate);
  EXPECT_EQ(Line(*store_->ApplyExpiry(At("2022-01-06")), "sampled_by_sealed").expired(), 0u);
  EXPECT_TRUE(CloseAndFsck().clean());
}

TEST_F(SampleExpiryTest, ExpiredRecordLeavesItsFeedNumberBehind) {
  Append(Row("s1", "shieldhall", "2021-01-04", 1));
  clock_.Set(At("2025-01-01"));
  Append(Row("s2", "shieldhall", "2025-01-01", 2));
  clock_.Set(At("2031-02-01"));
  ASSERT_OK(store_->ApplyExpiry(clock_.Now()));
  EXPECT_THAT(store_->History("lab", "s1", "sars-cov-2"),
              StatusIs(base::StatusCode::kNotFound, ::testing::HasSubstr("s1")));
  EXPECT_EQ(Read({.site_id = "shieldhall"}).size(), 1u);
  const auto page = store_->ReadFeed(0, 10);
  ASSERT_OK(page);
  ASSERT_EQ(page->records.size(), 1u);
  EXPECT_EQ(page->records[0].feed_sequence(), 2u);
  EXPECT_EQ(page->last_read, 2u);
  // The name is free again, as if it had never been used.
  EXPECT_EQ(Append(Row("s1", "shieldhall", "2021-01-04", 3)).outcome, Outcome::kStored);
  EXPECT_EQ(store_->NewestFeed(), 3u);
  EXPECT_TRUE(CloseAndFsck().clean());
}

TEST_F(SampleExpiryTest, OldVersionsExpireBeforeNewOnesAndMarksWithThem) {
  Append(Row("s1", "shieldhall", "2021-01-04", 1));
  clock_.Set(At("2023-01-01"));
  Append(Row("s1", "seafield", "2021-01-04", 1, "moved"));
  clock_.Set(At("2032-01-01"));
  ASSERT_OK(store_->ApplyExpiry(clock_.Now()));
  const auto history = store_->History("lab", "s1", "sars-cov-2");
  ASSERT_OK(history);
  ASSERT_EQ(history->size(), 1u);
  EXPECT_EQ(history->at(0).version(), 2u);
  EXPECT_TRUE(history->at(0).amendment_reason().empty());
  EXPECT_EQ(Append(Row("s1", "seafield", "2021-01-04", 5, "again")).version, 3u);
  clock_.Set(At("2043-01-01"));
  ASSERT_OK(store_->ApplyExpiry(clock_.Now()));
  const FsckReport report = CloseAndFsck();
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.versions + report.marks + report.rows, 0u);
  EXPECT_EQ(report.feed_entries, 3u);
}

TEST_F(SampleExpiryTest, AHeldVersionKeepsTheLaterOnesOfItsRow) {
  Append(Row("s1", "shieldhall", "2021-01-04", 1));
  clock_.Set(At("2021-06-01"));
  Append(Row("s1", "seafield", "2021-01-04", 2, "moved"));
  clock_.Set(At("2032-01-01"));
  // Without its second version the first would be the value of the row again.
  compliance::v1::HoldScope hold;
  hold.add_site_ids("shieldhall");
  const auto plan = store_->PlanExpiry(clock_.Now(), {hold});
  ASSERT_OK(plan);
  EXPECT_EQ(Line(*plan, "").blocked(), 3U) << "two versions and the mark of the move";
  EXPECT_EQ(Line(*plan, "").expired(), 0U);
  ASSERT_OK(store_->ApplyExpiry(clock_.Now(), {hold}));
  EXPECT_EQ(store_->History("lab", "s1", "sars-cov-2")->size(), 2U);
  EXPECT_TRUE(Read({.site_id = "shieldhall"}).empty());
  // The earlier one is not kept for the later one's sake.
  hold.set_site_ids(0, "seafield");
  ASSERT_OK(store_->ApplyExpiry(clock_.Now(), {hold}));
  EXPECT_EQ(store_->History("lab", "s1", "sars-cov-2")->size(), 1U);
  EXPECT_EQ(Read({.site_id = "seafield"}).size(), 1U);
  EXPECT_TRUE(CloseAndFsck().clean());
}

TEST_F(SampleExpiryTest, AHoldThatIsPlacedAfterACrashDoesNotBringBackWhatTheLogHasLost) {
  Append(RowWithName("s1"));
  Append(RowWithName("s2"));
  ASSERT_OK(store_->Settle());
  store_.reset();
  {
    // What a crash leaves: s1 has gone from the log, s2 has lost the name there.
    auto raw = storage::Store::Open(Options());
    ASSERT_OK(raw);
    storage::Batch batch;
    std::vector<Record> rows = RowsOf((*raw)->Get(kLogFamily, FeedKey(2)).value().value());
    ASSERT_EQ(rows.size(), 2U) << "settled together";
    rows[0].Clear();
    rows[0].set_feed_sequence(1);
    rows[1].clear_sampled_by_sealed();
    batch.Put(kLogFamily, FeedKey(2), ChunkOf(rows));
    batch.Put(kMetaFamily, kCompactionDueKey, "");
    ASSERT_OK((*raw)->Write(batch));
  }
  ASSERT_TRUE(SealedOnDisk()) << "positive control";
  Reopen();
  compliance::v1::HoldScope hold;
  hold.add_laboratory_ids("lab");
  ASSERT_OK(store_->ApplyExpiry(At("2032-01-01"), {hold}));
  EXPECT_FALSE(SealedOnDisk());
  const auto rows = Read({.site_id = "shieldhall"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].sample_id(), "s2");
  EXPECT_EQ(rows[0].sampled_by_sealed(), "");
  EXPECT_TRUE(CloseAndFsck().clean());
}

TEST_F(SampleExpiryTest, InterruptedErasureIsFinishedByTheNextCall) {
  Append(RowWithName("s1"));
  ASSERT_OK(store_->ApplyExpiry(At("2021-02-01")));
  store_.reset();
  {
    // What a crash leaves after the log, before the series and the rewriting of the files.
    auto raw = storage::Store::Open(Options());
    ASSERT_OK(raw);
    std::vector<Record> rows = RowsOf((*raw)->Get(kLogFamily, FeedKey(1)).value().value());
    rows.at(0).clear_sampled_by_sealed();
    storage::Batch batch;
    batch.Put(kLogFamily, FeedKey(1), ChunkOf(rows));
    batch.Put(kMetaFamily, kCompactionDueKey, "");
    ASSERT_OK((*raw)->Write(batch));
  }
  ASSERT_TRUE(SealedOnDisk()) << "positive control";
  Reopen();
  ASSERT_OK(store_->ApplyExpiry(At("2022-02-01")));
  EXPECT_FALSE(SealedOnDisk());
}

}  // namespace
}  // namespace belgrand::timeseries
