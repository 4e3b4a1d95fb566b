#include "platform/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::base {
namespace {

using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;

TEST(FileTest, WriteReplacesWholeContentWithTightMode) {
  const belgrand::testing::TempDir dir;
  const auto path = dir.path() / "key";
  ASSERT_OK(WriteFileAtomically(path, "first, and longer"));
  ASSERT_OK(WriteFileAtomically(path, "second"));
  EXPECT_THAT(ReadFile(path), IsOkAndHolds("second"));
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(FileTest, ErrorsNameThePath) {
  const belgrand::testing::TempDir dir;
  EXPECT_THAT(ReadFile(dir.path() / "absent"),
              StatusIs(StatusCode::kNotFound, HasSubstr("absent")));
  ASSERT_OK(WriteFileAtomically(dir.path() / "big", "12345"));
  EXPECT_THAT(ReadFile(dir.path() / "big", 4),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("big")));
  EXPECT_THAT(WriteFileAtomically(dir.path() / "no" / "file", "x"),
              StatusIs(StatusCode::kNotFound, HasSubstr("file")));
}

}  // namespace
}  // namespace belgrand::base
