#include "compliance/note.h"

#include <gtest/gtest.h>

#include "compliance/checkpoint.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/compliance/vectors.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;

// The key and note of the Go implementation's tests.
const std::string kVkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const std::string kSkey =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const std::string kText =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
const std::string kSignature =
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/"
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

std::vector<NoteVerifier> Verifiers(const std::string& vkey) {
  return {NoteVerifier::Parse(vkey).value()};
}

TEST(NoteTest, SignsAndOpensThePublishedNoteByteForByte) {
  const auto signer = NoteSigner::Parse(kSkey);
  ASSERT_OK(signer);
  EXPECT_EQ(signer->verifier().Encode(), kVkey);
  EXPECT_THAT(SignNote(kText, *signer), IsOkAndHolds(kText + "\n" + kSignature));
  const auto note = OpenNote(kText + "\n" + kSignature, Verifiers(kVkey));
  ASSERT_OK(note);
  EXPECT_EQ(note->text, kText);
  ASSERT_EQ(note->verified.size(), 1U);
  EXPECT_EQ(note->verified[0].name, "PeterNeumann");
}

TEST(NoteTest, VerifierKeyOfTheAllZeroSeedMatches) {
  const auto signer = NoteSigner::FromSeed("EnochRoot", std::string(32, '\0'));
  ASSERT_OK(signer);
  EXPECT_EQ(signer->verifier().Encode(),
            "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop");
}

TEST(NoteTest, ParsesTheKeyOfTheSpecification) {
  const auto verifier =
      NoteVerifier::Parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  ASSERT_OK(verifier);
  EXPECT_EQ(verifier->name, "example.com/foo");
  EXPECT_EQ(verifier->key_id, 0x530d903aU);
}

TEST(NoteTest, RefusesEveryManglingOfAVerifierKey) {
  for (std::size_t first = 0; first <= kVkey.size(); ++first) {
    for (std::size_t count = 0; first + count <= kVkey.size(); ++count) {
      if (count == kVkey.size()) continue;
      EXPECT_FALSE(NoteVerifier::Parse(kVkey.substr(first, count)).ok()) << first << " " << count;
    }
  }
  for (std::size_t i = 0; i < kVkey.size(); ++i) {
    std::string mangled = kVkey;
    ++mangled[i];
    EXPECT_FALSE(NoteVerifier::Parse(mangled).ok()) << mangled;
  }
  EXPECT_FALSE(NoteVerifier::Parse(kSkey).ok());
}

TEST(NoteTest, RefusesEveryManglingOfASigningKeyWithoutShowingIt) {
  for (std::size_t i = 0; i < kSkey.size(); ++i) {
    std::string mangled = kSkey;
    ++mangled[i];
    const auto signer = NoteSigner::Parse(mangled);
    EXPECT_FALSE(signer.ok()) << mangled;
    EXPECT_THAT(base::Message(signer.status()), ::testing::Not(HasSubstr("FALVFGyNhPJ")));
    EXPECT_FALSE(NoteSigner::Parse(kSkey.substr(0, i)).ok());
  }
}

TEST(NoteTest, RefusesBadNames) {
  const std::string seed(32, '\x07');
  for (const char* name : {"", "a b", "a+b", "a\tb", "a\u2003b", "a\u00a0b", "\xff", "a\nb"}) {
    EXPECT_FALSE(NoteSigner::FromSeed(name, seed).ok()) << name;
  }
  EXPECT_OK(NoteSigner::FromSeed("journal.égouts/1", seed));
  EXPECT_FALSE(NoteSigner::FromSeed("a", "short").ok());
}

TEST(NoteTest, RefusesTextThatCannotBeSigned) {
  const auto signer = NoteSigner::Parse(kSkey);
  ASSERT_OK(signer);
  for (const std::string text :
       {"", "no newline", "tab\t\n", "bell\x07\n", "\xff\n", "\xc0\x80\n"}) {
    EXPECT_FALSE(SignNote(text, *signer).ok()) << text;
  }
}

TEST(NoteTest, RefusesMalformedNotes) {
  const std::string good = kText + "\n" + kSignature;
  const std::vector<NoteVerifier> known = Verifiers(kVkey);
  const auto malformed =
      StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("not a signed note"));
  const std::string cases[] = {
      "",
      kText,
      kText + "\n",
      kText + kSignature,               // no empty line
      good.substr(0, good.size() - 1),  // no final newline
      "\x01" + good,
      "\xff" + good,
      good + "\n",  // the last empty line has nothing after it
      good + "an extra line\n",
      kText + "\n- PeterNeumann AAAAAAA=\n",   // a plain dash
      kText + "\n— Peter Neumann x08go/ZJ\n",  // a space in the name
      kText + "\n— PeterNeumann x08goA==\n",   // key id only
      kText + "\n— PeterNeumann\n",
      kText + "\n— PeterNeumann x08go/ZJkuBS9UG\n",  // not base64
  };
  for (const std::string& note : cases) EXPECT_THAT(OpenNote(note, known), malformed) << note;
}

TEST(NoteTest, CountsAtMostAHundredSignatures) {
  std::string note = kText + "\n";
  for (int i = 0; i < 99; ++i) note += fmt::format("— other{} AAAAAAA=\n", i);
  note += kSignature;
  EXPECT_OK(OpenNote(note, Verifiers(kVkey)));
  EXPECT_THAT(OpenNote(note + "— other AAAAAAA=\n", Verifiers(kVkey)),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("100")));
}

TEST(NoteTest, IgnoresUnknownKeysButNeverAWrongSignatureOfAKnownOne) {
  const std::string good = kText + "\n" + kSignature;
  const std::vector<NoteVerifier> known = Verifiers(kVkey);
  const auto extra = OpenNote(kText + "\n— someone.else AAAAAAAAAAA=\n" + kSignature, known);
  ASSERT_OK(extra);
  EXPECT_EQ(extra->unknown.size(), 1U);
  EXPECT_THAT(OpenNote(good, std::vector<NoteVerifier>{}),
              StatusIs(base::StatusCode::kNotFound, _));
  std::string altered = good;
  altered[0] = 'j';
  EXPECT_THAT(OpenNote(altered, known),
              StatusIs(base::StatusCode::kDataLoss, HasSubstr("PeterNeumann")));
  // A second signature by the same key is not looked at, as the reference implementation does.
  EXPECT_OK(OpenNote(good + kSignature, known));
}

TEST(CheckpointTest, LogCheckpointsMatchTheVectorsByteForByte) {
  const auto signer =
      NoteSigner::FromSeed("audit.belgrand.example/log1", Raw(Vectors()["log_seed"]));
  ASSERT_OK(signer);
  EXPECT_EQ(signer->verifier().Encode(), Vectors()["log_vkey"]);
  for (const int size : {0, 8}) {
    const std::string expected = Vectors()[fmt::format("checkpoint_{}", size)];
    const std::string body =
        FormatCheckpoint({"audit.belgrand.example/log1", static_cast<std::uint64_t>(size),
                          HashOf(Vectors()["ct8_roots"][static_cast<std::size_t>(size)])});
    const auto note = SignNote(body, *signer);
    ASSERT_OK(note);
    EXPECT_TRUE(expected.starts_with(*note)) << "the vector adds a witness line";
  }
}

TEST(CheckpointTest, OpensUnderTheLogKeyAndTheWitnessKey) {
  const std::vector<NoteVerifier> both = {
      NoteVerifier::Parse(std::string(Vectors()["log_vkey"])).value(),
      NoteVerifier::Parse(std::string(Vectors()["witness_vkey"])).value()};
  const std::string text = Vectors()["checkpoint_8"];
  const auto note = OpenNote(text, both);
  ASSERT_OK(note);
  EXPECT_EQ(note->verified.size(), 2U);
  const auto checkpoint = ParseCheckpoint(note->text);
  ASSERT_OK(checkpoint);
  EXPECT_EQ(checkpoint->size, 8U);
  EXPECT_EQ(Hex(checkpoint->root), Vectors()["ct8_roots"][8]);
  // Any changed byte is refused, unless it only renames a line's key away (then that key has not
  // signed).
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string altered = text;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    const auto opened = OpenNote(altered, both);
    EXPECT_TRUE(!opened.ok() || opened->verified.size() < 2) << "byte " << i;
  }
}

TEST(CheckpointTest, RefusesBodiesThatAreNotExact) {
  const std::string root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  EXPECT_OK(ParseCheckpoint("o\n0\n" + root + "\n"));
  EXPECT_OK(ParseCheckpoint("o\n18446744073709551615\n" + root + "\nextension\n"));
  for (const std::string& bad :
       {std::string(), std::string("o\n"), "o\n0\n" + root, "\n0\n" + root + "\n",
        "o\n00\n" + root + "\n", "o\n01\n" + root + "\n", "o\n-1\n" + root + "\n",
        "o\n+1\n" + root + "\n", "o\n 1\n" + root + "\n", "o\n\n" + root + "\n",
        "o\n18446744073709551616\n" + root + "\n", std::string("o\n1\nAAAA\n"),
        "o\n1\n" + root + "\n\n", "o\n1\n" + root + "\nextension"}) {
    EXPECT_FALSE(ParseCheckpoint(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace belgrand::compliance
