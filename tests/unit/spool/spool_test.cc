// One property of the spool a test. Kill points are spool_model_test.cc's.
#include "services/spool/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "platform/base/file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/spool/spool_fixture.h"

namespace belgrand::spool {
namespace {

namespace fs = std::filesystem;
using ::belgrand::testing::StatusIs;
using ::belgrand::testing::TempDir;
using testing::Accept;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::SampleRow;
using testing::SampleRows;

class SpoolTest : public ::testing::Test {
 protected:
  base::StatusOr<std::unique_ptr<Spool>> Open() {
    SpoolOptions options;
    options.directory = root_.path() / "spool";
    options.limit_bytes = limit_;
    options.key_file = key_file_;
    return Spool::Open(options, clock_);
  }
  std::unique_ptr<Spool> MustOpen() {
    auto spool = Open();
    EXPECT_OK(spool);
    return *std::move(spool);
  }
  fs::path QueueFile(int id) const {
    return root_.path() / "spool" / "queue" / fmt::format("{:08}.spool", id);
  }
  static std::vector<std::string> Ids(const std::vector<v1::Row>& rows) {
    std::vector<std::string> ids;
    for (const auto& row : rows) ids.push_back(row.sample().sample_id());
    return ids;
  }

  TempDir root_;
  base::FakeClock clock_{*base::ParseInstant("2021-02-01")};
  std::uint64_t limit_ = 1 << 20;
  fs::path key_file_;
};

TEST_F(SpoolTest, KeepsRowsInOrderAcrossAReopening) {
  ASSERT_OK(MustOpen()->Add("a.csv", SampleRows("a", 3)));
  ASSERT_OK(MustOpen()->Add("b.csv", SampleRows("b", 1)));
  const auto spool = MustOpen();
  EXPECT_THAT(*spool->Queue(), ElementsAre(1, 2));
  auto input = spool->Read(1);
  ASSERT_OK(input);
  EXPECT_EQ(input->header().name(), "a.csv");
  EXPECT_THAT(Ids(*input->Pending(10)), ElementsAre("a0", "a1", "a2"));
}

TEST_F(SpoolTest, GoesOnAfterTheRowsThatWereJudged) {
  const auto spool = MustOpen();
  ASSERT_OK(spool->Add("a.csv", SampleRows("a", 1234)));
  {
    auto drain = spool->BeginDrain();
    ASSERT_OK(drain);
    auto input = drain->Open(1);
    ASSERT_OK(input);
    for (int i = 0; i < 3; ++i) ASSERT_OK(input->AppendVerdicts(Accept(*input->Pending(300))));
    EXPECT_EQ(input->judged(), 900U);
  }
  const auto later = MustOpen();
  auto drain = later->BeginDrain();
  ASSERT_OK(drain);
  auto input = drain->Open(1);
  ASSERT_OK(input);
  EXPECT_EQ(input->judged(), 900U);
  const auto rest = input->Pending(1000);
  ASSERT_OK(rest);
  ASSERT_EQ(rest->size(), 334U);
  EXPECT_EQ(rest->front().sample().sample_id(), "a900");
}

TEST_F(SpoolTest, AFinishedInputLeavesItsVerdictFileAndNothingElse) {
  const auto spool = MustOpen();
  ASSERT_OK(spool->Add("my samples/á.csv", SampleRows("a", 2)));
  auto drain = spool->BeginDrain();
  const auto file = drain->Finish(1, "my samples/á.csv", "row\n2\n");
  ASSERT_OK(file);
  EXPECT_EQ(file->filename(), "00000001-my_samples___.csv");
  EXPECT_THAT(*spool->Queue(), IsEmpty());
  EXPECT_FALSE(fs::exists(QueueFile(1)));
  EXPECT_EQ(*base::ReadFile(*spool->VerdictFile(1)), "row\n2\n");
  ASSERT_OK(spool->RemoveVerdictFile(1));
  EXPECT_THAT(spool->VerdictFile(1), StatusIs(base::StatusCode::kNotFound, HasSubstr("input 1")));
  EXPECT_EQ(*spool->Add("b.csv", SampleRows("b", 1)), 2U) << "a number is never given twice";
}

TEST_F(SpoolTest, RefusesWhatIsOverTheLimitAndKeepsNothingOfIt) {
  limit_ = 4096;
  const auto spool = MustOpen();
  ASSERT_OK(spool->Add("small.csv", SampleRows("a", 5)));
  EXPECT_THAT(spool->Add("large.csv", SampleRows("b", 500)),
              StatusIs(base::StatusCode::kResourceExhausted,
                       ::testing::AllOf(HasSubstr("of at most 4096 bytes"),
                                        HasSubstr("nothing of this file was spooled"))));
  EXPECT_THAT(*spool->Queue(), ElementsAre(1));
  ASSERT_OK(spool->Add("small too.csv", SampleRows("c", 5)));
}

TEST_F(SpoolTest, RefusesARowThatNoServiceWouldTake) {
  auto row = SampleRow(7, "S-1");
  row.mutable_sample()->set_method_id(std::string(kMaxRowBytes, 'x'));
  EXPECT_THAT(MustOpen()->Add("a.csv", std::vector{row}),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("row 7")));
  EXPECT_THAT(*MustOpen()->Queue(), IsEmpty());
}

TEST_F(SpoolTest, OneProcessDrainsWhileAnotherAdds) {
  const auto spool = MustOpen();
  const auto drain = spool->BeginDrain();
  ASSERT_OK(drain);
  const auto other = MustOpen();
  EXPECT_THAT(other->BeginDrain().status(),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("in use")));
  ASSERT_OK(other->Add("b.csv", SampleRows("b", 1)));
  EXPECT_THAT(*spool->Queue(), ElementsAre(1));
}

TEST_F(SpoolTest, NothingOfARowIsReadableOnDisk) {
  ASSERT_OK(MustOpen()->Add("a.csv", SampleRows("visible-", 20)));
  const auto bytes = base::ReadFile(QueueFile(1));
  ASSERT_OK(bytes);
  for (const char* text : {"J. Snow", "visible-", "lab-a", "a.csv"}) {
    EXPECT_THAT(*bytes, Not(HasSubstr(text)));
  }
  struct stat info {};
  ASSERT_EQ(::stat(QueueFile(1).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat((root_.path() / "spool" / "key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(SpoolTest, RefusesADirectoryOrKeyThatOthersMayRead) {
  MustOpen();
  const fs::path directory = root_.path() / "spool";
  ASSERT_EQ(::chmod(directory.c_str(), 0750), 0);
  EXPECT_THAT(Open(), StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("chmod 700")));
  ASSERT_EQ(::chmod(directory.c_str(), 0700), 0);
  ASSERT_EQ(::chmod((directory / "key").c_str(), 0640), 0);
  EXPECT_THAT(Open(), StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("chmod 600")));
}

TEST_F(SpoolTest, NeedsTheKeyItWasSpooledWith) {
  key_file_ = root_.path() / "lab.key";
  EXPECT_THAT(Open(), StatusIs(base::StatusCode::kNotFound, HasSubstr("lab.key")));
  ASSERT_OK(base::WriteFileAtomically(key_file_, "short"));
  EXPECT_THAT(Open(), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("5 bytes")));
  ASSERT_OK(base::WriteFileAtomically(key_file_, std::string(32, 'k')));
  ASSERT_OK(MustOpen()->Add("a.csv", SampleRows("a", 1)));
  key_file_.clear();
  EXPECT_THAT(Open(), StatusIs(base::StatusCode::kFailedPrecondition,
                               HasSubstr("1 inputs are sealed under it")));
  key_file_ = root_.path() / "other.key";
  ASSERT_OK(base::WriteFileAtomically(key_file_, std::string(32, 'o')));
  EXPECT_THAT(MustOpen()->Read(1).status(),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("--key-file")));
}

TEST_F(SpoolTest, VerdictsCutOffAtAnyByteAreAskedForAgain) {
  const auto spool = MustOpen();
  ASSERT_OK(spool->Add("a.csv", SampleRows("a", 4)));
  std::uint64_t whole = 0;
  std::uint64_t second = 0;
  {
    auto drain = spool->BeginDrain();
    auto input = drain->Open(1);
    ASSERT_OK(input);
    ASSERT_OK(input->AppendVerdicts(Accept(*input->Pending(1))));
    second = input->bytes();
    ASSERT_OK(input->AppendVerdicts(Accept(*input->Pending(2))));
    whole = input->bytes();
  }
  const std::string bytes = *base::ReadFile(QueueFile(1));
  ASSERT_EQ(bytes.size(), whole);
  for (std::uint64_t length = second; length < whole; ++length) {
    ASSERT_OK(base::WriteFileAtomically(QueueFile(1), bytes.substr(0, length)));
    auto drain = spool->BeginDrain();
    auto input = drain->Open(1);
    ASSERT_OK(input) << length;
    EXPECT_EQ(input->judged(), 1U) << length;
    ASSERT_OK(input->AppendVerdicts(Accept(*input->Pending(3))));
    EXPECT_EQ(drain->Open(1)->judged(), 4U) << length;
  }
}

TEST_F(SpoolTest, AnyFlippedByteIsFoundOrCostsAResendNeverARow) {
  const auto spool = MustOpen();
  ASSERT_OK(spool->Add("a.csv", SampleRows("a", 4)));
  std::uint64_t rows_end = 0;
  {
    auto drain = spool->BeginDrain();
    auto input = drain->Open(1);
    rows_end = input->bytes();
    ASSERT_OK(input->AppendVerdicts(Accept(*input->Pending(2))));
  }
  const std::string good = *base::ReadFile(QueueFile(1));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    ASSERT_OK(base::WriteFileAtomically(QueueFile(1), bad));
    auto drain = spool->BeginDrain();
    auto input = drain->Open(1);
    base::Status status = input.status();
    if (input.ok()) status = input->Pending(10).status();
    if (i < rows_end) {
      EXPECT_FALSE(status.ok()) << "byte " << i;
    } else {
      ASSERT_OK(status) << "byte " << i;
      EXPECT_EQ(input->judged(), 0U) << "byte " << i;
      EXPECT_THAT(Ids(*input->Pending(10)), ElementsAre("a0", "a1", "a2", "a3"));
    }
  }
}

TEST_F(SpoolTest, ADamagedInputIsNamedWithARemedy) {
  const auto spool = MustOpen();
  ASSERT_OK(spool->Add("a.csv", SampleRows("a", 4)));
  std::string bytes = *base::ReadFile(QueueFile(1));
  bytes[bytes.size() - 60] = static_cast<char>(bytes[bytes.size() - 60] ^ 1);
  ASSERT_OK(base::WriteFileAtomically(QueueFile(1), bytes));
  EXPECT_THAT(spool->Read(1)->Pending(1),
              StatusIs(base::StatusCode::kDataLoss,
                       ::testing::AllOf(HasSubstr("00000001.spool is damaged at byte"),
                                        HasSubstr("submit the original file again"))));
}

TEST_F(SpoolTest, FramesOfTwoInputsCannotChangePlaces) {
  const auto spool = MustOpen();
  ASSERT_OK(spool->Add("a.csv", SampleRows("a", 4)));
  ASSERT_OK(spool->Add("b.csv", SampleRows("b", 4)));
  const std::string a = *base::ReadFile(QueueFile(1));
  const std::string b = *base::ReadFile(QueueFile(2));
  ASSERT_EQ(a.size(), b.size());
  ASSERT_OK(base::WriteFileAtomically(QueueFile(1),
                                      a.substr(0, kPreambleBytes) + b.substr(kPreambleBytes)));
  EXPECT_THAT(spool->Read(1).status(), StatusIs(base::StatusCode::kDataLoss, HasSubstr("damaged")));
}

int FailToSync(int) {
  errno = ENOSPC;
  return -1;
}

TEST_F(SpoolTest, WithoutASyncNothingCountsAsSpooled) {
  SpoolOptions options;
  options.directory = root_.path() / "spool";
  options.sync = FailToSync;
  auto spool = Spool::Open(options, clock_);
  ASSERT_OK(spool);
  EXPECT_THAT((*spool)->Add("a.csv", SampleRows("a", 1)),
              StatusIs(base::StatusCode::kUnavailable, HasSubstr("cannot sync")));
  EXPECT_THAT(*(*spool)->Queue(), IsEmpty());
}

TEST_F(SpoolTest, WithoutASyncNoRowCountsAsJudged) {
  ASSERT_OK(MustOpen()->Add("a.csv", SampleRows("a", 2)));
  SpoolOptions options;
  options.directory = root_.path() / "spool";
  options.sync = FailToSync;
  auto spool = Spool::Open(options, clock_);
  ASSERT_OK(spool);
  auto drain = (*spool)->BeginDrain();
  auto input = drain->Open(1);
  ASSERT_OK(input);
  EXPECT_FALSE(input->AppendVerdicts(Accept(*input->Pending(1))).ok());
  EXPECT_EQ(input->judged(), 0U);
  EXPECT_EQ(MustOpen()->Read(1)->judged(), 0U);
}

}  // namespace
}  // namespace belgrand::spool
