// A witness against the rules of its protocol, and against a model through restarts.
#include "compliance/witness.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "compliance/tlog_proof.h"
#include "platform/base/file.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/compliance/vectors.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kOrigin[] = "audit.belgrand.example/log1";

// A log that only lives in memory and signs what it is told to.
struct ToyLog {
  explicit ToyLog(const std::string& origin, char seed = '\x01')
      : signer(NoteSigner::FromSeed(origin, std::string(32, seed)).value()) {}

  std::string Request(std::uint64_t old_size, std::uint64_t size) const {
    AddCheckpoint request;
    request.old_size = old_size;
    if (old_size > 0 && old_size <= size) {
      request.hashes = ProveConsistency(ReaderOf(leaves), old_size, size).value();
    }
    request.checkpoint = Signed(size);
    return FormatAddCheckpoint(request);
  }
  std::string Signed(std::uint64_t size) const {
    return SignNote(FormatCheckpoint({signer.verifier().name, size, Root(size)}), signer).value();
  }
  Hash Root(std::uint64_t size) const { return TreeRoot(ReaderOf(leaves), size).value(); }
  void Grow(unsigned count, const std::string& what) {
    for (unsigned i = 0; i < count; ++i) {
      leaves.push_back(LeafHash(fmt::format("{} {}", what, leaves.size())));
    }
  }

  NoteSigner signer;
  std::vector<Hash> leaves;
};

class WitnessTest : public ::testing::Test {
 protected:
  static NoteSigner WitnessKey(char seed = '\x02') {
    return NoteSigner::FromSeed("witness.example/w1", std::string(32, seed),
                                NoteKeyType::kCosignatureV1)
        .value();
  }
  base::StatusOr<std::unique_ptr<Witness>> TryOpen(const std::vector<NoteVerifier>& logs) {
    return Witness::Open({dir_.path() / "witness", logs}, WitnessKey(), clock_);
  }
  std::unique_ptr<Witness> Open(const std::vector<NoteVerifier>& logs) {
    auto witness = TryOpen(logs);
    EXPECT_OK(witness);
    return witness.ok() ? *std::move(witness) : nullptr;
  }
  std::filesystem::path Record(const std::string& origin = kOrigin) const {
    return dir_.path() / "witness" / OriginHash(origin);
  }

  testing::TempDir dir_;
  base::FakeClock clock_{base::ParseInstant("2026-01-01T00:00:00Z").value()};
  ToyLog log_{kOrigin};
};

TEST_F(WitnessTest, CosignsTheVectorByteForByte) {
  for (const std::string hex : Vectors()["ct8_leaves_hex"]) {
    log_.leaves.push_back(LeafHash(Raw(hex)));
  }
  auto witness = Open({log_.signer.verifier()});
  ASSERT_NE(witness, nullptr);
  EXPECT_EQ(witness->verifier().Encode(), Vectors()["witness_vkey"]);
  ASSERT_EQ(witness->AddCheckpoint(log_.Request(0, 6)).code, 200);
  const WitnessAnswer answer =
      witness->AddCheckpoint(std::string(Vectors()["add_checkpoint_6_to_8"]));
  EXPECT_EQ(answer.code, 200);
  const std::string expected = Vectors()["checkpoint_8"];
  EXPECT_TRUE(expected.ends_with("\n" + answer.body)) << answer.body;
  const WitnessAnswer latest = witness->Latest(OriginHash(kOrigin));
  EXPECT_EQ(latest.code, 200);
  EXPECT_EQ(latest.body, expected);
}

TEST_F(WitnessTest, AnswersAsTheSpecificationSays) {
  log_.Grow(20, "a");
  auto witness = Open({log_.signer.verifier()});
  ASSERT_NE(witness, nullptr);
  const auto ask = [&](const std::string& body) { return witness->AddCheckpoint(body).code; };
  EXPECT_EQ(ask(""), 400);
  EXPECT_EQ(ask("old 0\n\nnot a checkpoint"), 400);
  EXPECT_EQ(ask("old 0\n\n" + std::string("o\n1\n") + FormatCheckpoint({"x", 1, {}})), 400);
  EXPECT_EQ(ask(ToyLog("unknown.example").Request(0, 0)), 404);
  EXPECT_EQ(ask(ToyLog("audit.belgrand.example/log10").Request(0, 0)), 404)
      << "a longer name is no log of the same service";
  EXPECT_EQ(ask(ToyLog(kOrigin, 'x').Request(0, 0)), 403) << "another key signed";
  EXPECT_EQ(ask(log_.Request(7, 5)), 400) << "shrinks";
  EXPECT_EQ(ask(log_.Request(0, 0)), 200) << "the empty tree";
  EXPECT_EQ(ask(log_.Request(0, 5)), 200);
  EXPECT_EQ(ask(log_.Request(5, 5)), 200) << "again, for a fresh time";
  const WitnessAnswer stale = witness->AddCheckpoint(log_.Request(3, 8));
  EXPECT_EQ(stale.code, 409);
  EXPECT_EQ(stale.content_type, "text/x.tlog.size");
  EXPECT_EQ(stale.body, "5\n");
  EXPECT_EQ(ask(log_.Request(0, 8)), 409) << "whoever forgot where it was is told";
  EXPECT_EQ(ask(log_.Request(5, 20)), 200);

  ToyLog fork(kOrigin);
  fork.Grow(19, "a");
  fork.Grow(5, "forked");
  EXPECT_EQ(ask(fork.Request(20, 20)), 422) << "same size, another root";
  EXPECT_EQ(ask(fork.Request(20, 24)), 422);
  EXPECT_EQ(ask(fork.Request(19, 24)), 409);
  log_.Grow(1, "a");
  std::string tampered = log_.Request(20, 21);
  AddCheckpoint request = ParseAddCheckpoint(tampered).value();
  ASSERT_FALSE(request.hashes.empty());
  request.hashes[0][0] ^= 1;
  EXPECT_EQ(ask(FormatAddCheckpoint(request)), 422);
  EXPECT_EQ(ask(tampered), 200) << "after all of that the honest log goes on";
}

TEST_F(WitnessTest, RefusesAnEmptyTreeWithARootAndAProofFromNothing) {
  auto witness = Open({log_.signer.verifier()});
  ASSERT_NE(witness, nullptr);
  AddCheckpoint request;
  request.checkpoint =
      SignNote(FormatCheckpoint({kOrigin, 0, LeafHash("no")}), log_.signer).value();
  EXPECT_EQ(witness->AddCheckpoint(FormatAddCheckpoint(request)).code, 422);
  log_.Grow(2, "a");
  request.checkpoint = log_.Signed(2);
  request.hashes = {LeafHash("no")};
  EXPECT_EQ(witness->AddCheckpoint(FormatAddCheckpoint(request)).code, 422);
}

TEST_F(WitnessTest, KnowsTheNextLogsOfTheSameService) {
  auto witness = Open({log_.signer.verifier()});
  ASSERT_NE(witness, nullptr);
  ToyLog next(std::string(kOrigin) + "/2026h2");
  next.Grow(3, "b");
  EXPECT_EQ(witness->AddCheckpoint(next.Request(0, 3)).code, 200);
  witness.reset();
  witness = Open({log_.signer.verifier()});
  ASSERT_NE(witness, nullptr);
  EXPECT_EQ(witness->AddCheckpoint(next.Request(2, 3)).code, 409) << "and remembers them";
}

TEST_F(WitnessTest, WhatItCosignedOutlivesIt) {
  log_.Grow(9, "a");
  auto witness = Open({log_.signer.verifier()});
  ASSERT_EQ(witness->AddCheckpoint(log_.Request(0, 9)).code, 200);
  EXPECT_THAT(TryOpen({}), StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("")))
      << "one process at a time";
  witness.reset();
  witness = Open({log_.signer.verifier()});
  ASSERT_NE(witness, nullptr);
  EXPECT_EQ(witness->AddCheckpoint(log_.Request(0, 9)).body, "9\n");
  const auto note = OpenCheckpoint(witness->Latest(OriginHash(kOrigin)).body,
                                   log_.signer.verifier(), std::span(&witness->verifier(), 1));
  ASSERT_OK(note);
  EXPECT_EQ(note->cosignatures.size(), 1U);
  EXPECT_EQ(witness->Latest("00").code, 404);
}

TEST_F(WitnessTest, ARecordThatDoesNotVerifyRefusesTheStart) {
  log_.Grow(3, "a");
  auto witness = Open({log_.signer.verifier()});
  ASSERT_EQ(witness->AddCheckpoint(log_.Request(0, 3)).code, 200);
  witness.reset();
  const std::string good = base::ReadFile(Record()).value();
  for (std::size_t i = 0; i < good.size(); i += 5) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    std::ofstream(Record(), std::ios::trunc) << bad;
    EXPECT_THAT(TryOpen({log_.signer.verifier()}),
                StatusIs(base::StatusCode::kDataLoss, HasSubstr(OriginHash(kOrigin))))
        << i;
  }
  std::ofstream(Record(), std::ios::trunc) << log_.Signed(3);
  EXPECT_FALSE(TryOpen({log_.signer.verifier()}).ok()) << "without its own cosignature";
  std::ofstream(Record(), std::ios::trunc) << good;
  EXPECT_THAT(TryOpen({}), StatusIs(base::StatusCode::kDataLoss, HasSubstr("not configured")));
  EXPECT_OK(TryOpen({log_.signer.verifier()}));
}

TEST_F(WitnessTest, WhatCannotBeStoredIsNotCosigned) {
  log_.Grow(9, "a");
  auto witness = Open({log_.signer.verifier()});
  ASSERT_EQ(witness->AddCheckpoint(log_.Request(0, 3)).code, 200);
  {
    const testing::FileSizeLimit limit(10);
    WitnessOutcome outcome = WitnessOutcome::kCosigned;
    const WitnessAnswer answer = witness->AddCheckpoint(log_.Request(3, 5), &outcome);
    EXPECT_EQ(answer.code, 500);
    EXPECT_EQ(outcome, WitnessOutcome::kNotStored);
    EXPECT_EQ(answer.body.find("witness.example"), std::string::npos);
  }
  EXPECT_EQ(witness->AddCheckpoint(log_.Request(3, 9)).code, 200);
}

TEST_F(WitnessTest, TakesOnlyKeysOfTheirKind) {
  EXPECT_THAT(TryOpen({WitnessKey().verifier()}),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("type")));
  EXPECT_THAT(Witness::Open({dir_.path() / "other", {}}, log_.signer, clock_),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("type 4")));
}

// Random growth, forks, forgotten sizes, full disks and restarts, against the two numbers that a
// witness must never take back.
TEST_F(WitnessTest, NeverCosignsTwoHistoriesThroughRandomRequestsAndRestarts) {
  const auto seed = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {} (repeat with --gtest_random_seed={})", seed, seed));
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t n) { return static_cast<std::uint64_t>(random() % n); };
  const std::vector<NoteVerifier> keys = {log_.signer.verifier()};
  auto witness = Open(keys);
  // Of what was cosigned: the whole history.
  std::vector<Hash> cosigned;
  int accepted = 0;
  int refused = 0;
  for (int step = 0; step < 1500; ++step) {
    SCOPED_TRACE(fmt::format("step {}", step));
    ToyLog log(kOrigin);
    // Some history: the cosigned one, cut somewhere or not, and grown in its own way.
    log.leaves = cosigned;
    if (pick(3) == 0) log.leaves.resize(pick(cosigned.size() + 1));
    log.Grow(static_cast<unsigned>(pick(4)), fmt::format("step {}", step));
    const std::uint64_t size = log.leaves.size();
    const std::uint64_t old_size = pick(4) == 0 ? pick(size + 3) : std::min(size, cosigned.size());
    const bool continues =
        size >= cosigned.size() && std::equal(cosigned.begin(), cosigned.end(), log.leaves.begin());
    const int expected = old_size > size               ? 400
                         : old_size != cosigned.size() ? 409
                         : continues                   ? 200
                                                       : 422;
    if (pick(8) == 0) {
      witness.reset();
      witness = Open(keys);
      ASSERT_NE(witness, nullptr);
    }
    if (expected == 200 && pick(10) == 0) {
      const testing::FileSizeLimit limit(pick(50));
      EXPECT_EQ(witness->AddCheckpoint(log.Request(old_size, size)).code, 500);
      continue;
    }
    const WitnessAnswer answer = witness->AddCheckpoint(log.Request(old_size, size));
    ASSERT_EQ(answer.code, expected);
    if (expected == 200) {
      cosigned = log.leaves;
      ++accepted;
      clock_.Advance(std::chrono::seconds(1));
    } else {
      ++refused;
    }
    if (expected == 409) {
      ASSERT_EQ(answer.body, fmt::format("{}\n", cosigned.size()));
    }
  }
  EXPECT_GT(accepted, 300);
  EXPECT_GT(refused, 200);
}

}  // namespace
}  // namespace belgrand::compliance
