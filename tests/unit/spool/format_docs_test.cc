// The worked example of docs/formats/spool.md opens with the code, byte for byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "platform/base/check.h"
#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "services/spool/input_file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/spool/spool_fixture.h"

namespace belgrand::spool {
namespace {

// The hexadecimal digits of the page's last code block.
std::string ExampleBytes() {
  const char* const source = std::getenv("BELGRAND_SOURCE_DIR");
  BELGRAND_CHECK(source != nullptr);
  const std::string page = base::ReadFile(std::string(source) + "/docs/formats/spool.md").value();
  const std::size_t end = page.rfind("\n```");
  const std::size_t start = page.rfind("```\n", end) + 4;
  std::string text = page.substr(start, end - start);
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  return crypto::FromHex(text).value();
}

TEST(SpoolFormatTest, TheWorkedExampleOpens) {
  const belgrand::testing::TempDir dir;
  const auto path = dir.path() / "00000001.spool";
  const auto key = crypto::Key256::FromBytes(std::string(32, '\x0b'));
  ASSERT_OK(key);
  if (std::getenv("BELGRAND_UPDATE_GOLDEN") != nullptr) {
    v1::InputHeader header;
    header.set_name("a.csv");
    header.set_rows(1);
    header.set_spooled_at(1'612'137'600'000'000);
    const std::vector<v1::Row> rows = {testing::SampleRow(2, "S-1")};
    const auto bytes = InputFile::Encode(*key, header, rows);
    ASSERT_OK(bytes);
    std::string text = crypto::ToHex(*bytes);
    for (std::size_t at = 64; at < text.size(); at += 65) text.insert(at, "\n");
    GTEST_SKIP() << "a new example for docs/formats/spool.md:\n" << text;
  }
  ASSERT_OK(base::WriteFileAtomically(path, ExampleBytes()));
  auto input = InputFile::Open(path, *key, InputFile::Access::kRead);
  ASSERT_OK(input);
  EXPECT_EQ(input->header().name(), "a.csv");
  EXPECT_EQ(input->header().spooled_at(), 1'612'137'600'000'000);
  const auto rows = input->Pending(10);
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().line(), 2U);
  EXPECT_EQ(rows->front().sample().sample_id(), "S-1");
  EXPECT_EQ(rows->front().sample().sampled_by(), "J. Snow");
}

}  // namespace
}  // namespace belgrand::spool
