// Erased is gone from the files: proved by a scanner that first has to find what is not erased.
//
// Values are random bytes, which no compression can change: the engine then stores their block as
// it is, so that a plain search of the files sees a live value. Each test checks that before it
// trusts a miss.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>

#include "platform/storage/store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::storage {
namespace {

constexpr Family kSubject = 0;
constexpr Family kIdle = 1;

class StoreErasureTest : public ::testing::Test {
 protected:
  StoreErasureTest() {
    std::mt19937_64 random(20210105);
    for (int i = 0; i < 4096; ++i) secret_.push_back(static_cast<char>(random()));
    for (int i = 0; i < 24; ++i) key_.push_back(static_cast<char>('A' + random() % 26));
    Reopen();
  }

  void Reopen() {
    store_.reset();
    auto opened = Store::Open({.directory = directory_.path() / "db",
                               .families = {"subject", "idle"},
                               .block_cache_bytes = std::size_t{1} << 20,
                               .write_buffer_bytes = std::size_t{4} << 20});
    ASSERT_OK(opened);
    store_ = std::move(*opened);
  }

  // Names of the files that hold `needle`.
  std::vector<std::string> FilesWith(std::string_view needle) const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string content((std::istreambuf_iterator<char>(file)), {});
      if (content.find(needle) != std::string::npos) {
        found.push_back(entry.path().filename().string());
      }
    }
    return found;
  }
  std::vector<std::string> FilesWithValue() const {
    return FilesWith(std::string_view(secret_).substr(100, 64));
  }

  void Put(Family family, std::string_view key, std::string_view value) {
    Batch batch;
    batch.Put(family, key, value);
    ASSERT_OK(store_->Write(batch));
  }
  void PutSecretAndBystanders() {
    Put(kSubject, key_, secret_);
    Put(kSubject, "a", "bystander");
    Put(kSubject, "z", "bystander");
    Put(kIdle, "idle", "pins the log until it is flushed");
  }
  void Erase() {
    Batch batch;
    batch.Delete(kSubject, key_);
    ASSERT_OK(store_->Write(batch));
  }

  belgrand::testing::TempDir directory_;
  std::string secret_;
  std::string key_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreErasureTest, ScannerFindsALiveValueInTheLogAndInSortedFiles) {
  PutSecretAndBystanders();
  EXPECT_FALSE(FilesWithValue().empty());
  ASSERT_OK(store_->CompactAll());
  EXPECT_FALSE(FilesWithValue().empty());
  EXPECT_FALSE(FilesWith(key_).empty());
}

TEST_F(StoreErasureTest, CompactAllRemovesADeletedValueAndItsKeyFromEveryFile) {
  PutSecretAndBystanders();
  ASSERT_OK(store_->CompactAll());
  ASSERT_FALSE(FilesWithValue().empty()) << "positive control";
  Erase();
  EXPECT_FALSE(FilesWithValue().empty()) << "deleting alone erases nothing";
  ASSERT_OK(store_->CompactAll());
  EXPECT_EQ(FilesWithValue(), std::vector<std::string>());
  EXPECT_EQ(FilesWith(key_), std::vector<std::string>());
  Reopen();
  EXPECT_EQ(FilesWithValue(), std::vector<std::string>());
}

TEST_F(StoreErasureTest, CompactAllRemovesAValueThatNeverLeftTheLog) {
  PutSecretAndBystanders();
  Erase();
  ASSERT_FALSE(FilesWithValue().empty()) << "positive control";
  ASSERT_OK(store_->CompactAll());
  EXPECT_EQ(FilesWithValue(), std::vector<std::string>());
  EXPECT_EQ(FilesWith(key_), std::vector<std::string>());
}

TEST_F(StoreErasureTest, CompactAllRemovesAnOverwrittenValue) {
  PutSecretAndBystanders();
  ASSERT_OK(store_->CompactAll());
  Put(kSubject, key_, "cleared");
  ASSERT_OK(store_->CompactAll());
  EXPECT_EQ(FilesWithValue(), std::vector<std::string>());
  EXPECT_FALSE(FilesWith(key_).empty()) << "the key itself lives on";
}

TEST_F(StoreErasureTest, CompactAllRemovesWhatARangeCovered) {
  PutSecretAndBystanders();
  ASSERT_OK(store_->CompactAll());
  Batch batch;
  batch.DeleteRange(kSubject, "A", "a");
  ASSERT_OK(store_->Write(batch));
  ASSERT_OK(store_->CompactAll());
  EXPECT_EQ(FilesWithValue(), std::vector<std::string>());
  EXPECT_EQ(FilesWith(key_), std::vector<std::string>());
}

TEST_F(StoreErasureTest, OpenSnapshotKeepsTheValueAndCompactingAfterItsEndRemovesIt) {
  PutSecretAndBystanders();
  {
    const Snapshot snapshot = store_->TakeSnapshot();
    Erase();
    ASSERT_OK(store_->CompactAll());
    EXPECT_FALSE(FilesWithValue().empty()) << "the snapshot still reads it";
  }
  ASSERT_OK(store_->CompactAll());
  EXPECT_EQ(FilesWithValue(), std::vector<std::string>());
}

TEST_F(StoreErasureTest, OpenCursorPinsTheFileUntilItIsClosed) {
  PutSecretAndBystanders();
  ASSERT_OK(store_->CompactAll());
  {
    const Cursor cursor = store_->Scan(kSubject, "", "");
    Erase();
    ASSERT_OK(store_->CompactAll());
    EXPECT_FALSE(FilesWithValue().empty());
  }
  ASSERT_OK(store_->CompactAll());
  EXPECT_EQ(FilesWithValue(), std::vector<std::string>());
}

}  // namespace
}  // namespace belgrand::storage
