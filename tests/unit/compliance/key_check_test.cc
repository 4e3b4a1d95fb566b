// A keyring directory that is not the one the data was written with.
#include "compliance/key_check.h"

#include <gmock/gmock.h>

#include "compliance/case_book.h"
#include "compliance/erasure_ledger.h"
#include "compliance/keyring.h"
#include "platform/base/file.h"
#include "platform/crypto/secret.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

class KeyCheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(Keyring::OpenDirectory({keys_}));
    ASSERT_OK(ErasureLedger::Open(keys_));
    for (const char* name : {"certificates.seed", "audit_actor.key", kRightsKeyFile}) {
      ASSERT_OK(base::WriteFileAtomically(keys_ / name, crypto::RandomBytes(32), 0600));
    }
    ASSERT_OK(RecordKeys(file_, keys_));
  }
  void Flip(const char* name) {
    std::string bytes = base::ReadFile(keys_ / name).value();
    bytes[7] = static_cast<char>(bytes[7] ^ 1);
    ASSERT_OK(base::WriteFileAtomically(keys_ / name, bytes, 0600));
  }

  testing::TempDir dir_;
  const std::filesystem::path keys_ = dir_.path() / "keys";
  const std::filesystem::path file_ = dir_.path() / kKeyCheckFile;
};

TEST_F(KeyCheckTest, TakesTheDirectoryThatBelongsToTheData) {
  EXPECT_OK(CheckKeys(file_, keys_));
  const std::string before = base::ReadFile(file_).value();
  ASSERT_OK(RecordKeys(file_, keys_));
  EXPECT_EQ(base::ReadFile(file_).value(), before);
  EXPECT_OK(CheckKeys(dir_.path() / "fresh", keys_)) << "nothing is known of it yet";
}

TEST_F(KeyCheckTest, GivesNothingAway) {
  const std::string text = base::ReadFile(file_).value();
  for (const char* name : {"index.key", "erasures.key", "certificates.seed", "audit_actor.key"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name + " "));
    const std::string key = base::ReadFile(keys_ / name).value();
    EXPECT_THAT(text, Not(HasSubstr(key.substr(0, 8))));
  }
}

TEST_F(KeyCheckTest, RefusesADirectoryThatIsNotThere) {
  std::filesystem::remove_all(keys_);
  EXPECT_THAT(CheckKeys(file_, keys_),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("index.key is missing")));
  EXPECT_FALSE(std::filesystem::exists(keys_)) << "and makes nothing";
}

TEST_F(KeyCheckTest, NamesWhatIsMissingOrAnother) {
  for (const char* name : {"index.key", "erasures.key", "certificates.seed", "audit_actor.key"}) {
    Flip(name);
    EXPECT_THAT(CheckKeys(file_, keys_), StatusIs(base::StatusCode::kDataLoss, HasSubstr(name)));
    Flip(name);
  }
  EXPECT_OK(CheckKeys(file_, keys_));
  for (const char* name : {"erasures.key", "erasures.ledger", "certificates.seed"}) {
    std::filesystem::rename(keys_ / name, dir_.path() / "kept");
    EXPECT_THAT(CheckKeys(file_, keys_),
                StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr(name)));
    std::filesystem::rename(dir_.path() / "kept", keys_ / name);
  }
  std::filesystem::remove(keys_ / kErasureLedgerFile);
  ASSERT_OK(ErasureLedger::Open(keys_));
  EXPECT_THAT(CheckKeys(file_, keys_),
              StatusIs(base::StatusCode::kDataLoss, HasSubstr("erasures.ledger")))
      << "another ledger";
}

TEST_F(KeyCheckTest, TheKeyOfReferencesMayBeDestroyed) {
  std::filesystem::remove(keys_ / "audit_actor.key");
  EXPECT_OK(CheckKeys(file_, keys_));
}

}  // namespace
}  // namespace belgrand::compliance
