#include "platform/base/append_file.h"

#include <gtest/gtest.h>

#include "platform/base/file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::base {
namespace {

using ::belgrand::testing::IsOkAndHolds;
using ::belgrand::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;

TEST(AppendFileTest, AppendsAcrossReopensAndTakesBackATail) {
  const testing::TempDir dir;
  const auto path = dir.path() / "log";
  {
    auto file = AppendFile::Open(path);
    ASSERT_OK(file);
    ASSERT_OK(file->Append("one"));
    ASSERT_OK(file->Append("two"));
    ASSERT_OK(file->Sync());
  }
  auto file = AppendFile::Open(path);
  ASSERT_OK(file);
  EXPECT_EQ(file->size(), 6U);
  ASSERT_OK(file->Append("torn"));
  ASSERT_OK(file->Truncate(6));
  ASSERT_OK(file->Append("three"));
  EXPECT_THAT(ReadFile(path), IsOkAndHolds("onetwothree"));
  EXPECT_THAT(ReadFileRange(path, 3, 3), IsOkAndHolds("two"));
  EXPECT_THAT(ReadFileRange(path, 6, 100), IsOkAndHolds("three"));
  ASSERT_OK(file->Overwrite("XX"));
  EXPECT_THAT(ReadFile(path), IsOkAndHolds("XXetwothree"));
}

TEST(AppendFileTest, AFailedSyncIsUnavailableEvenWhenTheDiskIsFull) {
  const testing::TempDir dir;
  auto file = AppendFile::Open(dir.path() / "log", [](int) {
    errno = ENOSPC;
    return -1;
  });
  ASSERT_OK(file);
  EXPECT_THAT(file->Sync(), StatusIs(StatusCode::kUnavailable, HasSubstr("log")));
}

TEST(AppendFileTest, NamesThePathThatCannotBeOpened) {
  const testing::TempDir dir;
  EXPECT_THAT(AppendFile::Open(dir.path() / "none" / "log"),
              StatusIs(StatusCode::kNotFound, HasSubstr("none/log")));
  EXPECT_THAT(ReadFileRange(dir.path() / "none", 0, 1), StatusIs(StatusCode::kNotFound, _));
}

TEST(MakeDirectoriesTest, MakesWhatIsMissingAndAcceptsWhatIsThere) {
  const testing::TempDir dir;
  const auto path = dir.path() / "a" / "b" / "c";
  ASSERT_OK(MakeDirectories(dir.path(), path));
  EXPECT_TRUE(std::filesystem::is_directory(path));
  EXPECT_OK(MakeDirectories(dir.path(), path));
  EXPECT_OK(MakeDirectories({}, path));
  ASSERT_OK(WriteFileAtomically(dir.path() / "file", "x"));
  EXPECT_FALSE(MakeDirectories({}, dir.path() / "file" / "below").ok());
}

TEST(DirectoryLockTest, IsHeldByOneUntilReleased) {
  const testing::TempDir dir;
  {
    const auto first = DirectoryLock::Acquire(dir.path());
    ASSERT_OK(first);
    EXPECT_THAT(DirectoryLock::Acquire(dir.path()),
                StatusIs(StatusCode::kFailedPrecondition, HasSubstr("in use")));
  }
  EXPECT_OK(DirectoryLock::Acquire(dir.path()));
  EXPECT_THAT(DirectoryLock::Acquire(dir.path() / "none"), StatusIs(StatusCode::kNotFound, _));
}

}  // namespace
}  // namespace belgrand::base
