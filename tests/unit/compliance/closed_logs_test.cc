// Closed audit logs: the mark of pruning, what is left to check, and what it cannot hide.
#include "compliance/closed_logs.h"

#include <gmock/gmock.h>

#include "compliance/audit_anew.h"
#include "tests/unit/compliance/audit_fixture.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ClosedLogsTest : public AuditFixture {
 protected:
  void SetUp() override {
    ASSERT_OK(Open()->Append(Numbered(0, kEntries)));
    ASSERT_OK(BeginAnew(Anew()));
  }
  AnewOptions Anew() const {
    return {dir_.path() / "log", Seed(), dir_.path() / "closed", dir_.path() / "anchor",
            OriginOfHalfYear("audit.example.org/test", "audit.example.org/test", "2026h2")};
  }
  std::filesystem::path Seed() const { return dir_.path() / "log.seed"; }
  ClosedLog Only() const {
    auto logs = ListClosedLogs(dir_.path() / "closed");
    EXPECT_OK(logs);
    EXPECT_THAT(*logs, SizeIs(1));
    return logs->at(0);
  }
  base::Status Prune() const { return PruneEntries(Only(), Seed(), "P6M", clock_.Now()); }
  std::filesystem::path Entries() const { return dir_.path() / "closed/1/tile/entries"; }

  static constexpr int kEntries = 1'300;
};

TEST_F(ClosedLogsTest, LosesItsEntriesAndKeepsWhatProves) {
  EXPECT_EQ(Only().checkpoint.size, std::uint64_t{kEntries});
  const Hash root = Only().checkpoint.root;
  const auto reader = TileNodeReader(dir_.path() / "closed/1");
  const auto proof = ProveInclusion(reader, 711, kEntries);
  ASSERT_OK(proof);
  ASSERT_OK(Prune());
  EXPECT_FALSE(std::filesystem::exists(Entries()));
  const ClosedLog log = Only();
  ASSERT_TRUE(log.pruned);
  EXPECT_EQ(*log.pruned, (PruneMark{"audit.example.org/test", kEntries, clock_.Now(), "P6M"}));
  const AuditReport report = Verify("closed/1");
  EXPECT_TRUE(report.ok()) << FormatAuditReport(report);
  EXPECT_THAT(FormatAuditReport(report), HasSubstr("deleted by the log itself"));
  // Whoever kept an entry can still show that it was there.
  EXPECT_EQ(ProveInclusion(reader, 711, kEntries).value(), *proof);
  EXPECT_OK(VerifyInclusion(LeafHash("leaf 711"), 711, kEntries, root, *proof));
}

TEST_F(ClosedLogsTest, GoesOnWhereACrashStoppedThePruning) {
  const std::filesystem::path bundle = Entries() / "000";
  const std::string bytes = ReadAll(bundle);
  ASSERT_OK(Prune());
  const std::string mark = ReadAll(dir_.path() / "closed/1/pruned");
  std::filesystem::create_directories(Entries());
  WriteAll(bundle, bytes);
  EXPECT_TRUE(Verify("closed/1").ok());
  clock_.Advance(std::chrono::hours(24));
  ASSERT_OK(Prune());
  EXPECT_FALSE(std::filesystem::exists(Entries()));
  EXPECT_EQ(ReadAll(dir_.path() / "closed/1/pruned"), mark) << "the day on which it began";
}

TEST_F(ClosedLogsTest, AMissingBundleWithoutAMarkIsDamage) {
  std::filesystem::remove_all(Entries());
  EXPECT_THAT(FormatAuditReport(Verify("closed/1")), HasSubstr("entries 0 to 255 are missing"));
}

TEST_F(ClosedLogsTest, AMarkThatTheLogDidNotSignHidesNothing) {
  const auto other = NoteSigner::FromSeed("audit.example.org/test", std::string(32, 'x'));
  ASSERT_OK(other);
  const PruneMark mark{"audit.example.org/test", kEntries, clock_.Now(), "P6M"};
  WriteAll(dir_.path() / "closed/1/pruned", SignNote(FormatPruneMark(mark), *other).value());
  std::filesystem::remove_all(Entries());
  EXPECT_FALSE(Verify("closed/1").ok());
  EXPECT_THAT(Only().state, StatusIs(base::StatusCode::kDataLoss, HasSubstr("pruned")));
}

TEST_F(ClosedLogsTest, AnAlteredHashIsFoundInAPrunedLogToo) {
  ASSERT_OK(Prune());
  FlipByte(dir_.path() / "closed/1/tile/0/003", 33);
  EXPECT_THAT(FormatAuditReport(Verify("closed/1")), HasSubstr("tile/0/003"));
}

TEST_F(ClosedLogsTest, ADamagedLogIsKeptAsEvidence) {
  FlipByte(dir_.path() / "closed/1/checkpoint", 40);
  EXPECT_THAT(Prune(), StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("evidence")));
  EXPECT_TRUE(std::filesystem::exists(Entries() / "000"));
}

TEST_F(ClosedLogsTest, OnlyItsOwnSeedMarksALog) {
  const ClosedLog log = Only();
  WriteAll(Seed(), std::string(32, 'y'));
  EXPECT_THAT(PruneEntries(log, Seed(), "P6M", clock_.Now()),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("restore its own")));
  std::filesystem::remove(Seed());
  EXPECT_THAT(PruneEntries(log, Seed(), "P6M", clock_.Now()),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("missing")));
  EXPECT_TRUE(std::filesystem::exists(Entries() / "000"));
}

TEST_F(ClosedLogsTest, AMarkIsReadBackAndNothingElseIs) {
  const PruneMark mark{"x/2027h1", 12, clock_.Now(), "P6M"};
  const std::string text = FormatPruneMark(mark);
  EXPECT_EQ(ParsePruneMark(text).value(), mark);
  for (std::size_t i = 0; i < text.size(); ++i)
    EXPECT_FALSE(ParsePruneMark(text.substr(0, i)).ok());
  EXPECT_FALSE(ParsePruneMark(text + "more\n").ok());
  EXPECT_FALSE(ParsePruneMark("x\n12\nabc\n").ok()) << "a checkpoint is no mark";
  EXPECT_FALSE(ParseCheckpoint(text).ok()) << "nor a mark a checkpoint";
}

TEST(HalfYear, IsThatOfTheUtcDate) {
  EXPECT_EQ(HalfYearOf(base::ParseInstant("2026-06-30T23:59:59.999999Z").value()), "2026h1");
  EXPECT_EQ(HalfYearOf(base::ParseInstant("2026-07-01T00:00:00Z").value()), "2026h2");
  EXPECT_EQ(OriginOfHalfYear("x", "x", "2026h2"), "x/2026h2");
  EXPECT_EQ(OriginOfHalfYear("x", "x/2026h2/anew-2", "2027h1"), "x/2027h1");
  EXPECT_EQ(OriginOfHalfYear("x", "x/2027h1", "2027h1"), "x/2027h1/anew-2");
  for (const char* origin : {"x", "x/2027h1", "x/anew-3", "x/2027h1/anew-2"}) {
    EXPECT_EQ(FirstOrigin(origin), "x") << origin;
  }
  for (const char* origin : {"x/y", "x/2027h3", "2027h1", "x/anew-"}) {
    EXPECT_EQ(FirstOrigin(origin), origin);
  }
}

TEST(ClosedLogs, NoDirectoryIsNoLogs) {
  EXPECT_THAT(ListClosedLogs("/nonexistent/closed").value(), IsEmpty());
}

}  // namespace
}  // namespace belgrand::compliance
