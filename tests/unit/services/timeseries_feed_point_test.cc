// A follower's place in the feed is recognised in its own database, through expiry and restarts,
// and nowhere else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "services/timeseries/feed_point.h"
#include "tests/unit/services/timeseries_fixture.h"

namespace belgrand::timeseries {
namespace {

using belgrand::testing::IsOk;
using belgrand::testing::StatusIs;
using ::testing::HasSubstr;

class FeedPointTest : public SampleStoreTest {
 protected:
  void AppendRows(int from, int to, std::string_view site = "shieldhall") {
    for (int i = from; i < to; ++i) Append(Row(fmt::format("s{}", i), site, "2021-01-04", i));
  }
  // The place of a number, as a follower is given it.
  v1::FeedPoint Point(std::uint64_t number) {
    const auto page = store_->ReadFeed(number - 1, 1);
    EXPECT_OK(page);
    return PointOf(store_->feed_id(), page->records.at(0));
  }
  // The database in `directory` is put in the place of the one in use.
  void Replace(const std::filesystem::path& directory) {
    store_.reset();
    std::filesystem::remove_all(Options().directory);
    std::filesystem::copy(directory, Options().directory, std::filesystem::copy_options::recursive);
    Reopen();
  }
  void Copy(const std::filesystem::path& directory) {
    store_.reset();
    std::filesystem::copy(Options().directory, directory, std::filesystem::copy_options::recursive);
    Reopen();
  }
};

TEST_F(FeedPointTest, TheIdIsRandomAndStays) {
  const std::string id = store_->feed_id();
  EXPECT_EQ(id.size(), kFeedIdBytes);
  Reopen();
  EXPECT_EQ(store_->feed_id(), id);
  store_.reset();
  std::filesystem::remove_all(Options().directory);
  Reopen();
  EXPECT_NE(store_->feed_id(), id);
}

TEST_F(FeedPointTest, ADatabaseWithoutIdGetsOneAtItsOpening) {
  store_.reset();
  {
    auto raw = storage::Store::Open(Options());
    ASSERT_OK(raw);
    storage::Batch batch;
    batch.Delete(kMetaFamily, kFeedIdKey);
    ASSERT_OK((*raw)->Write(batch));
  }
  Reopen();
  EXPECT_EQ(store_->feed_id().size(), kFeedIdBytes);
  EXPECT_TRUE(CloseAndFsck().clean());
}

TEST_F(FeedPointTest, ItsOwnPlacesAreRecognisedAndThoseOfAnotherDatabaseAreNot) {
  AppendRows(1, 6);
  const v1::FeedPoint point = Point(5);
  EXPECT_THAT(CheckPoint(*store_, point), IsOk());
  EXPECT_THAT(CheckPoint(*store_, v1::FeedPoint()), IsOk()) << "a follower that begins";
  store_.reset();
  std::filesystem::remove_all(Options().directory);
  clock_.Set(At("2021-01-05T12:00:00Z"));
  Reopen();
  ASSERT_OK(store_->sites().Put({SiteNamed("shieldhall", "glasgow")}, clock_.Now()));
  AppendRows(1, 9);
  EXPECT_THAT(CheckPoint(*store_, point),
              StatusIs(base::StatusCode::kOutOfRange, HasSubstr("another database")));
}

TEST_F(FeedPointTest, AnOlderCopyIsRecognisedUpToTheForkOnly) {
  AppendRows(1, 4);
  const v1::FeedPoint shared = Point(3);
  Copy(directory_.path() / "copy");
  AppendRows(4, 9);
  const v1::FeedPoint newest = Point(8);
  Replace(directory_.path() / "copy");
  EXPECT_THAT(CheckPoint(*store_, shared), IsOk());
  EXPECT_THAT(CheckPoint(*store_, newest),
              StatusIs(base::StatusCode::kOutOfRange, HasSubstr("ends at 3")));
  // The laboratories send the same rows again: the numbers come back, the entries do not.
  AppendRows(4, 20);
  EXPECT_THAT(CheckPoint(*store_, shared), IsOk());
  EXPECT_THAT(CheckPoint(*store_, newest),
              StatusIs(base::StatusCode::kOutOfRange, HasSubstr("has grown since")));
}

TEST_F(FeedPointTest, WhatExpiresIsNoFalseAlarm) {
  Record named = Row("s0", "shieldhall", "2021-01-04", 7);
  named.set_sampled_by_sealed("sealed");
  Append(named);
  AppendRows(1, 4);
  const v1::FeedPoint first = Point(1);
  const v1::FeedPoint last = Point(4);
  clock_.Set(At("2023-01-01"));
  ASSERT_OK(store_->ApplyExpiry(clock_.Now()));
  ASSERT_TRUE(store_->History("lab", "s0", "sars-cov-2")->at(0).sampled_by_sealed().empty());
  EXPECT_THAT(CheckPoint(*store_, first), IsOk()) << "a name was cleared in place";
  clock_.Set(At("2032-01-01"));
  ASSERT_OK(store_->ApplyExpiry(clock_.Now()));
  ASSERT_TRUE(store_->ReadFeed(0, 9)->records.empty());
  EXPECT_THAT(CheckPoint(*store_, first), IsOk());
  EXPECT_THAT(CheckPoint(*store_, last), IsOk());
  AppendRows(4, 6);
  EXPECT_THAT(CheckPoint(*store_, last), IsOk()) << "the next live entry is not taken for it";
}

}  // namespace
}  // namespace belgrand::timeseries
