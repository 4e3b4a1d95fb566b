// The rights of persons over real gRPC in both shapes: who may, what is handed over, who is shown
// what while a person is restricted, and what laboratories are told.
#include <gtest/gtest.h>

#include <set>

#include "belgrand/compliance/v1/erasure.grpc.pb.h"
#include "belgrand/compliance/v1/rights.grpc.pb.h"
#include "platform/storage/search.h"
#include "tests/support/client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wave.h"

namespace belgrand::testing {
namespace {

using compliance::v1::RightsService;
using shared::RoleName;
using ::testing::_;
using ::testing::HasSubstr;
using Stub = RightsService::Stub;

constexpr char kSecondName[] = "Marie Correcte-Dupont";

class RightsPathTest : public ::testing::TestWithParam<Shape> {
 protected:
  std::unique_ptr<Stub> Rights(const std::string& who) {
    return RightsService::NewStub(deployment_.Channel(RoleName::kCompliance, who));
  }
  static compliance::v1::OpenCaseRequest CaseFor(compliance::v1::CaseKind kind,
                                                 const std::string& name) {
    compliance::v1::OpenCaseRequest request;
    request.set_kind(kind);
    request.mutable_person()->set_subject(privacy::v1::LAB_STAFF);
    request.mutable_person()->set_tenant("lab-a");
    request.mutable_person()->set_value(name);
    return request;
  }
  base::StatusOr<std::string> OpenCase(compliance::v1::CaseKind kind, const std::string& name) {
    ASSIGN_OR_RETURN(const auto opened, Call<compliance::v1::OpenCaseResponse>(
                                            *Rights("dpo"), &Stub::OpenCase, CaseFor(kind, name)));
    EXPECT_EQ(opened.not_restricted_yet_size(), 0);
    return opened.opened().case_id();
  }
  // Every page, merged.
  base::StatusOr<compliance::v1::ExportSubjectResponse> Export(const std::string& case_id) {
    compliance::v1::ExportSubjectRequest request;
    request.set_case_id(case_id);
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(60));
    const auto reader = Rights("dpo")->ExportSubject(&context, request);
    compliance::v1::ExportSubjectResponse whole;
    for (compliance::v1::ExportSubjectResponse page; reader->Read(&page);) whole.MergeFrom(page);
    const grpc::Status status = reader->Finish();
    if (!status.ok()) return rpc::FromGrpc(status);
    return whole;
  }
  // The comment of the first sample as an official is shown it.
  std::string Comment(Client& client, const ingest::v1::Sample& sample) {
    const auto history = client.History(sample);
    EXPECT_OK(history);
    return history.ok() ? history->versions(0).comment() : "";
  }

  const TempDir dir_;
  const WaveOptions options_{.days = 12};
  Deployment deployment_{GetParam(), dir_.path()};
};

TEST_P(RightsPathTest, TheOfficerAnswersAPersonAndTheLaboratoryIsTold) {
  ASSERT_OK(deployment_.Start());
  Client client(deployment_);
  ASSERT_OK(client.PutSites(WaveSites(options_)));
  auto samples = WaveSamples(options_);
  const std::string analyst = "Marie Dupomt";
  for (auto& sample : samples) sample.set_analysed_by(analyst);
  samples[0].set_comment("filtered twice by Marie Dupomt");
  ASSERT_OK(client.Submit(samples));
  if (GetParam() == Shape::kProcessPerRole) {
    for (const char* who : {"laboratory", "official", "operator"}) {
      EXPECT_THAT(Call<compliance::v1::OpenCaseResponse>(*Rights(who), &Stub::OpenCase,
                                                         CaseFor(compliance::v1::ACCESS, analyst)),
                  StatusIs(base::StatusCode::kPermissionDenied, _))
          << who;
    }
  }

  // Access: every row, no other person, the recipients of the log.
  EXPECT_EQ(Comment(client, samples[0]), "filtered twice by Marie Dupomt");
  const auto access = OpenCase(compliance::v1::ACCESS, analyst);
  ASSERT_OK(access);
  const auto all = Export(*access);
  ASSERT_OK(all);
  EXPECT_TRUE(all->complete());
  EXPECT_EQ(all->of_case().name(), analyst);
  std::size_t rows = 0;
  for (const auto& record : all->records()) {
    if (record.store() != "timeseries") continue;
    ++rows;
    for (const auto& field : record.fields()) {
      EXPECT_NE(field.value(), samples[0].sampled_by()) << "the sampler is somebody else";
      if (field.name() != "analysed_by_sealed") continue;
      EXPECT_EQ(field.value(), analyst);
      EXPECT_TRUE(field.sealed().empty());
      EXPECT_TRUE(field.has_gone_at());
    }
  }
  EXPECT_EQ(rows, samples.size());
  std::uint64_t about = 0;
  for (const auto& recipient : all->recipients()) {
    if (recipient.method() == "belgrand.timeseries.v1.TimeseriesService.GetSampleHistory") {
      about += recipient.calls_about_records();
    }
  }
  EXPECT_EQ(about, 1U) << "the history that was read above";

  // Restriction: nobody is shown it, after a restart neither; lifted, everybody is.
  const auto restriction = OpenCase(compliance::v1::RESTRICTION, analyst);
  ASSERT_OK(restriction);
  EXPECT_EQ(Comment(client, samples[0]), "(restricted)");
  for (const int code : deployment_.TerminateAll()) EXPECT_EQ(code, 0);
  ASSERT_OK(deployment_.Start());
  Client again(deployment_);
  EXPECT_EQ(Comment(again, samples[0]), "(restricted)");
  compliance::v1::LiftRestrictionRequest lift;
  lift.set_case_id(*restriction);
  EXPECT_THAT(
      Call<compliance::v1::LiftRestrictionResponse>(*Rights("dpo"), &Stub::LiftRestriction, lift),
      StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("Article 18(3)")));
  lift.set_person_informed(true);
  ASSERT_OK(
      Call<compliance::v1::LiftRestrictionResponse>(*Rights("dpo"), &Stub::LiftRestriction, lift));
  EXPECT_EQ(Comment(again, samples[0]), "filtered twice by Marie Dupomt");

  // Rectification, of who objected meanwhile: the old value is in no file, and nobody is shown the
  // new one.
  const auto objection = OpenCase(compliance::v1::OBJECTION, analyst);
  ASSERT_OK(objection);
  const auto rectification = OpenCase(compliance::v1::RECTIFICATION, analyst);
  ASSERT_OK(rectification);
  compliance::v1::RectifySubjectRequest rectify;
  rectify.set_case_id(*rectification);
  rectify.set_corrected_name(kSecondName);
  const auto rectified =
      Call<compliance::v1::RectifySubjectResponse>(*Rights("dpo"), &Stub::RectifySubject, rectify);
  ASSERT_OK(rectified);
  EXPECT_TRUE(rectified->erasure().clean());
  EXPECT_TRUE(rectified->erasure().rectified());
  EXPECT_EQ(rectified->rectified().state(), compliance::v1::GRANTED);
  EXPECT_EQ(Comment(again, samples[0]), "(restricted)");
  lift.set_case_id(*objection);
  ASSERT_OK(
      Call<compliance::v1::LiftRestrictionResponse>(*Rights("dpo"), &Stub::LiftRestriction, lift));
  EXPECT_EQ(Comment(again, samples[0]), std::string("filtered twice by ") + kSecondName);
  const auto second = OpenCase(compliance::v1::ACCESS, kSecondName);
  ASSERT_OK(second);
  EXPECT_EQ(Export(*second)->records_size(), all->records_size() + 8)
      << "the same rows, three cases that were opened since, five orders to the laboratory";

  // The laboratory does the same in its own files, and says so.
  const auto orders = Call<compliance::v1::ListOrdersResponse>(
      *Rights("laboratory"), &Stub::ListOrders, compliance::v1::ListOrdersRequest());
  ASSERT_OK(orders);
  ASSERT_EQ(orders->orders_size(), 5) << "restricted, lifted, restricted, rectified, lifted";
  EXPECT_EQ(orders->orders(3).name(), analyst);
  EXPECT_EQ(orders->orders(3).corrected_name(), kSecondName);
  for (const auto& order : orders->orders()) {
    compliance::v1::AcknowledgeOrderRequest acknowledge;
    acknowledge.set_order_id(order.order_id());
    const auto acknowledged = Call<compliance::v1::AcknowledgeOrderResponse>(
        *Rights("laboratory"), &Stub::AcknowledgeOrder, acknowledge);
    ASSERT_OK(acknowledged);
    EXPECT_EQ(acknowledged->acknowledged().name(), "");
  }

  // Erasure of who is restricted: whom roles withhold does not name them either.
  ASSERT_OK(OpenCase(compliance::v1::RESTRICTION, kSecondName));
  compliance::v1::EraseSubjectRequest erase;
  *erase.mutable_person() = CaseFor(compliance::v1::ERASURE, kSecondName).person();
  const auto erasures =
      compliance::v1::ErasureService::NewStub(deployment_.Channel(RoleName::kCompliance, "dpo"));
  const auto erased = Call<compliance::v1::EraseSubjectResponse>(
      *erasures, &compliance::v1::ErasureService::Stub::EraseSubject, erase);
  ASSERT_OK(erased);
  EXPECT_TRUE(erased->erasure().clean()) << erased->certificate();
  EXPECT_EQ(erased->order_ids_size(), 1);
  EXPECT_EQ(Comment(again, samples[0]), "");

  storage::SearchCount count;
  ASSERT_OK(storage::SearchTree(dir_.path(), {analyst, kSecondName}, count));
  EXPECT_EQ(count.hits.at(0), 0U) << "no file, no log";
  EXPECT_EQ(count.hits.at(1), 0U) << "nor the correct name, since it is erased";

  const auto entries = again.ReadAudit();
  ASSERT_OK(entries);
  std::set<std::string> kinds;
  for (const auto& entry : *entries) {
    if (entry.object_ref() == *rectification) kinds.insert(entry.object_kind());
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"case", "case_intent"}));
}

INSTANTIATE_TEST_SUITE_P(Shapes, RightsPathTest,
                         ::testing::Values(Shape::kOneProcess, Shape::kProcessPerRole),
                         [](const auto& test) {
                           return test.param == Shape::kOneProcess ? "OneProcess"
                                                                   : "ProcessPerRole";
                         });

}  // namespace
}  // namespace belgrand::testing
