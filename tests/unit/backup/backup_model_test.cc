// Random operations on a store and its backups against maps in memory: writes, compactions,
// restarts, backups, pruning, and restores from which the store goes on. A restored store is the
// map of the instant at which its backup was made.
#include <cstdio>
#include <map>
#include <random>

#include "tests/unit/backup/backup_fixture.h"

namespace belgrand::backup {
namespace {

namespace fs = std::filesystem;
using Map = std::map<std::string, std::string>;

constexpr int kOperations = 250;

class BackupModelTest : public ::testing::TestWithParam<int> {
 protected:
  BackupModelTest() {
    seed_ = std::random_device()() + static_cast<unsigned>(GetParam());
    std::printf("seed %u\n", seed_);
    random_.seed(seed_);
    Open();
  }

  void Open() {
    store_.reset();
    auto opened = OpenStore(directory_ / kRole);
    ASSERT_OK(opened);
    store_ = *std::move(opened);
  }

  void Write() {
    storage::Batch batch;
    for (std::uint64_t n = random_() % 20; n > 0; --n) {
      const std::string key = std::to_string(random_() % 300);
      if (random_() % 4 == 0) {
        model_.erase(key);
        batch.Delete(0, key);
      } else {
        model_[key] = std::string(random_() % 3000, static_cast<char>(random_()));
        batch.Put(0, key, model_[key]);
      }
    }
    ASSERT_OK(store_->Write(batch));
  }

  void Back() {
    const std::uint64_t keep = 1 + random_() % 6;
    const auto made = Make(*store_, folder_, keep);
    ASSERT_OK(made);
    backups_[made->set.id()] = model_;
    while (backups_.size() > keep) backups_.erase(backups_.begin());
    const auto ids = SetIds(folder_);
    ASSERT_OK(ids);
    ASSERT_EQ(ids->size(), backups_.size());
  }

  // Goes on from a random backup, as an operator would after losing the disk.
  void RestoreOne() {
    if (backups_.empty()) return;
    auto chosen = backups_.begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(random_() % backups_.size()));
    const auto set = ReadSet(folder_, chosen->first);
    ASSERT_OK(set);
    const auto problems = Verify(folder_, *set, {});
    ASSERT_OK(problems);
    ASSERT_THAT(*problems, ::testing::IsEmpty());
    store_.reset();
    fs::remove_all(directory_);
    directory_ = dir_.path() / fmt::format("data-{}", ++life_);
    ASSERT_OK(Restore(folder_, *set, directory_, {}));
    model_ = chosen->second;
    Open();
    Compare();
  }

  void Compare() {
    auto expected = model_.begin();
    auto cursor = store_->Scan(0, "", "");
    for (; cursor.Valid(); cursor.Next(), ++expected) {
      ASSERT_TRUE(expected != model_.end());
      ASSERT_EQ(cursor.key(), expected->first);
      ASSERT_EQ(cursor.value(), expected->second);
    }
    ASSERT_OK(cursor.status());
    ASSERT_TRUE(expected == model_.end());
  }

  unsigned seed_ = 0;
  std::mt19937_64 random_;
  belgrand::testing::TempDir dir_;
  fs::path directory_ = dir_.path() / "data-0";
  const fs::path folder_ = dir_.path() / "backups";
  std::unique_ptr<storage::Store> store_;
  Map model_;
  std::map<std::uint64_t, Map> backups_;
  int life_ = 0;
};

TEST_P(BackupModelTest, ARestoredStoreIsTheMapOfItsBackup) {
  for (int i = 0; i < kOperations && !HasFatalFailure(); ++i) {
    SCOPED_TRACE(fmt::format("seed {}, operation {}", seed_, i));
    const std::uint64_t kind = random_() % 100;
    if (kind < 80) {
      Write();
    } else if (kind < 88) {
      Back();
    } else if (kind < 92) {
      RestoreOne();
    } else if (kind < 96) {
      Open();
    } else if (kind < 98) {
      ASSERT_OK(store_->CompactAll());
    } else {
      Compare();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, BackupModelTest, ::testing::Range(0, 2));

}  // namespace
}  // namespace belgrand::backup
