// Between wire and disk no field may be lost, whatever is added later.
#include <gtest/gtest.h>

#include "services/shared/content_hash.h"
#include "services/shared/sample_convert.h"
#include "services/shared/stored_convert.h"
#include "services/timeseries/convert.h"
#include "tests/support/fill_message.h"

namespace belgrand::timeseries {
namespace {

TEST(TimeseriesConvertTest, EveryFieldOfAStoredVersionReachesTheWire) {
  Record record;
  testing::FillMessage(record);
  record.clear_moved_away();
  const v1::SampleVersion sent = ToSampleVersion(record, SealedFields::kInclude);
  Record back = ToRecord(sent);
  // The store's own.
  back.set_version(sent.version());
  back.set_feed_sequence(sent.feed_sequence());
  back.set_recorded_at_us(record.recorded_at_us());
  // Given with the history only, by the service.
  back.set_comment(record.comment());
  EXPECT_EQ(back.SerializeAsString(), record.SerializeAsString());
  EXPECT_EQ(sent.comment(), "");
}

TEST(TimeseriesConvertTest, AMeasurementIsStoredAlikeWithAndWithoutAWireBetween) {
  v1::SampleVersion version;
  testing::FillMessage(version);
  const auto measurement = shared::ToMeasurement(version);
  ASSERT_TRUE(measurement.ok());
  const auto stored = [](const sample::Measurement& m) {
    Record record;
    shared::ToStored(m, record);
    return record.SerializeAsString();
  };
  EXPECT_EQ(stored(*measurement), ToRecord(shared::ToVersion(*measurement)).SerializeAsString());
  const sample::Measurement empty;
  EXPECT_EQ(stored(empty), ToRecord(shared::ToVersion(empty)).SerializeAsString());
}

TEST(TimeseriesConvertTest, SealedFieldsStayBehind) {
  Record record;
  testing::FillMessage(record);
  const v1::SampleVersion sent = ToSampleVersion(record, SealedFields::kLeaveOut);
  EXPECT_EQ(sent.sampled_by_sealed(), "");
  EXPECT_EQ(sent.analysed_by_sealed(), "");
  EXPECT_EQ(sent.amended_by_sealed(), "");
}

TEST(TimeseriesConvertTest, ContentHashFollowsFromTheStoredRow) {
  v1::SampleVersion version;
  testing::FillMessage(version);
  version.set_voided(false);
  version.set_censoring(ingest::v1::BELOW_LOQ);
  const std::string sampler(16, 's');
  const std::string analyst(16, 'a');
  version.set_sampled_by_sealed('\x01' + sampler + std::string(40, 'x'));
  version.set_analysed_by_sealed('\x01' + analyst + std::string(40, 'x'));
  const auto measurement = shared::ToMeasurement(version);
  ASSERT_TRUE(measurement.ok());
  Record record = ToRecord(version);
  record.clear_content_hash();
  ASSERT_TRUE(HashIsDerived(record));
  EXPECT_EQ(ContentHashOf(record),
            shared::ContentHash(*measurement, sampler, analyst, version.comment()));
  record.set_content_hash("stored");
  EXPECT_EQ(ContentHashOf(record), "stored");
  record.clear_content_hash();
  record.set_voided(true);
  EXPECT_FALSE(HashIsDerived(record)) << "there is no measurement";
}

}  // namespace
}  // namespace belgrand::timeseries
