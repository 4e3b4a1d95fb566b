// Backups of a real store: whole, incremental, checked, and every kind of damage named.
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "platform/storage/inspect.h"
#include "tests/support/file_size_limit.h"
#include "tests/unit/backup/backup_fixture.h"

namespace belgrand::backup {
namespace {

namespace fs = std::filesystem;
using belgrand::testing::StatusIs;
using belgrand::testing::TempDir;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    auto opened = OpenStore(dir_.path() / "data" / kRole);
    EXPECT_OK(opened);
    store_ = *std::move(opened);
  }

  void Put(int from, int to) {
    storage::Batch batch;
    for (int i = from; i < to; ++i) {
      batch.Put(0, fmt::format("key {:06}", i), std::string(500, static_cast<char>('a' + i % 26)));
    }
    ASSERT_OK(store_->Write(batch));
  }
  storage::v1::BackupSet Back(std::uint64_t keep = 100) {
    auto made = Make(*store_, folder_, keep);
    EXPECT_OK(made);
    return made.ok() ? made->set : storage::v1::BackupSet();
  }
  // Keys of the restored store.
  std::uint64_t RestoredKeys(const storage::v1::BackupSet& set) {
    const fs::path target = dir_.path() / fmt::format("restored-{}", ++restored_);
    EXPECT_OK(Restore(folder_, set, target, {}));
    const auto facts = storage::Inspect(target / kRole);
    EXPECT_OK(facts);
    return facts.ok() ? facts->keys.at("a") : 0;
  }
  std::vector<std::string> Problems(const storage::v1::BackupSet& set) {
    const auto problems = Verify(folder_, set, {});
    EXPECT_OK(problems);
    return problems.value_or(std::vector<std::string>());
  }
  const storage::v1::BackupFile& Table(const storage::v1::BackupSet& set) {
    for (const auto& file : set.parts(0).files()) {
      if (!file.identity().empty()) return file;
    }
    ADD_FAILURE() << "the backup has no table";
    return set.parts(0).files(0);
  }
  fs::path ObjectOf(const storage::v1::BackupFile& file) {
    const std::string hex = crypto::ToHex(file.sha256());
    return folder_ / "objects" / hex.substr(0, 2) / hex;
  }

  TempDir dir_;
  const fs::path folder_ = dir_.path() / "backups";
  std::unique_ptr<storage::Store> store_;
  int restored_ = 0;
};

TEST_F(BackupTest, RestoresWhatWasThereAndNotWhatCameLater) {
  Put(0, 1000);
  const auto set = Back();
  Put(1000, 1500);
  EXPECT_EQ(RestoredKeys(set), 1000U);
  EXPECT_EQ(RestoredKeys(Back()), 1500U);
}

TEST_F(BackupTest, HasEveryWriteThatWasDoneBeforeItWhileOthersGoOn) {
  Put(0, 100);
  std::atomic<int> written = 100;
  std::atomic<bool> stop = false;
  std::jthread writer([&] {
    for (int i = 100; !stop; ++i) {
      Put(i, i + 1);
      written = i + 1;
    }
  });
  for (int round = 0; round < 5; ++round) {
    const int before = written;
    const auto set = Back();
    const std::uint64_t keys = RestoredKeys(set);
    EXPECT_GE(keys, static_cast<std::uint64_t>(before));
    const auto& mark = set.parts(0).marks(0);
    EXPECT_EQ(mark.name(), kWritesMark);
    EXPECT_GE(keys, mark.at_least()) << "each write has one key";
    EXPECT_LE(keys, mark.at_most());
  }
  stop = true;
}

TEST_F(BackupTest, CopiesOnlyWhatIsNew) {
  Put(0, 20'000);
  ASSERT_OK(store_->CompactAll());
  const auto first = Make(*store_, folder_);
  ASSERT_OK(first);
  const std::uint64_t all = SizeOf(first->set).bytes;
  EXPECT_EQ(first->fresh_bytes, all);
  Put(20'000, 20'010);
  const auto second = Make(*store_, folder_);
  ASSERT_OK(second);
  EXPECT_LT(second->fresh_bytes, all / 10);
  EXPECT_EQ(RestoredKeys(second->set), 20'010U);
}

// A directory that was copied while nothing had it open goes on with the same numbers of files.
TEST_F(BackupTest, TablesOfTwoCopiesOfADatabaseAreNotTakenForEachOther) {
  const fs::path home = dir_.path() / "data" / kRole;
  const fs::path copy = dir_.path() / "copy";
  Put(0, 10);
  store_.reset();
  fs::copy(home, copy, fs::copy_options::recursive);
  const auto go_on = [&](const std::string& value) {
    auto opened = OpenStore(home);
    EXPECT_OK(opened);
    store_ = *std::move(opened);
    storage::Batch batch;
    batch.Put(1, "key", value);
    EXPECT_OK(store_->Write(batch));
    return Back();
  };
  const auto first = go_on("one");
  store_.reset();
  fs::remove_all(home);
  fs::copy(copy, home, fs::copy_options::recursive);
  const auto second = go_on("two");
  int collisions = 0;
  for (const auto& one : first.parts(0).files()) {
    for (const auto& other : second.parts(0).files()) {
      collisions += !one.identity().empty() && one.name() == other.name() &&
                    one.size() == other.size() && !fs::exists(copy / one.name());
    }
  }
  EXPECT_GT(collisions, 0) << "the copies gave no table the same number and size: proves nothing";
  const fs::path target = dir_.path() / "restored";
  ASSERT_OK(Restore(folder_, second, target, {}));
  const auto restored = OpenStore(target / kRole);
  ASSERT_OK(restored);
  EXPECT_THAT((*restored)->Get(1, "key"),
              belgrand::testing::IsOkAndHolds(::testing::Optional(std::string("two"))));
}

TEST_F(BackupTest, ForgetsTheOldestAndWhatOnlyTheyHeld) {
  Put(0, 1000);
  const auto first = Back();
  const fs::path object = ObjectOf(Table(first));
  storage::Batch batch;
  batch.DeleteRange(0, "", "");
  ASSERT_OK(store_->Write(batch));
  ASSERT_OK(store_->CompactAll());
  Put(5000, 5100);
  EXPECT_TRUE(fs::exists(object));
  Back(2);
  EXPECT_TRUE(fs::exists(object)) << "the first backup is still there";
  const auto third = Make(*store_, folder_, 2);
  ASSERT_OK(third);
  EXPECT_THAT(third->forgotten, ElementsAre(1U));
  EXPECT_FALSE(fs::exists(object)) << "what was deleted lives on in no backup";
  EXPECT_THAT(Problems(third->set), ::testing::IsEmpty());
  EXPECT_EQ(RestoredKeys(third->set), 100U);
  EXPECT_THAT(ReadSet(folder_, 1),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("has no backup 1; it has 2, 3")));
}

TEST_F(BackupTest, NamesEachKindOfDamage) {
  Put(0, 1000);
  const auto set = Back();
  const auto& table = Table(set);
  const fs::path object = ObjectOf(table);
  const auto whole = base::ReadFile(object);
  ASSERT_OK(whole);
  EXPECT_THAT(Problems(set), ::testing::IsEmpty());
  const auto damage = [&](const std::string& bytes) { std::ofstream(object) << bytes; };
  const auto expect = [&](const std::string& said) {
    EXPECT_THAT(Problems(set), ElementsAre(AllOf(HasSubstr(std::string(kRole) + "/" + table.name()),
                                                 HasSubstr(said))));
    const fs::path target = dir_.path() / "not restored";
    const base::Status refused = Restore(folder_, set, target, {});
    EXPECT_TRUE(refused.code() == base::StatusCode::kDataLoss ||
                refused.code() == base::StatusCode::kNotFound)
        << refused.ToString();
    EXPECT_THAT(base::Message(refused), AllOf(HasSubstr(table.name()), HasSubstr(said)));
    EXPECT_FALSE(fs::exists(target)) << "half a restore must not look like one";
  };
  damage(whole->substr(0, whole->size() - 1));
  expect("it is cut off");
  damage(*whole + "x");
  expect("it is too long");
  std::string flipped = *whole;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
  damage(flipped);
  expect("holds other bytes than were stored");
  fs::remove(object);
  expect("is missing from the backup folder");
  Back();
  EXPECT_THAT(Problems(set), ::testing::IsEmpty()) << "the table is still there to be copied again";
}

TEST_F(BackupTest, NamesDamageOfTheSetItself) {
  Put(0, 10);
  Back();
  const fs::path path = SetPath(folder_, 1);
  const auto whole = base::ReadFile(path);
  ASSERT_OK(whole);
  const auto expect = [&](const std::string& bytes, const std::string& said) {
    std::ofstream(path) << bytes;
    EXPECT_THAT(ReadSet(folder_, 1), StatusIs(base::StatusCode::kDataLoss,
                                              AllOf(HasSubstr("00000001.set"), HasSubstr(said))));
  };
  expect("", "does not begin as a backup set does");
  expect(whole->substr(0, 40), "cut off in its first lines");
  expect(whole->substr(0, whole->size() - 1), "checksum is wrong");
  std::string flipped = *whole;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  expect(flipped, "checksum is wrong");
  EXPECT_THAT(Make(*store_, folder_), StatusIs(base::StatusCode::kDataLoss, HasSubstr(".set")))
      << "an unreadable set must not be built upon in silence";
  std::ofstream(path) << *whole;
  fs::copy_file(path, SetPath(folder_, 7));
  EXPECT_THAT(ReadSet(folder_, 7),
              StatusIs(base::StatusCode::kDataLoss, HasSubstr("backup 1 under another name")));
}

TEST_F(BackupTest, RefusesASetThatLeadsOutOfItsFolder) {
  Put(0, 10);
  auto set = Back();
  for (const char* name : {"../outside", "/outside", "a/../../outside", ""}) {
    set.mutable_parts(0)->mutable_files(0)->set_name(name);
    EXPECT_THAT(DecodeSet(EncodeSet(set)), StatusIs(base::StatusCode::kDataLoss, HasSubstr(name)));
  }
  set.set_format(2);
  EXPECT_THAT(DecodeSet(EncodeSet(set)),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("format 2")));
}

TEST_F(BackupTest, DamageDoneToAnObjectIsMendedByTheNextCopyOfTheSameBytes) {
  Put(0, 10);
  const auto set = Back();
  const storage::v1::BackupFile* current = nullptr;
  for (const auto& file : set.parts(0).files()) {
    if (file.name() == "CURRENT") current = &file;
  }
  ASSERT_NE(current, nullptr);
  const auto whole = base::ReadFile(ObjectOf(*current));
  ASSERT_OK(whole);
  const auto maker = Maker::Open(folder_, {});
  ASSERT_OK(maker);
  std::ofstream(ObjectOf(*current)) << std::string(whole->size(), 'x');
  EXPECT_EQ(Problems(set).size(), 1U);
  (*maker)->BeginPart(kRole);
  ASSERT_OK((*maker)->AddBytes("CURRENT", *whole));
  EXPECT_THAT(Problems(set), ::testing::IsEmpty());
}

TEST_F(BackupTest, RefusesATargetThatIsNotEmpty) {
  Put(0, 10);
  const auto set = Back();
  const fs::path target = dir_.path() / "target";
  fs::create_directory(target);
  std::ofstream(target / "precious") << "x";
  EXPECT_THAT(Restore(folder_, set, target, {}),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("is not empty")));
  EXPECT_TRUE(fs::exists(target / "precious"));
  fs::remove(target / "precious");
  EXPECT_OK(Restore(folder_, set, target, {}));
  struct stat facts {};
  ASSERT_EQ(::stat((target / kRole).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0700U);
}

TEST_F(BackupTest, AFullDiskLeavesTheBackupsThatThereAreAndTheStoreAsTheyWere) {
  Put(0, 2000);
  const auto first = Back();
  Put(2000, 9000);
  ASSERT_OK(store_->CompactAll());
  {
    const belgrand::testing::FileSizeLimit limit(64 << 10);
    EXPECT_THAT(Make(*store_, folder_),
                StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("")));
  }
  EXPECT_THAT(Problems(first), ::testing::IsEmpty());
  const auto ids = SetIds(folder_);
  ASSERT_OK(ids);
  EXPECT_THAT(*ids, ElementsAre(1U));
  Put(9000, 9001);
  EXPECT_EQ(RestoredKeys(Back()), 9001U) << "the store goes on, and the next backup is whole";
}

TEST_F(BackupTest, WhoGivesUpLeavesNoBackup) {
  Put(0, 2000);
  const OnProgress give_up = [](const Progress&) { return base::Unavailable("enough"); };
  EXPECT_THAT(Make(*store_, folder_, 100, give_up),
              StatusIs(base::StatusCode::kUnavailable, HasSubstr("enough")));
  const auto ids = SetIds(folder_);
  ASSERT_OK(ids);
  EXPECT_THAT(*ids, ::testing::IsEmpty());
}

TEST_F(BackupTest, OnlyOneIsMadeAtATime) {
  const auto first = Maker::Open(folder_, {});
  ASSERT_OK(first);
  EXPECT_THAT(Maker::Open(folder_, {}),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("in use")));
}

TEST_F(BackupTest, TellsHowFarItIs) {
  Put(0, 20'000);
  Progress last;
  ASSERT_OK(Make(*store_, folder_, 100, [&](const Progress& progress) {
    EXPECT_GE(progress.bytes_done, last.bytes_done);
    EXPECT_LE(progress.bytes_done, progress.bytes_total);
    last = progress;
    return base::OkStatus();
  }));
  EXPECT_EQ(last.role, kRole);
  EXPECT_GT(last.bytes_total, 0U);
  EXPECT_EQ(last.bytes_done, last.bytes_total);
}

TEST(InspectTest, SaysThatABlockIsDamaged) {
  const TempDir dir;
  {
    const auto store = OpenStore(dir.path() / "store");
    ASSERT_OK(store);
    storage::Batch batch;
    for (int i = 0; i < 2000; ++i) batch.Put(0, std::to_string(i), std::string(100, 'v'));
    ASSERT_OK((*store)->Write(batch));
    ASSERT_OK((*store)->CompactAll());
  }
  ASSERT_OK(storage::Inspect(dir.path() / "store"));
  for (const auto& entry : fs::directory_iterator(dir.path() / "store")) {
    if (entry.path().extension() != ".sst" || entry.file_size() < 4096) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(1000);
    file.put('!');
  }
  EXPECT_THAT(storage::Inspect(dir.path() / "store"),
              StatusIs(base::StatusCode::kDataLoss, HasSubstr("restore a backup")));
}

}  // namespace
}  // namespace belgrand::backup
