// The erasure of persons with the real command and the real service: found before, gone after from
// every database and file, gone still when a backup from before is restored, and whole or not at
// all when the service is killed in between.
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <thread>

#include "belgrand/compliance/v1/erasure.grpc.pb.h"
#include "platform/base/file.h"
#include "platform/storage/search.h"
#include "services/shared/sealed_place.h"
#include "tests/support/client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wave.h"

namespace belgrand::testing {
namespace {

namespace fs = std::filesystem;
using compliance::v1::ErasureService;
using ingest::v1::Sample;
using shared::RoleName;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kOfficial = "Dr. Ada Duty-Officer";

std::unique_ptr<ErasureService::Stub> Erasures(Deployment& deployment) {
  return ErasureService::NewStub(deployment.Channel(RoleName::kCompliance, "dpo"));
}

class ErasureTest : public ::testing::Test {
 protected:
  ErasureTest() : samples_(WaveSamples(options_)) {}

  void Start() {
    ASSERT_OK(deployment_.Start());
    Client client(deployment_);
    ASSERT_OK(client.PutSites(WaveSites(options_)));
    for (std::size_t at = 0; at < samples_.size(); at += 60) {
      const std::size_t to = std::min(samples_.size(), at + 60);
      ASSERT_OK(client.Submit({samples_.begin() + static_cast<std::ptrdiff_t>(at),
                               samples_.begin() + static_cast<std::ptrdiff_t>(to)}));
    }
  }
  // The id of an alert that the official has acknowledged.
  std::string Acknowledge() {
    Client client(deployment_);
    EXPECT_TRUE(client.WaitForDetection(samples_.size()));
    std::vector<alerting::v1::Alert> alerts;
    EXPECT_TRUE(Eventually([&] {
      alerts = client.ListAlerts().value_or(std::vector<alerting::v1::Alert>());
      return !alerts.empty();
    }));
    for (const auto& alert : alerts) {
      alerting::v1::AcknowledgeAlertRequest request;
      request.set_alert_id(alert.alert_id());
      request.set_by(kOfficial);
      request.set_comment("called the plant");
      if (Call<alerting::v1::AcknowledgeAlertResponse>(
              *client.official, &alerting::v1::AlertingService::Stub::AcknowledgeAlert, request)
              .ok()) {
        return alert.alert_id();
      }
    }
    ADD_FAILURE() << "no alert could be acknowledged";
    return "";
  }
  CommandResult Run(std::vector<std::string> words, const std::string& who = "dpo") {
    const auto server = deployment_.ClientFlags(RoleName::kCompliance, who);
    words.insert(words.end(), server.begin(), server.end());
    return RunBelgrand(words);
  }
  CommandResult Erase(const std::string& kind, const std::string& name, const std::string& out) {
    std::vector<std::string> words = {"subject", "erase", "--kind", kind, "--name", name};
    if (kind != "official") words.insert(words.end(), {"--tenant", "lab-a"});
    if (!out.empty()) words.insert(words.end(), {"--yes", "--out", out});
    return Run(words);
  }
  static std::uint64_t Hits(const fs::path& directory, const std::string& text) {
    storage::SearchCount count;
    EXPECT_OK(storage::SearchTree(directory, {text}, count));
    EXPECT_GT(count.files, 0U);
    return count.hits.at(0);
  }
  // What the service says of who took the sample: "opened:<name>", "gone" (no sealed bytes),
  // "dark".
  static std::string SamplerOf(Client& client, const Sample& sample) {
    const auto history = client.History(sample);
    EXPECT_OK(history);
    if (!history.ok()) return "";
    const auto& version = history->versions(0);
    EXPECT_EQ(version.value(), sample.value()) << "the measurement stays";
    if (version.sampled_by_sealed().empty()) return "gone";
    compliance::v1::OpenFieldsRequest open;
    auto& item = *open.add_items();
    item.set_sealed(version.sampled_by_sealed());
    item.set_place(
        shared::SealedPlace("sampled_by_sealed", version.laboratory_id(), version.request_id()));
    const auto opened = Call<compliance::v1::OpenFieldsResponse>(
        *client.dpo, &compliance::v1::ComplianceService::Stub::OpenFields, open);
    EXPECT_OK(opened);
    return opened.ok() && opened->results(0).status_code() == 0
               ? "opened:" + opened->results(0).value()
               : "dark";
  }

  const TempDir dir_;
  const fs::path folder_ = dir_.path() / "backups";
  const WaveOptions options_{.days = 150};
  const std::vector<Sample> samples_;
  Deployment deployment_{Shape::kOneProcess, dir_.path() / "service",
                         fmt::format("backup {{ directory: \"{}\" }}\n", folder_.string())};
};

TEST_F(ErasureTest, TheErasedPersonStaysErasedWhenABackupFromBeforeIsRestored) {
  Start();
  const std::string alert = Acknowledge();
  ASSERT_EQ(Run({"backup", "create"}, "operator").exit_code, 0);
  const fs::path data = deployment_.data(RoleName::kCompliance).parent_path();
  const std::string sampler = samples_[0].sampled_by();

  const CommandResult plan = Erase("sampler", sampler, "");
  EXPECT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_THAT(plan.out,
              AllOf(HasSubstr("SampleRecord.sampled_by_sealed"),
                    HasSubstr("until they are forgotten: 1"), HasSubstr("nothing was changed")));
  {
    Client client(deployment_);
    EXPECT_EQ(SamplerOf(client, samples_[0]), "opened:" + sampler) << "control";
  }
  EXPECT_GT(Hits(data / "alerting", kOfficial), 0U) << "control: names of officials are in clear";

  const std::string note = (dir_.path() / "sampler.note").string();
  const CommandResult erased = Erase("sampler", sampler, note);
  ASSERT_EQ(erased.exit_code, 0) << erased.out << erased.err;
  const CommandResult official = Erase("official", kOfficial, (dir_.path() / "o.note").string());
  ASSERT_EQ(official.exit_code, 0) << official.out << official.err;
  {
    Client client(deployment_);
    EXPECT_EQ(SamplerOf(client, samples_[0]), "gone");
    EXPECT_EQ(SamplerOf(client, samples_[1]), "opened:" + samples_[1].sampled_by());
    const auto detail = client.GetAlert(alert);
    ASSERT_OK(detail);
    EXPECT_EQ(detail->alert().state(), alerting::v1::ACKNOWLEDGED);
    EXPECT_EQ(detail->alert().acknowledged_by(), "");
  }
  EXPECT_EQ(Hits(data, kOfficial), 0U) << "no file of the service";
  EXPECT_EQ(Hits(data, sampler), 0U);
  EXPECT_GT(Hits(folder_, kOfficial), 0U) << "the backup from before holds the official's name";

  // The certificate: signed, checked without the service, of nobody's name.
  const std::string certificate = base::ReadFile(note).value();
  EXPECT_THAT(certificate, AllOf(HasSubstr("verdict: clean"), HasSubstr("before \"timeseries\""),
                                 HasSubstr("backup 1 of"), Not(HasSubstr(sampler))));
  const std::size_t key_at = erased.out.find("--key ") + 6;
  const std::string key = erased.out.substr(key_at, erased.out.find('\n', key_at) - key_at);
  const CommandResult good =
      RunBelgrand({"subject", "verify", "--certificate", note, "--key", key});
  EXPECT_EQ(good.exit_code, 0) << good.err;
  std::string forged = certificate;
  forged.replace(forged.find("person 0 times"), 8, "person 1");
  const std::string forged_path = (dir_.path() / "forged.note").string();
  ASSERT_OK(base::WriteFileAtomically(forged_path, forged));
  EXPECT_EQ(
      RunBelgrand({"subject", "verify", "--certificate", forged_path, "--key", key}).exit_code, 1);

  // A backup made since is searched.
  ASSERT_EQ(Run({"backup", "create"}, "operator").exit_code, 0);
  const std::string id = certificate.substr(certificate.find("erasure ") + 8, 32);
  const CommandResult again = Run({"subject", "certificate", "--erasure", id, "--search-again"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, AllOf(HasSubstr("backup 2 of"), HasSubstr("searched, made since"),
                               HasSubstr("after \"backup 2/timeseries\" values"),
                               HasSubstr("verdict: clean")));

  // Disaster: everything but the keys is gone, and the backup from before is what there is.
  deployment_.KillAll();
  const fs::path restored = dir_.path() / "restored" / "all";
  const CommandResult laid_out = RunBelgrand(
      {"restore", "--from", folder_.string(), "--to", restored.string(), "--backup", "1"});
  ASSERT_EQ(laid_out.exit_code, 0) << laid_out.err;
  EXPECT_GT(Hits(restored, kOfficial), 0U) << "control: the backup brings the name back";
  fs::copy(data / "keyring", restored / "keyring", fs::copy_options::recursive);
  fs::copy(data / "compliance/audit_log.seed", restored / "compliance/audit_log.seed");
  Deployment after(Shape::kOneProcess, dir_.path() / "restored");
  ASSERT_OK(after.Start());
  EXPECT_EQ(Hits(restored, kOfficial), 0U) << "before the first call was answered";
  EXPECT_THAT(after.Logs(), HasSubstr("erasures_repeated"));
  Client client(after);
  EXPECT_EQ(SamplerOf(client, samples_[0]), "gone");
  EXPECT_EQ(SamplerOf(client, samples_[1]), "opened:" + samples_[1].sampled_by());
  EXPECT_EQ(client.GetAlert(alert)->alert().acknowledged_by(), "");
  const auto list = Call<compliance::v1::ListErasuresResponse>(
      *Erasures(after), &ErasureService::Stub::ListErasures, compliance::v1::ListErasuresRequest());
  ASSERT_OK(list);
  EXPECT_EQ(list->erasures_size(), 2);
  EXPECT_EQ(after.TerminateAll(), std::vector<int>{0});
  EXPECT_EQ(RunBelgrand({"fsck", restored.string()}).exit_code, 0);
}

TEST_F(ErasureTest, KilledInBetweenItIsFinishedAtTheNextStartOrNeverBegan) {
  const auto seed = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {} (repeat with --gtest_random_seed={})", seed, seed));
  std::mt19937 random(seed);
  Start();
  int begun = 0;
  constexpr int kTrials = 6;
  for (int trial = 0; trial < kTrials; ++trial) {
    SCOPED_TRACE(fmt::format("trial {}", trial));
    const Sample& sample = samples_[static_cast<std::size_t>(trial)];
    compliance::v1::EraseSubjectRequest request;
    request.mutable_person()->set_subject(privacy::v1::SAMPLER);
    request.mutable_person()->set_tenant("lab-a");
    request.mutable_person()->set_value(sample.sampled_by());
    std::atomic<bool> answered = false;
    std::jthread call([&] {
      Client client(deployment_);
      answered = Call<compliance::v1::EraseSubjectResponse>(
                     *Erasures(deployment_), &ErasureService::Stub::EraseSubject, request)
                     .ok();
    });
    // No assertion waits on this: it only chooses where the kill falls.
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 600));
    deployment_.KillAll();
    call.join();
    ASSERT_OK(deployment_.Start());
    Client client(deployment_);
    const auto list = Call<compliance::v1::ListErasuresResponse>(
        *Erasures(deployment_), &ErasureService::Stub::ListErasures,
        compliance::v1::ListErasuresRequest());
    ASSERT_OK(list);
    const bool began = list->erasures_size() > begun;
    begun = list->erasures_size();
    for (const auto& erasure : list->erasures()) {
      EXPECT_TRUE(erasure.has_finished_at()) << erasure.id();
      EXPECT_TRUE(erasure.clean()) << erasure.id();
    }
    EXPECT_EQ(SamplerOf(client, sample), began ? "gone" : "opened:" + sample.sampled_by());
    if (answered) {
      EXPECT_TRUE(began);
    }
  }
  std::cout << fmt::format("{} of {} erasures had begun when the service was killed\n", begun,
                           kTrials);
}

}  // namespace
}  // namespace belgrand::testing
