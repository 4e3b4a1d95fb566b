// Random operations on a spool, each in a child process that dies at a random system call (a write
// half done, a sync or rename not done), against a plain model: nothing said to be spooled is lost,
// nothing with a durable verdict is sent again, order is kept, and every row gets one verdict.
//
// The kill points are the wrappers below: this program's own definitions of the calls that change
// files, which count down in a child. Pages written before the death survive it, as after SIGKILL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "platform/base/check.h"
#include "platform/base/file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/spool/spool_fixture.h"

namespace {

constexpr int kDied = 86;
// File-changing calls until this process dies; negative: it lives.
int g_calls_left = -1;

bool Dies() { return g_calls_left >= 0 && g_calls_left-- == 0; }
void StepOrDie() {
  if (Dies()) ::_exit(kDied);
}

}  // namespace

extern "C" {
ssize_t write(int fd, const void* data, size_t size) {
  if (Dies()) {
    ::syscall(SYS_write, fd, data, size / 2);
    ::_exit(kDied);
  }
  return ::syscall(SYS_write, fd, data, size);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  if (Dies()) {
    ::syscall(SYS_pwrite64, fd, data, size / 2, offset);
    ::_exit(kDied);
  }
  return ::syscall(SYS_pwrite64, fd, data, size, offset);
}
int fsync(int fd) {
  StepOrDie();
  return static_cast<int>(::syscall(SYS_fsync, fd));
}
int fdatasync(int fd) {
  StepOrDie();
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}
int rename(const char* from, const char* to) noexcept {
  StepOrDie();
  return static_cast<int>(::syscall(SYS_rename, from, to));
}
int remove(const char* path) noexcept {
  StepOrDie();
  if (::syscall(SYS_unlink, path) == 0) return 0;
  return static_cast<int>(::syscall(SYS_rmdir, path));
}
int ftruncate(int fd, off_t size) noexcept {
  StepOrDie();
  return static_cast<int>(::syscall(SYS_ftruncate, fd, size));
}
int mkdir(const char* path, mode_t mode) noexcept {
  StepOrDie();
  return static_cast<int>(::syscall(SYS_mkdir, path, mode));
}
}

namespace belgrand::spool {
namespace {

using ::belgrand::testing::TempDir;
using ingest::v1::Verdict;
using testing::SampleRow;

constexpr std::size_t kMaxRows = 20'000;

// The service, and what a child tells its parent; shared memory, so that it outlives the child.
struct Service {
  std::uint64_t said_id = 0;
  std::size_t sends[kMaxRows] = {};
  std::size_t newest = 0;
  bool out_of_order = false;
};

bool IsRejected(std::size_t row) { return row % 7 == 3; }
std::string LineOf(std::size_t row, bool rejected) {
  return fmt::format("{} {}\n", row, rejected ? "rejected" : "taken");
}
std::size_t RowNumber(const v1::Row& row) { return row.line(); }

VerdictList Serve(Service& service, const std::vector<v1::Row>& rows) {
  VerdictList verdicts;
  for (const v1::Row& row : rows) {
    const std::size_t number = RowNumber(row);
    if (service.sends[number]++ == 0) {
      service.out_of_order = service.out_of_order || number < service.newest;
      service.newest = number;
    }
    verdicts.Add()->set_outcome(IsRejected(number) ? Verdict::REJECTED : Verdict::ACCEPTED);
  }
  return verdicts;
}

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) {
    void* memory =
        ::mmap(nullptr, sizeof(Service), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    BELGRAND_CHECK(memory != MAP_FAILED);
    service_ = new (memory) Service();
  }
  ~Model() { ::munmap(service_, sizeof(Service)); }

  void Step(bool may_die) {
    if (random_() % 5 < 2) {
      Add(may_die);
    } else {
      Drain(may_die);
    }
    Check();
  }

  void End() {
    for (int i = 0; i < 3; ++i) DrainAll();
    Check();
    const auto queue = MustOpen()->Queue();
    ASSERT_OK(queue);
    EXPECT_TRUE(queue->empty());
    for (const auto& [id, rows] : inputs_) {
      std::string expected;
      for (std::size_t row : rows) expected += LineOf(row, IsRejected(row));
      const auto file = MustOpen()->VerdictFile(id);
      ASSERT_OK(file);
      EXPECT_EQ(*base::ReadFile(*file), expected) << "input " << id;
      for (std::size_t row : rows) EXPECT_GE(service_->sends[row], 1U) << "row " << row;
    }
    EXPECT_FALSE(service_->out_of_order);
  }

  int deaths() const { return deaths_; }
  std::size_t inputs() const { return inputs_.size(); }

 private:
  std::unique_ptr<Spool> MustOpen() {
    SpoolOptions options;
    options.directory = root_.path() / "spool";
    auto spool = Spool::Open(options, clock_);
    EXPECT_OK(spool);
    return *std::move(spool);
  }

  template <typename Body>
  void InChild(bool may_die, const Body& body) {
    const int calls = may_die ? static_cast<int>(random_() % 40) : -1;
    const pid_t child = ::fork();
    BELGRAND_CHECK(child >= 0);
    if (child == 0) {
      g_calls_left = calls;
      body();
      ::_exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_THAT(WEXITSTATUS(status), ::testing::AnyOf(0, kDied));
    deaths_ += WEXITSTATUS(status) == kDied;
  }

  void Add(bool may_die) {
    std::vector<v1::Row> rows;
    attempted_.clear();
    const std::size_t count = 1 + random_() % 30;
    for (std::size_t i = 0; i < count; ++i) {
      attempted_.push_back(next_row_);
      rows.push_back(SampleRow(next_row_, std::to_string(next_row_)));
      ++next_row_;
    }
    service_->said_id = 0;
    InChild(may_die, [&] {
      const auto id = MustOpen()->Add("a.csv", rows);
      ASSERT_OK(id);
      service_->said_id = *id;
    });
    const std::uint64_t said = service_->said_id;
    if (said != 0) {
      ASSERT_FALSE(inputs_.contains(said)) << "number " << said << " was given twice";
      inputs_[said] = attempted_;
      attempted_.clear();
    }
  }

  void Drain(bool may_die) {
    const std::size_t batch = 1 + random_() % 12;
    std::size_t batches = random_() % 10;  // then the line is down
    InChild(may_die, [&] { DrainBatches(batch, batches); });
  }
  void DrainAll() { DrainBatches(500, SIZE_MAX); }

  void DrainBatches(std::size_t batch, std::size_t batches) {
    const auto spool = MustOpen();
    auto drain = spool->BeginDrain();
    ASSERT_OK(drain);
    const auto queue = spool->Queue();
    ASSERT_OK(queue);
    for (const std::uint64_t id : *queue) {
      auto input = drain->Open(id);
      ASSERT_OK(input);
      for (;;) {
        const auto rows = input->Pending(batch);
        ASSERT_OK(rows);
        if (rows->empty()) break;
        if (batches-- == 0) return;
        ASSERT_OK(input->AppendVerdicts(Serve(*service_, *rows)));
      }
      std::string text;
      ASSERT_OK(input->ForEach([&](const v1::Row& row, const Verdict* verdict) {
        ASSERT_NE(verdict, nullptr);
        text += LineOf(RowNumber(row), verdict->outcome() == Verdict::REJECTED);
      }));
      ASSERT_OK(drain->Finish(id, "a.csv", text));
    }
  }

  void Check() {
    const auto spool = MustOpen();
    const auto queue = spool->Queue();
    ASSERT_OK(queue);
    for (const std::uint64_t id : *queue) {
      const auto input = spool->Read(id);
      ASSERT_OK(input);
      std::vector<std::size_t> rows;
      ASSERT_OK(input->ForEach(
          [&](const v1::Row& row, const Verdict*) { rows.push_back(RowNumber(row)); }));
      if (!inputs_.contains(id)) {
        // Its writer died after it was complete and before it could say so.
        ASSERT_EQ(rows, attempted_) << "input " << id << " is not what was spooled last";
        inputs_[id] = rows;
      }
      ASSERT_EQ(rows, inputs_[id]) << "input " << id;
      auto& [judged, sends] = judged_[id];
      ASSERT_GE(input->judged(), judged) << "verdicts of input " << id << " were lost";
      for (std::size_t i = 0; i < judged; ++i) {
        ASSERT_EQ(service_->sends[rows[i]], sends[i]) << "row " << rows[i] << " was sent again";
      }
      judged = input->judged();
      sends.clear();
      for (std::size_t i = 0; i < judged; ++i) sends.push_back(service_->sends[rows[i]]);
    }
    for (const auto& [id, rows] : inputs_) {
      const bool waits = std::find(queue->begin(), queue->end(), id) != queue->end();
      ASSERT_TRUE(waits || spool->VerdictFile(id).ok()) << "input " << id << " is lost";
    }
  }

  TempDir root_;
  base::FakeClock clock_{*base::ParseInstant("2021-02-01")};
  std::mt19937_64 random_;
  Service* service_ = nullptr;
  std::map<std::uint64_t, std::vector<std::size_t>> inputs_;
  std::map<std::uint64_t, std::pair<std::uint64_t, std::vector<std::size_t>>> judged_;
  std::vector<std::size_t> attempted_;
  std::size_t next_row_ = 0;
  int deaths_ = 0;
};

void Live(std::uint64_t seed, int steps) {
  SCOPED_TRACE(fmt::format("seed {}", seed));
  Model model(seed);
  for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
    SCOPED_TRACE(fmt::format("step {}", step));
    model.Step(step > 0);
  }
  model.End();
  EXPECT_GT(model.deaths(), steps / 10) << "too few deaths to mean anything";
  EXPECT_GT(model.inputs(), static_cast<std::size_t>(steps) / 10);
}

TEST(SpoolModelTest, SurvivesDeathAtAnySystemCall) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) Live(seed, 120);
}

TEST(SpoolModelTest, SurvivesDeathAtAnySystemCallWithAFreshSeed) {
  Live(std::random_device()(), 240);
}

}  // namespace
}  // namespace belgrand::spool
