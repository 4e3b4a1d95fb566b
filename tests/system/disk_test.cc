// What becomes of a disk, told in full and lost in no silence: a real one that is full or
// read-only, tables whose bytes rot, a log whose end is torn off. Faults of single calls:
// fault_test.cc.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "platform/base/file.h"
#include "tests/support/client.h"
#include "tests/support/small_disk.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wave.h"

namespace belgrand::testing {
namespace {

namespace fs = std::filesystem;
using ingest::v1::Sample;
using ingest::v1::Verdict;
using shared::RoleName;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr std::size_t kBatch = 20;
constexpr int kDiskMiB = 512;

class DiskTest : public ::testing::Test {
 protected:
  DiskTest() : samples_(WaveSamples(options_)) {}

  void Start() {
    ASSERT_OK(deployment_.Start());
    ASSERT_OK(Client(deployment_).PutSites(WaveSites(options_)));
  }
  std::vector<Sample> Batch(std::size_t at) const {
    return {samples_.begin() + static_cast<std::ptrdiff_t>(at),
            samples_.begin() + static_cast<std::ptrdiff_t>(std::min(at + kBatch, samples_.size()))};
  }
  // Submits batch after batch up to `end`; the first refusal, or OK.
  base::Status Submit(std::size_t end) {
    Client client(deployment_);
    while (acknowledged_ < end) {
      const auto answer = client.Submit(Batch(acknowledged_));
      if (!answer.ok()) return answer.status();
      acknowledged_ += kBatch;
    }
    return base::OkStatus();
  }
  // Everything again: what was acknowledged is known, the rest is taken or was taken unheard.
  void ExpectNothingLost() {
    Client client(deployment_);
    for (std::size_t at = 0; at < samples_.size(); at += kBatch) {
      const auto answer = client.Submit(Batch(at));
      ASSERT_OK(answer);
      for (const Verdict& verdict : answer->verdicts()) {
        if (at < acknowledged_) {
          ASSERT_EQ(verdict.outcome(), Verdict::DUPLICATE) << "acknowledged before, and lost";
        } else {
          ASSERT_THAT(verdict.outcome(), AnyOf(Verdict::DUPLICATE, Verdict::ACCEPTED));
        }
      }
    }
  }
  void ExpectCleanEnd() {
    EXPECT_EQ(deployment_.TerminateAll(), std::vector<int>{0});
    const CommandResult fsck = RunBelgrand({"fsck", data_.string()});
    EXPECT_EQ(fsck.exit_code, 0) << fsck.out << fsck.err;
  }
  std::string Page(const std::string& path) {
    return HttpGet(deployment_.process(RoleName::kTimeseries).http_port(), path);
  }
  // Leaves the rows in tables: opening writes them from the log.
  void IntoTables() {
    EXPECT_EQ(deployment_.TerminateAll(), std::vector<int>{0});
    ASSERT_OK(deployment_.Start());
    EXPECT_EQ(deployment_.TerminateAll(), std::vector<int>{0});
  }
  std::vector<fs::path> Files(RoleName role, const std::string& extension) const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(deployment_.data(role))) {
      if (entry.path().extension() == extension && entry.file_size() > 0) {
        files.push_back(entry.path());
      }
    }
    return files;
  }

  const TempDir dir_;
  const WaveOptions options_{.days = 300};
  const std::vector<Sample> samples_;
  SmallDisk disk_;
  Deployment deployment_{
      Shape::kOneProcess, dir_.path() / "service",
      fmt::format("backup {{ directory: \"{}\" }}\n", (dir_.path() / "backups").string())};
  const fs::path data_ = deployment_.data(RoleName::kTimeseries).parent_path();
  std::size_t acknowledged_ = 0;
};

struct DiskOf {
  std::string folder;  // of one role, or empty: of all
  int mebibytes;
};

class FullDiskTest : public DiskTest, public ::testing::WithParamInterface<DiskOf> {};

TEST_P(FullDiskTest, RefusesInClearWordsAndLosesNothing) {
  const base::Status mounted = disk_.Mount(data_ / GetParam().folder, GetParam().mebibytes);
  if (!mounted.ok()) GTEST_SKIP() << base::Message(mounted);
  Start();
  ASSERT_OK(Submit(samples_.size() / 4));
  disk_.Fill();
  const base::Status refused = Submit(samples_.size());
  EXPECT_THAT(base::Message(refused),
              AnyOf(HasSubstr("disk is full"), HasSubstr("the audit log is not available")));
  EXPECT_THAT(Page("/readyz"), AnyOf(HasSubstr("disk is full"), HasSubstr("No space left")));
  EXPECT_THAT(Page("/metrics"),
              ::testing::ContainsRegex("belgrand_store_refuses_writes\\{role=\"[a-z]+\"\\} 1"));
  deployment_.KillAll();
  const base::Status still_full = deployment_.Start();
  if (!still_full.ok()) {
    EXPECT_THAT(base::Message(still_full),
                AnyOf(HasSubstr("disk is full"), HasSubstr("No space left")));
  }
  deployment_.KillAll();
  disk_.Free();
  ASSERT_OK(deployment_.Start());
  ExpectNothingLost();
  ExpectCleanEnd();
}

// The engine reserves room for its log where it can; in 24 MiB it cannot.
INSTANTIATE_TEST_SUITE_P(Disks, FullDiskTest,
                         ::testing::Values(DiskOf{"", kDiskMiB}, DiskOf{"timeseries", 24},
                                           DiskOf{"compliance", 24}),
                         [](const auto& disk) {
                           return disk.param.folder.empty() ? "all" : disk.param.folder;
                         });

TEST_F(DiskTest, AReadOnlyDiskIsNamedAtTheStartAndKeepsEverything) {
  const base::Status mounted = disk_.Mount(data_, kDiskMiB);
  if (!mounted.ok()) GTEST_SKIP() << base::Message(mounted);
  Start();
  ASSERT_OK(Submit(samples_.size() / 4));
  deployment_.KillAll();
  ASSERT_TRUE(disk_.Remount(true));
  EXPECT_THAT(base::Message(deployment_.Start()),
              AllOf(HasSubstr(data_.string()), HasSubstr("Read-only file system")));
  const CommandResult fsck = RunBelgrand({"fsck", data_.string()});
  EXPECT_EQ(fsck.exit_code, 1);
  EXPECT_THAT(fsck.err, HasSubstr("Read-only file system"));
  ASSERT_TRUE(disk_.Remount(false));
  ASSERT_OK(deployment_.Start());
  ExpectNothingLost();
  ExpectCleanEnd();
}

TEST_F(DiskTest, ABackupDiskThatIsFullOrReadOnlyCostsTheBackupAlone) {
  const fs::path folder = dir_.path() / "backups";
  const base::Status mounted = disk_.Mount(folder, kDiskMiB);
  if (!mounted.ok()) GTEST_SKIP() << base::Message(mounted);
  Start();
  ASSERT_OK(Submit(samples_.size() / 4));
  const auto backup = [&](const std::string& verb, std::vector<std::string> words) {
    words.insert(words.begin(), {"backup", verb});
    return RunBelgrand(words);
  };
  const auto server = deployment_.ClientFlags(RoleName::kCompliance, "operator");
  ASSERT_EQ(backup("create", server).exit_code, 0);
  ASSERT_OK(Submit(samples_.size() / 2));
  disk_.Fill();
  const CommandResult full = backup("create", server);
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.err, HasSubstr("No space left"));
  disk_.Free();
  ASSERT_TRUE(disk_.Remount(true));
  const CommandResult read_only = backup("create", server);
  EXPECT_EQ(read_only.exit_code, 1);
  EXPECT_THAT(read_only.err, HasSubstr("Read-only file system"));
  EXPECT_THAT(Page("/metrics"), HasSubstr("belgrand_backup_failures_total 2"));
  ASSERT_OK(Submit(samples_.size())) << "the service goes on";
  ASSERT_TRUE(disk_.Remount(false));
  EXPECT_EQ(backup("create", server).exit_code, 0);
  const CommandResult verify = backup("verify", {"--dir", folder.string()});
  EXPECT_EQ(verify.exit_code, 0) << verify.out << verify.err;
  EXPECT_THAT(verify.out, AllOf(HasSubstr("backup 1: every byte"), HasSubstr("backup 2: every")));
}

// One byte of one table, at several places: the service may start or not, but never does a reader
// get other values, and fsck names the damage.
TEST_F(DiskTest, RottenBytesAreNamedAndNeverReadAsData) {
  Start();
  ASSERT_OK(Submit(samples_.size()));
  IntoTables();
  ASSERT_OK(deployment_.Start());
  timeseries::v1::ReadSeriesRequest request;
  request.set_site_id(samples_[0].site_id());
  request.set_target(samples_[0].target());
  const auto sound = Client(deployment_).ReadSeries(request);
  ASSERT_OK(sound);
  ASSERT_GT(sound->size(), 10U);
  IntoTables();
  const fs::path sound_data = dir_.path() / "sound";
  fs::copy(data_, sound_data, fs::copy_options::recursive);
  for (const RoleName role : {RoleName::kTimeseries, RoleName::kAlerting, RoleName::kDetection}) {
    const auto tables = Files(role, ".sst");
    ASSERT_FALSE(tables.empty());
    for (int eighth = 0; eighth < 8; eighth += role == RoleName::kTimeseries ? 1 : 3) {
      const fs::path& table = tables[static_cast<std::size_t>(eighth) % tables.size()];
      SCOPED_TRACE(fmt::format("{}, {} eighths", table.string(), eighth));
      const auto whole = base::ReadFile(table);
      ASSERT_OK(whole);
      std::string rotten = *whole;
      char& byte = rotten[rotten.size() * static_cast<std::size_t>(eighth) / 8];
      byte = static_cast<char>(byte ^ 0x10);
      std::ofstream(table) << rotten;
      const CommandResult fsck = RunBelgrand({"fsck", data_.string()});
      EXPECT_EQ(fsck.exit_code, 1) << fsck.out << fsck.err;
      EXPECT_THAT(fsck.out, AllOf(HasSubstr(std::string(Name(role)) + ": "),
                                  HasSubstr("stored data is damaged: restore a backup"),
                                  HasSubstr("NOT CLEAN")));
      const base::Status started = deployment_.Start();
      if (started.ok()) {
        const auto read = Client(deployment_).ReadSeries(request);
        if (read.ok()) {
          ASSERT_EQ(read->size(), sound->size()) << "rows are missing and nothing was said";
          for (std::size_t i = 0; i < read->size(); ++i) {
            ASSERT_EQ((*read)[i].SerializeAsString(), (*sound)[i].SerializeAsString());
          }
        } else {
          EXPECT_THAT(base::Message(read.status()), HasSubstr("damaged"));
        }
      } else {
        EXPECT_THAT(base::Message(started), HasSubstr("stored data is damaged"));
      }
      deployment_.KillAll();
      // Opening may have read the table into others.
      fs::remove_all(data_);
      fs::copy(sound_data, data_, fs::copy_options::recursive);
    }
  }
}

TEST_F(DiskTest, AMissingTableIsDamage) {
  Start();
  ASSERT_OK(Submit(kBatch));
  IntoTables();
  fs::remove(Files(RoleName::kTimeseries, ".sst").front());
  const CommandResult fsck = RunBelgrand({"fsck", data_.string()});
  EXPECT_EQ(fsck.exit_code, 1);
  EXPECT_THAT(fsck.out, HasSubstr("stored data is damaged: restore a backup"));
  EXPECT_THAT(base::Message(deployment_.Start()), HasSubstr("stored data is damaged"));
}

// A disk that lost what it had said was synced. The rows before the tear are whole; that rows are
// missing cannot be seen in the log, but by what read them.
TEST_F(DiskTest, ATornLogKeepsWhatCameBeforeAndTheLossIsNoticed) {
  Start();
  ASSERT_OK(Submit(samples_.size()));
  ASSERT_TRUE(Client(deployment_).WaitForDetection(samples_.size()));
  deployment_.KillAll();
  const auto logs = Files(RoleName::kTimeseries, ".log");
  ASSERT_FALSE(logs.empty());
  const fs::path log = *std::max_element(
      logs.begin(), logs.end(),
      [](const auto& a, const auto& b) { return fs::file_size(a) < fs::file_size(b); });
  const auto whole = base::ReadFile(log);
  ASSERT_OK(whole);

  std::string rotten = *whole;
  rotten[rotten.size() / 2] = static_cast<char>(rotten[rotten.size() / 2] ^ 0x10);
  std::ofstream(log) << rotten;
  EXPECT_THAT(base::Message(deployment_.Start()), HasSubstr("stored data is damaged"))
      << "a log that is damaged before its end must not be cut there in silence";

  std::ofstream(log) << whole->substr(0, whole->size() / 2);
  const CommandResult fsck = RunBelgrand({"fsck", data_.string()});
  EXPECT_EQ(fsck.exit_code, 1) << fsck.out << fsck.err;
  EXPECT_THAT(fsck.out, HasSubstr("rows that were acknowledged are missing"));
  ASSERT_OK(deployment_.Start());
  EXPECT_TRUE(Eventually([&] {
    return Page("/metrics").find("belgrand_detection_feed_replacements_total 1") !=
           std::string::npos;
  })) << "detection had read more than there is, and nobody was told";
  acknowledged_ = 0;  // resending mends it
  ExpectNothingLost();
  ASSERT_TRUE(Client(deployment_).WaitForDetection(samples_.size()));
  ExpectCleanEnd();
}

}  // namespace
}  // namespace belgrand::testing
