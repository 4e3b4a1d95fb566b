#include "compliance/audit_verify.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "compliance/tile.h"
#include "tests/unit/compliance/audit_fixture.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::AnyOf;
using ::testing::HasSubstr;

class AuditVerifyTest : public AuditFixture {
 protected:
  void Build(int count) {
    const auto log = Open();
    ASSERT_OK(log->Append(Numbered(0, count)));
    key_ = log->verifier_key();
  }
  std::string FirstProblem() const {
    const AuditReport report = Verify();
    EXPECT_FALSE(report.ok());
    return report.problems.empty() ? "" : report.problems.front();
  }
  std::string key_;
};

TEST_F(AuditVerifyTest, AcceptsAnUntouchedLogAndPrintsIt) {
  Build(300);
  const auto report = VerifyAuditLog(File(""), key_);
  ASSERT_OK(report);
  EXPECT_TRUE(report->ok());
  EXPECT_EQ(report->entries, 300U);
  EXPECT_EQ(report->signed_entries, 300U);
  EXPECT_EQ(FormatAuditReport(*report),
            fmt::format("log      audit.example.org/test\nentries  300\nsigned   300\nroot     {}\n"
                        "OK: every entry, hash tile, the root and the signature agree\n",
                        report->root));
}

TEST_F(AuditVerifyTest, AcceptsAnEmptyLog) {
  Build(1);
  const testing::TempDir other;
  AuditLogOptions options;
  options.directory = other.path() / "empty";
  options.origin = "audit.example.org/empty";
  options.seed_path = other.path() / "seed";
  ASSERT_OK(AuditLog::Open(options, clock_));
  const auto report = VerifyAuditLog(options.directory, "");
  ASSERT_OK(report);
  EXPECT_TRUE(report->ok()) << FormatAuditReport(*report);
  EXPECT_EQ(report->entries, 0U);
}

TEST_F(AuditVerifyTest, CountsEntriesThatNoCheckpointCoversYet) {
  const auto log = Open();
  ASSERT_OK(log->Append(Numbered(0, 20)));
  ASSERT_OK(log->Checkpoint());
  ASSERT_OK(log->Append(Numbered(20, 280)));
  const AuditReport report = Verify();  // while the log is open
  EXPECT_TRUE(report.ok()) << FormatAuditReport(report);
  EXPECT_EQ(report.signed_entries, 20U);
  EXPECT_EQ(report.unsigned_entries(), 280U);
  EXPECT_THAT(FormatAuditReport(report), HasSubstr("unsigned 280"));
}

TEST_F(AuditVerifyTest, FindsNothingWrongInALogThatIsBeingWritten) {
  AuditLogOptions options = Options();
  options.checkpoint_entries = 50;
  const auto log = Open(options);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; i += 7) ASSERT_OK(log->Append(Numbered(i, 7)));
  });
  std::uint64_t seen = 0;
  for (int run = 0; run < 50 || seen < 600; ++run) {
    const AuditReport report = Verify();
    EXPECT_TRUE(report.ok()) << FormatAuditReport(report);
    EXPECT_GE(report.entries, seen);
    seen = report.entries;
  }
  stop = true;
  writer.join();
}

TEST_F(AuditVerifyTest, NamesTheEntryOfEveryAlteredByte) {
  Build(20);
  const std::string good = ReadAll(File("tile/entries/000"));
  std::size_t index = 0;
  std::size_t start = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    if (at == start + 2 + static_cast<std::uint8_t>(good[start + 1])) {
      start = at;
      ++index;
    }
    FlipByte(File("tile/entries/000"), at);
    const std::string altered = fmt::format("entry {} was altered", index);
    // An altered length may swallow the rest of the bundle.
    const std::string missing = fmt::format("entries {} to 19 are missing", index);
    if (at < start + 2) {
      EXPECT_THAT(FirstProblem(), AnyOf(HasSubstr(altered), HasSubstr(missing))) << "byte " << at;
    } else {
      EXPECT_THAT(FirstProblem(), HasSubstr(altered)) << "byte " << at;
    }
    WriteAll(File("tile/entries/000"), good);
  }
  EXPECT_EQ(index, 19U);
  EXPECT_TRUE(Verify().ok());
}

TEST_F(AuditVerifyTest, SaysWhichSideOfAMismatchWasAltered) {
  Build(600);
  std::string bundle = ReadAll(File("tile/entries/001"));
  const std::size_t at = bundle.find("leaf 300");
  ASSERT_NE(at, bundle.npos);
  FlipByte(File("tile/entries/001"), at + 2);
  EXPECT_EQ(FirstProblem(),
            "entry 300 was altered: its hash is not the one in tile/0/001, which the signed "
            "checkpoint covers");
  WriteAll(File("tile/entries/001"), bundle);

  FlipByte(File("tile/0/001"), 44 * 32 + 3);
  EXPECT_EQ(FirstProblem(),
            "hash 44 of tile/0/001 was altered: entry 300 itself is what the checkpoint covers");
  EXPECT_THAT(Verify().problems.back(),
              HasSubstr("hash 1 of tile/1/000 is not the root of tile/0/001 (entries 256 to 511)"));
  FlipByte(File("tile/0/001"), 44 * 32 + 3);

  FlipByte(File("tile/1/000"), 33);
  EXPECT_THAT(FirstProblem(), HasSubstr("hash 1 of tile/1/000 is not the root"));
  FlipByte(File("tile/1/000"), 33);
  EXPECT_TRUE(Verify().ok());
}

TEST_F(AuditVerifyTest, FindsAnEntryAlteredTogetherWithItsHash) {
  Build(600);
  std::string bundle = ReadAll(File("tile/entries/002"));
  const std::size_t at = bundle.find("leaf 555");
  FlipByte(File("tile/entries/002"), at + 7);
  bundle = ReadAll(File("tile/entries/002"));
  const Hash forged = LeafHash(std::string_view(bundle).substr(at, 8));
  std::string tile = ReadAll(File("tile/0/002"));
  tile.replace((555 - 512) * 32, 32, crypto::View(forged));
  WriteAll(File("tile/0/002"), tile);
  EXPECT_THAT(FirstProblem(), HasSubstr("entries and hash tiles were altered together"));
}

TEST_F(AuditVerifyTest, NamesADeletedEntry) {
  Build(20);
  std::string bundle = ReadAll(File("tile/entries/000"));
  bundle.erase(5 * 8, 8);  // entry 5, "leaf 5" with its length
  WriteAll(File("tile/entries/000"), bundle);
  const AuditReport report = Verify();
  ASSERT_EQ(report.problem_count, 2U);
  EXPECT_THAT(report.problems[0], HasSubstr("entry 5 was altered"));
  EXPECT_THAT(report.problems[1], HasSubstr("entries 19 to 19 are missing"));
}

TEST_F(AuditVerifyTest, NamesWhatTruncationRemoved) {
  Build(600);
  const std::string bundle = ReadAll(File("tile/entries/000"));
  WriteAll(File("tile/entries/000"), bundle.substr(0, 8 * 7 + 3));
  EXPECT_THAT(FirstProblem(), HasSubstr("entries 7 to 255 are missing"));
  std::filesystem::remove(File("tile/entries/000"));
  EXPECT_THAT(FirstProblem(), HasSubstr("entries 0 to 255 are missing"));
  WriteAll(File("tile/entries/000"), bundle);

  std::filesystem::resize_file(File("tile/entries/002"), 100);
  EXPECT_THAT(FirstProblem(), HasSubstr("to 599 are missing"));
  std::filesystem::remove(File("tile/entries/002"));
  EXPECT_THAT(FirstProblem(), HasSubstr("entries 512 to 599 are missing"));
}

TEST_F(AuditVerifyTest, NamesMissingTiles) {
  Build(600);
  const std::string tile = ReadAll(File("tile/0/000"));
  std::filesystem::resize_file(File("tile/0/000"), 1000);
  EXPECT_THAT(FirstProblem(), HasSubstr("tile/0/000 is missing or truncated"));
  WriteAll(File("tile/0/000"), tile);
  std::filesystem::remove(File("tile/1/000"));
  EXPECT_THAT(FirstProblem(), HasSubstr("tile/1/000 is missing or truncated"));
}

TEST_F(AuditVerifyTest, RefusesEveryAlteredByteOfTheCheckpoint) {
  Build(10);
  const std::string good = ReadAll(File("checkpoint"));
  for (std::size_t at = 0; at < good.size(); ++at) {
    FlipByte(File("checkpoint"), at);
    EXPECT_THAT(FirstProblem(), HasSubstr("checkpoint")) << "byte " << at;
    WriteAll(File("checkpoint"), good);
  }
  std::filesystem::remove(File("checkpoint"));
  EXPECT_THAT(FirstProblem(), HasSubstr("checkpoint"));
}

TEST_F(AuditVerifyTest, ALogThatWasSignedAfreshFailsUnderTheTrustedKey) {
  Build(10);
  // The forger replaces log, seed, checkpoint and log.vkey together.
  std::filesystem::remove_all(File(""));
  std::filesystem::remove(Options().seed_path);
  const std::string trusted = key_;
  Build(9);
  EXPECT_TRUE(Verify().ok()) << "the key beside the log is the forger's";
  const auto report = VerifyAuditLog(File(""), trusted);
  ASSERT_OK(report);
  EXPECT_FALSE(report->ok());
}

TEST_F(AuditVerifyTest, ListsAtMostTwentyProblemsAndCountsAll) {
  Build(256 * 30);
  for (int bundle = 0; bundle < 30; ++bundle) {
    FlipByte(File(fmt::format("tile/entries/{:03}", bundle)), 2);
  }
  const AuditReport report = Verify();
  EXPECT_EQ(report.problems.size(), kMaxProblems);
  EXPECT_EQ(report.problem_count, 30U);
  EXPECT_THAT(FormatAuditReport(report), HasSubstr("and 10 more"));
}

TEST_F(AuditVerifyTest, SaysSoWhenThereIsNothingToVerify) {
  EXPECT_THAT(VerifyAuditLog(dir_.path() / "none", ""),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("none")));
  EXPECT_FALSE(VerifyAuditLog(dir_.path(), "").ok());
  Build(1);
  EXPECT_THAT(VerifyAuditLog(File(""), "not a key"),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("verifier key")));
}

}  // namespace
}  // namespace belgrand::compliance
