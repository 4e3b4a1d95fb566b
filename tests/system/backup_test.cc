// Backups of a running service: made by the real command while laboratories submit, restored after
// SIGKILL. Every sample that was acknowledged before a backup is in it, fsck is clean, no key is in
// the folder, and a person whose key was dropped stays unreadable in an older backup.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "belgrand/operations/v1/operations.grpc.pb.h"
#include "compliance/keyring.h"
#include "platform/base/file.h"
#include "services/backup/folder.h"
#include "services/shared/sealed_place.h"
#include "tests/support/client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wave.h"

namespace belgrand::testing {
namespace {

namespace fs = std::filesystem;
using ingest::v1::Sample;
using ingest::v1::Verdict;
using shared::RoleName;
using ::testing::HasSubstr;

constexpr std::size_t kBatch = 10;
constexpr int kBackups = 2;

class BackupTest : public ::testing::Test {
 protected:
  BackupTest() : samples_(WaveSamples(options_)) {}

  void Start() {
    ASSERT_OK(deployment_.Start());
    ASSERT_OK(Client(deployment_).PutSites(WaveSites(options_)));
  }

  // Submits until told to stop, over and over; each batch is acknowledged whole or not at all.
  void Load(const std::atomic<bool>& stop) {
    Client client(deployment_);
    while (!stop && acknowledged_ + kBatch <= samples_.size()) {
      const auto answer = client.Submit(Batch(acknowledged_));
      if (!answer.ok()) return;
      acknowledged_ += kBatch;
    }
  }
  std::vector<Sample> Batch(std::size_t at) const {
    return {samples_.begin() + static_cast<std::ptrdiff_t>(at),
            samples_.begin() + static_cast<std::ptrdiff_t>(at + kBatch)};
  }

  CommandResult Backup(std::vector<std::string> words) {
    words.insert(words.begin(), "backup");
    return RunBelgrand(words);
  }
  CommandResult Create() {
    std::vector<std::string> words = {"create"};
    const auto server = deployment_.ClientFlags(RoleName::kCompliance, "operator");
    words.insert(words.end(), server.begin(), server.end());
    return Backup(words);
  }

  // Puts the keys where the restored service looks for them, as the runbook says.
  void BringKeys(const fs::path& data_dir) const {
    const fs::path lost = deployment_.data(RoleName::kCompliance).parent_path();
    fs::copy(lost / "keyring", data_dir / "keyring", fs::copy_options::recursive);
    fs::copy(lost / "compliance/audit_log.seed", data_dir / "compliance/audit_log.seed");
  }

  const TempDir dir_;
  const fs::path folder_ = dir_.path() / "backups";
  const WaveOptions options_{.days = 1500};
  const std::vector<Sample> samples_;
  Deployment deployment_{
      Shape::kOneProcess, dir_.path() / "service",
      fmt::format("backup {{ directory: \"{}\" keep: {} }}\n", folder_.string(), kBackups)};
  std::atomic<std::size_t> acknowledged_ = 0;
};

TEST_F(BackupTest, EverySampleAcknowledgedBeforeABackupIsInItAfterSigkill) {
  Start();
  std::atomic<bool> stop = false;
  std::jthread load([&] { Load(stop); });
  std::vector<std::size_t> before;
  for (int backup = 0; backup < kBackups; ++backup) {
    const std::size_t goal = acknowledged_ + 5 * kBatch;
    ASSERT_TRUE(Eventually([&] { return acknowledged_ >= goal; }));
    before.push_back(acknowledged_);
    const CommandResult made = Create();
    ASSERT_EQ(made.exit_code, 0) << made.out << made.err;
    EXPECT_THAT(made.out, HasSubstr(fmt::format("backup {}: ", backup + 1)));
  }
  EXPECT_LT(before.back(), samples_.size()) << "nothing was submitted beside the last backup";
  deployment_.KillAll();
  stop = true;
  load.join();

  const CommandResult list = Backup({"list", "--dir", folder_.string()});
  EXPECT_EQ(list.exit_code, 0) << list.out << list.err;
  EXPECT_THAT(list.out, HasSubstr("detection,timeseries,sensors,alerting,compliance"));
  const CommandResult verify = Backup({"verify", "--dir", folder_.string()});
  EXPECT_EQ(verify.exit_code, 0) << verify.out << verify.err;
  const CommandResult drill =
      Backup({"drill", "--dir", folder_.string(), "--scratch", dir_.path().string()});
  EXPECT_EQ(drill.exit_code, 0) << drill.out << drill.err;
  EXPECT_THAT(drill.out, HasSubstr(fmt::format("backup {} of ", kBackups)));
  EXPECT_THAT(drill.out, HasSubstr("can be restored"));

  for (int backup = 1; backup <= kBackups; ++backup) {
    SCOPED_TRACE(fmt::format("backup {}", backup));
    const fs::path home = dir_.path() / fmt::format("restored-{}", backup);
    const fs::path data = home / "all";
    const CommandResult restored = RunBelgrand({"restore", "--from", folder_.string(), "--to",
                                                data.string(), "--backup", std::to_string(backup)});
    ASSERT_EQ(restored.exit_code, 0) << restored.out << restored.err;
    BringKeys(data);
    const CommandResult fsck = RunBelgrand({"fsck", data.string()});
    EXPECT_EQ(fsck.exit_code, 0) << fsck.out << fsck.err;
    Deployment again(Shape::kOneProcess, home);
    ASSERT_OK(again.Start());
    Client client(again);
    for (std::size_t at = 0; at < before[static_cast<std::size_t>(backup - 1)]; at += kBatch) {
      const auto answer = client.Submit(Batch(at));
      ASSERT_OK(answer);
      for (const Verdict& verdict : answer->verdicts()) {
        ASSERT_EQ(verdict.outcome(), Verdict::DUPLICATE) << "acknowledged before, and lost";
      }
    }
    EXPECT_EQ(again.TerminateAll(), std::vector<int>{0});
    EXPECT_EQ(RunBelgrand({"fsck", data.string()}).exit_code, 0);
  }
}

TEST_F(BackupTest, TheDrillFailsOnDamageAndOnWhatIsMissing) {
  Start();
  Client client(deployment_);
  ASSERT_OK(client.Submit(Batch(0)));
  ASSERT_EQ(Create().exit_code, 0);
  const auto drill = [&] {
    return Backup({"drill", "--dir", folder_.string(), "--scratch", dir_.path().string()});
  };
  auto set = backup::ReadSet(folder_, 1);
  ASSERT_OK(set);
  const auto original = *set;
  // As if the newest writes were not there.
  auto& mark = *set->mutable_parts(1)->mutable_marks(0);
  mark.set_at_least(mark.at_least() + 1000);
  mark.set_at_most(mark.at_most() + 1000);
  ASSERT_OK(base::WriteFileAtomically(backup::SetPath(folder_, 1), backup::EncodeSet(*set)));
  const CommandResult missing = drill();
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.out, HasSubstr("DIFFERS"));
  EXPECT_THAT(missing.out, HasSubstr("IS NOT SOUND"));
  ASSERT_OK(base::WriteFileAtomically(backup::SetPath(folder_, 1), backup::EncodeSet(original)));
  EXPECT_EQ(drill().exit_code, 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "objects")) {
    if (!entry.is_regular_file()) continue;
    std::ofstream(entry.path(), std::ios::app) << "x";
    break;
  }
  EXPECT_EQ(Backup({"verify", "--dir", folder_.string()}).exit_code, 1);
  const CommandResult damaged = drill();
  EXPECT_EQ(damaged.exit_code, 1);
  EXPECT_THAT(damaged.out, HasSubstr("CANNOT BE RESTORED"));
  EXPECT_THAT(damaged.err, HasSubstr("too long"));
}

TEST_F(BackupTest, HoldsNoKeyAndBringsNoErasedPersonBack) {
  Start();
  ASSERT_OK(Client(deployment_).Submit(Batch(0)));
  ASSERT_EQ(Create().exit_code, 0);
  deployment_.KillAll();
  const fs::path lost = deployment_.data(RoleName::kCompliance).parent_path();

  std::vector<std::string> secrets;
  for (const auto& entry : fs::recursive_directory_iterator(lost)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".key" && extension != ".seed") continue;
    const auto bytes = base::ReadFile(entry.path());
    ASSERT_OK(bytes);
    secrets.push_back(*bytes);
  }
  EXPECT_GE(secrets.size(), 4U) << "seed, index key, epoch key, actor key";
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const auto bytes = base::ReadFile(entry.path());
    ASSERT_OK(bytes);
    for (const std::string& secret : secrets) {
      EXPECT_EQ(bytes->find(secret), std::string::npos) << entry.path() << " holds a key";
    }
  }
  EXPECT_GT(files, 10);

  // The erasure comes after the backup.
  const std::string erased = samples_[0].sampled_by();
  {
    const auto keyring = compliance::Keyring::OpenDirectory({lost / "keyring"});
    ASSERT_OK(keyring);
    const auto reference = (*keyring)->FindSubject(privacy::v1::SAMPLER, "lab-a", erased);
    ASSERT_OK(reference);
    ASSERT_OK((*keyring)->Drop(*reference));
  }
  const fs::path data = dir_.path() / "restored" / "all";
  ASSERT_EQ(RunBelgrand({"restore", "--from", folder_.string(), "--to", data.string()}).exit_code,
            0);
  Deployment again(Shape::kOneProcess, dir_.path() / "restored");
  EXPECT_FALSE(again.Start().ok()) << "without its seed the audit log must not go on";
  BringKeys(data);
  ASSERT_OK(again.Start());
  Client client(again);
  const auto history = client.History(samples_[0]);
  ASSERT_OK(history);
  const auto& version = history->versions(0);
  compliance::v1::OpenFieldsRequest open;
  const auto add = [&](const std::string& field, const std::string& sealed) {
    ASSERT_FALSE(sealed.empty());
    auto& item = *open.add_items();
    item.set_sealed(sealed);
    item.set_place(shared::SealedPlace(field, version.laboratory_id(), version.request_id()));
  };
  add("sampled_by_sealed", version.sampled_by_sealed());
  add("analysed_by_sealed", version.analysed_by_sealed());
  const auto opened = Call<compliance::v1::OpenFieldsResponse>(
      *client.dpo, &compliance::v1::ComplianceService::Stub::OpenFields, open);
  ASSERT_OK(opened);
  EXPECT_EQ(opened->results(0).status_code(), static_cast<int>(grpc::StatusCode::NOT_FOUND));
  EXPECT_EQ(opened->results(0).value(), "");
  EXPECT_EQ(opened->results(1).value(), samples_[0].analysed_by());
}

TEST(BackupCallTest, IsForOperatorsAndAudited) {
  const TempDir dir;
  Deployment deployment(
      Shape::kProcessPerRole, dir.path(),
      fmt::format("backup {{ directory: \"{}\" }}\n", (dir.path() / "backups").string()));
  ASSERT_OK(deployment.Start());
  const auto create = [&](const std::string& who) {
    std::vector<std::string> words = {"backup", "create"};
    const auto server = deployment.ClientFlags(RoleName::kTimeseries, who);
    words.insert(words.end(), server.begin(), server.end());
    return RunBelgrand(words);
  };
  for (const char* who : {"laboratory", "official", "dpo"}) {
    const CommandResult refused = create(who);
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.err, HasSubstr("may not call")) << who;
  }
  const CommandResult made = create("operator");
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("timeseries\n")) << "the process of one role backs up that role";
  Client client(deployment);
  const auto entries = client.ReadAudit();
  ASSERT_OK(entries);
  int allowed = 0;
  int denied = 0;
  for (const auto& entry : *entries) {
    if (entry.method() != "belgrand.operations.v1.OperationsService.CreateBackup") continue;
    ++(entry.decision() == compliance::v1::ALLOWED ? allowed : denied);
  }
  EXPECT_EQ(allowed, 1);
  EXPECT_EQ(denied, 3);
}

}  // namespace
}  // namespace belgrand::testing
