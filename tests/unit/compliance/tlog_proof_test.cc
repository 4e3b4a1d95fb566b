// Proof files and the requests to witnesses, against the cross-checked vectors.
#include "compliance/tlog_proof.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/compliance/vectors.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;

NoteVerifier Key(const char* name) {
  return NoteVerifier::Parse(std::string(Vectors()[name])).value();
}

std::string LeafOf(std::size_t index) { return Raw(Vectors()["ct8_leaves_hex"][index]); }

class TlogProofTest : public ::testing::Test {
 protected:
  const std::string text_ = Vectors()["tlog_proof_5_of_8"];
  const NoteVerifier log_ = Key("log_vkey");
  const NoteVerifier witness_ = Key("witness_vkey");
};

TEST_F(TlogProofTest, WitnessSignsTheVectorByteForByte) {
  const auto witness = NoteSigner::FromSeed("witness.example/w1", Raw(Vectors()["witness_seed"]),
                                            NoteKeyType::kCosignatureV1);
  ASSERT_OK(witness);
  EXPECT_EQ(witness->verifier().Encode(), Vectors()["witness_vkey"]);
  const auto log =
      NoteSigner::FromSeed("audit.belgrand.example/log1", Raw(Vectors()["log_seed"])).value();
  for (const int size : {0, 8}) {
    const std::string expected = Vectors()[fmt::format("checkpoint_{}", size)];
    const std::string body =
        FormatCheckpoint({"audit.belgrand.example/log1", static_cast<std::uint64_t>(size),
                          HashOf(Vectors()["ct8_roots"][static_cast<std::size_t>(size)])});
    EXPECT_EQ(SignNote(body, log).value() + CosignatureLine(body, *witness, 1767225600).value(),
              expected);
  }
  EXPECT_FALSE(SignNote("text\n", *witness).ok()) << "a witness's key signs no checkpoint";
  EXPECT_FALSE(CosignatureLine("text\n", log, 1).ok()) << "nor a log's key a cosignature";
}

TEST_F(TlogProofTest, FormatsTheVectorByteForByte) {
  const auto proof = ParseTlogProof(text_);
  ASSERT_OK(proof);
  EXPECT_EQ(proof->index, 5U);
  EXPECT_EQ(proof->hashes, HashesOf(Vectors()["ct8_inclusion"][2]["path"]));
  EXPECT_EQ(proof->checkpoint, Vectors()["checkpoint_8"]);
  EXPECT_EQ(FormatTlogProof(*proof), text_);
}

TEST_F(TlogProofTest, ProvesTheEntryAndNamesWhoCosigned) {
  const auto proof = ParseTlogProof(text_);
  ASSERT_OK(proof);
  const auto opened = VerifyTlogProof(*proof, LeafOf(5), log_, std::span(&witness_, 1));
  ASSERT_OK(opened);
  EXPECT_EQ(opened->checkpoint.size, 8U);
  ASSERT_EQ(opened->cosignatures.size(), 1U);
  EXPECT_EQ(opened->cosignatures[0].name, "witness.example/w1");
  EXPECT_EQ(CosignatureTime(opened->cosignatures[0]), 1767225600U);
  const auto alone = VerifyTlogProof(*proof, LeafOf(5), log_, {});
  ASSERT_OK(alone);
  EXPECT_TRUE(alone->cosignatures.empty()) << "a witness nobody named counts for nothing";
}

TEST_F(TlogProofTest, RefusesAnotherEntryAnotherIndexAnotherLogAndEveryFlippedBit) {
  TlogProof proof = ParseTlogProof(text_).value();
  for (std::size_t other = 0; other < 8; ++other) {
    if (other == 5) continue;
    EXPECT_FALSE(VerifyTlogProof(proof, LeafOf(other), log_, {}).ok());
    TlogProof moved = proof;
    moved.index = other;
    EXPECT_FALSE(VerifyTlogProof(moved, LeafOf(5), log_, {}).ok());
  }
  EXPECT_THAT(VerifyTlogProof(proof, LeafOf(5), log_.Renamed("other.example").value(), {}),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("")));
  // A checkpoint that only a witness signed shows nothing of the log's will.
  EXPECT_FALSE(VerifyTlogProof(proof, LeafOf(5), log_.Renamed("other.example").value(),
                               std::span(&witness_, 1))
                   .ok());
  for (std::size_t i = 0; i < text_.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string altered = text_;
      altered[i] = static_cast<char>(altered[i] ^ (1 << bit));
      const auto parsed = ParseTlogProof(altered);
      if (!parsed.ok()) continue;
      const auto opened = VerifyTlogProof(*parsed, LeafOf(5), log_, std::span(&witness_, 1));
      EXPECT_FALSE(opened.ok() && opened->cosignatures.size() == 1)
          << "byte " << i << " bit " << bit;
    }
  }
}

TEST_F(TlogProofTest, KeepsExtraDataApartAndRoundTripsIt) {
  TlogProof proof = ParseTlogProof(text_).value();
  proof.extra = std::string("\x00\xffz", 3);
  const auto again = ParseTlogProof(FormatTlogProof(proof));
  ASSERT_OK(again);
  EXPECT_EQ(again->extra, proof.extra);
  EXPECT_OK(VerifyTlogProof(*again, LeafOf(5), log_, {}));
  EXPECT_THAT(FormatTlogProof(proof), HasSubstr("\nextra AP96\nindex 5\n"));
}

TEST_F(TlogProofTest, RefusesTextsThatAreNotExactAndNamesTheLine) {
  const std::string hash = "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n";
  const std::string head = "c2sp.org/tlog-proof@v1\n";
  for (const auto& [text, where] : {
           std::pair<std::string, const char*>{"", "line 1"},
           {"c2sp.org/tlog-proof@v2\nindex 0\n\n", "line 1"},
           {"c2sp.org/tlog-proof@v1", "line 1"},
           {head, "line 2"},
           {head + "indexes 0\n\n", "line 2"},
           {head + "index 01\n\n", "line 2"},
           {head + "index -1\n\n", "line 2"},
           {head + "index 18446744073709551616\n\n", "line 2"},
           {head + "extra AA=\nindex 0\n\n", "line 2"},
           {head + "extra AAAA\nextra AAAA\nindex 0\n\n", "line 3"},
           {head + "index 0\n" + hash + "AAAA\n\n", "line 4"},
           {head + "index 0\n" + hash, "no empty line"},
       }) {
    EXPECT_THAT(ParseTlogProof(text),
                StatusIs(base::StatusCode::kInvalidArgument, HasSubstr(where)))
        << text;
  }
  std::string many = head + "index 0\n";
  for (int i = 0; i < 65; ++i) many += hash;
  EXPECT_THAT(ParseTlogProof(many + "\n"),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("more than 64")));
  EXPECT_FALSE(ParseTlogProof(head + "index 0\n\n" + std::string(kMaxNoteBytes, 'x')).ok());
}

TEST_F(TlogProofTest, RequestToAWitnessMatchesTheVectorByteForByte) {
  const std::string text = Vectors()["add_checkpoint_6_to_8"];
  const auto request = ParseAddCheckpoint(text);
  ASSERT_OK(request);
  EXPECT_EQ(request->old_size, 6U);
  EXPECT_EQ(request->hashes, HashesOf(Vectors()["ct8_consistency"][2]["proof"]));
  EXPECT_EQ(FormatAddCheckpoint(*request), text);
  const std::string origin = "audit.belgrand.example/log1";
  const Checkpoint six{origin, 6, HashOf(Vectors()["ct8_roots"][6])};
  EXPECT_OK(VerifyGrowth(*request, six, log_, {}));
  EXPECT_FALSE(
      VerifyGrowth(*request, {origin, 6, HashOf(Vectors()["ct8_roots"][5])}, log_, {}).ok());
  EXPECT_THAT(VerifyGrowth(*request, {origin, 5, HashOf(Vectors()["ct8_roots"][5])}, log_, {}),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("size 6")));
  EXPECT_THAT(VerifyGrowth(*request, {"other", 6, six.root}, log_, {}),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("other")));
}

TEST_F(TlogProofTest, RefusesRequestsThatAreNotExact) {
  const std::string hash = "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\n";
  std::string many = "old 6\n";
  for (int i = 0; i < 64; ++i) many += hash;
  for (const std::string& bad :
       {std::string(), std::string("old 6"), std::string("old\n\n"), std::string("old 06\n\n"),
        std::string("Old 6\n\n"), std::string("old 6 \n\n"), "old 6\n" + hash, many + "\n",
        std::string("old 6\nAAAA\n\n")}) {
    EXPECT_THAT(ParseAddCheckpoint(bad),
                StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("")))
        << bad;
  }
}

}  // namespace
}  // namespace belgrand::compliance
