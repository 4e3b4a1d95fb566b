// The worked example of docs/formats/backup.md is what the code writes, byte for byte.
#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "platform/base/check.h"
#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"
#include "tests/unit/backup/backup_fixture.h"

namespace belgrand::backup {
namespace {

// The hexadecimal digits of the block under "Worked example".
std::string ExampleBytes() {
  const char* const source = std::getenv("BELGRAND_SOURCE_DIR");
  BELGRAND_CHECK(source != nullptr);
  const std::string page = base::ReadFile(std::string(source) + "/docs/formats/backup.md").value();
  const std::size_t start = page.find("```\n", page.find("## Worked example")) + 4;
  std::string text = page.substr(start, page.find("```", start) - start);
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  return crypto::FromHex(text).value();
}

storage::v1::BackupSet Example() {
  storage::v1::BackupSet set;
  set.set_format(1);
  set.set_id(1);
  set.set_created_us(2);
  set.set_version("test");
  auto& part = *set.add_parts();
  part.set_role("detection");
  auto& file = *part.add_files();
  file.set_name("CURRENT");
  file.set_size(16);
  file.set_sha256(std::string(crypto::View(crypto::Sha256("MANIFEST-000004\n"))));
  auto& mark = *part.add_marks();
  mark.set_name("writes");
  mark.set_at_least(3);
  mark.set_at_most(5);
  return set;
}

TEST(BackupFormatTest, TheWorkedExampleIsWhatIsWritten) {
  const std::string bytes = EncodeSet(Example());
  if (std::getenv("BELGRAND_UPDATE_GOLDEN") != nullptr) {
    std::string text = crypto::ToHex(bytes);
    for (std::size_t at = 64; at < text.size(); at += 65) text.insert(at, "\n");
    GTEST_SKIP() << "a new example for docs/formats/backup.md:\n" << text;
  }
  EXPECT_EQ(crypto::ToHex(bytes), crypto::ToHex(ExampleBytes()));
  const auto set = DecodeSet(ExampleBytes());
  ASSERT_OK(set);
  EXPECT_EQ(set->parts(0).files(0).name(), "CURRENT");
}

}  // namespace
}  // namespace belgrand::backup
