// Erasure over real gRPC in both shapes: who may, what the log says, and that the roles of other
// processes are reached.
#include <gtest/gtest.h>

#include <set>

#include "belgrand/compliance/v1/erasure.grpc.pb.h"
#include "platform/storage/search.h"
#include "tests/support/client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wave.h"

namespace belgrand::testing {
namespace {

using compliance::v1::ErasureService;
using shared::RoleName;
using ::testing::_;
using ::testing::HasSubstr;

std::unique_ptr<ErasureService::Stub> Erasures(Deployment& deployment) {
  return ErasureService::NewStub(deployment.Channel(RoleName::kCompliance, "dpo"));
}

class ErasurePathTest : public ::testing::TestWithParam<Shape> {
 protected:
  const TempDir dir_;
  const WaveOptions options_{.days = 12};
  Deployment deployment_{GetParam(), dir_.path()};
};

TEST_P(ErasurePathTest, TheOfficerErasesAPersonInEveryRoleAndTheLogSaysSoWithoutTheName) {
  ASSERT_OK(deployment_.Start());
  Client client(deployment_);
  ASSERT_OK(client.PutSites(WaveSites(options_)));
  const auto samples = WaveSamples(options_);
  ASSERT_OK(client.Submit(samples));
  const std::string analyst = samples[0].analysed_by();
  const auto before = client.History(samples[0]);
  ASSERT_OK(before);
  ASSERT_NE(before->versions(0).analysed_by_sealed(), "");

  compliance::v1::EraseSubjectRequest request;
  request.mutable_person()->set_subject(privacy::v1::LAB_STAFF);
  request.mutable_person()->set_tenant("lab-a");
  request.mutable_person()->set_value(analyst);
  if (GetParam() == Shape::kProcessPerRole) {
    for (const char* who : {"laboratory", "official", "operator"}) {
      const auto stub = ErasureService::NewStub(deployment_.Channel(RoleName::kCompliance, who));
      EXPECT_THAT(Call<compliance::v1::EraseSubjectResponse>(
                      *stub, &ErasureService::Stub::EraseSubject, request),
                  StatusIs(base::StatusCode::kPermissionDenied, _))
          << who;
    }
  }
  compliance::v1::PlanErasureRequest plan_request;
  *plan_request.mutable_person() = request.person();
  const auto plan = Call<compliance::v1::PlanErasureResponse>(
      *Erasures(deployment_), &ErasureService::Stub::PlanErasure, plan_request);
  ASSERT_OK(plan);
  std::uint64_t planned = 0;
  for (const auto& line : plan->lines()) planned += line.count();
  EXPECT_EQ(planned, samples.size());

  const auto erased = Call<compliance::v1::EraseSubjectResponse>(
      *Erasures(deployment_), &ErasureService::Stub::EraseSubject, request);
  ASSERT_OK(erased);
  EXPECT_TRUE(erased->erasure().clean());
  for (const auto& sample : samples) {
    const auto history = client.History(sample);
    ASSERT_OK(history);
    EXPECT_EQ(history->versions(0).analysed_by_sealed(), "");
    EXPECT_NE(history->versions(0).sampled_by_sealed(), "") << "the sampler stays";
    EXPECT_EQ(history->versions(0).value(), sample.value());
  }
  EXPECT_THAT(Call<compliance::v1::EraseSubjectResponse>(
                  *Erasures(deployment_), &ErasureService::Stub::EraseSubject, request),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("byte for byte")));

  const auto entries = client.ReadAudit();
  ASSERT_OK(entries);
  std::set<std::string> kinds;
  for (const auto& entry : *entries) {
    if (entry.object_ref() == erased->erasure().id()) kinds.insert(entry.object_kind());
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"erasure", "erasure_intent"}));
  storage::SearchCount count;
  ASSERT_OK(storage::SearchTree(dir_.path(), {analyst}, count));
  EXPECT_EQ(count.hits.at(0), 0U) << "no file, no log";
}

INSTANTIATE_TEST_SUITE_P(Shapes, ErasurePathTest,
                         ::testing::Values(Shape::kOneProcess, Shape::kProcessPerRole),
                         [](const auto& test) {
                           return test.param == Shape::kOneProcess ? "OneProcess"
                                                                   : "ProcessPerRole";
                         });

}  // namespace
}  // namespace belgrand::testing
