#include "sensor/payload.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"

namespace belgrand::sensor {
namespace {

using ::testing::HasSubstr;

// Shaped as the ChirpStack 4 documentation shows an uplink event.
constexpr char kUplink[] = R"({
  "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
  "time": "2022-07-18T09:34:15.775023242+00:00",
  "deviceInfo": {"tenantName": "ChirpStack", "deviceName": "level", "devEui": "0101010101010101"},
  "devAddr": "00189440", "adr": true, "dr": 1, "fCnt": 4, "fPort": 1, "confirmed": true,
  "data": "qg==",
  "object": {"level": 1.25, "battery": null, "temperature": {"1": 25, "state": "ok"},
             "alarm": false}
})";

constexpr char kData[] = R"({"timestamp": 1486144502122, "metrics": [
  {"name": "Flow", "timestamp": 1486144502100, "dataType": "Float", "value": 12.5},
  {"name": "Level", "value": 3}, {"name": "pH", "is_null": true}, {"alias": 7, "value": 1},
  {"name": "Name", "value": "text"}], "seq": 2})";

TEST(ChirpStackTest, ReadsNumbersOfTheDecodedObjectAtTheTimeOfTheUplink) {
  const auto message = ParseChirpStack(kUplink);
  ASSERT_OK(message);
  EXPECT_EQ(message->device_id, "0101010101010101");
  ASSERT_EQ(message->measurements.size(), 3U);
  EXPECT_EQ(message->measurements[0].metric, "battery");
  EXPECT_FALSE(message->measurements[0].value.has_value());
  EXPECT_EQ(message->measurements[1].metric, "level");
  EXPECT_EQ(message->measurements[1].value, 1.25);
  EXPECT_EQ(message->measurements[1].time_us, 1'658'136'855'775'023);
  EXPECT_EQ(message->measurements[2].metric, "temperature.1");
}

TEST(ChirpStackTest, RefusesWhatHasNoDeviceTimeOrObject) {
  const auto reason = [](std::string_view from, std::string_view to) {
    std::string text = kUplink;
    text.replace(text.find(from), from.size(), to);
    return base::Message(ParseChirpStack(text).status());
  };
  EXPECT_THAT(reason("devEui", "devEUI"), HasSubstr("devEui"));
  EXPECT_THAT(reason("\"time\"", "\"Time\""), HasSubstr("no time"));
  EXPECT_THAT(reason("2022-07-18T", "2022-07-18 "), HasSubstr("ISO 8601"));
  EXPECT_THAT(reason("\"object\"", "\"Object\""), HasSubstr("codec"));
  EXPECT_THAT(reason("{", "["), HasSubstr("JSON"));
  EXPECT_FALSE(ParseChirpStack("").ok());
  EXPECT_FALSE(ParseChirpStack("[1]").ok());
}

TEST(SparkplugTest, ReadsMetricsWithTheirOwnTimeOrThatOfTheMessage) {
  const auto message = ParseSparkplug("spBv1.0/sewers/DDATA/node-1/pump", kData);
  ASSERT_OK(message);
  EXPECT_EQ(message->device_id, "sewers/node-1/pump");
  ASSERT_EQ(message->measurements.size(), 3U);
  EXPECT_EQ(message->measurements[0].time_us, 1'486'144'502'100'000);
  EXPECT_EQ(message->measurements[1].time_us, 1'486'144'502'122'000);
  EXPECT_EQ(message->measurements[1].value, 3);
  EXPECT_FALSE(message->measurements[2].value.has_value());
  EXPECT_EQ(ParseSparkplug("spBv1.0/sewers/NDATA/node-1", kData)->device_id, "sewers/node-1");
}

TEST(SparkplugTest, MessagesWithoutReadingsHoldNothing) {
  for (const char* topic : {"spBv1.0/sewers/NDEATH/node-1", "spBv1.0/sewers/DCMD/node-1/pump"}) {
    const auto message = ParseSparkplug(topic, "not even JSON");
    ASSERT_OK(message);
    EXPECT_TRUE(message->measurements.empty());
  }
  EXPECT_FALSE(ParseSparkplug("other/topic/of/things", kData).ok());
  EXPECT_FALSE(
      ParseSparkplug("spBv1.0/a/DDATA/b/c", R"({"metrics":[{"name":"x","value":1}]})").ok())
      << "no time";
  EXPECT_FALSE(ParseSparkplug("spBv1.0/a/DDATA/b/c",
                              R"({"timestamp":18446744073709551615,"metrics":[{"name":"x",
                                  "value":1}]})")
                   .ok());
}

TEST(PayloadTest, DepthSizeAndCountAreBounded) {
  std::string deep = R"({"time":"2022-07-18T09:34:15Z","deviceInfo":{"devEui":"1"},"object":)";
  for (int i = 0; i < 50; ++i) deep += "{\"a\":";
  deep += "1" + std::string(51, '}');
  EXPECT_THAT(base::Message(ParseChirpStack(deep).status()), HasSubstr("nested"));
  EXPECT_THAT(base::Message(ParseChirpStack(std::string(kMaxPayloadBytes + 1, ' ')).status()),
              HasSubstr("bytes"));
  std::string wide = R"({"timestamp":1,"metrics":[{})";
  for (std::size_t i = 0; i < kMaxMetrics; ++i) wide += ",{}";
  EXPECT_THAT(base::Message(ParseSparkplug("spBv1.0/a/DDATA/b/c", wide + "]}").status()),
              HasSubstr("metrics"));
  EXPECT_FALSE(ParseChirpStack(std::string(100'000, '[')).ok());
}

}  // namespace
}  // namespace belgrand::sensor
