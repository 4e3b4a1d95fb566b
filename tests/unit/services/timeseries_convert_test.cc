// Between wire and disk no field may be lost, whatever is added later.
#include <gtest/gtest.h>

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

TEST(TimeseriesConvertTest, SealedFieldsStayBehind) {
  Record record;
  testing::FillMessage(record);
  const v1::SampleVersion sent = ToSampleVersion(record, SealedFields::kLeaveOut);
  EXPECT_EQ(sent.sampled_by_sealed(), "");
  EXPECT_EQ(sent.analysed_by_sealed(), "");
  EXPECT_EQ(sent.amended_by_sealed(), "");
}

}  // namespace
}  // namespace belgrand::timeseries
