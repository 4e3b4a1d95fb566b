// What fsck says of key files: sound ones, and each of them with one bit flipped or gone.
#include "services/cli/check_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "compliance/erasure_ledger.h"
#include "compliance/key_check.h"
#include "compliance/keyring.h"
#include "platform/base/file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;
using ::belgrand::testing::TempDir;
using ::testing::HasSubstr;

class CheckKeysTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(data_ / "compliance");
    fs::create_directories(keys_);
    auto keyring = compliance::Keyring::OpenDirectory({keys_});
    ASSERT_OK(keyring);
    ASSERT_OK((*keyring)->Seal(std::vector<compliance::PlainValue>{
        {1, "lab-a", "One Sampler", "x.y/1"}, {1, "lab-a", "Second Sampler", "x.y/2"}}));
    ASSERT_OK(compliance::ErasureLedger::Open(keys_));
    ASSERT_OK(compliance::RecordKeys(data_ / "compliance" / compliance::kKeyCheckFile, keys_));
  }
  bool Check() {
    out_.str("");
    return CheckKeyFiles(data_, keys_, out_);
  }
  // With one bit of the file flipped; then it is put back.
  bool CheckFlipped(const std::string& name) {
    const fs::path path = keys_ / name;
    const std::string good = base::ReadFile(path).value();
    std::string bad = good;
    bad[bad.size() - 5] = static_cast<char>(bad[bad.size() - 5] ^ 4);
    EXPECT_OK(base::WriteFileAtomically(path, bad));
    const bool sound = Check();
    EXPECT_OK(base::WriteFileAtomically(path, good));
    return sound;
  }

  const TempDir dir_;
  const fs::path data_ = dir_.path() / "data";
  const fs::path keys_ = data_ / "keyring";
  std::ostringstream out_;
};

TEST_F(CheckKeysTest, SoundKeysAreCounted) {
  EXPECT_TRUE(Check()) << out_.str();
  EXPECT_THAT(out_.str(), HasSubstr("keyring: 2 persons"));
  EXPECT_THAT(out_.str(), HasSubstr("erasure ledger: 0 erasures"));
}

TEST_F(CheckKeysTest, OneFlippedBitOfAnyKeyFileIsFound) {
  for (const auto& entry : fs::directory_iterator(keys_)) {
    const std::string name = entry.path().filename().string();
    if (fs::file_size(entry.path()) < 5) continue;  // the lock
    EXPECT_FALSE(CheckFlipped(name)) << name << "\n" << out_.str();
  }
  EXPECT_TRUE(Check()) << out_.str();
}

TEST_F(CheckKeysTest, AKeyringThatIsNotThereIsFound) {
  fs::remove_all(keys_);
  EXPECT_FALSE(Check());
  EXPECT_THAT(out_.str(), HasSubstr("is missing, and this data was written with it"));
  EXPECT_FALSE(fs::exists(keys_)) << "a check makes nothing";
}

TEST_F(CheckKeysTest, DataWithoutComplianceHasNoKeys) {
  fs::remove_all(data_);
  EXPECT_TRUE(Check());
}

}  // namespace
}  // namespace belgrand::cli
