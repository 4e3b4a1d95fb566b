#include "compliance/keyring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "compliance/keyring_file.h"
#include "platform/base/file.h"
#include "platform/crypto/aead.h"
#include "platform/crypto/hash.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::FileSizeLimit;
using ::belgrand::testing::IsOk;
using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

constexpr std::int32_t kSampler = 1;
constexpr std::int32_t kLabStaff = 2;
const std::string kPlace = "belgrand.ingest.v1.Sample.collected_by/lab-a/S-1";

PlainValue Person(const std::string& name, const std::string& place = kPlace,
                  const std::string& tenant = "lab-a", std::int32_t subject = kSampler) {
  return {subject, tenant, name, place};
}

class KeyringTest : public ::testing::Test {
 protected:
  KeyringOptions Options(const std::string& name = "keyring") const {
    return {dir_.path() / name, nullptr};
  }
  std::unique_ptr<Keyring> OpenKeyring(const std::string& name = "keyring") const {
    auto keyring = Keyring::OpenDirectory(Options(name));
    EXPECT_OK(keyring);
    return keyring.ok() ? *std::move(keyring) : nullptr;
  }
  void CopyOfDisk(const std::string& to) const {
    fs::remove_all(dir_.path() / to);
    fs::copy(dir_.path() / "keyring", dir_.path() / to);
  }
  fs::path File(const std::string& relative, const std::string& name = "keyring") const {
    return dir_.path() / name / relative;
  }
  static std::string ReadAll(const fs::path& path) { return base::ReadFile(path).value(); }
  static void WriteAll(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  static SealedValue SealOne(Keyring& keyring, const PlainValue& value) {
    const auto sealed = keyring.Seal(std::span(&value, 1));
    EXPECT_OK(sealed);
    return sealed.ok() ? sealed->front() : SealedValue{};
  }
  std::set<std::string> FileNames(const std::string& name = "keyring") const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir_.path() / name)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  testing::TempDir dir_;
};

TEST_F(KeyringTest, WhatIsSealedOpensAfterAReopen) {
  std::vector<SealedValue> sealed;
  const std::vector<PlainValue> values = {Person("J. Snow"), Person("W. Farr", "place/2"),
                                          Person("J. Snow", "place/3")};
  {
    const auto keyring = OpenKeyring();
    const auto result = keyring->Seal(values);
    ASSERT_OK(result);
    sealed = *result;
  }
  const auto keyring = OpenKeyring();
  EXPECT_EQ(keyring->size(), 2U);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(sealed[i].subject_ref.size(), 16U);
    EXPECT_EQ(sealed[i].sealed.find(values[i].value), std::string::npos);
    EXPECT_THAT(keyring->Open(sealed[i].sealed, values[i].place), IsOkAndHolds(values[i].value));
  }
  EXPECT_EQ(sealed[0].subject_ref, sealed[2].subject_ref);
}

TEST_F(KeyringTest, APersonIsSubjectTenantAndExactValue) {
  const auto keyring = OpenKeyring();
  const std::string ref = SealOne(*keyring, Person("J. Snow")).subject_ref;
  EXPECT_EQ(SealOne(*keyring, Person("J. Snow", "elsewhere")).subject_ref, ref);
  const std::set<std::string> others = {
      SealOne(*keyring, Person("J. Snow", kPlace, "lab-b")).subject_ref,
      SealOne(*keyring, Person("J. Snow", kPlace, "lab-a", kLabStaff)).subject_ref,
      SealOne(*keyring, Person("j. snow")).subject_ref,
      SealOne(*keyring, Person("aJ. Snow", kPlace, "lab-")).subject_ref};
  EXPECT_EQ(others.size(), 4U);
  EXPECT_FALSE(others.contains(ref));
  EXPECT_THAT(keyring->FindSubject(kSampler, "lab-a", "J. Snow"), IsOkAndHolds(ref));
  EXPECT_THAT(keyring->FindSubject(kSampler, "lab-c", "J. Snow"),
              StatusIs(base::StatusCode::kNotFound, _));
}

TEST_F(KeyringTest, SwappingPlacesRecordsOrPersonsFailsAuthentication) {
  const auto keyring = OpenKeyring();
  std::vector<PlainValue> values;
  for (const char* field : {"collected_by", "analysed_by"}) {
    for (const char* record : {"S-1", "S-2", "S-10"}) {
      for (const char* person : {"J. Snow", "W. Farr"}) {
        values.push_back(Person(person, fmt::format("Sample.{}/{}", field, record)));
      }
    }
  }
  const auto sealed = keyring->Seal(values);
  ASSERT_OK(sealed);
  int swaps = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      if (values[i].place == values[j].place) continue;
      EXPECT_THAT(keyring->Open((*sealed)[i].sealed, values[j].place),
                  StatusIs(base::StatusCode::kDataLoss, _));
      ++swaps;
    }
    // Another person's reference on the same bytes.
    std::string other = (*sealed)[i].sealed;
    other.replace(1, 16, (*sealed)[i ^ 1].subject_ref);
    EXPECT_THAT(keyring->Open(other, values[i].place), StatusIs(base::StatusCode::kDataLoss, _));
  }
  EXPECT_EQ(swaps, 12 * 10);
}

TEST_F(KeyringTest, RefusesValuesItCannotSealWithoutRepeatingThem) {
  const auto keyring = OpenKeyring();
  const auto seal = [&](const PlainValue& value) {
    const std::vector<PlainValue> values = {Person("good"), value};
    return keyring->Seal(values);
  };
  const auto invalid = StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("value 1"));
  EXPECT_THAT(seal(Person("")), invalid);
  EXPECT_THAT(seal(Person(std::string(321, 'x'))), invalid);
  EXPECT_THAT(base::Message(seal(Person("J. Snow", "")).status()), Not(HasSubstr("Snow")));
  EXPECT_FALSE(seal(Person("a", std::string(1025, 'p'))).ok());
  EXPECT_EQ(keyring->size(), 0U) << "all or none";
  EXPECT_OK(seal(Person(std::string(320, 'x'))));
}

TEST_F(KeyringTest, AfterDropNothingOpensThePersonAndEveryoneElseStays) {
  auto keyring = OpenKeyring();
  const SealedValue snow = SealOne(*keyring, Person("J. Snow"));
  const SealedValue farr = SealOne(*keyring, Person("W. Farr"));
  EXPECT_EQ(keyring->epoch(), 1U);
  ASSERT_OK(keyring->Drop(snow.subject_ref));
  EXPECT_EQ(keyring->epoch(), 2U);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(keyring->Open(snow.sealed, kPlace),
                StatusIs(base::StatusCode::kNotFound, HasSubstr("dropped")));
    EXPECT_THAT(keyring->FindSubject(kSampler, "lab-a", "J. Snow"), Not(IsOk()));
    EXPECT_THAT(keyring->Open(farr.sealed, kPlace), IsOkAndHolds("W. Farr"));
    keyring.reset();
    keyring = OpenKeyring();
  }
  EXPECT_THAT(keyring->Drop(snow.subject_ref), StatusIs(base::StatusCode::kNotFound, _));
  EXPECT_EQ(keyring->epoch(), 2U);
  // The same name again is a new person: nothing links it to the erased one.
  const SealedValue again = SealOne(*keyring, Person("J. Snow"));
  EXPECT_NE(again.subject_ref, snow.subject_ref);
  EXPECT_FALSE(keyring->Open(snow.sealed, kPlace).ok());
  EXPECT_EQ(FileNames(), (std::set<std::string>{"index.key", "epoch.2.key", "keyring.2"}));
}

TEST_F(KeyringTest, AnOldCopyOfTheKeyringIsNoiseUnderTheNewEpochKey) {
  auto keyring = OpenKeyring();
  const SealedValue snow = SealOne(*keyring, Person("J. Snow"));
  SealOne(*keyring, Person("W. Farr"));
  const std::string old_keyring = ReadAll(File("keyring.1"));
  CopyOfDisk("old");
  ASSERT_OK(keyring->Drop(snow.subject_ref));
  keyring.reset();

  // Control: with its own epoch key the old copy does open. That key is gone from the directory.
  EXPECT_THAT(OpenKeyring("old")->Open(snow.sealed, kPlace), IsOkAndHolds("J. Snow"));
  EXPECT_FALSE(fs::exists(File("epoch.1.key")));

  // The old file under its old name beside the new epoch: removed, not read.
  WriteAll(File("keyring.1"), old_keyring);
  EXPECT_THAT(OpenKeyring()->Open(snow.sealed, kPlace), StatusIs(base::StatusCode::kNotFound, _));
  EXPECT_FALSE(fs::exists(File("keyring.1")));

  // The old file in place of the new one.
  CopyOfDisk("forged");
  WriteAll(File("keyring.2", "forged"), old_keyring);
  EXPECT_THAT(Keyring::OpenDirectory(Options("forged")),
              StatusIs(base::StatusCode::kDataLoss, HasSubstr("epoch 1")));
  // The same with its header changed to the new epoch.
  const std::string frames = old_keyring.substr(HeaderFrame(1).size());
  WriteAll(File("keyring.2", "forged"), HeaderFrame(2) + frames);
  EXPECT_THAT(Keyring::OpenDirectory(Options("forged")),
              StatusIs(base::StatusCode::kDataLoss, HasSubstr("does not open")));
}

TEST_F(KeyringTest, TheOldEpochKeyIsOverwrittenBeforeItIsUnlinked) {
  auto keyring = OpenKeyring();
  const SealedValue snow = SealOne(*keyring, Person("J. Snow"));
  const std::string old_key = ReadAll(File("epoch.1.key"));
  // A second name for the same inode shows what the destroyed file held at the end.
  fs::create_hard_link(File("epoch.1.key"), dir_.path() / "witness");
  ASSERT_OK(keyring->Drop(snow.subject_ref));
  EXPECT_NE(ReadAll(dir_.path() / "witness"), old_key);
  for (const std::string& name : FileNames()) {
    EXPECT_EQ(ReadAll(File(name)).find(old_key), std::string::npos) << name;
  }
}

TEST_F(KeyringTest, DropsManyInOneEpochOrNone) {
  const auto keyring = OpenKeyring();
  std::vector<std::string> refs;
  for (int i = 0; i < 50; ++i) {
    refs.push_back(SealOne(*keyring, Person(fmt::format("person {}", i))).subject_ref);
  }
  std::vector<std::string> with_stranger = {refs[0], std::string(16, 'x')};
  EXPECT_THAT(keyring->Drop(with_stranger), StatusIs(base::StatusCode::kNotFound, _));
  EXPECT_EQ(keyring->size(), 50U);
  EXPECT_OK(keyring->Drop(std::span(refs).first(49)));
  EXPECT_EQ(keyring->size(), 1U);
  EXPECT_EQ(keyring->epoch(), 2U);
  EXPECT_OK(keyring->Drop(std::span<const std::string>()));
  EXPECT_EQ(keyring->epoch(), 2U);
}

TEST_F(KeyringTest, ADropInterruptedAtEveryStepLeavesOneWholeEpoch) {
  std::string snow;
  SealedValue farr;
  SealedValue sealed_snow;
  {
    const auto keyring = OpenKeyring();
    sealed_snow = SealOne(*keyring, Person("J. Snow"));
    farr = SealOne(*keyring, Person("W. Farr"));
    snow = sealed_snow.subject_ref;
    CopyOfDisk("before");
    ASSERT_OK(keyring->Drop(snow));
    CopyOfDisk("after");
  }
  const auto bytes = [&](const std::string& name, const std::string& from) {
    return ReadAll(File(name, from));
  };
  struct Step {
    const char* name;
    std::map<std::string, std::string> extra;  // file -> content added to "before"
    bool dropped;
  };
  const std::string new_key = bytes("epoch.2.key", "after");
  const std::string new_keyring = bytes("keyring.2", "after");
  const Step steps[] = {
      {"half a new key", {{"epoch.2.key.new", new_key.substr(0, 9)}}, false},
      {"new key", {{"epoch.2.key", new_key}}, false},
      {"half a new keyring",
       {{"epoch.2.key", new_key}, {"keyring.2.new", new_keyring.substr(0, 40)}},
       false},
      {"new keyring", {{"epoch.2.key", new_key}, {"keyring.2", new_keyring}}, true},
      {"old key overwritten",
       {{"epoch.2.key", new_key},
        {"keyring.2", new_keyring},
        {"epoch.1.key", std::string(32, 'r')}},
       true},
      {"old key half overwritten",
       {{"epoch.2.key", new_key}, {"keyring.2", new_keyring}, {"epoch.1.key", "short"}},
       true},
  };
  for (const Step& step : steps) {
    SCOPED_TRACE(step.name);
    fs::remove_all(dir_.path() / "step");
    fs::copy(dir_.path() / "before", dir_.path() / "step");
    for (const auto& [name, content] : step.extra) WriteAll(File(name, "step"), content);
    const auto keyring = OpenKeyring("step");
    ASSERT_NE(keyring, nullptr);
    EXPECT_THAT(keyring->Open(farr.sealed, kPlace), IsOkAndHolds("W. Farr"));
    EXPECT_EQ(keyring->Open(sealed_snow.sealed, kPlace).ok(), !step.dropped);
    if (!step.dropped) {
      EXPECT_OK(keyring->Drop(snow));
    }
    EXPECT_FALSE(keyring->Open(sealed_snow.sealed, kPlace).ok());
    EXPECT_FALSE(fs::exists(File("epoch.1.key", "step")));
    EXPECT_FALSE(fs::exists(File("keyring.1", "step")));
  }
}

TEST_F(KeyringTest, ATailTornAtEveryByteLosesOnlyTheUnansweredPerson) {
  auto keyring = OpenKeyring();
  const SealedValue snow = SealOne(*keyring, Person("J. Snow"));
  const std::size_t before = ReadAll(File("keyring.1")).size();
  SealOne(*keyring, Person("W. Farr"));
  const std::string whole = ReadAll(File("keyring.1"));
  for (std::size_t cut = before; cut < whole.size(); ++cut) {
    for (const std::size_t zeros : {0U, 64U}) {
      if (zeros > 0 && cut > before) continue;  // zeros after whole frames only
      CopyOfDisk("torn");
      WriteAll(File("keyring.1", "torn"), whole.substr(0, cut) + std::string(zeros, '\0'));
      const auto torn = OpenKeyring("torn");
      ASSERT_NE(torn, nullptr) << cut;
      EXPECT_EQ(torn->size(), 1U);
      EXPECT_THAT(torn->Open(snow.sealed, kPlace), IsOkAndHolds("J. Snow"));
      SealOne(*torn, Person("F. Nightingale"));
      EXPECT_EQ(torn->size(), 2U);
    }
  }
}

TEST_F(KeyringTest, EveryFlippedByteOfTheKeyringIsNoticed) {
  {
    const auto keyring = OpenKeyring();
    SealOne(*keyring, Person("J. Snow"));
    SealOne(*keyring, Person("W. Farr"));
  }
  const std::string good = ReadAll(File("keyring.1"));
  // In the last frame a larger length is not told from an unfinished append; before it, it is.
  const std::size_t last_frame = good.size() - (good.size() - HeaderFrame(1).size()) / 2;
  for (std::size_t at = 0; at < good.size(); ++at) {
    if (at >= last_frame && at < last_frame + 4) continue;
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    CopyOfDisk("bad");
    WriteAll(File("keyring.1", "bad"), bad);
    const auto keyring = Keyring::OpenDirectory(Options("bad"));
    if (keyring.ok()) ADD_FAILURE() << "byte " << at;
    EXPECT_EQ(ReadAll(File("keyring.1", "bad")), bad) << "a refusal changes nothing";
  }
}

TEST_F(KeyringTest, SaysWhichFileIsMissing) {
  {
    const auto keyring = OpenKeyring();
    const std::string ref = SealOne(*keyring, Person("J. Snow")).subject_ref;
    SealOne(*keyring, Person("W. Farr"));
    ASSERT_OK(keyring->Drop(ref));
  }
  for (const char* name : {"index.key", "epoch.2.key", "keyring.2"}) {
    CopyOfDisk("missing");
    fs::remove(File(name, "missing"));
    EXPECT_THAT(Keyring::OpenDirectory(Options("missing")),
                StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr(name)));
  }
}

TEST_F(KeyringTest, OneProcessAtATimeAndOwnerOnly) {
  const auto keyring = OpenKeyring();
  EXPECT_THAT(Keyring::OpenDirectory(Options()),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("in use")));
  for (const std::string& name : FileNames()) {
    struct stat info = {};
    ASSERT_EQ(::stat(File(name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U) << name;
  }
}

TEST_F(KeyringTest, NoFileHoldsTheNameOrAHashThatCouldBeSearched) {
  const auto keyring = OpenKeyring();
  SealOne(*keyring, Person("J. Snow"));
  const crypto::Key256 index_key = ReadKeyFile(File("index.key")).value();
  std::string person("\0\0\0\x01\0\0\0\x05lab-aJ. Snow", 8 + 5 + 7);
  const std::string lookup(crypto::View(crypto::HmacSha256(index_key.view(), person)));
  // Control: this is the lookup value that the frame holds, wrapped as docs/formats/keyring.md
  // says.
  const auto content = ParseKeyring(ReadAll(File("keyring.1")), 1);
  ASSERT_OK(content);
  ASSERT_EQ(content->persons.size(), 1U);
  const StoredPerson& stored = content->persons[0];
  crypto::GcmNonce nonce;
  std::copy_n(stored.wrapped.begin(), nonce.size(), nonce.begin());
  const auto plain =
      crypto::AesGcmOpen(ReadKeyFile(File("epoch.1.key")).value(), nonce,
                         std::string("belgrand keyring v1\0\0\0\x01", 23) + stored.subject_ref,
                         std::string_view(stored.wrapped).substr(nonce.size()));
  ASSERT_OK(plain);
  EXPECT_EQ(plain->substr(32), lookup);
  for (const std::string& name : FileNames()) {
    EXPECT_EQ(ReadAll(File(name)).find("Snow"), std::string::npos) << name;
    EXPECT_EQ(ReadAll(File(name)).find(lookup), std::string::npos) << name;
  }
}

std::atomic<bool> sync_fails{false};

TEST_F(KeyringTest, WhenTheDiskFailsNewPersonsAreRefusedAndKnownOnesStillOpen) {
  KeyringOptions options = Options();
  options.sync = [](int fd) {
    if (!sync_fails) return ::fdatasync(fd);
    errno = EIO;
    return -1;
  };
  auto keyring = Keyring::OpenDirectory(options).value();
  const SealedValue snow = SealOne(*keyring, Person("J. Snow"));
  sync_fails = true;
  const PlainValue farr = Person("W. Farr");
  EXPECT_THAT(keyring->Seal(std::span(&farr, 1)), StatusIs(base::StatusCode::kUnavailable, _));
  sync_fails = false;
  EXPECT_THAT(keyring->Seal(std::span(&farr, 1)),
              StatusIs(base::StatusCode::kUnavailable, HasSubstr("restart")));
  EXPECT_THAT(keyring->Drop(snow.subject_ref), StatusIs(base::StatusCode::kUnavailable, _));
  EXPECT_THAT(keyring->Open(snow.sealed, kPlace), IsOkAndHolds("J. Snow"));
  SealOne(*keyring, Person("J. Snow"));  // needs no new key
  keyring.reset();
  keyring = OpenKeyring();
  EXPECT_EQ(keyring->size(), 1U);
  SealOne(*keyring, farr);
}

TEST_F(KeyringTest, WhenTheDiskIsFullTheNextCallTriesAgain) {
  const auto keyring = OpenKeyring();
  SealOne(*keyring, Person("J. Snow"));
  const auto size = fs::file_size(File("keyring.1"));
  const PlainValue farr = Person("W. Farr");
  const auto refused = [&] {
    const FileSizeLimit limit(size + 10);
    return keyring->Seal(std::span(&farr, 1));
  }();
  EXPECT_THAT(refused, StatusIs(base::StatusCode::kResourceExhausted, _));
  EXPECT_EQ(fs::file_size(File("keyring.1")), size);
  SealOne(*keyring, farr);
  EXPECT_EQ(keyring->size(), 2U);
}

TEST_F(KeyringTest, ConcurrentSealsOfOnePersonShareOneKey) {
  const auto keyring = OpenKeyring();
  std::vector<std::set<std::string>> refs(8);
  std::vector<std::thread> threads;
  for (std::set<std::string>& mine : refs) {
    threads.emplace_back([&] {
      for (int i = 0; i < 40; ++i) {
        const PlainValue value = Person(fmt::format("person {}", i % 5));
        const auto sealed = keyring->Seal(std::span(&value, 1));
        ASSERT_OK(sealed);
        mine.insert(sealed->front().subject_ref);
        ASSERT_THAT(keyring->Open(sealed->front().sealed, kPlace), IsOkAndHolds(value.value));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::set<std::string>& mine : refs) EXPECT_EQ(mine, refs[0]);
  EXPECT_EQ(keyring->size(), 5U);
}

// Random seals, opens, drops, reopens and kills against a map of who lives.
TEST_F(KeyringTest, BehavesAsAMapThroughRandomOperationsAndRestarts) {
  const auto seed = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {} (repeat with --gtest_random_seed={})", seed, seed));
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  struct Stored {
    PlainValue plain;
    SealedValue sealed;
  };
  std::map<std::string, std::string> living;  // name -> ref
  std::vector<Stored> stored;
  std::string name = "keyring";
  int generation = 0;
  auto keyring = OpenKeyring(name);
  for (int step = 0; step < 300; ++step) {
    SCOPED_TRACE(fmt::format("step {}", step));
    switch (pick(9)) {
      case 3: {  // kill in the middle of a drop, at a step of docs/formats/keyring.md
        if (living.empty()) break;
        const auto person =
            std::next(living.begin(), static_cast<std::ptrdiff_t>(pick(living.size())));
        const std::string next = fmt::format("keyring{}", ++generation);
        fs::copy(dir_.path() / name, dir_.path() / next);
        const std::uint32_t epoch = keyring->epoch();
        ASSERT_OK(keyring->Drop(person->second));
        keyring.reset();
        const std::string new_key = fmt::format("epoch.{}.key", epoch + 1);
        const std::string new_keyring = fmt::format("keyring.{}", epoch + 1);
        const std::size_t reached = pick(4);
        fs::copy(File(new_key, name), File(new_key, next));
        if (reached == 1) WriteAll(File(new_keyring + ".new", next), "half");
        if (reached >= 2) {
          fs::copy(File(new_keyring, name), File(new_keyring, next));
          living.erase(person);
        }
        if (reached == 3) {
          WriteAll(File(fmt::format("epoch.{}.key", epoch), next), std::string(32, 'r'));
        }
        fs::remove_all(dir_.path() / name);
        name = next;
        keyring = OpenKeyring(name);
        break;
      }
      case 0: {
        keyring.reset();
        keyring = OpenKeyring(name);
        break;
      }
      case 1: {  // kill: go on from what the disk holds
        const std::string next = fmt::format("keyring{}", ++generation);
        fs::copy(dir_.path() / name, dir_.path() / next);
        keyring.reset();
        fs::remove_all(dir_.path() / name);
        name = next;
        keyring = OpenKeyring(name);
        break;
      }
      case 2: {
        if (living.empty()) break;
        const auto person =
            std::next(living.begin(), static_cast<std::ptrdiff_t>(pick(living.size())));
        ASSERT_OK(keyring->Drop(person->second));
        living.erase(person);
        break;
      }
      default: {
        std::vector<PlainValue> values;
        for (std::size_t i = 0; i <= pick(5); ++i) {
          values.push_back(
              Person(fmt::format("person {}", pick(30)), fmt::format("place/{}", pick(1000))));
        }
        const auto sealed = keyring->Seal(values);
        ASSERT_OK(sealed);
        for (std::size_t i = 0; i < values.size(); ++i) {
          const auto [known, is_new] = living.emplace(values[i].value, (*sealed)[i].subject_ref);
          EXPECT_EQ(known->second, (*sealed)[i].subject_ref);
          stored.push_back({values[i], (*sealed)[i]});
        }
      }
    }
    ASSERT_NE(keyring, nullptr);
    ASSERT_EQ(keyring->size(), living.size());
    for (int i = 0; i < 5 && !stored.empty(); ++i) {
      const Stored& one = stored[pick(stored.size())];
      const auto person = living.find(one.plain.value);
      const auto value = keyring->Open(one.sealed.sealed, one.plain.place);
      if (person != living.end() && person->second == one.sealed.subject_ref) {
        EXPECT_THAT(value, IsOkAndHolds(one.plain.value));
      } else {
        EXPECT_THAT(value, StatusIs(base::StatusCode::kNotFound, _));
      }
    }
  }
}

}  // namespace
}  // namespace belgrand::compliance
