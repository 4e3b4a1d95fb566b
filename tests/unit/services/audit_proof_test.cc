// `belgrand audit verify-proof` on real proofs, whole and damaged, offline.
#include "services/cli/audit_proof.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "compliance/audit_log.h"
#include "compliance/tlog_proof.h"
#include "platform/base/clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class AuditProofTest : public ::testing::Test {
 protected:
  void SetUp() override {
    compliance::AuditLogOptions options;
    options.directory = dir_.path() / "log";
    options.origin = "test.example/log";
    options.seed_path = dir_.path() / "seed";
    auto log = compliance::AuditLog::Open(options, clock_);
    ASSERT_OK(log);
    ASSERT_OK((*log)->Append(std::vector<std::string>{"zero", "one", "two"}));
    const std::string three = (*log)->Checkpoint().value();
    Write("old.checkpoint", three);
    ASSERT_OK((*log)->Append(std::vector<std::string>{"three", "four"}));
    const std::string five = (*log)->Checkpoint().value();
    const auto witness = compliance::NoteSigner::FromSeed("w.example", std::string(32, 'w'),
                                                          compliance::NoteKeyType::kCosignatureV1);
    witness_key_ = witness->verifier().Encode();
    const std::string text = five.substr(0, five.rfind("\n\n") + 1);
    const std::string cosigned =
        five + compliance::CosignatureLine(text, *witness, 1'767'225'600).value();
    Write("one.tlog-proof",
          compliance::FormatTlogProof({{}, 1, (*log)->ProveInclusion(1, 5).value(), cosigned}));
    Write("one.entry", "one");
    Write("grown",
          compliance::FormatAddCheckpoint({3, (*log)->ProveConsistency(3, 5).value(), cosigned}));
    key_ = (*log)->verifier_key();
  }

  void Write(const std::string& name, const std::string& bytes) {
    std::ofstream(dir_.path() / name, std::ios::binary) << bytes;
  }
  VerifyProofFlags Flags(const std::string& proof) const {
    VerifyProofFlags flags;
    flags.proof = dir_.path() / proof;
    flags.log_key = key_;
    return flags;
  }
  int Run(const VerifyProofFlags& flags) {
    out_.str("");
    err_.str("");
    return VerifyProof(flags, out_, err_);
  }

  testing::TempDir dir_;
  base::FakeClock clock_{base::ParseInstant("2031-06-01").value()};
  std::string key_;
  std::string witness_key_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(AuditProofTest, SaysWhatIsProvenAndWhoVouchesForIt) {
  VerifyProofFlags flags = Flags("one.tlog-proof");
  EXPECT_EQ(Run(flags), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("test.example/log"), HasSubstr("OK: the entry is"),
                                HasSubstr("no named witness")));
  flags.witness_keys = {witness_key_};
  flags.quorum = 1;
  EXPECT_EQ(Run(flags), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("cosigned  2026-01-01T00:00:00Z by w.example"));
}

TEST_F(AuditProofTest, DemandsAsManyWitnessesAsItIsTold) {
  VerifyProofFlags flags = Flags("one.tlog-proof");
  flags.quorum = 1;
  EXPECT_EQ(Run(flags), kExitRuntime);
  EXPECT_THAT(err_.str(), HasSubstr("0 of the named witnesses cosigned, 1 are demanded"));
  flags.witness_keys = {witness_key_};
  flags.quorum = 2;
  EXPECT_EQ(Run(flags), kExitRuntime);
}

TEST_F(AuditProofTest, RefusesAnotherEntryAndEveryEditedByteOfItsOwn) {
  VerifyProofFlags flags = Flags("one.tlog-proof");
  for (const char* other : {"on", "onf", "ones", "zero", ""}) {
    Write("other.entry", other);
    flags.entry = dir_.path() / "other.entry";
    EXPECT_EQ(Run(flags), kExitRuntime) << other;
    EXPECT_THAT(err_.str(), HasSubstr("FAILED"));
  }
}

TEST_F(AuditProofTest, ProvesThatTheLogOnlyGrew) {
  VerifyProofFlags flags = Flags("grown");
  flags.since = dir_.path() / "old.checkpoint";
  EXPECT_EQ(Run(flags), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("only grew"));
  // A checkpoint that the log never signed proves nothing, whatever it says.
  Write("forged", "test.example/log\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n");
  flags.since = dir_.path() / "forged";
  EXPECT_EQ(Run(flags), kExitRuntime);
}

TEST_F(AuditProofTest, NamesAKeyThatIsNone) {
  VerifyProofFlags flags = Flags("one.tlog-proof");
  flags.witness_keys = {"nonsense"};
  EXPECT_EQ(Run(flags), kExitUsage);
  flags.witness_keys.clear();
  flags.log_key = witness_key_;
  EXPECT_EQ(Run(flags), kExitRuntime) << "a witness's key is not the log's";
}

}  // namespace
}  // namespace belgrand::cli
