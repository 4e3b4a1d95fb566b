#include "services/shared/sample_convert.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "sample/validate.h"
#include "services/shared/timestamp.h"
#include "services/shared/verdicts.h"
#include "tests/support/fill_message.h"
#include "tests/support/status_matchers.h"

namespace belgrand::shared {
namespace {

using ::belgrand::testing::StatusIs;
using ::google::protobuf::util::MessageDifferencer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

base::Instant At(const char* text) { return *base::ParseInstant(text); }

ingest::v1::Sample FullSample() {
  ingest::v1::Sample sample;
  sample.set_sample_id("S-1");
  sample.set_laboratory_id("lab-1");
  sample.set_site_id("Seafield");
  sample.set_district_id("Lothian");
  *sample.mutable_collected_at() = ToTimestamp(At("2021-01-05T10:00:00.25Z"));
  *sample.mutable_known_at() = ToTimestamp(At("2021-01-07"));
  sample.set_target("sars-cov-2");
  sample.set_value(25);
  sample.set_unit("gc/mL");
  sample.set_censoring(ingest::v1::NONE);
  sample.set_lod(1.5);
  sample.set_loq(11);
  sample.set_flow_m3_per_day(150000);
  sample.set_population_served(600000);
  sample.set_method_id("qpcr-n1");
  sample.add_quality_flags(ingest::v1::DELAYED_ARRIVAL);
  sample.set_sampled_by("A");
  sample.set_analysed_by("B");
  sample.set_amendment_reason("dilution corrected");
  return sample;
}

TEST(SampleConvertTest, WireToRowAndBackLosesNothing) {
  const auto back = ToProto(ToRow(FullSample()));
  ASSERT_OK(back);
  EXPECT_TRUE(MessageDifferencer::Equals(*back, FullSample()));
  // An empty message has no field that a default could fill by mistake.
  const auto empty = ToProto(ToRow(ingest::v1::Sample()));
  ASSERT_OK(empty);
  EXPECT_TRUE(MessageDifferencer::Equals(*empty, ingest::v1::Sample()));
}

// Fills every field there is, so that one added later cannot be forgotten in a conversion.
ingest::v1::Sample EveryField() {
  ingest::v1::Sample sample;
  testing::FillMessage(sample);
  return sample;
}

TEST(SampleConvertTest, EveryFieldOfTheWireReachesTheRowAndComesBack) {
  ingest::v1::Sample sample = EveryField();
  sample.clear_reported();
  const auto back = ToProto(ToRow(sample));
  ASSERT_OK(back);
  EXPECT_EQ(back->SerializeAsString(), sample.SerializeAsString());
}

TEST(SampleConvertTest, ARowThatIsReadIntoAgainKeepsNothingOfTheOneBefore) {
  sample::Row row = ToRow(EveryField());
  row.line = 7;
  row.collected_at.text = "never";
  row.unknown_quality_flags = {"99"};
  row.reader_violations.emplace_back();
  for (sample::Quantity* quantity :
       {&row.flow, &row.received_temperature, &row.ammonium, &row.pmmov}) {
    quantity->unit = "?";
  }
  row.given_twice = {"flow_m3_per_day"};
  row.unknown_reported = {"2"};
  ReadRow(ingest::v1::Sample(), row);
  EXPECT_EQ(row.line, 0U);
  EXPECT_TRUE(row.reader_violations.empty());
  EXPECT_TRUE(row.replicates.empty());
  // Text that is no value, and what came twice, would be refused here.
  const auto empty = ToProto(row);
  ASSERT_OK(empty);
  EXPECT_TRUE(MessageDifferencer::Equals(*empty, ingest::v1::Sample()));
}

TEST(SampleConvertTest, NumbersInOtherUnitsReachTheRowAndComeBack) {
  using ingest::v1::ReportedNumber;
  ingest::v1::Sample sample;
  const auto add = [&](ReportedNumber::Column column, const char* unit) {
    ReportedNumber& reported = *sample.add_reported();
    reported.set_column(column);
    reported.set_number(12.5);
    reported.set_unit(unit);
  };
  add(ReportedNumber::FLOW, "MGD");
  add(ReportedNumber::RECEIVED_TEMPERATURE, "F");
  add(ReportedNumber::AMMONIUM, "umol/L");
  add(ReportedNumber::PMMOV, "gc/mL");
  const sample::Row row = ToRow(sample);
  EXPECT_EQ(row.flow.number.value, 12.5);
  EXPECT_EQ(row.flow.unit, "MGD");
  const auto back = ToProto(row);
  ASSERT_OK(back);
  EXPECT_TRUE(MessageDifferencer::Equals(*back, sample));
}

TEST(SampleConvertTest, ANumberSentTwiceOrWithoutAColumnIsKeptForTheVerdict) {
  ingest::v1::Sample sample;
  sample.set_flow_m3_per_day(1);
  sample.add_reported()->set_column(ingest::v1::ReportedNumber::FLOW);
  sample.add_reported()->set_column(ingest::v1::ReportedNumber::LOD);
  const sample::Row row = ToRow(sample);
  EXPECT_THAT(row.given_twice, ElementsAre("flow_m3_per_day"));
  EXPECT_THAT(row.unknown_reported, ElementsAre("2"));
  EXPECT_THAT(ToProto(row), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("flow")));
}

TEST(SampleConvertTest, EveryFieldOfAMeasurementSurvivesTheStoredForm) {
  timeseries::v1::SampleVersion version;
  testing::FillMessage(version);
  // Not part of a measurement: set by intake and store.
  version.clear_reported_unit();
  version.clear_sampled_by_sealed();
  version.clear_analysed_by_sealed();
  version.clear_amended_by_sealed();
  version.clear_amendment_reason();
  version.clear_comment();
  version.clear_version();
  version.clear_recorded_at();
  version.clear_feed_sequence();
  version.clear_request_id();
  version.clear_content_hash();
  version.clear_voided();
  const auto measurement = ToMeasurement(version);
  ASSERT_OK(measurement);
  // Timestamps are kept to the microsecond.
  EXPECT_EQ(ToVersion(*measurement).SerializeAsString(),
            ToVersion(*ToMeasurement(ToVersion(*measurement))).SerializeAsString());
  testing::ForEachLeaf(version, "", [&](const std::string& path, auto& holder, auto& field) {
    const std::string before = ToVersion(*ToMeasurement(version)).SerializeAsString();
    if (path == "collected_at" || path == "censoring") return;  // never absent
    if (!field.is_repeated() && !holder.GetReflection()->HasField(holder, &field)) return;
    holder.GetReflection()->ClearField(&holder, &field);
    const auto changed = ToMeasurement(version);
    ASSERT_OK(changed);
    EXPECT_NE(ToVersion(*changed).SerializeAsString(), before) << path << " is not carried";
  });
}

TEST(SampleConvertTest, KeepsAbsentNumbersApartFromZero) {
  ingest::v1::Sample sample;
  EXPECT_TRUE(ToRow(sample).value.absent());
  sample.set_value(0);
  EXPECT_EQ(ToRow(sample).value.value, 0);
}

TEST(SampleConvertTest, CodesOfANewerClientBecomeTextThatIsRefused) {
  ingest::v1::Sample sample = FullSample();
  sample.set_censoring(static_cast<ingest::v1::Censoring>(99));
  sample.add_quality_flags(static_cast<ingest::v1::QualityFlag>(77));
  const sample::Row row = ToRow(sample);
  EXPECT_EQ(row.censoring.text, "99");
  EXPECT_THAT(row.unknown_quality_flags, ElementsAre("77"));
}

TEST(SampleConvertTest, TimesFarOutOfRangeAreRefusedNotWrapped) {
  ingest::v1::Sample sample = FullSample();
  sample.mutable_collected_at()->set_seconds(std::numeric_limits<std::int64_t>::max());
  sample.clear_known_at();
  const auto judged = sample::Validate(ToRow(sample), nullptr, At("2021-02-01"));
  ASSERT_EQ(judged.violations.size(), 1U);
  EXPECT_EQ(judged.violations[0].rule(), sample::Rule::kDateInFuture);
}

TEST(SampleConvertTest, MeasurementSurvivesTheStoredForm) {
  const auto judged = sample::Validate(ToRow(FullSample()), nullptr, At("2021-02-01"));
  ASSERT_TRUE(judged.ok());
  const timeseries::v1::SampleVersion version = ToVersion(*judged.measurement);
  EXPECT_EQ(version.value(), 25000);
  const auto back = ToMeasurement(version);
  ASSERT_OK(back);
  EXPECT_TRUE(MessageDifferencer::Equals(ToVersion(*back), version));
  EXPECT_EQ(back->collected_at, At("2021-01-05T10:00:00.25Z"));
  EXPECT_THAT(back->quality_flags, ElementsAre(sample::QualityFlag::kDelayedArrival));
}

TEST(SampleConvertTest, AVersionWithoutACensoringIsDataLoss) {
  timeseries::v1::SampleVersion version;
  version.set_sample_id("S-1");
  EXPECT_THAT(ToMeasurement(version), StatusIs(base::StatusCode::kDataLoss, HasSubstr("S-1")));
}

TEST(SampleConvertTest, ARowThatTheWireCannotCarryIsNamed) {
  sample::Row row = ToRow(FullSample());
  row.value = {.value = std::nullopt, .text = "12,5"};
  EXPECT_THAT(ToProto(row), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("value")));
}

TEST(VerdictsTest, EveryRowOfACompactAnswerHasItsVerdict) {
  ingest::v1::StreamSamplesRequest request;
  for (int i = 0; i < 6; ++i) request.add_samples()->set_sample_id(fmt::format("S-{}", i));
  ingest::v1::StreamSamplesResponse response;
  const auto add = [&](std::uint32_t first, std::uint32_t count, std::uint64_t number) {
    auto& range = *response.add_stored();
    range.set_first_row(first);
    range.set_count(count);
    range.set_first_feed_sequence(number);
  };
  add(0, 2, 7);
  add(3, 2, 9);
  for (const std::uint32_t row : {2U, 5U}) {
    auto& verdict = *response.add_verdicts();
    verdict.set_row(row);
    verdict.set_outcome(ingest::v1::Verdict::REJECTED);
  }
  const auto verdicts = ExpandVerdicts(request, response);
  ASSERT_OK(verdicts);
  ASSERT_EQ(verdicts->size(), 6);
  EXPECT_EQ(verdicts->Get(1).sample_id(), "S-1");
  EXPECT_EQ(verdicts->Get(1).feed_sequence(), 8U);
  EXPECT_EQ(verdicts->Get(2).outcome(), ingest::v1::Verdict::REJECTED);
  EXPECT_EQ(verdicts->Get(4).outcome(), ingest::v1::Verdict::ACCEPTED);
  EXPECT_EQ(verdicts->Get(4).feed_sequence(), 10U);
  response.mutable_stored()->RemoveLast();
  EXPECT_THAT(ExpandVerdicts(request, response),
              StatusIs(base::StatusCode::kDataLoss, HasSubstr("row 3")));
  add(3, 3, 9);
  EXPECT_THAT(ExpandVerdicts(request, response),
              StatusIs(base::StatusCode::kDataLoss, HasSubstr("more than")));
}

}  // namespace
}  // namespace belgrand::shared
