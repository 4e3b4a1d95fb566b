// The keyring and retention halves of the compliance role.
#include "belgrand/compliance/v1/hold.grpc.pb.h"
#include "belgrand/storage/v1/audit_entry.pb.h"
#include "compliance/key_check.h"
#include "platform/base/file.h"
#include "tests/unit/services/compliance_fixture.h"

namespace belgrand::compliance {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

base::Instant At(std::string_view text) { return base::ParseInstant(text).value(); }

class ComplianceRoleTest : public testing::ComplianceFixture {
 protected:
  v1::SealFieldsResponse Seal(const std::string& value, const std::string& place) {
    v1::SealFieldsRequest request;
    auto& field = *request.add_fields();
    field.set_subject(privacy::v1::SAMPLER);
    field.set_tenant("LAB1");
    field.set_value(value);
    field.set_place(place);
    v1::SealFieldsResponse response;
    EXPECT_OK(Call(&Stub::SealFields, request, &response));
    return response;
  }

  v1::OpenFieldsResponse::Result Open(const std::string& sealed, const std::string& place) {
    v1::OpenFieldsRequest request;
    request.add_items()->set_sealed(sealed);
    request.mutable_items(0)->set_place(place);
    v1::OpenFieldsResponse response;
    EXPECT_OK(Call(&Stub::OpenFields, request, &response));
    return response.results_size() == 1 ? response.results(0) : v1::OpenFieldsResponse::Result();
  }

  v1::PlanRetentionResponse Plan(std::optional<base::Instant> now = std::nullopt) {
    v1::PlanRetentionRequest request;
    if (now) *request.mutable_now() = shared::ToTimestamp(*now);
    v1::PlanRetentionResponse response;
    EXPECT_OK(Call(&Stub::PlanRetention, request, &response));
    return response;
  }

  base::Status Apply(const v1::PlanRetentionResponse& plan, v1::ApplyRetentionResponse* response) {
    v1::ApplyRetentionRequest request;
    request.set_plan_hash(plan.plan_hash());
    *request.mutable_now() = plan.now();
    return Call(&Stub::ApplyRetention, request, response);
  }

  void AddSample(std::string_view recorded_at) {
    auto& record = samples_.records.emplace_back();
    record.set_recorded_at_us(base::ToMicros(At(recorded_at)));
    record.set_sampled_by_sealed("sealed");
  }
  void AddAlertEvent(std::string_view at) {
    auto& record = alerts_.records.emplace_back();
    record.set_at_us(base::ToMicros(At(at)));
    record.set_by("somebody");
  }
};

TEST_F(ComplianceRoleTest, SealsAndOpensUnderThePersonsKey) {
  const auto sealed = Seal("A. Name", "record.field/1");
  ASSERT_THAT(sealed.fields(), SizeIs(1));
  EXPECT_THAT(sealed.fields(0).sealed(), Not(HasSubstr("A. Name")));
  EXPECT_EQ(Seal("A. Name", "record.field/2").fields(0).subject_ref(),
            sealed.fields(0).subject_ref());
  Restart();
  const auto opened = Open(sealed.fields(0).sealed(), "record.field/1");
  EXPECT_EQ(opened.status_code(), 0);
  EXPECT_EQ(opened.value(), "A. Name");
}

TEST_F(ComplianceRoleTest, SaysWhyASealedValueDoesNotOpen) {
  const auto sealed = Seal("A. Name", "record.field/1").fields(0).sealed();
  const auto moved = Open(sealed, "record.field/2");
  EXPECT_EQ(moved.status_code(), static_cast<int>(base::StatusCode::kDataLoss));
  EXPECT_EQ(moved.value(), "");
  End();
  std::filesystem::remove_all(dir_.path() / "keys");
  // As somebody who knows that the keyring is lost for good.
  std::filesystem::remove(dir_.path() / "data/compliance" / kKeyCheckFile);
  Begin();
  EXPECT_EQ(Open(sealed, "record.field/1").status_code(),
            static_cast<int>(base::StatusCode::kNotFound));
}

TEST_F(ComplianceRoleTest, LogsEveryOpeningAndNoName) {
  const auto sealed = Seal("canary.name", "record.field/1").fields(0).sealed();
  Open(sealed, "record.field/1");
  const auto entries = Read(0, 1000);
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[1].method(), "belgrand.compliance.v1.ComplianceService.OpenFields");
  EXPECT_EQ(entries[1].object_kind(), "field");
  EXPECT_EQ(entries[1].record_count(), 1U);
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir_.path())) {
    if (!file.is_regular_file()) continue;
    EXPECT_THAT(base::ReadFile(file.path()).value(), Not(HasSubstr("canary.name"))) << file.path();
  }
}

TEST_F(ComplianceRoleTest, RefusesToSealOrOpenNonsense) {
  v1::SealFieldsRequest request;
  request.add_fields()->set_value(std::string(321, 'x'));
  v1::SealFieldsResponse response;
  EXPECT_THAT(Call(&Stub::SealFields, request, &response),
              StatusIs(base::StatusCode::kInvalidArgument, Not(HasSubstr("xxx"))));
  v1::OpenFieldsResponse opened;
  EXPECT_THAT(Call(&Stub::OpenFields, v1::OpenFieldsRequest(), &opened),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("0 items")));
  EXPECT_EQ(Open("garbage", "p").value(), "");
}

TEST_F(ComplianceRoleTest, PlansOverEveryStewardAndAppliesExactlyThat) {
  AddSample("2020-01-01");
  AddSample("2028-01-01");
  AddSample("2031-05-01");
  AddAlertEvent("2025-01-01");
  AddAlertEvent("2028-01-01");
  const auto plan = Plan();
  EXPECT_EQ(shared::ToInstant(plan.now()), clock_.Now());
  std::map<std::string, std::uint64_t> expired;
  for (const auto& line : plan.lines())
    expired[line.record() + "." + line.field()] = line.expired();
  EXPECT_EQ(expired["belgrand.storage.v1.SampleRecord."], 1U);
  EXPECT_EQ(expired["belgrand.storage.v1.SampleRecord.sampled_by_sealed"], 1U);
  EXPECT_EQ(expired["belgrand.storage.v1.AlertEventRecord."], 1U);
  EXPECT_EQ(expired["belgrand.storage.v1.AlertEventRecord.by"], 1U);
  EXPECT_THAT(samples_.records, SizeIs(3));

  v1::ApplyRetentionResponse applied;
  ASSERT_OK(Apply(plan, &applied));
  std::map<std::string, std::uint64_t> deleted;
  for (const auto& line : applied.lines()) {
    deleted[line.record() + "." + line.field()] = line.expired();
  }
  EXPECT_EQ(deleted, expired);
  EXPECT_THAT(samples_.records, SizeIs(2));
  EXPECT_EQ(alerts_.records.at(0).by(), "");

  const auto left = Plan(shared::ToInstant(plan.now()));
  for (const auto& line : left.lines()) {
    EXPECT_EQ(line.expired(), 0U) << line.record() << "." << line.field();
  }
  EXPECT_THAT(Apply(plan, &applied),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("plan again")));
}

TEST_F(ComplianceRoleTest, RefusesAPlanWhoseDataChanged) {
  AddSample("2020-01-01");
  const auto plan = Plan();
  AddSample("2020-01-02");
  v1::ApplyRetentionResponse applied;
  EXPECT_THAT(Apply(plan, &applied),
              StatusIs(base::StatusCode::kFailedPrecondition, HasSubstr("the data changed")));
  EXPECT_THAT(samples_.records, SizeIs(2));
}

TEST_F(ComplianceRoleTest, AppliesAPlanAlthoughNewDataArrived) {
  AddSample("2020-01-01");
  const auto plan = Plan();
  AddSample("2031-06-01");
  v1::ApplyRetentionResponse applied;
  ASSERT_OK(Apply(plan, &applied));
  EXPECT_THAT(samples_.records, SizeIs(1));
}

TEST_F(ComplianceRoleTest, ShowsTheFutureAndRefusesToApplyIt) {
  AddSample("2025-01-01");
  const auto plan = Plan(At("2040-01-01"));
  std::uint64_t expired = 0;
  for (const auto& line : plan.lines()) expired += line.expired();
  EXPECT_EQ(expired, 1U);
  v1::ApplyRetentionResponse applied;
  EXPECT_THAT(Apply(plan, &applied), StatusIs(base::StatusCode::kFailedPrecondition,
                                              AllOf(HasSubstr("2040-01-01"), HasSubstr("future"))));
  EXPECT_THAT(samples_.records, SizeIs(1));
}

TEST_F(ComplianceRoleTest, MakesNoHalfPlan) {
  alerts_.fail = true;
  v1::PlanRetentionResponse plan;
  EXPECT_THAT(Call(&Stub::PlanRetention, v1::PlanRetentionRequest(), &plan),
              StatusIs(base::StatusCode::kUnavailable, HasSubstr("alerting")));
  EXPECT_THAT(plan.plan_hash(), IsEmpty());
}

TEST_F(ComplianceRoleTest, FinishesLaterWhatAStewardCouldNotDelete) {
  AddSample("2020-01-01");
  AddAlertEvent("2020-01-01");
  const auto plan = Plan();
  alerts_.fail_apply = true;
  v1::ApplyRetentionResponse applied;
  EXPECT_THAT(Apply(plan, &applied),
              StatusIs(base::StatusCode::kUnavailable, HasSubstr("alerting")));
  alerts_.fail_apply = false;
  ASSERT_OK(Apply(Plan(shared::ToInstant(plan.now())), &applied));
  EXPECT_THAT(samples_.records, IsEmpty());
  EXPECT_THAT(alerts_.records, IsEmpty());
}

TEST_F(ComplianceRoleTest, LogsTheIntentBeforeADeletionAndTheOutcomeAfterIt) {
  AddSample("2020-01-01");
  const auto plan = Plan();
  v1::ApplyRetentionResponse applied;
  ASSERT_OK(Apply(plan, &applied));
  const auto entries = Read(0, 1000);
  ASSERT_THAT(entries, SizeIs(4));  // start, plan, intent, outcome
  EXPECT_EQ(entries[1].object_ref(), plan.plan_hash());
  EXPECT_EQ(entries[2].object_kind(), "retention_intent");
  EXPECT_EQ(entries[3].object_kind(), "retention");
  EXPECT_EQ(entries[3].record_count(), 1U);
  EXPECT_EQ(entries[2].request_id(), entries[3].request_id());
  EXPECT_EQ(entries[2].actor_ref(), entries[3].actor_ref());
}

TEST_F(ComplianceRoleTest, WantsHashAndInstantBack) {
  v1::ApplyRetentionResponse applied;
  EXPECT_THAT(Call(&Stub::ApplyRetention, v1::ApplyRetentionRequest(), &applied),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("both needed")));
}

TEST_F(ComplianceRoleTest, AHoldIsAuditedWithoutItsReasonAndItsReviewIsRemindedOf) {
  const auto stub = v1::HoldService::NewStub(server_->InProcessChannel());
  v1::PlaceHoldRequest request;
  request.set_authority("court");
  request.set_reason("A. Name complained");
  request.mutable_scope()->add_laboratory_ids("lab-a");
  *request.mutable_review_by() = shared::ToTimestamp(clock_.Now() + std::chrono::hours(24));
  grpc::ClientContext context;
  v1::PlaceHoldResponse placed;
  ASSERT_OK(rpc::FromGrpc(stub->PlaceHold(&context, request, &placed)));
  EXPECT_THAT(metrics_.Text(), AllOf(HasSubstr("belgrand_compliance_holds 1\n"),
                                     HasSubstr("belgrand_compliance_holds_overdue 0\n")));
  clock_.Advance(std::chrono::hours(24));
  EXPECT_THAT(metrics_.Text(), HasSubstr("belgrand_compliance_holds_overdue 1\n"));
  const auto entries = Read(0, 10);
  ASSERT_THAT(entries, SizeIs(2));  // start, hold
  EXPECT_EQ(entries[1].object_kind(), "hold");
  EXPECT_EQ(entries[1].object_ref(), placed.hold().hold_id());
  EXPECT_EQ(entries[1].purpose(), privacy::v1::DATA_PROTECTION);
  EXPECT_EQ(entries[1].SerializeAsString().find("A. Name"), std::string::npos);
}

TEST_F(ComplianceRoleTest, ShowsItsNumbers) {
  ASSERT_OK(Append("laboratory:l", "m"));
  Seal("A. Name", "p");
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, HasSubstr("belgrand_compliance_audit_entries_total 2\n"));
  EXPECT_THAT(text, HasSubstr("belgrand_compliance_audit_log_entries 2\n"));
  EXPECT_THAT(text, HasSubstr("belgrand_compliance_keyring_persons 1\n"));
  EXPECT_THAT(text, HasSubstr("belgrand_compliance_fields_sealed_total 1\n"));
  EXPECT_THAT(text, HasSubstr("belgrand_compliance_checkpoint_age_seconds 0\n"));
}

}  // namespace
}  // namespace belgrand::compliance
