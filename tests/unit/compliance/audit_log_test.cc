#include "compliance/audit_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "compliance/checkpoint.h"
#include "tests/support/file_size_limit.h"
#include "tests/unit/compliance/audit_fixture.h"
#include "tests/unit/compliance/vectors.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::FileSizeLimit;
using ::belgrand::testing::IsOk;
using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;
using ::testing::Not;

class AuditLogTest : public AuditFixture {
 protected:
  void ExpectRefused(const AuditLogOptions& options, const std::string& reason) const {
    EXPECT_THAT(AuditLog::Open(options, clock_),
                StatusIs(base::StatusCode::kDataLoss, HasSubstr(reason)));
  }
};

TEST_F(AuditLogTest, FilesAreTheTilesOfTheSpecificationByteForByte) {
  const auto log = Open();
  EXPECT_THAT(log->Append(Numbered(0, 300)), IsOkAndHolds(0U));
  const auto digest = [&](const char* file, std::size_t bytes) {
    return Hex(crypto::Sha256(ReadAll(File(file)).substr(0, bytes)));
  };
  EXPECT_EQ(digest("tile/0/000", 8192), Vectors()["tile/0/000 sha256"]);
  EXPECT_EQ(digest("tile/0/001", 44 * 32), Vectors()["tile/0/001.p/44 (size 300) sha256"]);
  EXPECT_EQ(crypto::ToHex(ReadAll(File("tile/1/000"))), Vectors()["tile/1/000.p/1 (size 300) hex"]);
  EXPECT_EQ(digest("tile/entries/000", 1 << 20), Vectors()["tile/entries/000 sha256"]);
}

TEST_F(AuditLogTest, CheckpointIsASignedNoteOverTheKnownRoot) {
  const auto log = Open();
  ASSERT_OK(log->Append(Numbered(0, 257)));
  const auto text = log->Checkpoint();
  ASSERT_OK(text);
  EXPECT_EQ(ReadAll(File("checkpoint")), *text);
  EXPECT_EQ(ReadAll(File("log.vkey")), log->verifier_key() + "\n");
  const std::vector<NoteVerifier> verifiers = {NoteVerifier::Parse(log->verifier_key()).value()};
  const auto note = OpenNote(*text, verifiers);
  ASSERT_OK(note);
  const auto checkpoint = ParseCheckpoint(note->text);
  ASSERT_OK(checkpoint);
  EXPECT_EQ(checkpoint->origin, "audit.example.org/test");
  EXPECT_EQ(checkpoint->size, 257U);
  EXPECT_EQ(Hex(checkpoint->root), Vectors()["leafN_roots"]["257"]);
}

TEST_F(AuditLogTest, SeedIsReadableByItsOwnerOnlyAndOutsideTheTree) {
  const auto log = Open();
  struct stat info = {};
  ASSERT_EQ(::stat(Options().seed_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(info.st_size, 32);
}

TEST_F(AuditLogTest, ReadsBackExactlyWhatWasAppendedAcrossBundlesAndReopens) {
  std::vector<std::string> all = Numbered(0, 600);
  all[3] = std::string(65'535, '\xff');
  all[4] = std::string("\0\n\r binary \0", 12);
  {
    const auto log = Open();
    EXPECT_THAT(log->Append(std::span(all).first(100)), IsOkAndHolds(0U));
    EXPECT_THAT(log->Append(std::span(all).subspan(100, 400)), IsOkAndHolds(100U));
  }
  const auto log = Open();
  EXPECT_EQ(log->size(), 500U);
  EXPECT_THAT(log->Append(std::span(all).subspan(500)), IsOkAndHolds(500U));
  EXPECT_THAT(log->Read(0, 1000), IsOkAndHolds(all));
  EXPECT_THAT(log->Read(255, 2), IsOkAndHolds(std::vector<std::string>{all[255], all[256]}));
  EXPECT_THAT(log->Read(600, 5), IsOkAndHolds(std::vector<std::string>{}));
  EXPECT_FALSE(log->Read(601, 1).ok());
  EXPECT_FALSE(log->Read(0, kMaxEntriesPerCall + 1).ok());
}

TEST_F(AuditLogTest, RefusesEntriesItCannotStore) {
  const auto log = Open();
  const auto invalid = StatusIs(base::StatusCode::kInvalidArgument, _);
  EXPECT_THAT(log->Append({}), invalid);
  EXPECT_THAT(log->Append(std::vector<std::string>{"a", ""}), invalid);
  EXPECT_THAT(log->Append(std::vector<std::string>{std::string(65'536, 'x')}), invalid);
  EXPECT_THAT(log->Append(std::vector<std::string>(kMaxEntriesPerCall + 1, "x")), invalid);
  EXPECT_EQ(log->size(), 0U);
}

TEST_F(AuditLogTest, ProvesEveryEntryAndEveryPrefix) {
  const auto log = Open();
  ASSERT_OK(log->Append(Numbered(0, 700)));
  const auto root_at = [&](std::uint64_t size) {
    Frontier frontier;
    for (const std::string& entry : Numbered(0, static_cast<int>(size))) {
      frontier.Append(LeafHash(entry));
    }
    return frontier.Root();
  };
  const Hash root = root_at(700);
  for (std::uint64_t i = 0; i < 700; ++i) {
    const auto proof = log->ProveInclusion(i, 700);
    ASSERT_OK(proof);
    ASSERT_OK(VerifyInclusion(LeafHash(fmt::format("leaf {}", i)), i, 700, root, *proof));
  }
  for (std::uint64_t size = 1; size <= 700; size += 13) {
    const auto proof = log->ProveConsistency(size, 700);
    ASSERT_OK(proof);
    ASSERT_OK(VerifyConsistency(size, 700, root_at(size), root, *proof));
  }
  EXPECT_FALSE(log->ProveInclusion(0, 701).ok());
  EXPECT_FALSE(log->ProveConsistency(1, 701).ok());
}

TEST_F(AuditLogTest, SignsAfterTenSecondsOrSoManyEntries) {
  AuditLogOptions options = Options();
  options.checkpoint_interval = std::chrono::seconds(10);
  options.checkpoint_entries = 100;
  const auto log = Open(options);
  const auto signed_size = [&] {
    const std::string text = ReadAll(File("checkpoint"));
    return ParseCheckpoint(std::string_view(text).substr(0, text.find("\n\n") + 1))->size;
  };
  ASSERT_OK(log->Append(Numbered(0, 1)));
  EXPECT_EQ(signed_size(), 0U);
  clock_.Advance(std::chrono::seconds(11));
  ASSERT_OK(log->Append(Numbered(1, 1)));
  EXPECT_EQ(signed_size(), 2U);
  ASSERT_OK(log->Append(Numbered(2, 99)));
  EXPECT_EQ(signed_size(), 2U);
  ASSERT_OK(log->Append(Numbered(101, 1)));
  EXPECT_EQ(signed_size(), 102U);
  ASSERT_OK(log->Append(Numbered(102, 1)));
  ASSERT_OK(log->Close());
  EXPECT_EQ(signed_size(), 103U) << "Close signs";
  EXPECT_FALSE(log->Append(Numbered(0, 1)).ok());
  EXPECT_OK(log->Close());
}

TEST_F(AuditLogTest, OneProcessAtATime) {
  auto log = Open();
  EXPECT_THAT(AuditLog::Open(Options(), clock_),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("in use")));
  log.reset();
  EXPECT_OK(AuditLog::Open(Options(), clock_));
}

TEST_F(AuditLogTest, RecoversFromATailTornAtEveryByte) {
  const auto log = Open();
  ASSERT_OK(log->Append(Numbered(0, 254)));
  ASSERT_OK(log->Checkpoint());
  ASSERT_OK(log->Append(std::vector<std::string>{"acknowledged"}));
  const std::string before = ReadAll(File("tile/entries/000"));
  // The append that will be torn crosses the end of the bundle.
  ASSERT_OK(log->Append(std::vector<std::string>{"torn one", "torn two"}));
  const std::string whole = ReadAll(File("tile/entries/000"));
  const std::string next = ReadAll(File("tile/entries/001"));
  ASSERT_EQ(whole.size(), before.size() + 10);
  for (std::size_t cut = before.size(); cut <= whole.size() + next.size(); ++cut) {
    for (const bool tiles_survive : {true, false}) {
      SCOPED_TRACE(fmt::format("cut at {} of {}", cut, whole.size() + next.size()));
      const AuditLogOptions copy = CopyOfDisk("log", "torn");
      std::filesystem::resize_file(File("tile/entries/000", "torn"), std::min(cut, whole.size()));
      if (cut <= whole.size()) {
        std::filesystem::remove(File("tile/entries/001", "torn"));
      } else {
        std::filesystem::resize_file(File("tile/entries/001", "torn"), cut - whole.size());
      }
      if (!tiles_survive) std::filesystem::resize_file(File("tile/0/000", "torn"), 254 * 32 + 7);
      const auto torn = Open(copy);
      ASSERT_NE(torn, nullptr);
      const std::uint64_t expected =
          255U + (cut >= whole.size() ? 1U : 0U) + (cut == whole.size() + next.size() ? 1U : 0U);
      EXPECT_EQ(torn->size(), expected);
      EXPECT_THAT(torn->Read(254, 1), IsOkAndHolds(std::vector<std::string>{"acknowledged"}));
      EXPECT_THAT(torn->Append(std::vector<std::string>{"after", "wards"}), IsOkAndHolds(expected));
      ASSERT_OK(torn->Close());
      const AuditReport report = Verify("torn");
      EXPECT_TRUE(report.ok()) << FormatAuditReport(report);
      EXPECT_EQ(report.signed_entries, expected + 2);
    }
  }
}

TEST_F(AuditLogTest, ZerosThatAFilesystemLeftAfterTheTailAreDropped) {
  const auto log = Open();
  ASSERT_OK(log->Append(Numbered(0, 5)));
  const AuditLogOptions copy = CopyOfDisk("log", "zeros");
  WriteAll(File("tile/entries/000", "zeros"),
           ReadAll(File("tile/entries/000")) + std::string(4096, '\0'));
  const auto zeros = Open(copy);
  ASSERT_NE(zeros, nullptr);
  EXPECT_EQ(zeros->size(), 5U);
  EXPECT_THAT(zeros->Append(Numbered(5, 1)), IsOkAndHolds(5U));
}

TEST_F(AuditLogTest, RefusesToOpenWhatContradictsItsCheckpoint) {
  {
    const auto log = Open();
    ASSERT_OK(log->Append(Numbered(0, 300)));
    ASSERT_OK(log->Close());
    CopyOfDisk("log", "older");
  }
  {
    const auto log = Open();
    ASSERT_OK(log->Append(Numbered(300, 300)));
  }
  const auto damaged = [&] { return CopyOfDisk("log", "bad"); };

  AuditLogOptions options = damaged();
  std::filesystem::remove(File("tile/entries/002", "bad"));
  ExpectRefused(options, "512 entries, its signed checkpoint 600");

  options = damaged();
  std::filesystem::resize_file(File("tile/entries/002", "bad"), 25);
  ExpectRefused(options, "its signed checkpoint 600");

  options = damaged();
  std::filesystem::remove(File("tile/entries/001", "bad"));
  ExpectRefused(options, "entries 256 to 511 were removed");

  options = damaged();
  FlipByte(File("tile/0/002", "bad"), 5);
  ExpectRefused(options, "another root");

  options = damaged();
  std::filesystem::resize_file(File("tile/0/002", "bad"), 64);
  ExpectRefused(options, "tile/0/002 is missing or truncated");

  options = damaged();
  FlipByte(File("tile/entries/002", "bad"), 1);  // a length: must not pass for a torn tail
  ExpectRefused(options, "entry 512 was altered");

  options = damaged();
  FlipByte(File("checkpoint", "bad"), 24);
  ExpectRefused(options, "checkpoint");

  options = damaged();
  std::filesystem::remove(File("checkpoint", "bad"));
  ExpectRefused(options, "is missing");

  options = damaged();  // entries of an older copy under the newer checkpoint
  for (const char* part : {"tile/0", "tile/1", "tile/entries"}) {
    std::filesystem::remove_all(File(part, "bad"));
    std::filesystem::copy(File(part, "older"), File(part, "bad"));
  }
  ExpectRefused(options, "missing or truncated");

  options = damaged();  // everything but the seed is gone
  std::filesystem::remove_all(File("", "bad"));
  ExpectRefused(options, "checkpoint");

  options = damaged();
  std::filesystem::remove(options.seed_path);
  EXPECT_THAT(AuditLog::Open(options, clock_),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("seed")));

  options = damaged();
  options.origin = "audit.example.org/another";
  EXPECT_FALSE(AuditLog::Open(options, clock_).ok());

  options = damaged();  // and undamaged it opens
  EXPECT_OK(AuditLog::Open(options, clock_));
}

TEST_F(AuditLogTest, ARefusedOpenChangesNothing) {
  {
    const auto log = Open();
    ASSERT_OK(log->Append(Numbered(0, 10)));
  }
  FlipByte(File("tile/entries/000"), 1);
  const std::string before = ReadAll(File("tile/entries/000"));
  ASSERT_FALSE(AuditLog::Open(Options(), clock_).ok());
  EXPECT_EQ(ReadAll(File("tile/entries/000")), before);
}

TEST_F(AuditLogTest, WhenTheDiskIsFullTheCallFailsAndTheNextOneFindsItsPlace) {
  const auto log = Open();
  ASSERT_OK(log->Append(Numbered(0, 10)));
  const std::uint64_t bytes = ReadAll(File("tile/entries/000")).size();
  for (rlim_t room = 0; room < 40; ++room) {
    const FileSizeLimit limit(bytes + room);
    EXPECT_THAT(log->Append(std::vector<std::string>{"first of two", std::string(30, 'x')}),
                StatusIs(base::StatusCode::kResourceExhausted, _));
    EXPECT_EQ(log->size(), 10U);
  }
  EXPECT_EQ(ReadAll(File("tile/entries/000")).size(), bytes) << "the torn part was taken back";
  EXPECT_THAT(log->Append(Numbered(10, 1)), IsOkAndHolds(10U));
  {
    const FileSizeLimit limit(11 * 32 + 5);  // the hash tile does not fit
    EXPECT_THAT(log->Append(std::vector<std::string>{"x"}),
                StatusIs(base::StatusCode::kResourceExhausted, _));
  }
  EXPECT_THAT(log->Append(Numbered(11, 300)), IsOkAndHolds(11U));
  ASSERT_OK(log->Close());
  const AuditReport report = Verify();
  EXPECT_TRUE(report.ok()) << FormatAuditReport(report);
  EXPECT_EQ(report.signed_entries, 311U);
}

TEST_F(AuditLogTest, WhenSigningFailsTheCallFails) {
  AuditLogOptions options = Options();
  options.checkpoint_entries = 5;
  const auto log = Open(options);
  ASSERT_OK(log->Append(Numbered(0, 4)));
  // A directory in the way of the checkpoint's temporary file.
  std::filesystem::create_directory(File("checkpoint.new"));
  EXPECT_FALSE(log->Append(Numbered(4, 1)).ok());
  EXPECT_FALSE(log->Checkpoint().ok());
  std::filesystem::remove(File("checkpoint.new"));
  EXPECT_THAT(log->Append(Numbered(5, 1)), IsOkAndHolds(5U)) << "the unanswered entry is stored";
  ASSERT_OK(log->Close());
  EXPECT_TRUE(Verify().ok());
}

std::atomic<int> sync_calls{0};
std::atomic<int> failing_sync{-1};  // number of the call that fails, from now on
int CountingSync(int fd) {
  const int call = sync_calls.fetch_add(1);
  if (failing_sync.load() >= 0 && call >= failing_sync.load()) {
    errno = EIO;
    return -1;
  }
  return ::fdatasync(fd);
}

TEST_F(AuditLogTest, AfterAFailedSyncItRefusesUntilOpenedAgain) {
  AuditLogOptions options = Options();
  options.sync = CountingSync;
  {
    const auto log = Open(options);
    ASSERT_OK(log->Append(Numbered(0, 3)));
    failing_sync = sync_calls.load();
    EXPECT_THAT(log->Append(Numbered(3, 1)), StatusIs(base::StatusCode::kUnavailable, _));
    failing_sync = -1;
    EXPECT_THAT(log->Append(Numbered(3, 1)),
                StatusIs(base::StatusCode::kUnavailable, HasSubstr("restart")));
    EXPECT_FALSE(log->Checkpoint().ok());
    EXPECT_EQ(log->size(), 3U);
  }
  const auto log = Open(options);
  EXPECT_THAT(log->Read(0, 3), IsOkAndHolds(Numbered(0, 3)));
  EXPECT_OK(log->Append(Numbered(3, 1)));
}

TEST_F(AuditLogTest, ConcurrentAppendsShareSyncsAndKeepEachCallTogether) {
  constexpr int kThreads = 16;
  constexpr int kCalls = 60;
  AuditLogOptions options = Options();
  // A slow disk, so that callers meet.
  options.sync = [](int fd) {
    ++sync_calls;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return ::fdatasync(fd);
  };
  const auto log = Open(options);
  sync_calls = 0;
  std::vector<std::map<std::uint64_t, std::string>> acknowledged(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int call = 0; call < kCalls; ++call) {
        std::vector<std::string> entries;
        for (int i = 0; i <= call % 3; ++i) entries.push_back(fmt::format("{}/{}/{}", t, call, i));
        const auto first = log->Append(entries);
        ASSERT_OK(first);
        ASSERT_GE(log->size(), *first + entries.size());
        for (std::size_t i = 0; i < entries.size(); ++i) {
          acknowledged[static_cast<std::size_t>(t)][*first + i] = entries[i];
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<std::uint64_t, std::string> all;
  for (const auto& part : acknowledged) all.insert(part.begin(), part.end());
  ASSERT_EQ(all.size(), kThreads * kCalls * 2U) << "no index was given twice";
  EXPECT_EQ(log->size(), all.size());
  const auto stored = log->Read(0, all.size());
  ASSERT_OK(stored);
  for (const auto& [index, entry] : all) EXPECT_EQ((*stored)[index], entry);
  EXPECT_LT(sync_calls.load(), kThreads * kCalls / 2) << "groups share a sync";
  ASSERT_OK(log->Close());
  EXPECT_TRUE(Verify().ok());
}

// Random appends, checkpoints, reads, orderly reopens, kills and full disks against a vector.
TEST_F(AuditLogTest, BehavesAsAVectorThroughRandomOperationsAndRestarts) {
  const auto seed = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  RecordProperty("seed", static_cast<int>(seed));
  SCOPED_TRACE(fmt::format("seed {} (repeat with --gtest_random_seed={})", seed, seed));
  std::mt19937 random(seed);
  const auto pick = [&](unsigned n) { return random() % n; };
  std::vector<std::string> model;
  int generation = 0;
  AuditLogOptions options = Options("log0");
  options.checkpoint_entries = 200;
  auto log = Open(options);
  for (int step = 0; step < 400; ++step) {
    SCOPED_TRACE(fmt::format("step {}", step));
    switch (pick(10)) {
      case 0: {
        log.reset();
        log = Open(options);
        break;
      }
      case 1: {  // kill: go on from what the disk holds
        const std::string next = fmt::format("log{}", generation + 1);
        AuditLogOptions copy = CopyOfDisk(fmt::format("log{}", generation), next);
        ++generation;
        copy.checkpoint_entries = options.checkpoint_entries;
        log.reset();
        std::filesystem::remove_all(options.directory);
        options = copy;
        log = Open(options);
        break;
      }
      case 2: {
        ASSERT_OK(log->Checkpoint());
        break;
      }
      case 3: {  // no room: nothing is added
        const auto file =
            options.directory / TilePath({TileName::kEntries, model.size() / 256, 256});
        std::error_code none;
        const auto bytes = std::filesystem::file_size(file, none);
        const FileSizeLimit limit((none ? 0 : bytes) + pick(20));
        EXPECT_FALSE(log->Append(std::vector<std::string>{std::string(20, 'x')}).ok());
        break;
      }
      case 4: {
        const std::uint64_t first = pick(static_cast<unsigned>(model.size()) + 1);
        const std::uint64_t count = std::min<std::uint64_t>(pick(300), model.size() - first);
        const auto at = model.begin() + static_cast<std::ptrdiff_t>(first);
        EXPECT_THAT(log->Read(first, count), IsOkAndHolds(std::vector<std::string>(
                                                 at, at + static_cast<std::ptrdiff_t>(count))));
        break;
      }
      default: {
        std::vector<std::string> entries;
        for (unsigned i = 0; i <= pick(40); ++i) entries.push_back(std::string(1 + pick(60), 'a'));
        EXPECT_THAT(log->Append(entries), IsOkAndHolds(model.size()));
        model.insert(model.end(), entries.begin(), entries.end());
        clock_.Advance(std::chrono::minutes(pick(20)));
      }
    }
    ASSERT_NE(log, nullptr);
    ASSERT_EQ(log->size(), model.size());
  }
  EXPECT_GT(model.size(), 1000U);
  EXPECT_THAT(log->Read(0, model.size()), IsOkAndHolds(model));
  log.reset();
  const AuditReport report = Verify(fmt::format("log{}", generation));
  EXPECT_TRUE(report.ok()) << FormatAuditReport(report);
  EXPECT_EQ(report.signed_entries, model.size());
}

}  // namespace
}  // namespace belgrand::compliance
