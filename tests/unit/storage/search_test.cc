// The search must find what is there, wherever the engine keeps it; only then does a miss prove
// something.
#include "platform/storage/search.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "platform/storage/store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::storage {
namespace {

constexpr Family kFamily = 0;
constexpr Family kOther = 1;
const std::string kSecret = "Florence Nightingale";

class SearchTest : public ::testing::Test {
 protected:
  SearchTest() { Reopen(); }

  void Reopen() {
    store_.reset();
    auto opened = Store::Open({.directory = path(),
                               .families = {"one", "other"},
                               .block_cache_bytes = std::size_t{1} << 20,
                               .write_buffer_bytes = std::size_t{8} << 20});
    ASSERT_OK(opened);
    store_ = std::move(*opened);
  }
  std::filesystem::path path() const { return directory_.path() / "db"; }
  void Put(std::string_view key, std::string_view value, Family family = kFamily) {
    Batch batch;
    batch.Put(family, key, value);
    ASSERT_OK(store_->Write(batch));
  }
  // A text that compresses well, with the secret in it.
  static std::string Compressible() {
    std::string text;
    for (int i = 0; i < 300; ++i) text += "the same words again and again ";
    return text + kSecret + text;
  }
  SearchFacts Look(const std::vector<std::string>& sought = {kSecret}) const {
    const auto facts = Search(*store_, sought);
    EXPECT_OK(facts);
    return facts.ok() ? *facts : SearchFacts();
  }
  // The same when nobody has it open: memory is made anew from the log, with every version.
  SearchFacts LookClosed() {
    store_.reset();
    const auto facts = Search(path(), {kSecret});
    EXPECT_OK(facts);
    return facts.ok() ? *facts : SearchFacts();
  }

  belgrand::testing::TempDir directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(SearchTest, FindsInTheLogAndInMemoryWhatNeverLeftThem) {
  Put("key", Compressible());
  const SearchFacts facts = Look();
  EXPECT_EQ(facts.values.hits, std::vector<std::uint64_t>{1});
  EXPECT_EQ(facts.logs.hits, std::vector<std::uint64_t>{1});
  EXPECT_EQ(facts.manifests.hits, std::vector<std::uint64_t>{0});
}

TEST_F(SearchTest, FindsWhatCompressionHidesFromASearchOfTheFiles) {
  for (int i = 0; i < 50; ++i) Put(fmt::format("key {}", i), Compressible());
  ASSERT_OK(store_->CompactAll());
  const SearchFacts facts = Look();
  EXPECT_EQ(facts.values.hits.at(0), 50U);
  EXPECT_GT(facts.values.files, 0U);
  EXPECT_EQ(facts.logs.hits.at(0), 0U);
  EXPECT_LT(facts.raw.hits.at(0), 50U) << "the files alone do not tell";
  Reopen();
  EXPECT_EQ(Look().values.hits.at(0), 50U);
}

TEST_F(SearchTest, FindsAVersionThatNoReadSeesAnyMore) {
  Put("key", Compressible());
  ASSERT_OK(store_->CompactAll());
  Put("key", "cleared");
  EXPECT_EQ(*store_->Get(kFamily, "key"), "cleared");
  EXPECT_EQ(Look().values.hits.at(0), 1U);
  ASSERT_OK(store_->CompactAll());
  const SearchFacts facts = Look();
  EXPECT_EQ(facts.values.hits.at(0), 0U);
  EXPECT_EQ(facts.logs.hits.at(0), 0U);
  EXPECT_EQ(facts.raw.hits.at(0), 0U);
}

TEST_F(SearchTest, FindsManyVersionsOfOneKey) {
  Batch batch;
  for (int i = 0; i < 200; ++i) batch.Put(kFamily, "key", fmt::format("{} {}", kSecret, i));
  ASSERT_OK(store_->Write(batch));
  Put("later key", kSecret);
  // Closed first: to look while it is open writes tables, which keep the newest version alone.
  EXPECT_EQ(LookClosed().values.hits.at(0), 201U);
  EXPECT_EQ(LookClosed().logs.hits.at(0), 201U);
}

TEST_F(SearchTest, FindsAKeyInTheManifestUntilItRolls) {
  Put(kSecret, "value");
  ASSERT_OK(store_->CompactAll());
  EXPECT_GT(Look().manifests.hits.at(0), 0U) << "boundary keys of the sorted file";
  EXPECT_EQ(Look().values.hits.at(0), 1U);
  Batch batch;
  batch.Delete(kFamily, kSecret);
  ASSERT_OK(store_->Write(batch));
  EXPECT_GT(Look().values.hits.at(0), 1U) << "the deletion names the key too";
  ASSERT_OK(store_->CompactAll());
  const SearchFacts facts = Look();
  EXPECT_EQ(facts.values.hits.at(0), 0U);
  EXPECT_EQ(facts.manifests.hits.at(0), 0U);
  EXPECT_EQ(facts.raw.hits.at(0), 0U);
}

TEST_F(SearchTest, PutsTogetherWhatTheLogSplits) {
  // Large records: some secret lies across the border of the log's blocks, where a header is
  // between its letters.
  int written = 0;
  for (int record = 0; record < 20; ++record) {
    Batch batch;
    for (int i = 0; i < 200; ++i, ++written) {
      batch.Put(kFamily, fmt::format("{:05}", written),
                kSecret + std::string(static_cast<std::size_t>(i % 7), '.'));
    }
    ASSERT_OK(store_->Write(batch));
  }
  const SearchFacts facts = LookClosed();
  EXPECT_EQ(facts.logs.hits.at(0), static_cast<std::uint64_t>(written));
  EXPECT_LT(facts.raw.hits.at(0), static_cast<std::uint64_t>(written)) << "control: some are split";
}

TEST_F(SearchTest, CountsEachOfTheSoughtAndEveryFamily) {
  Put("a", "alpha beta");
  Put("b", "beta", kOther);
  EXPECT_EQ(Look({"alpha", "beta", "gamma"}).values.hits, (std::vector<std::uint64_t>{1, 2, 0}));
}

TEST_F(SearchTest, SearchesAStoreThatNobodyHasOpenWithoutChangingIt) {
  Put("key", Compressible());
  ASSERT_OK(store_->CompactAll());
  Put("unflushed", kSecret);
  EXPECT_THAT(Search(path(), {kSecret}),
              testing::StatusIs(base::StatusCode::kFailedPrecondition, ::testing::_));
  store_.reset();
  const auto facts = Search(path(), {kSecret});
  ASSERT_OK(facts);
  EXPECT_EQ(facts->values.hits.at(0), 2U);
  EXPECT_THAT(Search(directory_.path() / "nothing", {kSecret}),
              testing::StatusIs(base::StatusCode::kNotFound, ::testing::_));
}

TEST(SearchFileTest, FindsAcrossTheBordersOfItsPieces) {
  const belgrand::testing::TempDir directory;
  const auto path = directory.path() / "file";
  constexpr std::size_t kPiece = std::size_t{4} << 20;
  for (const std::size_t before : {kPiece - 7, kPiece, kPiece - kSecret.size(), 2 * kPiece - 1}) {
    {
      std::ofstream file(path, std::ios::binary | std::ios::trunc);
      file << std::string(before, 'x') << kSecret << std::string(100, 'y') << kSecret;
    }
    SearchCount count;
    ASSERT_OK(SearchFile(path, {kSecret, "y", ""}, count));
    EXPECT_EQ(count.hits, (std::vector<std::uint64_t>{2, 100, 0})) << before;
    EXPECT_EQ(count.files, 1U);
    EXPECT_EQ(count.bytes, before + 100 + 2 * kSecret.size());
  }
  SearchCount count;
  EXPECT_OK(SearchFile(directory.path() / "gone", {kSecret}, count));
  EXPECT_EQ(count.files, 0U);
}

}  // namespace
}  // namespace belgrand::storage
