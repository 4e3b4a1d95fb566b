// A disk that fails under the running service: EIO, ENOSPC, and EROFS as when the kernel makes a
// failing disk read-only, at a random write or sync. The client
// gets an error and never a false acknowledgement; after a restart on a sound disk fsck is clean,
// what was acknowledged is there, and sending everything again repairs the rest.
//
// BELGRAND_FAULTS sets how many faults of each kind: 2 by default.
#include <gmock/gmock.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <random>

#include "platform/base/file.h"
#include "tests/support/client.h"
#include "tests/support/fault_control.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wave.h"

namespace belgrand::testing {
namespace {

using ingest::v1::Sample;
using ingest::v1::Verdict;
using shared::RoleName;

constexpr std::size_t kBatch = 20;

int Trials() {
  const char* const text = std::getenv("BELGRAND_FAULTS");
  return text != nullptr ? std::max(1, std::atoi(text)) : 2;
}

class FaultTest : public ::testing::TestWithParam<int> {};

// Whoever looks at the service sees that it stores nothing, which role, and why.
void ExpectTold(Deployment& deployment) {
  const int port = deployment.process(RoleName::kTimeseries).http_port();
  EXPECT_THAT(HttpGet(port, "/readyz"),
              ::testing::ContainsRegex("(compliance|timeseries|alerting|detection|sensors): .+"));
  EXPECT_THAT(HttpGet(port, "/metrics"),
              ::testing::ContainsRegex("belgrand_store_refuses_writes\\{role=\"[a-z]+\"\\} 1"));
}

void RunTrial(int error, int calls) {
  SCOPED_TRACE(fmt::format("{} after {} calls", std::strerror(error), calls));
  WaveOptions options;
  options.days = 300;
  const auto samples = WaveSamples(options);
  const TempDir dir;
  Deployment deployment(Shape::kOneProcess, dir.path() / "service");
  const std::string data = deployment.data(RoleName::kTimeseries).parent_path().string();
  std::size_t acknowledged = 0;
  {
    Faults faults(dir.path() / "control", data, BELGRAND_FAULT_SHIM);
    ASSERT_OK(deployment.Start());
    Client client(deployment);
    ASSERT_OK(client.PutSites(WaveSites(options)));
    faults.Arm(calls, error);
    base::Status refusal;
    while (refusal.ok() && acknowledged + kBatch <= samples.size()) {
      const auto answer =
          client.Submit({samples.begin() + static_cast<std::ptrdiff_t>(acknowledged),
                         samples.begin() + static_cast<std::ptrdiff_t>(acknowledged + kBatch)});
      refusal = answer.status();
      if (answer.ok()) acknowledged += kBatch;
    }
    ASSERT_TRUE(faults.struck()) << "the fault never came";
    EXPECT_FALSE(refusal.ok()) << "the disk failed and the client was told nothing";
    EXPECT_FALSE(base::Message(refusal).empty());
    EXPECT_FALSE(client.Submit({samples.back()}).ok()) << "still broken, and it acknowledged";
    ExpectTold(deployment);
    faults.Disarm();
    deployment.KillAll();
  }
  const CommandResult fsck = RunBelgrand({"fsck", data});
  EXPECT_EQ(fsck.exit_code, 0) << fsck.out << fsck.err;
  ASSERT_OK(deployment.Start());
  Client client(deployment);
  for (std::size_t at = 0; at + kBatch <= samples.size(); at += kBatch) {
    const auto answer = client.Submit({samples.begin() + static_cast<std::ptrdiff_t>(at),
                                       samples.begin() + static_cast<std::ptrdiff_t>(at + kBatch)});
    ASSERT_OK(answer);
    for (const Verdict& verdict : answer->verdicts()) {
      if (at < acknowledged) {
        EXPECT_EQ(verdict.outcome(), Verdict::DUPLICATE) << "an acknowledged row was lost";
      } else {
        EXPECT_TRUE(verdict.outcome() == Verdict::DUPLICATE ||
                    verdict.outcome() == Verdict::ACCEPTED);
      }
    }
  }
  EXPECT_EQ(deployment.TerminateAll(), std::vector<int>{0});
  EXPECT_EQ(RunBelgrand({"fsck", data}).exit_code, 0);
  const CommandResult verify =
      RunBelgrand({"audit", "verify", (deployment.data(RoleName::kCompliance) / "audit").string()});
  EXPECT_EQ(verify.exit_code, 0) << verify.out << verify.err;
}

TEST_P(FaultTest, AFailingDiskIsAnErrorToTheClientAndNoSilentLoss) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  const int trials = Trials();
  for (int trial = 0; trial < trials && !::testing::Test::HasFailure(); ++trial) {
    RunTrial(GetParam(), trial == 0 ? 0 : static_cast<int>(random() % 80));
  }
  std::cout << fmt::format("{} faults; BELGRAND_FAULTS sets how many\n", trials);
}

INSTANTIATE_TEST_SUITE_P(Errors, FaultTest, ::testing::Values(EIO, ENOSPC, EROFS),
                         [](const auto& error) {
                           return error.param == EIO      ? "Eio"
                                  : error.param == ENOSPC ? "Enospc"
                                                          : "Erofs";
                         });

}  // namespace
}  // namespace belgrand::testing
