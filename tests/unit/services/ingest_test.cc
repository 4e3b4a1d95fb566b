#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "platform/crypto/encoding.h"
#include "services/ingest/amendment.h"
#include "services/shared/content_hash.h"
#include "services/shared/sample_convert.h"
#include "services/shared/sealed_place.h"
#include "tests/support/fill_message.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"
#include "tests/unit/services/ingest_fixture.h"

namespace belgrand::ingest {
namespace {

using shared::ContentHash;

using base::StatusCode;
using ::belgrand::testing::IngestFixture;
using ::belgrand::testing::IsOk;
using ::belgrand::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using IngestTest = IngestFixture;

TEST_F(IngestTest, StoresWhatIsRightAndExplainsWhatIsNot) {
  auto bad = Sample("S-2");
  bad.set_unit("Ct");
  bad.clear_value();
  ASSERT_OK(Submit({Sample("S-1"), bad, Sample("S-3")}));
  EXPECT_THAT(Outcomes(),
              ElementsAre("ACCEPTED", "REJECTED unknown_unit value_required", "ACCEPTED"));
  EXPECT_EQ(answer_.verdicts(1).row(), 1U);
  EXPECT_EQ(answer_.verdicts(0).version(), 1U);
  EXPECT_EQ(answer_.verdicts(2).feed_sequence(), 2U);
  EXPECT_EQ(StoredRows(), 2U);
}

TEST_F(IngestTest, ResendingIsADuplicateAndChangesNothing) {
  ASSERT_OK(Submit({Sample("S-1")}));
  auto other_unit = Sample("S-1");
  other_unit.set_unit("gc/mL");
  other_unit.set_value(25);
  other_unit.set_lod(1.316);
  other_unit.set_loq(11.368);
  ASSERT_OK(Submit({Sample("S-1"), other_unit}));
  EXPECT_THAT(Outcomes(), ElementsAre("DUPLICATE", "DUPLICATE"));
  EXPECT_EQ(answer_.verdicts(0).version(), 1U);
  EXPECT_EQ(answer_.verdicts(0).feed_sequence(), 0U);
  EXPECT_EQ(StoredRows(), 1U);
}

TEST_F(IngestTest, ChangedContentNeedsAReasonAndSaysWhatDiffers) {
  ASSERT_OK(Submit({Sample("S-1")}));
  auto changed = Sample("S-1");
  changed.set_value(26000);
  ASSERT_OK(Submit({changed}));
  EXPECT_THAT(Outcomes(), ElementsAre("REJECTED amendment_reason_required"));
  EXPECT_THAT(answer_.verdicts(0).violations(0).message(),
              HasSubstr("value (gc/L): 25000 -> 26000"));
  changed.set_amendment_reason("dilution corrected");
  ASSERT_OK(Submit({changed}));
  EXPECT_THAT(Outcomes(), ElementsAre("AMENDED"));
  EXPECT_EQ(answer_.verdicts(0).version(), 2U);
}

TEST_F(IngestTest, TheSameIdWithOtherContentInOneBatchIsNamedSo) {
  auto changed = Sample("S-1");
  changed.set_value(26000);
  ASSERT_OK(Submit({Sample("S-1"), changed, Sample("S-1")}));
  EXPECT_THAT(Outcomes(), ElementsAre("ACCEPTED", "REJECTED duplicate_in_batch", "DUPLICATE"));
}

TEST_F(IngestTest, APersonIsSealedOnceACallHoweverManyRowsNameThem) {
  std::vector<v1::Sample> samples;
  for (int i = 0; i < 20; ++i) {
    samples.push_back(Sample(fmt::format("S-{}", i)));
    samples.back().set_sampled_by(i % 2 == 0 ? "Jane Doe" : "John Roe");
    samples.back().set_analysed_by("Jane Doe");
  }
  ASSERT_OK(Submit(samples));
  EXPECT_EQ(compliance_.Places().size(), 3U) << "two samplers and an analyst";
  for (const auto& [key, versions] : timeseries_.Rows()) {
    EXPECT_FALSE(versions.back().sampled_by_sealed().empty());
    EXPECT_NE(versions.back().sampled_by_sealed(), versions.back().analysed_by_sealed());
  }
}

TEST_F(IngestTest, PersonsAreSealedBeforeStorageAndNeverShown) {
  auto sample = Sample("S/1");
  sample.set_sampled_by("Jane Doe");
  sample.set_analysed_by("John Roe");
  ASSERT_OK(Submit({sample, Sample("S-2")}));
  EXPECT_THAT(Outcomes(), ElementsAre("ACCEPTED", "ACCEPTED"));
  EXPECT_EQ(compliance_.seal_calls, 1);
  EXPECT_THAT(compliance_.Places(),
              ElementsAre("SampleRecord.sampled_by_sealed/lab-a/" + answer_.request_id(),
                          "SampleRecord.analysed_by_sealed/lab-a/" + answer_.request_id()));
  for (const auto& [key, versions] : timeseries_.Rows()) {
    EXPECT_THAT(versions.back().SerializeAsString(), Not(HasSubstr("Doe")));
    EXPECT_THAT(versions.back().SerializeAsString(), Not(HasSubstr("Roe")));
  }
  ASSERT_OK(Submit({sample}));
  EXPECT_THAT(Outcomes(), ElementsAre("DUPLICATE")) << "the seals differ, the content does not";
  sample.set_sampled_by("Someone Else");
  ASSERT_OK(Submit({sample}));
  EXPECT_THAT(Outcomes(), ElementsAre("REJECTED amendment_reason_required"));
  EXPECT_THAT(answer_.verdicts(0).violations(0).message(),
              AllOf(HasSubstr("sampled_by, analysed_by"), Not(HasSubstr("Someone"))));
}

TEST_F(IngestTest, ValidateOnlyStoresNothingAndGivesNobodyAKey) {
  auto sample = Sample("S-1");
  sample.set_sampled_by("Jane Doe");
  ASSERT_OK(Submit({sample}, Persist::kNo));
  EXPECT_THAT(Outcomes(), ElementsAre("ACCEPTED"));
  EXPECT_EQ(StoredRows(), 0U);
  EXPECT_EQ(compliance_.seal_calls, 0);
  ASSERT_OK(Submit({sample}));
  ASSERT_OK(Submit({sample}, Persist::kNo));
  EXPECT_THAT(Outcomes(), ElementsAre("DUPLICATE"));
  sample.set_value(1e6);
  ASSERT_OK(Submit({sample}, Persist::kNo));
  EXPECT_THAT(Outcomes(), ElementsAre("REJECTED amendment_reason_required"));
}

TEST_F(IngestTest, ASiteRegisteredAMomentAgoIsKnown) {
  auto sample = Sample("S-1");
  sample.set_site_id("Newhaven");
  ASSERT_OK(Submit({sample}));
  EXPECT_THAT(Outcomes(), ElementsAre("REJECTED unknown_site"));
  sites_.Put("Newhaven", "Lothian", 1000);
  ASSERT_OK(Submit({sample}));
  EXPECT_THAT(Outcomes(), ElementsAre("ACCEPTED"));
}

TEST_F(IngestTest, TheCatalogueIsReadOncePerFiveSeconds) {
  for (int i = 0; i < 10; ++i) ASSERT_OK(Submit({Sample("S-" + std::to_string(i))}));
  EXPECT_EQ(sites_.lists, 1);
  clock_.Advance(std::chrono::seconds(6));
  ASSERT_OK(Submit({Sample("S-99")}));
  EXPECT_EQ(sites_.lists, 2);
}

TEST_F(IngestTest, EveryCallIsAuditedUnderItsRequestId) {
  ASSERT_OK(Submit({Sample("S-1"), Sample("S-2")}));
  ASSERT_EQ(AuditEntries(), 1U);
  const auto event = compliance_.Events().at(0);
  EXPECT_EQ(event.method(), "belgrand.ingest.v1.IngestService.SubmitSamples");
  EXPECT_EQ(event.request_id(), answer_.request_id());
  EXPECT_EQ(answer_.request_id().size(), 32U);
  EXPECT_EQ(event.object_kind(), "sample");
  EXPECT_EQ(event.object_ref(), "lab-a");
  EXPECT_EQ(event.record_count(), 2U);
  EXPECT_EQ(timeseries_.Rows().begin()->second.back().request_id(), answer_.request_id());
}

TEST_F(IngestTest, NothingIsAcknowledgedWhenAPeerFailsAndResendingRepairs) {
  auto sample = Sample("S-1");
  sample.set_sampled_by("Jane Doe");
  const auto refused = StatusIs(StatusCode::kUnavailable, Not(HasSubstr("Jane")));
  compliance_.fail_seal = true;
  EXPECT_THAT(Submit({sample}), refused);
  EXPECT_EQ(StoredRows(), 0U);
  compliance_.fail_seal = false;
  timeseries_.fail = true;
  EXPECT_THAT(Submit({sample}), refused);
  timeseries_.fail = false;
  timeseries_.lose_answer = true;
  EXPECT_THAT(Submit({sample}), refused);
  EXPECT_EQ(StoredRows(), 1U) << "stored, but not acknowledged";
  compliance_.fail_audit = true;
  EXPECT_THAT(Submit({sample}), StatusIs(StatusCode::kUnavailable, HasSubstr("audit")));
  compliance_.fail_audit = false;
  ASSERT_OK(Submit({sample}));
  EXPECT_THAT(Outcomes(), ElementsAre("DUPLICATE"));
  EXPECT_EQ(StoredRows(), 1U);
}

TEST_F(IngestTest, BatchesOverTheLimitAreRefusedWithTheLimit) {
  StopServer();
  config_.mutable_ingest()->set_max_batch_rows(2);
  Serve();
  EXPECT_THAT(Submit({}), StatusIs(StatusCode::kInvalidArgument, HasSubstr("no rows")));
  EXPECT_THAT(
      Submit({Sample("1"), Sample("2"), Sample("3")}),
      StatusIs(StatusCode::kInvalidArgument, AllOf(HasSubstr("3 rows"), HasSubstr("limit is 2"))));
  EXPECT_OK(Submit({Sample("1"), Sample("2")}));
  StopServer();
  config_.mutable_ingest()->set_max_message_bytes(100);
  Serve();
  EXPECT_THAT(Submit({Sample("1"), Sample("2")}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("limit is 100")));
}

TEST_F(IngestTest, RefusesALimitTheStoreCouldNotKeep) {
  config_.mutable_ingest()->set_max_batch_rows(10'001);
  EXPECT_THAT(CreateIngestRole(config_, runtime_),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("max_batch_rows is 10001")));
}

TEST_F(IngestTest, ALaboratorysCertificateSpeaksForThatLaboratoryOnly) {
  StopServer();
  const testing::TempDir directory;
  testing::TestAuthority authority(directory.path());
  Serve(authority.Issue("server", "URI:spiffe://test/service/belgrand"));
  const auto client = authority.Issue("client", "URI:spiffe://test/laboratory/lab-b");
  auto own = Sample("S-2");
  own.set_laboratory_id("lab-b");
  ASSERT_OK(Submit({Sample("S-1"), own}, Persist::kYes, client));
  EXPECT_THAT(Outcomes(), ElementsAre("REJECTED other_laboratory", "ACCEPTED"));
}

TEST_F(IngestTest, AnAnswerToABatchInWhichEverythingIsWrongFitsIntoAMessage) {
  std::vector<v1::Sample> samples(5000);
  for (auto& sample : samples) {
    sample.set_target(std::string(70, 't'));
    sample.set_unit(std::string(70, 'u'));
    sample.set_site_id(std::string(200, 's'));
  }
  ASSERT_OK(Submit(samples));
  EXPECT_EQ(answer_.verdicts_size(), 5000);
  EXPECT_LT(answer_.ByteSizeLong(), std::size_t{16} << 20);
  EXPECT_EQ(answer_.verdicts(4999).violations(0).rule(), "required_field");
}

TEST_F(IngestTest, WarnsOfATenfoldJumpAndStoresIt) {
  ASSERT_OK(Submit({Sample("S-1")}));
  auto next = Sample("S-2");
  *next.mutable_collected_at() = shared::ToTimestamp(*base::ParseInstant("2021-01-12"));
  next.set_value(250000);
  ASSERT_OK(Submit({next}));
  EXPECT_THAT(Outcomes(), ElementsAre("ACCEPTED"));
  ASSERT_EQ(answer_.verdicts(0).warnings_size(), 1);
  EXPECT_EQ(answer_.verdicts(0).warnings(0).rule(), "tenfold_jump");
}

TEST_F(IngestTest, AsksAboutAJumpAfterARestartToo) {
  ASSERT_OK(Submit({Sample("S-1")}));
  StopServer();
  Serve();
  auto next = Sample("S-2");
  *next.mutable_collected_at() = shared::ToTimestamp(*base::ParseInstant("2021-01-12"));
  next.set_value(250000);
  ASSERT_OK(Submit({next}));
  ASSERT_EQ(answer_.verdicts(0).warnings_size(), 1);
  EXPECT_EQ(answer_.verdicts(0).warnings(0).rule(), "tenfold_jump");
}

TEST_F(IngestTest, AsksTheStoreForTheLastValuesOfASeriesOnce) {
  for (int i = 0; i < 5; ++i) ASSERT_OK(Submit({Sample("S-" + std::to_string(i))}));
  EXPECT_EQ(timeseries_.latest_calls, 1);
}

TEST_F(IngestTest, SpeaksTheLanguageOfTheRequest) {
  auto bad = Sample("S-1");
  bad.set_value(-5);
  v1::SubmitSamplesRequest request;
  *request.add_samples() = bad;
  request.set_language(v1::FRENCH);
  const auto stub = v1::IngestService::NewStub(Channel());
  grpc::ClientContext context;
  rpc::SetTimeout(context, std::chrono::seconds(20));
  ASSERT_OK(rpc::FromGrpc(stub->SubmitSamples(&context, request, &answer_)));
  const auto& french = answer_.verdicts(0).violations(0);
  EXPECT_EQ(french.rule(), "value_not_positive");
  EXPECT_EQ(french.message(), "value est -5 ; une concentration est supérieure à zéro");
  EXPECT_EQ(french.allowed(), "> 0");
  ASSERT_OK(Submit({bad}));
  EXPECT_EQ(answer_.verdicts(0).violations(0).message(),
            "value is -5; a concentration is greater than zero");
}

TEST_F(IngestTest, TwoGenesOfOneSampleAreTwoRows) {
  auto second = Sample("S-1");
  second.set_target("N2");
  second.set_value(26000);
  ASSERT_OK(Submit({Sample("S-1"), second}));
  EXPECT_THAT(Outcomes(), ElementsAre("ACCEPTED", "ACCEPTED"));
  EXPECT_EQ(StoredRows(), 2U);
}

TEST_F(IngestTest, StoresAWholeSampleWithItsAuthorSealed) {
  auto sample = Sample("S-1");
  sample.mutable_collection()->set_sampling(v1::COMPOSITE_FLOW);
  sample.mutable_quality()->set_recovery_percent(20);
  auto& flow = *sample.add_reported();
  flow.set_column(v1::ReportedNumber::FLOW);
  flow.set_number(40);
  flow.set_unit("MGD");
  sample.set_comment("bottle was warm");
  sample.set_amended_by("Jane Doe");
  ASSERT_OK(Submit({sample}));
  EXPECT_THAT(Outcomes(), ElementsAre("ACCEPTED"));
  const auto stored = timeseries_.Rows().begin()->second.back();
  EXPECT_EQ(stored.collection().sampling(), v1::COMPOSITE_FLOW);
  EXPECT_NEAR(stored.flow_m3_per_day(), 151416.47, 0.01);
  EXPECT_EQ(stored.reported(0).unit(), "MGD");
  EXPECT_EQ(stored.comment(), "bottle was warm");
  EXPECT_THAT(stored.amended_by_sealed(), HasSubstr("sealed#"));
  EXPECT_THAT(stored.SerializeAsString(), Not(HasSubstr("Doe")));
}

class VoidTest : public IngestFixture {
 protected:
  base::Status Void(const std::string& id, const std::string& reason,
                    Persist persist = Persist::kYes) {
    v1::VoidSamplesRequest request;
    auto& row = *request.add_rows();
    row.set_laboratory_id("lab-a");
    row.set_sample_id(id);
    row.set_target("N1");
    request.set_reason(reason);
    request.set_voided_by("Jane Doe");
    request.set_validate_only(persist == Persist::kNo);
    const auto stub = v1::IngestService::NewStub(Channel());
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(20));
    v1::VoidSamplesResponse response;
    const base::Status status = rpc::FromGrpc(stub->VoidSamples(&context, request, &response));
    answer_.Clear();
    *answer_.mutable_verdicts() = response.verdicts();
    return status;
  }
};

TEST_F(VoidTest, TakesARowBackAndSealsWhoDidIt) {
  ASSERT_OK(Submit({Sample("S-1")}));
  ASSERT_OK(Void("S-1", "wrong bottle", Persist::kNo));
  EXPECT_THAT(Outcomes(), ElementsAre("VOIDED"));
  EXPECT_EQ(StoredRows(), 1U);
  ASSERT_OK(Void("S-1", "wrong bottle"));
  EXPECT_THAT(Outcomes(), ElementsAre("VOIDED"));
  EXPECT_EQ(answer_.verdicts(0).version(), 2U);
  const auto stored = timeseries_.Rows().begin()->second.back();
  EXPECT_TRUE(stored.voided());
  EXPECT_FALSE(stored.has_value());
  EXPECT_EQ(stored.amendment_reason(), "wrong bottle");
  EXPECT_THAT(stored.amended_by_sealed(), HasSubstr("sealed#"));
  EXPECT_THAT(stored.SerializeAsString(), Not(HasSubstr("Doe")));
}

TEST_F(VoidTest, NeedsAReasonAndARowThatIsThere) {
  ASSERT_OK(Submit({Sample("S-1")}));
  ASSERT_OK(Void("S-1", ""));
  EXPECT_THAT(Outcomes(), ElementsAre("REJECTED required_field"));
  ASSERT_OK(Void("S-9", "wrong bottle"));
  EXPECT_THAT(Outcomes(), ElementsAre("REJECTED unknown_row"));
}

// Random rows, half of them wrong somewhere: what a dry run says is what storing then says.
TEST_F(IngestTest, ADryRunSaysExactlyWhatStoringSays) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto roll = [&](unsigned sides) { return random() % sides; };
  for (int round = 0; round < 60; ++round) {
    std::vector<v1::Sample> batch;
    for (auto n = 1 + roll(6); n > 0; --n) {
      auto sample = Sample("S-" + std::to_string(roll(8)));
      *sample.mutable_collected_at() =
          shared::ToTimestamp(*base::ParseInstant("2021-01-05") + std::chrono::days(roll(4)));
      if (roll(3) == 0) sample.set_value(roll(2) == 0 ? 2500000 : 25001);
      if (roll(4) == 0) sample.set_unit("Ct");
      if (roll(4) == 0) sample.set_flow_m3_per_day(static_cast<double>(roll(3)) * 1e6);
      if (roll(3) == 0) sample.set_amendment_reason("corrected " + std::to_string(roll(2)));
      if (roll(2) == 0) sample.set_sampled_by("person " + std::to_string(roll(3)));
      if (roll(5) == 0) sample.set_comment("comment " + std::to_string(roll(2)));
      if (roll(5) == 0) sample.set_target("N2");
      batch.push_back(sample);
    }
    ASSERT_OK(Submit(batch, Persist::kNo));
    const auto said = answer_.verdicts();
    ASSERT_OK(Submit(batch));
    ASSERT_EQ(said.size(), answer_.verdicts_size());
    for (int i = 0; i < said.size(); ++i) {
      auto stored = answer_.verdicts(i);
      stored.clear_feed_sequence();  // given at commit
      ASSERT_EQ(said[i].SerializeAsString(), stored.SerializeAsString())
          << v1::Verdict::Outcome_Name(said[i].outcome()) << " and "
          << v1::Verdict::Outcome_Name(stored.outcome()) << ", round " << round << " row " << i;
    }
  }
}

TEST_F(IngestTest, CountsRowsByVerdictAndFindingsByRule) {
  auto bad = Sample("S-2");
  bad.set_unit("Ct");
  ASSERT_OK(Submit({Sample("S-1"), bad}));
  ASSERT_OK(Submit({Sample("S-1")}));
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, HasSubstr("belgrand_ingest_rows_total{verdict=\"accepted\"} 1"));
  EXPECT_THAT(text, HasSubstr("belgrand_ingest_rows_total{verdict=\"duplicate\"} 1"));
  EXPECT_THAT(text, HasSubstr("belgrand_ingest_rows_total{verdict=\"rejected\"} 1"));
  EXPECT_THAT(text, HasSubstr("belgrand_ingest_findings_total{rule=\"unknown_unit\"} 1"));
}

class IngestStreamTest : public IngestFixture {
 protected:
  using Stream = grpc::ClientReaderWriter<v1::StreamSamplesRequest, v1::StreamSamplesResponse>;

  std::unique_ptr<Stream> Open(grpc::ClientContext& context) {
    rpc::SetTimeout(context, std::chrono::seconds(20));
    stub_ = v1::IngestService::NewStub(Channel());
    return stub_->StreamSamples(&context);
  }
  v1::StreamSamplesRequest Request(std::uint64_t id, const std::vector<v1::Sample>& samples) {
    v1::StreamSamplesRequest request;
    request.set_batch_id(id);
    for (const auto& sample : samples) *request.add_samples() = sample;
    return request;
  }
  std::unique_ptr<v1::IngestService::Stub> stub_;
};

TEST_F(IngestStreamTest, AcknowledgesEveryBatchInOrderAfterItsAuditEntry) {
  grpc::ClientContext context;
  const auto stream = Open(context);
  for (std::uint64_t id = 10; id < 20; ++id) {
    ASSERT_TRUE(stream->Write(Request(id, {Sample("S-" + std::to_string(id))})));
    v1::StreamSamplesResponse response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.batch_id(), id);
    EXPECT_EQ(response.verdicts(0).outcome(), v1::Verdict::ACCEPTED);
    EXPECT_EQ(AuditEntries(), id - 9);
  }
  stream->WritesDone();
  EXPECT_OK(rpc::FromGrpc(stream->Finish()));
  EXPECT_EQ(StoredRows(), 10U);
}

TEST_F(IngestStreamTest, ABatchThatFailsEndsTheStreamAndEarlierOnesStand) {
  grpc::ClientContext context;
  const auto stream = Open(context);
  v1::StreamSamplesResponse response;
  ASSERT_TRUE(stream->Write(Request(1, {Sample("S-1")})));
  ASSERT_TRUE(stream->Read(&response));
  timeseries_.fail = true;
  ASSERT_TRUE(stream->Write(Request(2, {Sample("S-2")})));
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(rpc::FromGrpc(stream->Finish()), StatusIs(StatusCode::kUnavailable, HasSubstr("")));
  EXPECT_EQ(StoredRows(), 1U);
}

TEST_F(IngestStreamTest, StreamsOverTheLimitAreToldToRetry) {
  StopServer();
  config_.mutable_ingest()->set_max_streams(1);
  Serve();
  grpc::ClientContext first;
  const auto stream = Open(first);
  v1::StreamSamplesResponse response;
  ASSERT_TRUE(stream->Write(Request(1, {Sample("S-1")})));
  ASSERT_TRUE(stream->Read(&response));
  grpc::ClientContext second;
  const auto refused = v1::IngestService::NewStub(Channel())->StreamSamples(&second);
  EXPECT_FALSE(refused->Read(&response));
  const base::Status status = rpc::FromGrpc(refused->Finish());
  EXPECT_THAT(status, StatusIs(StatusCode::kResourceExhausted, HasSubstr("limit is 1")));
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value());
  stream->WritesDone();
  EXPECT_OK(rpc::FromGrpc(stream->Finish()));
}

TEST_F(IngestStreamTest, AStopEndsAStreamThatWaits) {
  grpc::ClientContext context;
  const auto stream = Open(context);
  v1::StreamSamplesResponse response;
  ASSERT_TRUE(stream->Write(Request(1, {Sample("S-1")})));
  ASSERT_TRUE(stream->Read(&response));
  role_->Stop();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(rpc::FromGrpc(stream->Finish()), Not(IsOk()));
  EXPECT_EQ(StoredRows(), 1U);
}

// Random batches, resends, amendments and lost answers against a map of what must be stored.
TEST_F(IngestTest, RandomSendingEndsWithEveryAcknowledgedRowOnce) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::map<std::string, double> expected;
  for (int round = 0; round < 100; ++round) {
    std::vector<v1::Sample> batch;
    for (auto n = random() % 5 + 1; n > 0; --n) {
      auto sample = Sample("S-" + std::to_string(random() % 20));
      sample.set_value(20000 + static_cast<double>(random() % 3));
      if (random() % 2 == 0) sample.set_amendment_reason("corrected");
      batch.push_back(sample);
    }
    timeseries_.lose_answer = random() % 4 == 0;
    while (!Submit(batch).ok()) {
    }
    timeseries_.lose_answer = false;
    for (int i = 0; i < answer_.verdicts_size(); ++i) {
      const auto& sent = batch[static_cast<std::size_t>(i)];
      if (answer_.verdicts(i).outcome() != v1::Verdict::REJECTED) {
        expected[sent.sample_id()] = sent.value();
      } else {
        EXPECT_TRUE(sent.amendment_reason().empty());
      }
    }
  }
  for (const auto& [key, versions] : timeseries_.Rows()) {
    EXPECT_EQ(expected.at(versions.back().sample_id()), versions.back().value());
  }
  EXPECT_EQ(timeseries_.Rows().size(), expected.size());
}

TEST(ContentHashTest, GoldenValueCannotChange) {
  sample::Measurement m;
  m.laboratory_id = "lab-a";
  m.sample_id = "S-1";
  m.site_id = "Seafield";
  m.target = "sars-cov-2";
  m.collected_at = *base::ParseInstant("2021-01-05");
  m.known_at = *base::ParseInstant("2021-01-07");
  m.value = 25000;
  m.censoring = sample::Censoring::kNone;
  m.lod = 1316;
  m.loq = 11368;
  m.flow_m3_per_day = std::nullopt;
  m.population_served = 600000;
  m.method_id = "qpcr-n1";
  m.quality_flags = {sample::QualityFlag::kDelayedArrival};
  EXPECT_EQ(crypto::ToHex(ContentHash(m, "", "ref")),
            "78d03badf0c60243a9b0eca9896bd71a0e41d3a788a710f9935fdfa46681c61c");
}

TEST(ContentHashTest, EveryFieldCounts) {
  sample::Measurement m;
  m.laboratory_id = "a";
  m.sample_id = "b";
  m.target = "c";
  const std::string base_hash = ContentHash(m, "", "");
  EXPECT_NE(ContentHash(m, "x", ""), base_hash);
  EXPECT_NE(ContentHash(m, "x", ""), ContentHash(m, "", "x"));
  sample::Measurement shifted = m;
  shifted.laboratory_id = "ab";
  shifted.sample_id = "";
  EXPECT_NE(ContentHash(shifted, "", ""), base_hash) << "lengths are part of the encoding";
  shifted = m;
  shifted.lod = 1;
  sample::Measurement other = m;
  other.loq = 1;
  EXPECT_NE(ContentHash(shifted, "", ""), ContentHash(other, "", ""));
}

// Walks the descriptor: whoever adds a field to a row decides here whether it is content.
TEST(ContentHashTest, CoversEveryFieldOfARowButThoseNamedHere) {
  const std::set<std::string> not_content = {
      // Set by the store, or about the call.
      "version", "recorded_at", "feed_sequence", "request_id", "content_hash", "voided",
      // The same content in another unit.
      "reported_unit", "reported[0].column", "reported[0].number", "reported[0].unit",
      "reported[0].replicate", "reported[1].column", "reported[1].number", "reported[1].unit",
      "reported[1].replicate",
      // Persons stand in the hash by reference: parameters of ContentHash.
      "sampled_by_sealed", "analysed_by_sealed",
      // Why and by whom, not what.
      "amendment_reason", "amended_by_sealed"};
  timeseries::v1::SampleVersion version;
  testing::FillMessage(version);
  const auto hash = [&version] {
    const auto measurement = shared::ToMeasurement(version);
    EXPECT_OK(measurement);
    return ContentHash(*measurement, "", "", version.comment());
  };
  std::set<std::string> seen;
  testing::ForEachLeaf(version, "", [&](const std::string& path, auto& holder, auto& field) {
    const std::string before = hash();
    const std::string bytes = holder.SerializeAsString();
    testing::FillField(holder, field, 3);
    if (field.is_repeated()) holder.GetReflection()->ClearField(&holder, &field);
    if (holder.SerializeAsString() == bytes) testing::FillField(holder, field, 4);
    const bool changed = hash() != before;
    EXPECT_EQ(changed, !not_content.contains(path)) << path;
    seen.insert(path);
  });
  for (const std::string& path : not_content) EXPECT_TRUE(seen.contains(path)) << path;
}

}  // namespace
}  // namespace belgrand::ingest
