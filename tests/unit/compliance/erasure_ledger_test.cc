#include "compliance/erasure_ledger.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <map>
#include <random>

#include "belgrand/storage/v1/erasure.pb.h"
#include "compliance/frames.h"
#include "platform/base/file.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::FileSizeLimit;
using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::int32_t kSampler = 1;
constexpr std::int32_t kOfficial = 3;

base::Instant At(std::int64_t second) { return base::FromMicros(second * 1'000'000); }
std::string Id(int n) {
  std::string id(kErasureIdBytes, '\0');
  id[0] = static_cast<char>(n);
  id[1] = static_cast<char>(n >> 8);
  return id;
}
ErasedPerson Keyed(char c) { return {kSampler, std::string(16, c), ""}; }

class ErasureLedgerTest : public ::testing::Test {
 protected:
  std::unique_ptr<ErasureLedger> Open(const std::string& name = "keys") const {
    auto ledger = ErasureLedger::Open(dir_.path() / name);
    EXPECT_OK(ledger);
    return ledger.ok() ? *std::move(ledger) : nullptr;
  }
  fs::path File(const std::string& name = "keys") const {
    return dir_.path() / name / kErasureLedgerFile;
  }
  std::string Bytes() const { return base::ReadFile(File()).value(); }
  void Write(const std::string& bytes, const std::string& name) const {
    fs::remove_all(dir_.path() / name);
    fs::copy(dir_.path() / "keys", dir_.path() / name);
    std::ofstream(File(name), std::ios::binary | std::ios::trunc) << bytes;
  }

  testing::TempDir dir_;
};

TEST_F(ErasureLedgerTest, WhatWasBegunAndEndedIsThereAfterAReopen) {
  std::string ledger_id;
  {
    const auto ledger = Open();
    ledger_id = ledger->ledger_id();
    EXPECT_EQ(ledger_id.size(), 16U);
    EXPECT_EQ(ledger->newest(), 0U);
    EXPECT_THAT(ledger->Begin(Id(1), Keyed('a'), At(100)), IsOkAndHolds(1U));
    EXPECT_THAT(
        ledger->Begin(Id(2), {kOfficial, "", NameDigest(ledger->name_key(), kOfficial, "", "F.")},
                      At(101)),
        IsOkAndHolds(2U));
    ASSERT_OK(ledger->Finish(Id(1), true, At(110)));
    ASSERT_OK(ledger->Finish(Id(1), false, At(120)));
  }
  const auto ledger = Open();
  EXPECT_EQ(ledger->ledger_id(), ledger_id);
  EXPECT_EQ(ledger->newest(), 2U);
  const auto first = ledger->Find(Id(1));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->person.subject_ref, std::string(16, 'a'));
  EXPECT_EQ(first->begun, At(100));
  EXPECT_EQ(first->finished, At(110)) << "the first end counts";
  EXPECT_FALSE(first->clean) << "the last search counts";
  const auto second = ledger->Find(Id(2));
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->finished);
  EXPECT_EQ(second->person.name_digest, NameDigest(ledger->name_key(), kOfficial, "", "F."));
  EXPECT_FALSE(ledger->Find(Id(3)));
}

TEST_F(ErasureLedgerTest, RefusesWhatNamesNobodyOrComesTwice) {
  const auto ledger = Open();
  const auto invalid = StatusIs(base::StatusCode::kInvalidArgument, _);
  EXPECT_THAT(ledger->Begin("short", Keyed('a'), At(1)), invalid);
  EXPECT_THAT(ledger->Begin(Id(1), {kSampler, "", ""}, At(1)), invalid);
  EXPECT_THAT(ledger->Begin(Id(1), {kSampler, "short", ""}, At(1)), invalid);
  EXPECT_THAT(ledger->Begin(Id(1), {kSampler, "", "short"}, At(1)), invalid);
  ASSERT_OK(ledger->Begin(Id(1), Keyed('a'), At(1)));
  EXPECT_THAT(ledger->Begin(Id(1), Keyed('b'), At(1)), invalid);
  EXPECT_THAT(ledger->Finish(Id(2), true, At(1)), StatusIs(base::StatusCode::kNotFound, _));
  EXPECT_EQ(ledger->newest(), 1U);
}

TEST_F(ErasureLedgerTest, NamesNobodyAndIsForItsOwnerOnly) {
  const std::string name = "Florence Nightingale";
  const auto ledger = Open();
  const std::string digest = NameDigest(ledger->name_key(), kOfficial, "", name);
  ASSERT_OK(ledger->Begin(Id(1), {kOfficial, "", digest}, At(1)));
  const std::string bytes = Bytes();
  EXPECT_NE(bytes.find(digest), std::string::npos) << "control";
  EXPECT_EQ(bytes.find("Nightingale"), std::string::npos);
  // The digest is keyed, and tells kinds, laboratories and names apart.
  EXPECT_NE(digest, NameDigest(crypto::Key256(), kOfficial, "", name));
  EXPECT_NE(digest, NameDigest(ledger->name_key(), kSampler, "", name));
  EXPECT_NE(NameDigest(ledger->name_key(), kSampler, "ab", "c"),
            NameDigest(ledger->name_key(), kSampler, "a", "bc"));
  for (const char* file : {kErasureLedgerFile, kErasureKeyFile}) {
    struct stat info = {};
    ASSERT_EQ(::stat((dir_.path() / "keys" / file).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U) << file;
  }
}

TEST_F(ErasureLedgerTest, ATailTornAtEveryByteLosesOnlyTheUnansweredEntry) {
  std::size_t before = 0;
  {
    const auto ledger = Open();
    ASSERT_OK(ledger->Begin(Id(1), Keyed('a'), At(1)));
    before = Bytes().size();
    ASSERT_OK(ledger->Begin(Id(2), Keyed('b'), At(2)));
  }
  const std::string whole = Bytes();
  for (std::size_t cut = before; cut < whole.size(); ++cut) {
    Write(whole.substr(0, cut) + (cut == before ? std::string(64, '\0') : ""), "torn");
    const auto torn = Open("torn");
    ASSERT_NE(torn, nullptr) << cut;
    EXPECT_EQ(torn->newest(), 1U);
    EXPECT_THAT(torn->Begin(Id(3), Keyed('c'), At(3)), IsOkAndHolds(2U));
    EXPECT_EQ(Open("torn")->newest(), 2U);
  }
}

TEST_F(ErasureLedgerTest, EveryFlippedByteAndEveryMissingLineIsNoticed) {
  std::vector<std::size_t> ends;
  {
    const auto ledger = Open();
    ends.push_back(Bytes().size());
    for (int i = 1; i <= 3; ++i) {
      ASSERT_OK(ledger->Begin(Id(i), Keyed(static_cast<char>('a' + i)), At(i)));
      ends.push_back(Bytes().size());
    }
  }
  const std::string good = Bytes();
  const auto refused = [&](const std::string& bytes) {
    Write(bytes, "bad");
    const auto ledger = ErasureLedger::Open(dir_.path() / "bad");
    EXPECT_EQ(base::ReadFile(File("bad")).value(), bytes) << "a refusal changes nothing";
    return ledger.status();
  };
  for (std::size_t at = 0; at < good.size(); ++at) {
    // A larger length of the last frame is not told from an unfinished append.
    if (at >= ends[2] && at < ends[2] + 4) continue;
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    EXPECT_FALSE(refused(bad).ok()) << "byte " << at;
  }
  for (std::size_t line = 0; line + 2 < ends.size(); ++line) {
    const std::string without = good.substr(0, ends[line]) + good.substr(ends[line + 1]);
    EXPECT_THAT(refused(without),
                StatusIs(base::StatusCode::kDataLoss, HasSubstr("does not follow")));
  }
  EXPECT_THAT(refused(""), StatusIs(base::StatusCode::kDataLoss, HasSubstr("no header")));
  storage::v1::ErasureLedgerHeader newer;
  newer.set_format(2);
  newer.set_ledger_id(std::string(16, 'l'));
  EXPECT_THAT(refused(EncodeFrame(newer.SerializeAsString())),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("format 2")));
}

TEST_F(ErasureLedgerTest, SaysThatItsKeyIsMissing) {
  Open();
  fs::remove(dir_.path() / "keys" / kErasureKeyFile);
  EXPECT_THAT(ErasureLedger::Open(dir_.path() / "keys"),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr(kErasureKeyFile)));
}

TEST_F(ErasureLedgerTest, WhenTheDiskIsFullTheNextCallTriesAgain) {
  const auto ledger = Open();
  ASSERT_OK(ledger->Begin(Id(1), Keyed('a'), At(1)));
  const auto size = fs::file_size(File());
  const auto refused = [&] {
    const FileSizeLimit limit(size + 10);
    return ledger->Begin(Id(2), Keyed('b'), At(2));
  }();
  EXPECT_THAT(refused, StatusIs(base::StatusCode::kResourceExhausted, _));
  EXPECT_EQ(fs::file_size(File()), size);
  EXPECT_THAT(ledger->Begin(Id(2), Keyed('b'), At(2)), IsOkAndHolds(2U));
}

std::atomic<bool> sync_fails{false};

TEST_F(ErasureLedgerTest, WhenTheDiskFailsNothingMoreIsBegun) {
  const auto sync = [](int fd) {
    if (!sync_fails) return ::fdatasync(fd);
    errno = EIO;
    return -1;
  };
  auto ledger = ErasureLedger::Open(dir_.path() / "keys", sync);
  ASSERT_OK(ledger);
  sync_fails = true;
  EXPECT_THAT((*ledger)->Begin(Id(1), Keyed('a'), At(1)),
              StatusIs(base::StatusCode::kUnavailable, _));
  sync_fails = false;
  EXPECT_THAT((*ledger)->Begin(Id(1), Keyed('a'), At(1)),
              StatusIs(base::StatusCode::kUnavailable, HasSubstr("restart")));
  ledger->reset();
  EXPECT_EQ(Open()->newest(), 0U);
}

// Random beginnings, ends, restarts and kills against a map.
TEST_F(ErasureLedgerTest, BehavesAsAListThroughRandomOperationsAndRestarts) {
  const auto seed = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {} (repeat with --gtest_random_seed={})", seed, seed));
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  struct Known {
    std::string id;
    std::optional<base::Instant> finished;
    bool clean = false;
  };
  std::vector<Known> model;
  std::string name = "keys";
  int generation = 0;
  auto ledger = Open(name);
  for (int step = 0; step < 400; ++step) {
    SCOPED_TRACE(fmt::format("step {}", step));
    const auto now = At(step + 1);
    switch (pick(6)) {
      case 0:
        ledger.reset();
        ledger = Open(name);
        break;
      case 1: {  // kill, half of the time in the middle of an entry that was never answered
        const std::string next = fmt::format("keys{}", ++generation);
        fs::copy(dir_.path() / name, dir_.path() / next);
        ledger.reset();
        fs::remove_all(dir_.path() / name);
        name = next;
        if (pick(2) == 0) {
          std::ofstream(File(name), std::ios::binary | std::ios::app)
              << EncodeFrame("an entry").substr(0, pick(15));
        }
        ledger = Open(name);
        break;
      }
      case 2:
      case 3: {
        const std::string id = Id(static_cast<int>(model.size()) + 1);
        ASSERT_THAT(ledger->Begin(id, Keyed('a'), now), IsOkAndHolds(model.size() + 1));
        model.push_back({id, std::nullopt});
        break;
      }
      default: {
        if (model.empty()) break;
        Known& known = model[pick(model.size())];
        const bool clean = pick(2) == 0;
        ASSERT_OK(ledger->Finish(known.id, clean, now));
        if (!known.finished) known.finished = now;
        known.clean = clean;
      }
    }
    ASSERT_NE(ledger, nullptr);
    const auto records = ledger->Records();
    ASSERT_EQ(records.size(), model.size());
    for (std::size_t i = 0; i < model.size(); ++i) {
      ASSERT_EQ(records[i].id, model[i].id);
      ASSERT_EQ(records[i].sequence, i + 1);
      ASSERT_EQ(records[i].finished, model[i].finished);
      ASSERT_EQ(records[i].clean, model[i].clean);
    }
  }
}

}  // namespace
}  // namespace belgrand::compliance
