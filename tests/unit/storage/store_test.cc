#include "platform/storage/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <thread>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::storage {
namespace {

using belgrand::testing::IsOkAndHolds;
using belgrand::testing::StatusIs;
using belgrand::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

constexpr Family kA = 0;
constexpr Family kB = 1;

class StoreTest : public ::testing::Test {
 protected:
  StoreOptions Options() const {
    return {.directory = directory_.path() / "db",
            .families = {"a", "b"},
            .block_cache_bytes = std::size_t{1} << 20,
            .write_buffer_bytes = std::size_t{1} << 20};
  }
  std::unique_ptr<Store> Open() {
    auto store = Store::Open(Options());
    EXPECT_OK(store);
    return store.ok() ? std::move(*store) : nullptr;
  }
  TempDir directory_;
};

std::vector<std::string> Keys(Cursor cursor) {
  std::vector<std::string> keys;
  for (; cursor.Valid(); cursor.Next()) keys.emplace_back(cursor.key());
  EXPECT_OK(cursor.status());
  return keys;
}

base::Status PutOne(Store& store, Family family, std::string_view key, std::string_view value) {
  Batch batch;
  batch.Put(family, key, value);
  return store.Write(batch);
}

TEST_F(StoreTest, WhatWasWrittenIsReadAfterReopening) {
  {
    auto store = Open();
    Batch batch;
    batch.Put(kA, "k", "1");
    batch.Put(kB, "k", "2");
    ASSERT_OK(store->Write(batch));
  }
  auto store = Open();
  EXPECT_THAT(store->Get(kA, "k"), IsOkAndHolds(Optional(std::string("1"))));
  EXPECT_THAT(store->Get(kB, "k"), IsOkAndHolds(Optional(std::string("2"))));
  EXPECT_THAT(store->Get(kA, "absent"), IsOkAndHolds(std::nullopt));
}

TEST_F(StoreTest, OperationsOfABatchApplyInOrder) {
  auto store = Open();
  Batch batch;
  batch.Put(kA, "k", "1");
  batch.Delete(kA, "k");
  batch.Put(kA, "l", "1");
  batch.Put(kA, "l", "2");
  batch.Put(kA, "m", "1");
  batch.DeleteRange(kA, "m", "n");
  ASSERT_OK(store->Write(batch));
  EXPECT_THAT(Keys(store->Scan(kA, "", "")), ElementsAre("l"));
  EXPECT_THAT(store->Get(kA, "l"), IsOkAndHolds(Optional(std::string("2"))));
}

TEST_F(StoreTest, RefusedBatchLeavesNothing) {
  auto store = Open();
  Batch batch;
  batch.Put(kA, "k", "1");
  batch.Put(kA, std::string(4097, 'x'), "1");
  EXPECT_THAT(store->Write(batch), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("4097")));
  EXPECT_THAT(Keys(store->Scan(kA, "", "")), ElementsAre());
  EXPECT_THAT(PutOne(*store, 7, "k", "v"),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("family 7")));
  EXPECT_THAT(PutOne(*store, kA, "k", std::string((16 << 20) + 1, 'x')),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("16777217")));
}

TEST_F(StoreTest, DeleteRangeEndsBeforeItsEndAndEmptyEndIsTheEndOfTheFamily) {
  auto store = Open();
  for (const std::string_view key : {"a", "b", "c", "d", "\xff\xff"}) {
    ASSERT_OK(PutOne(*store, kA, key, ""));
  }
  Batch middle;
  middle.DeleteRange(kA, "b", "c");
  middle.DeleteRange(kA, "z", "a");  // reversed: nothing
  ASSERT_OK(store->Write(middle));
  EXPECT_THAT(Keys(store->Scan(kA, "", "")), ElementsAre("a", "c", "d", "\xff\xff"));
  Batch rest;
  rest.DeleteRange(kA, "d", "");
  ASSERT_OK(store->Write(rest));
  EXPECT_THAT(Keys(store->Scan(kA, "", "")), ElementsAre("a", "c"));
}

TEST_F(StoreTest, ScanReturnsTheHalfOpenRangeInByteOrder) {
  auto store = Open();
  for (const std::string_view key : {"b", "a", "\x80", "c"}) ASSERT_OK(PutOne(*store, kA, key, ""));
  EXPECT_THAT(Keys(store->Scan(kA, "a", "c")), ElementsAre("a", "b"));
  EXPECT_THAT(Keys(store->Scan(kA, "b", "")), ElementsAre("b", "c", "\x80"));
  EXPECT_THAT(Keys(store->Scan(kB, "", "")), ElementsAre());
}

TEST_F(StoreTest, SnapshotAndCursorKeepTheirInstant) {
  auto store = Open();
  ASSERT_OK(PutOne(*store, kA, "k", "old"));
  const Snapshot snapshot = store->TakeSnapshot();
  Cursor cursor = store->Scan(kA, "", "");
  ASSERT_OK(PutOne(*store, kA, "k", "new"));
  ASSERT_OK(PutOne(*store, kA, "l", "new"));
  EXPECT_THAT(snapshot.Get(kA, "k"), IsOkAndHolds(Optional(std::string("old"))));
  EXPECT_THAT(snapshot.Get(kA, "l"), IsOkAndHolds(std::nullopt));
  EXPECT_THAT(Keys(snapshot.Scan(kA, "", "")), ElementsAre("k"));
  EXPECT_THAT(Keys(std::move(cursor)), ElementsAre("k"));
  EXPECT_THAT(store->Get(kA, "k"), IsOkAndHolds(Optional(std::string("new"))));
}

TEST_F(StoreTest, MultiGetAnswersInTheOrderOfTheKeys) {
  auto store = Open();
  ASSERT_OK(PutOne(*store, kA, "1", "one"));
  ASSERT_OK(PutOne(*store, kA, "3", "three"));
  auto values = store->MultiGet(kA, {"3", "2", "1", "3"});
  ASSERT_OK(values);
  EXPECT_THAT(*values, ElementsAre("three", std::nullopt, "one", "three"));
  EXPECT_THAT(store->MultiGet(kA, {}), IsOkAndHolds(::testing::IsEmpty()));
}

TEST_F(StoreTest, SecondOpenerIsRefusedUntilTheFirstIsGone) {
  auto store = Open();
  EXPECT_THAT(Store::Open(Options()),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("in use")));
  store.reset();
  EXPECT_OK(Store::Open(Options()));
}

TEST_F(StoreTest, FamilyCanBeAddedButNotForgotten) {
  ASSERT_OK(PutOne(*Open(), kB, "k", "v"));
  StoreOptions options = Options();
  options.families = {"a", "b", "c"};
  {
    auto store = Store::Open(options);
    ASSERT_OK(store);
    ASSERT_OK(PutOne(**store, 2, "k", "v"));
    EXPECT_THAT((*store)->Get(kB, "k"), IsOkAndHolds(Optional(std::string("v"))));
  }
  EXPECT_THAT(Store::Open(Options()),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("'c'")));
  options.families = {"c", "a", "b"};  // indexes follow the options, not the order of creation
  auto store = Store::Open(options);
  ASSERT_OK(store);
  EXPECT_THAT((*store)->Get(2, "k"), IsOkAndHolds(Optional(std::string("v"))));
}

TEST_F(StoreTest, UnusableFamilyNamesAreRefused) {
  StoreOptions options = Options();
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{"default"}, {""}, {"a", "a"}}) {
    options.families = names;
    EXPECT_THAT(Store::Open(options), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("'")));
  }
}

TEST_F(StoreTest, RangeIsRefusedInAFamilyOfSeries) {
  StoreOptions options = Options();
  options.series_texts = {0, 1};
  auto store = Store::Open(options);
  ASSERT_OK(store);
  Batch allowed;
  allowed.DeleteRange(kA, "a", "b");
  EXPECT_OK((*store)->Write(allowed));
  Batch refused;
  refused.DeleteRange(kB, "a", "b");
  EXPECT_THAT((*store)->Write(refused),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("one by one")));
}

TEST_F(StoreTest, MissingCurrentFileIsDataLossNotANewDatabase) {
  {
    auto store = Open();
    ASSERT_OK(PutOne(*store, kA, "k", "v"));
    ASSERT_OK(store->CompactAll());
  }
  std::filesystem::remove(Options().directory / "CURRENT");
  EXPECT_THAT(Store::Open(Options()), StatusIs(base::StatusCode::kDataLoss, HasSubstr("CURRENT")));
}

// Flips one byte in the middle of every file with the extension; returns how many files that were.
int DamageFiles(const std::filesystem::path& directory, std::string_view extension) {
  int damaged = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != extension || entry.file_size() < 64) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(entry.file_size() / 4);
    file.seekg(middle);
    const char byte = static_cast<char>(file.get() ^ 0x40);
    file.seekp(middle);
    file.put(byte);
    ++damaged;
  }
  return damaged;
}

TEST_F(StoreTest, DamagedLogInTheMiddleIsDataLossNotSilentTruncation) {
  {
    auto store = Open();
    for (int i = 0; i < 100; ++i) {
      ASSERT_OK(PutOne(*store, kA, "key" + std::to_string(i), std::string(100, 'v')));
    }
  }
  ASSERT_GT(DamageFiles(Options().directory, ".log"), 0);
  EXPECT_THAT(Store::Open(Options()), StatusIs(base::StatusCode::kDataLoss, HasSubstr("damaged")));
}

TEST_F(StoreTest, TornEndOfTheLogLosesOnlyWhatWasNotFinished) {
  {
    auto store = Open();
    ASSERT_OK(PutOne(*store, kA, "first", "v"));
    ASSERT_OK(PutOne(*store, kA, "last", std::string(1000, 'v')));
  }
  for (const auto& entry : std::filesystem::directory_iterator(Options().directory)) {
    if (entry.path().extension() != ".log" || entry.file_size() < 1000) continue;
    std::filesystem::resize_file(entry.path(), entry.file_size() - 10);
  }
  auto store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_THAT(Keys(store->Scan(kA, "", "")), ElementsAre("first"));
}

TEST_F(StoreTest, DamagedBlockIsDataLossOnRead) {
  {
    auto store = Open();
    for (int i = 0; i < 1000; ++i) {
      ASSERT_OK(PutOne(*store, kA, "key" + std::to_string(i), std::to_string(i * 7919)));
    }
    ASSERT_OK(store->CompactAll());
  }
  ASSERT_GT(DamageFiles(Options().directory, ".sst"), 0);
  auto store = Store::Open(Options());
  if (!store.ok()) {  // the damage hit what opening reads
    EXPECT_THAT(store, StatusIs(base::StatusCode::kDataLoss, HasSubstr("damaged")));
    return;
  }
  Cursor cursor = (*store)->Scan(kA, "", "");
  while (cursor.Valid()) cursor.Next();
  EXPECT_THAT(cursor.status(), StatusIs(base::StatusCode::kDataLoss, HasSubstr("damaged")));
}

TEST_F(StoreTest, ConcurrentWritersAllLandAndEachBatchIsWhole) {
  constexpr int kThreads = 16;
  constexpr int kBatches = 50;
  {
    auto store = Open();
    std::atomic<bool> stop = false;
    std::thread reader([&] {
      while (!stop) {
        // Both families are written in one batch: a snapshot sees both or neither.
        const Snapshot snapshot = store->TakeSnapshot();
        ASSERT_EQ(Keys(snapshot.Scan(kA, "", "")), Keys(snapshot.Scan(kB, "", "")));
      }
    });
    std::vector<std::thread> writers;
    for (int t = 0; t < kThreads; ++t) {
      writers.emplace_back([&, t] {
        for (int i = 0; i < kBatches; ++i) {
          const std::string key = std::to_string(t) + "/" + std::to_string(i);
          Batch batch;
          batch.Put(kA, key, "a");
          batch.Put(kB, key, "b");
          ASSERT_OK(store->Write(batch));
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
    stop = true;
    reader.join();
  }
  EXPECT_EQ(Keys(Open()->Scan(kA, "", "")).size(), std::size_t{kThreads * kBatches});
}

TEST_F(StoreTest, StatisticsCountBytesOnDisk) {
  auto store = Open();
  const std::uint64_t before = store->Statistics().disk_bytes;
  ASSERT_OK(PutOne(*store, kA, "k", std::string(100000, 'v')));
  EXPECT_GE(store->Statistics().disk_bytes, before + 100000);
  EXPECT_GT(store->Statistics().memtable_bytes, 100000u);
  EXPECT_FALSE(store->Statistics().writes_stopped);
}

TEST_F(StoreTest, FullDiskIsResourceExhaustedAndKeepsWhatWasAcknowledged) {
  const std::filesystem::path disk = directory_.path() / "disk";
  std::filesystem::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=8m") != 0) {
    GTEST_SKIP() << "needs the right to mount a small tmpfs: " << std::strerror(errno);
  }
  StoreOptions options = Options();
  options.directory = disk / "db";
  int acknowledged = 0;
  {
    auto store = Store::Open(options);
    ASSERT_OK(store);
    base::Status status;
    while (status.ok() && acknowledged < 1000) {
      std::string value(64 << 10, '\0');
      for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * i + i / 251);
      status = PutOne(**store, kA, std::to_string(acknowledged), value);
      if (status.ok()) ++acknowledged;
    }
    EXPECT_THAT(status, StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("full")));
    EXPECT_FALSE(PutOne(**store, kA, "later", "v").ok());
    EXPECT_FALSE((*store)->WriteStatus().ok());
  }
  ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
  {
    auto store = Store::Open(options);
    ASSERT_OK(store);
    for (int i = 0; i < acknowledged; ++i) {
      EXPECT_THAT((*store)->Get(kA, std::to_string(i)), IsOkAndHolds(Optional(::testing::_)));
    }
    EXPECT_OK(PutOne(**store, kA, "later", "v"));
  }
  EXPECT_EQ(::umount2(disk.c_str(), MNT_DETACH), 0);
}

}  // namespace
}  // namespace belgrand::storage
