#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <thread>

#include "tests/unit/services/timeseries_fixture.h"

namespace belgrand::timeseries {
namespace {

using belgrand::testing::StatusIs;
using ::testing::HasSubstr;

TEST_F(SampleStoreTest, FirstRowIsStoredAndResendingItIsADuplicate) {
  const Record row = Row("s1", "shieldhall", "2021-01-04", 5000);
  const AppendResult stored = Append(row);
  EXPECT_EQ(stored.outcome, Outcome::kStored);
  EXPECT_EQ(stored.version, 1u);
  EXPECT_EQ(stored.feed_sequence, 1u);
  EXPECT_FALSE(stored.previous);
  const AppendResult again = Append(row);
  EXPECT_EQ(again.outcome, Outcome::kDuplicate);
  EXPECT_EQ(again.version, 1u);
  EXPECT_EQ(again.feed_sequence, 1u);
  EXPECT_EQ(again.previous->value(), 5000);
  EXPECT_EQ(store_->NewestFeed(), 1u);
  EXPECT_TRUE(CloseAndFsck().clean());
}

TEST_F(SampleStoreTest, OtherContentNeedsAReasonAndBecomesANewVersion) {
  Append(Row("s1", "shieldhall", "2021-01-04", 5000));
  const AppendResult refused = Append(Row("s1", "shieldhall", "2021-01-04", 6000));
  EXPECT_EQ(refused.outcome, Outcome::kReasonMissing);
  EXPECT_EQ(refused.previous->value(), 5000);
  EXPECT_EQ(refused.version, 0u);
  const AppendResult amended =
      Append(Row("s1", "shieldhall", "2021-01-04", 6000, "dilution was wrong"));
  EXPECT_EQ(amended.outcome, Outcome::kAmended);
  EXPECT_EQ(amended.version, 2u);
  EXPECT_EQ(amended.feed_sequence, 2u);
  EXPECT_EQ(amended.previous->version(), 1u);
  const auto history = store_->History("lab", "s1", "sars-cov-2");
  ASSERT_OK(history);
  ASSERT_EQ(history->size(), 2u);
  EXPECT_EQ(history->at(0).value(), 5000);
  EXPECT_EQ(history->at(1).value(), 6000);
  EXPECT_TRUE(CloseAndFsck().clean());
}

TEST_F(SampleStoreTest, UnknownSiteIsNotStored) {
  EXPECT_EQ(Append(Row("s1", "nowhere", "2021-01-04", 1)).outcome, Outcome::kUnknownSite);
  EXPECT_EQ(store_->NewestFeed(), 0u);
  EXPECT_THAT(store_->ReadSeries({.site_id = "nowhere", .target = "sars-cov-2"}),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("nowhere")));
}

TEST_F(SampleStoreTest, RowsOfOneRequestSeeEachOther) {
  const Record first = Row("s1", "shieldhall", "2021-01-04", 1);
  auto results = store_->Append({first, first, Row("s1", "shieldhall", "2021-01-04", 2),
                                 Row("s1", "shieldhall", "2021-01-04", 2, "typo"),
                                 Row("s2", "seafield", "2021-01-04", 3)});
  ASSERT_OK(results);
  std::vector<Outcome> outcomes;
  for (const AppendResult& result : *results) outcomes.push_back(result.outcome);
  EXPECT_EQ(outcomes,
            (std::vector<Outcome>{Outcome::kStored, Outcome::kDuplicate, Outcome::kReasonMissing,
                                  Outcome::kAmended, Outcome::kStored}));
  EXPECT_EQ(store_->NewestFeed(), 3u);
  EXPECT_TRUE(CloseAndFsck().clean());
}

TEST_F(SampleStoreTest, DryRunAnswersLikeAnAppendAndStoresNothing) {
  Append(Row("s1", "shieldhall", "2021-01-04", 1));
  const std::vector<Record> rows = {
      Row("s1", "shieldhall", "2021-01-04", 1), Row("s1", "shieldhall", "2021-01-04", 2, "typo"),
      Row("s9", "seafield", "2021-01-04", 1), Row("s9", "seafield", "2021-01-04", 1)};
  auto dry = store_->Append(rows, AppendMode::kDryRun);
  ASSERT_OK(dry);
  EXPECT_EQ(store_->NewestFeed(), 1u);
  auto real = store_->Append(rows);
  ASSERT_OK(real);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ((*dry)[i].outcome, (*real)[i].outcome) << i;
    EXPECT_EQ((*dry)[i].version, (*real)[i].version) << i;
    EXPECT_EQ((*dry)[i].feed_sequence, 0u);
  }
}

TEST_F(SampleStoreTest, ReadsAsOfSeeWhatWasKnownThen) {
  Append(Row("s1", "shieldhall", "2021-01-04", 1));
  const base::Instant before_amendment = clock_.Now();
  Append(Row("s1", "shieldhall", "2021-01-04", 2, "typo"));
  const base::Instant before_second = clock_.Now();
  Append(Row("s2", "shieldhall", "2021-01-03", 3));
  const auto values = [&](std::optional<base::Instant> as_of) {
    std::vector<double> result;
    for (const Record& row : Read({.site_id = "shieldhall", .as_of = as_of})) {
      result.push_back(row.value());
    }
    return result;
  };
  EXPECT_EQ(values(At("2021-01-05T11:00:00Z")), (std::vector<double>{}));
  EXPECT_EQ(values(before_amendment), (std::vector<double>{1}));
  EXPECT_EQ(values(before_second), (std::vector<double>{2}));
  EXPECT_EQ(values(std::nullopt), (std::vector<double>{3, 2}));
}

TEST_F(SampleStoreTest, WhatWasReadAsOfNowIsNotChangedByALaterCommitOfTheSameInstant) {
  Append(Row("s1", "shieldhall", "2021-01-04", 1));
  const base::Instant now = clock_.Now();
  EXPECT_EQ(Read({.site_id = "shieldhall", .as_of = now}).size(), 1u);
  ASSERT_OK(store_->Append({Row("s2", "shieldhall", "2021-01-04", 1)}));  // the clock stands still
  EXPECT_EQ(Read({.site_id = "shieldhall", .as_of = now}).size(), 1u);
  EXPECT_EQ(Read({.site_id = "shieldhall"}).size(), 2u);
}

TEST_F(SampleStoreTest, RecordedAtGrowsThoughTheClockGoesBackAndTheStoreIsReopened) {
  Append(Row("s1", "shieldhall", "2021-01-04", 1));
  clock_.Set(At("2020-12-01"));
  Reopen();
  ASSERT_OK(store_->Append({Row("s2", "shieldhall", "2021-01-04", 1)}));
  const auto first = store_->History("lab", "s1", "sars-cov-2");
  const auto second = store_->History("lab", "s2", "sars-cov-2");
  EXPECT_GT(second->at(0).recorded_at_us(), first->at(0).recorded_at_us());
  EXPECT_EQ(Read({.site_id = "shieldhall"}).size(), 2u) << "a plain read sees what is committed";
}

TEST_F(SampleStoreTest, MovedRowLeavesItsOldPlaceFromThatInstantOn) {
  Append(Row("s1", "shieldhall", "2021-01-04", 1));
  const base::Instant before = clock_.Now();
  Append(Row("s1", "seafield", "2021-01-02", 1, "wrong label"));
  const base::Instant between = clock_.Now();
  Append(Row("s1", "shieldhall", "2021-01-04", 9, "label was right"));
  const auto count = [&](std::string_view site, std::optional<base::Instant> as_of) {
    return Read({.site_id = std::string(site), .as_of = as_of}).size();
  };
  EXPECT_EQ(count("shieldhall", before), 1u);
  EXPECT_EQ(count("seafield", before), 0u);
  EXPECT_EQ(count("shieldhall", between), 0u);
  EXPECT_EQ(count("seafield", between), 1u);
  EXPECT_EQ(count("shieldhall", std::nullopt), 1u);
  EXPECT_EQ(count("seafield", std::nullopt), 0u);
  EXPECT_EQ(store_->History("lab", "s1", "sars-cov-2")->size(), 3u);
  const FsckReport report = CloseAndFsck();
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.versions, 3u);
  EXPECT_EQ(report.marks, 2u);
}

TEST_F(SampleStoreTest, PagesOfAReadAreOneState) {
  std::vector<Record> rows;
  for (int i = 0; i < 100; ++i) {
    rows.push_back(Row(fmt::format("s{:03}", i), "shieldhall", "2021-01-04", i));
  }
  ASSERT_OK(store_->Append(rows));
  auto reader = store_->ReadSeries({.site_id = "shieldhall", .target = "sars-cov-2"});
  ASSERT_OK(reader);
  ASSERT_EQ(reader->Next(30)->size(), 30u);
  Append(Row("s050", "seafield", "2021-01-04", 7, "moved"));
  Append(Row("s060", "shieldhall", "2021-01-04", 777, "amended"));
  Append(Row("s999", "shieldhall", "2021-01-04", 1));
  std::size_t read = 30;
  for (auto page = reader->Next(30); page.ok() && !page->empty(); page = reader->Next(30)) {
    for (const Record& row : *page) EXPECT_EQ(row.value(), static_cast<double>(read++));
  }
  EXPECT_EQ(read, 100u);
}

TEST_F(SampleStoreTest, RangeOfAReadIsHalfOpen) {
  Append(Row("s1", "shieldhall", "2021-01-01", 1));
  Append(Row("s2", "shieldhall", "2021-01-02", 2));
  Append(Row("s3", "shieldhall", "2021-01-03", 3));
  const auto rows =
      Read({.site_id = "shieldhall", .from = At("2021-01-01"), .to = At("2021-01-03")});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].value(), 1);
  EXPECT_EQ(rows[1].value(), 2);
  EXPECT_TRUE(
      Read({.site_id = "shieldhall", .from = At("2021-01-03"), .to = At("2021-01-01")}).empty());
}

TEST_F(SampleStoreTest, BadRowsAreRefusedByNameAndNothingOfTheRequestIsStored) {
  Record nameless = Row("", "shieldhall", "2021-01-04", 1);
  EXPECT_THAT(store_->Append({Row("s1", "shieldhall", "2021-01-04", 1), nameless}),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("samples[1].sample_id")));
  Record unhashed = Row("s1", "shieldhall", "2021-01-04", 1);
  unhashed.clear_content_hash();
  EXPECT_THAT(store_->Append({unhashed}),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("content_hash")));
  Record large = Row("s1", "shieldhall", "2021-01-04", 1);
  large.set_method_id(std::string(SampleStore::kMaxRecordBytes, 'x'));
  EXPECT_THAT(store_->Append({large}),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("limit")));
  EXPECT_THAT(store_->Append(std::vector<Record>()),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("0 rows")));
  EXPECT_EQ(store_->NewestFeed(), 0u);
}

TEST_F(SampleStoreTest, RowCannotBeAmendedWithoutEndAndHoldsUpNoOther) {
  std::vector<Record> rows = {Row("s1", "shieldhall", "2021-01-04", 0)};
  for (int i = 1; i < static_cast<int>(AppendPlan::kMaxVersions); ++i) {
    rows.push_back(Row("s1", "shieldhall", "2021-01-04", i, "again"));
  }
  ASSERT_OK(store_->Append(rows));
  auto results = store_->Append({Row("s1", "shieldhall", "2021-01-04", -1, "again"),
                                 Row("s1", "shieldhall", "2021-01-04", -1), rows.back(),
                                 Row("s2", "shieldhall", "2021-01-04", 1)});
  ASSERT_OK(results);
  std::vector<Outcome> outcomes;
  for (const AppendResult& result : *results) outcomes.push_back(result.outcome);
  EXPECT_EQ(outcomes, (std::vector<Outcome>{Outcome::kTooManyVersions, Outcome::kTooManyVersions,
                                            Outcome::kDuplicate, Outcome::kStored}));
  EXPECT_EQ(results->at(0).previous->version(), 1000u);
  EXPECT_EQ(store_->NewestFeed(), 1001u);
  EXPECT_TRUE(CloseAndFsck().clean());
}

TEST_F(SampleStoreTest, SitesAreReplacedOnlyWhenTheyDiffer) {
  EXPECT_EQ(store_->sites().List("").catalogue_version, 1u);
  auto put = store_->sites().Put({SiteNamed("shieldhall", "glasgow"), SiteNamed("seafield", "fife"),
                                  SiteNamed("nigg", "grampian")},
                                 clock_.Now());
  ASSERT_OK(put);
  EXPECT_EQ(put->added, 1u);
  EXPECT_EQ(put->changed, 1u);
  EXPECT_EQ(put->unchanged, 1u);
  Reopen();
  EXPECT_EQ(store_->sites().List("").sites.size(), 3u);
  EXPECT_EQ(store_->sites().List("fife").sites.at(0).site_id(), "seafield");
  EXPECT_EQ(store_->sites().List("").catalogue_version, 2u);
  ASSERT_OK(store_->sites().Put({SiteNamed("nigg", "grampian")}, clock_.Now()));
  EXPECT_EQ(store_->sites().List("").catalogue_version, 2u);
}

TEST_F(SampleStoreTest, StoreOfANewerFormatIsRefused) {
  store_.reset();
  {
    auto raw = storage::Store::Open(Options());
    ASSERT_OK(raw);
    storage::Batch batch;
    batch.Put(kMetaFamily, kFormatKey, MetaNumber(kFormatVersion + 1));
    ASSERT_OK((*raw)->Write(batch));
  }
  EXPECT_THAT(SampleStore::Open(Options(), clock_),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("format 3")));
}

TEST_F(SampleStoreTest, WhatIsSentAgainIsRecognisedInAnyOrderAndWithWhatCameBetween) {
  std::vector<Record> rows;
  for (int i = 0; i < 600; ++i) {
    rows.push_back(Row(fmt::format("s{:04}", i), "shieldhall", "2021-01-04", 100 + i));
  }
  ASSERT_OK(store_->Append(rows));
  Record amended = rows[300];
  amended.set_value(7);
  amended.set_content_hash("amended");
  amended.set_amendment_reason("dilution");
  ASSERT_OK(store_->Append({amended}));
  ASSERT_OK(store_->Settle());
  Record unsettled = amended;
  unsettled.set_value(8);
  unsettled.set_content_hash("amended again");
  ASSERT_OK(store_->Append({unsettled}));

  std::vector<Record> backwards(rows.rbegin(), rows.rend());
  std::vector<Record> mixed = rows;
  for (std::size_t i = 0; i < mixed.size(); i += 3) {
    mixed[i] = Row(fmt::format("new{:04}", i), "seafield", "2021-01-04", 1);
  }
  for (const auto& again : {rows, backwards, mixed}) {
    const auto results = store_->Append(again, AppendMode::kDryRun);
    ASSERT_OK(results);
    for (std::size_t i = 0; i < again.size(); ++i) {
      const bool fresh = again[i].site_id() == "seafield";
      EXPECT_EQ(results->at(i).outcome, fresh ? Outcome::kStored : Outcome::kDuplicate) << i;
      if (fresh) continue;
      EXPECT_EQ(results->at(i).previous->sample_id(), again[i].sample_id());
      EXPECT_EQ(results->at(i).version, again[i].sample_id() == "s0300" ? 3u : 1u) << i;
    }
  }
}

TEST_F(SampleStoreTest, ConcurrentAppendersKeepTheFeedGaplessAndRecogniseEachOthersRows) {
  constexpr int kThreads = 8;
  constexpr int kRequests = 40;
  constexpr int kRows = 10;
  std::atomic<int> stored = 0;
  std::atomic<int> duplicates = 0;
  std::atomic<bool> appended = false;
  std::vector<std::uint64_t> followed;
  std::thread follower([&] {
    std::uint64_t position = 0;
    while (!appended || position < store_->NewestFeed()) {
      if (!store_->WaitForFeed(position, std::chrono::milliseconds(20))) continue;
      auto page = store_->ReadFeed(position, 7);
      ASSERT_OK(page);
      for (const Record& record : page->records) followed.push_back(record.feed_sequence());
      position = page->last_read;
    }
  });
  std::vector<std::thread> appenders;
  for (int t = 0; t < kThreads; ++t) {
    appenders.emplace_back([&, t] {
      for (int i = 0; i < kRequests; ++i) {
        std::vector<Record> rows;
        for (int r = 0; r < kRows; ++r) {
          // Every second row is sent by every thread.
          const std::string id =
              r % 2 == 0 ? fmt::format("all-{}-{}", i, r) : fmt::format("{}-{}-{}", t, i, r);
          rows.push_back(Row(id, r % 3 == 0 ? "shieldhall" : "seafield", "2021-01-04", r));
        }
        auto results = store_->Append(rows);
        ASSERT_OK(results);
        for (const AppendResult& result : *results) {
          ++(result.outcome == Outcome::kStored ? stored : duplicates);
        }
      }
    });
  }
  for (std::thread& appender : appenders) appender.join();
  appended = true;
  follower.join();
  const int expected = kRequests * (kRows / 2) * (kThreads + 1);
  EXPECT_EQ(stored, expected);
  EXPECT_EQ(duplicates, kThreads * kRequests * kRows - expected);
  ASSERT_EQ(followed.size(), static_cast<std::size_t>(expected));
  for (std::size_t i = 0; i < followed.size(); ++i) ASSERT_EQ(followed[i], i + 1);
  const FsckReport report = CloseAndFsck();
  EXPECT_TRUE(report.clean()) << (report.problems.empty() ? "" : report.problems[0]);
  EXPECT_EQ(report.versions, static_cast<std::uint64_t>(expected));
}

TEST_F(SampleStoreTest, WaitingForTheFeedEndsWhenWokenOrOutOfTime) {
  EXPECT_FALSE(store_->WaitForFeed(0, std::chrono::milliseconds(1)));
  std::atomic<bool> woken = false;
  std::thread waiter([&] {
    EXPECT_FALSE(store_->WaitForFeed(0, std::chrono::hours(1)));
    woken = true;
  });
  while (!woken) store_->WakeFeedWaiters();
  waiter.join();
  Append(Row("s1", "shieldhall", "2021-01-04", 1));
  EXPECT_TRUE(store_->WaitForFeed(0, std::chrono::hours(1)));
}

}  // namespace
}  // namespace belgrand::timeseries
