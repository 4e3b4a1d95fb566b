// Random operations against std::map, with reopening: the store is the map, at every instant.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <random>
#include <vector>

#include "platform/storage/keys.h"
#include "platform/storage/store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::storage {
namespace {

constexpr std::size_t kFamilies = 3;
constexpr int kOperations = 4000;
using Model = std::vector<std::map<std::string, std::string>>;

class StoreModelTest : public ::testing::TestWithParam<int> {
 protected:
  StoreModelTest() {
    seed_ = std::random_device()() + static_cast<unsigned>(GetParam());
    std::printf("seed %u\n", seed_);
    random_.seed(seed_);
    Reopen();
  }

  void Reopen() {
    store_.reset();
    auto opened = Store::Open(
        {.directory = directory_.path() / "db",
         .families = {"x", "y", "z"},
         .block_cache_bytes = std::size_t{1} << 20,
         // Hinted families meet keys with enough texts and with too few; they take no DeleteRange.
         .series_texts = {1, 2},
         .write_buffer_bytes = std::size_t{1} << 20});
    ASSERT_OK(opened);
    store_ = std::move(*opened);
  }

  // Plain, or a composite key with one or two texts.
  std::string Key() {
    const std::string number = std::to_string(random_() % 100);
    const std::uint64_t kind = random_() % 3;
    if (kind == 0) return number;
    std::string key;
    for (std::uint64_t i = 0; i < kind; ++i) {
      AppendText(key, std::string(random_() % 2, '\0') + number.substr(0, 1));
    }
    AppendUint32(key, static_cast<std::uint32_t>(random_() % 100));
    return key;
  }
  std::string Value() { return std::string(random_() % 2000, static_cast<char>(random_())); }

  void WriteRandomBatch() {
    Batch batch;
    for (std::uint64_t n = random_() % 8; n > 0; --n) {
      const Family family = random_() % kFamilies;
      std::map<std::string, std::string>& model = model_[family];
      const std::uint64_t kind = random_() % 10;
      if (kind < 6) {
        const std::string key = Key();
        model[key] = Value();
        batch.Put(family, key, model[key]);
      } else if (kind < 9 || family < 2) {
        const std::string key = Key();
        model.erase(key);
        batch.Delete(family, key);
      } else {
        std::string from = Key();
        std::string to = Key();
        if (to < from) std::swap(from, to);
        model.erase(model.lower_bound(from), model.lower_bound(to));
        batch.DeleteRange(family, from, to);
      }
    }
    ASSERT_OK(store_->Write(batch));
  }

  void CheckScan(Family family, const std::map<std::string, std::string>& model, Cursor cursor,
                 const std::string& from, const std::string& to) {
    auto expected = model.lower_bound(from);
    const auto end = to.empty() ? model.end() : model.lower_bound(to);
    for (; cursor.Valid(); cursor.Next(), ++expected) {
      ASSERT_TRUE(expected != end) << "family " << family << " has an extra key";
      ASSERT_EQ(cursor.key(), expected->first);
      ASSERT_EQ(cursor.value(), expected->second);
    }
    ASSERT_OK(cursor.status());
    ASSERT_TRUE(expected == end) << "family " << family << " lost " << expected->first;
  }

  void CheckRandomRead() {
    const Family family = random_() % kFamilies;
    const std::map<std::string, std::string>& model = model_[family];
    std::vector<std::string> keys = {Key(), Key(), Key()};
    auto values = store_->MultiGet(family, keys);
    ASSERT_OK(values);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto found = model.find(keys[i]);
      ASSERT_EQ((*values)[i].has_value(), found != model.end());
      if (found != model.end()) {
        ASSERT_EQ(*(*values)[i], found->second);
      }
      auto single = store_->Get(family, keys[i]);
      ASSERT_OK(single);
      ASSERT_EQ(*single, (*values)[i]);
    }
    std::string from = Key();
    std::string to = Key();
    if (to < from) std::swap(from, to);
    if (random_() % 4 == 0) to.clear();
    CheckScan(family, model, store_->Scan(family, from, to), from, to);
  }

  void CheckSnapshot() {
    const Model then = model_;
    const Snapshot snapshot = store_->TakeSnapshot();
    WriteRandomBatch();
    WriteRandomBatch();
    for (Family family = 0; family < kFamilies; ++family) {
      CheckScan(family, then[family], snapshot.Scan(family, "", ""), "", "");
    }
  }

  unsigned seed_ = 0;
  std::mt19937_64 random_;
  belgrand::testing::TempDir directory_;
  std::unique_ptr<Store> store_;
  Model model_ = Model(kFamilies);
};

TEST_P(StoreModelTest, BehavesLikeAMap) {
  for (int i = 0; i < kOperations && !HasFatalFailure(); ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed_) + ", operation " + std::to_string(i));
    const std::uint64_t kind = random_() % 1000;
    if (kind < 600) {
      WriteRandomBatch();
    } else if (kind < 950) {
      CheckRandomRead();
    } else if (kind < 985) {
      CheckSnapshot();
    } else if (kind < 995) {
      Reopen();
    } else {
      ASSERT_OK(store_->CompactAll());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreModelTest, ::testing::Range(0, 4));

}  // namespace
}  // namespace belgrand::storage
