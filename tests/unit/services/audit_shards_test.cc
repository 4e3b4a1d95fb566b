// The line of audit logs: the change at the end of a half-year, and retention over the closed ones.
#include "services/compliance/audit_shards.h"

#include <gmock/gmock.h>

#include <deque>
#include <random>
#include <thread>

#include "belgrand/storage/v1/audit_entry.pb.h"
#include "compliance/audit_verify.h"
#include "compliance/entry_bundles.h"
#include "compliance/retention.h"
#include "services/compliance/audit_steward.h"
#include "services/shared/timestamp.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {
namespace {

using ::testing::SizeIs;

class AuditShardsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto entries = AuditEntries::Open(dir_.path() / "actor.key");
    ASSERT_OK(entries);
    entries_ = std::make_unique<AuditEntries>(*entries);
    Begin();
  }
  void Begin() {
    AuditShardsOptions options;
    options.log.directory = dir_.path() / "audit";
    options.log.origin = "test.example/audit";
    options.log.seed_path = dir_.path() / "seed";
    options.closed = dir_.path() / kClosedLogsDirectory;
    options.anchor = dir_.path() / "anchor";
    shards_.reset();
    auto shards = AuditShards::Open(options, clock_, *entries_);
    ASSERT_OK(shards);
    shards_ = *std::move(shards);
  }
  std::string Entry(int number) const {
    v1::AuditEvent event;
    event.set_actor("laboratory:l");
    event.set_method("m");
    event.set_decision(v1::ALLOWED);
    event.set_request_id(std::to_string(number));
    return entries_->Encode(event, clock_.Now()).value();
  }
  base::Status Append(int number) {
    const std::string entry = Entry(number);
    return shards_->Append({&entry, 1}).status();
  }
  bool Roll() {
    const auto rolled = shards_->RollIfDue();
    EXPECT_OK(rolled);
    return rolled.value_or(false);
  }
  void At(const char* day) { clock_.Set(base::ParseInstant(day).value()); }
  std::string Origin() const { return shards_->open()->verifier().name; }
  static storage::v1::AuditEntry Parsed(const std::string& bytes) {
    storage::v1::AuditEntry entry;
    EXPECT_TRUE(entry.ParseFromString(bytes));
    return entry;
  }

  testing::TempDir dir_;
  base::FakeClock clock_{base::ParseInstant("2026-03-01T08:00:00Z").value()};
  std::unique_ptr<AuditEntries> entries_;
  std::unique_ptr<AuditShards> shards_;
};

TEST_F(AuditShardsTest, ChangesWhenTheHalfYearEndsAndNamesTheOneBefore) {
  for (int i = 0; i < 3; ++i) ASSERT_OK(Append(i));
  At("2026-06-30T23:59:59Z");
  EXPECT_FALSE(Roll());
  At("2026-07-01");
  EXPECT_TRUE(Roll());
  EXPECT_FALSE(Roll());
  EXPECT_EQ(Origin(), "test.example/audit/2026h2");
  ASSERT_OK(Append(3));
  const auto closed = shards_->Closed();
  ASSERT_OK(closed);
  ASSERT_THAT(*closed, SizeIs(1));
  EXPECT_EQ(closed->at(0).checkpoint.size, 3U);
  const auto first = shards_->open()->Read(0, 10).value();
  ASSERT_THAT(first, SizeIs(2));
  EXPECT_EQ(Parsed(first[0]).object_ref(), FollowsEvent(closed->at(0).checkpoint).object_ref());
  EXPECT_TRUE(VerifyAuditLog(closed->at(0).directory, "").value().ok());
  // The key of the one checks the other.
  EXPECT_TRUE(
      VerifyAuditLog(closed->at(0).directory, shards_->open()->verifier_key()).value().ok());
  Begin();
  EXPECT_EQ(Origin(), "test.example/audit/2026h2");
  EXPECT_EQ(shards_->open()->size(), 2U);
}

TEST_F(AuditShardsTest, AnEmptyLogAndAClockThatWasSetBackChangeNothing) {
  At("2027-01-01");
  EXPECT_FALSE(Roll()) << "nothing was written in the half-year before";
  ASSERT_OK(Append(0));
  At("2026-03-01");
  EXPECT_FALSE(Roll());
  EXPECT_EQ(Origin(), "test.example/audit");
}

TEST_F(AuditShardsTest, ACrashBetweenTwoStepsOfTheChangeIsMadeGood) {
  ASSERT_OK(Append(0));
  At("2026-07-01");
  const AnewOptions anew{dir_.path() / "audit", dir_.path() / "seed",
                         dir_.path() / kClosedLogsDirectory, dir_.path() / "anchor",
                         "test.example/audit/2026h2"};
  shards_.reset();
  ASSERT_OK(BeginAnew(anew));
  for (const bool moved_in : {true, false}) {
    if (!moved_in) std::filesystem::rename(dir_.path() / "audit", dir_.path() / "audit.anew");
    Begin();
    EXPECT_EQ(Origin(), "test.example/audit/2026h2");
    EXPECT_EQ(shards_->open()->size(), 1U) << "the first entry says which log it follows";
    EXPECT_FALSE(Roll());
    EXPECT_THAT(shards_->Closed().value(), SizeIs(1));
    shards_.reset();
  }
}

TEST_F(AuditShardsTest, NoAppendIsLostOrRefusedWhileItChanges) {
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::atomic<int> appended = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_OK(Append(t * kEach + i));
        ++appended;
      }
    });
  }
  constexpr int kChanges = 8;
  for (int change = 0; change < kChanges; ++change) {
    while (appended <= change * kThreads * kEach / kChanges) std::this_thread::yield();
    clock_.Advance(std::chrono::hours(24 * 184));
    EXPECT_TRUE(Roll());
  }
  for (std::thread& thread : threads) thread.join();
  std::uint64_t stored = shards_->open()->size();
  const auto closed = shards_->Closed();
  ASSERT_OK(closed);
  for (const ClosedLog& log : *closed) stored += log.checkpoint.size;
  EXPECT_EQ(stored, static_cast<std::uint64_t>(kThreads * kEach + kChanges));
}

// Beside a list of lists.
TEST_F(AuditShardsTest, ARandomLifeAgreesWithAModel) {
  struct Log {
    std::vector<base::Instant> entries;
    bool pruned = false;
  };
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const CalendarDuration period = ParseIsoDuration("P6M").value();
  std::vector<Log> model(1);
  for (int step = 0; step < 400; ++step) {
    AuditSteward steward(*shards_, clock_);
    switch (random() % 8) {
      case 0:
        clock_.Advance(std::chrono::hours(random() % (24 * 120)));
        break;
      case 1:
        if (Roll()) model.push_back({{clock_.Now()}, false});
        break;
      case 2:
        Begin();
        break;
      case 3: {
        std::uint64_t expired = 0;
        std::uint64_t held = model.back().entries.size();
        std::uint64_t blocked = 0;
        // Of some time, or none.
        HoldScopes holds;
        const Log& some = model[random() % model.size()];
        const base::Instant from = some.entries.empty() ? clock_.Now() : some.entries.front();
        const base::Instant to = from + std::chrono::hours(1 + random() % (24 * 60));
        if (random() % 2 == 0) {
          v1::HoldScope& hold = holds.emplace_back();
          hold.add_records("belgrand.storage.v1.AuditEntry");
          *hold.mutable_from() = shared::ToTimestamp(from);
          *hold.mutable_to() = shared::ToTimestamp(to);
          holds.emplace_back().add_laboratory_ids("an entry has none");
        }
        for (std::size_t i = 0; i + 1 < model.size(); ++i) {
          if (model[i].pruned) continue;
          held += model[i].entries.size();
          if (AddDuration(model[i].entries.back(), period) > clock_.Now()) continue;
          if (!holds.empty() && model[i].entries.back() >= from && model[i].entries.front() < to) {
            blocked += model[i].entries.size();
            continue;
          }
          expired += model[i].entries.size();
          model[i].pruned = true;
        }
        for (const auto& lines :
             {steward.Plan(clock_.Now(), holds), steward.Apply(clock_.Now(), holds)}) {
          ASSERT_OK(lines);
          EXPECT_EQ(lines->at(0).blocked(), blocked);
          EXPECT_EQ(lines->at(0).expired(), expired);
          EXPECT_EQ(lines->at(0).held(), held);
        }
        break;
      }
      default:
        ASSERT_OK(Append(step));
        model.back().entries.push_back(clock_.Now());
    }
    ASSERT_EQ(shards_->Closed().value().size() + 1, model.size()) << "step " << step;
    ASSERT_EQ(shards_->open()->size(), model.back().entries.size());
  }
  const auto closed = shards_->Closed();
  ASSERT_OK(closed);
  for (const ClosedLog& log : *closed) {
    const Log& expected = model[log.number - 1];
    EXPECT_OK(log.state);
    EXPECT_EQ(log.pruned.has_value(), expected.pruned);
    EXPECT_EQ(log.checkpoint.size, expected.entries.size());
    EXPECT_TRUE(VerifyAuditLog(log.directory, "").value().ok());
    if (expected.pruned) continue;
    const auto entries = ReadEntries(log.directory, 0, log.checkpoint.size).value();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      EXPECT_EQ(TimeOfEntry(entries[i]), expected.entries[i]);
    }
  }
}

}  // namespace
}  // namespace belgrand::compliance
