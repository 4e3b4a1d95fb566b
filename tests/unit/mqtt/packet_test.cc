#include "platform/mqtt/packet.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace belgrand::mqtt {
namespace {

using namespace std::string_literals;

// Bytes of MQTT 3.1.1, sections 3.1, 3.8, 3.4, 3.12 and 3.14.
TEST(PacketTest, WritesThePacketsOfTheStandard) {
  EXPECT_EQ(ConnectPacket({"b", "", ""}, 30),
            "\x10\x0d\x00\x04MQTT\x04\x00\x00\x1e\x00\x01"s + "b");
  EXPECT_EQ(ConnectPacket({"b", "u", "p"}, 30),
            "\x10\x13\x00\x04MQTT\x04\xc0\x00\x1e\x00\x01"s + "b\x00\x01"s + "u\x00\x01"s + "p");
  EXPECT_EQ(SubscribePacket(10, {"a/b", "c/d"}),
            "\x82\x0e\x00\x0a\x00\x03"s + "a/b\x01\x00\x03"s + "c/d\x01");
  std::string puback;
  AppendPuback(puback, 0x1234);
  EXPECT_EQ(puback, "\x40\x02\x12\x34");
  EXPECT_EQ(PingPacket(), "\xc0\x00"s);
  EXPECT_EQ(DisconnectPacket(), "\xe0\x00"s);
}

TEST(PacketTest, ReadsAMessageByteByByte) {
  const std::string bytes = "\x32\x0a\x00\x03"s + "a/b\x00\x0ahello"s.substr(0, 8);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto part = TakePacket(std::string_view(bytes).substr(0, size));
    ASSERT_OK(part);
    EXPECT_FALSE(part->has_value()) << size;
  }
  const std::string whole = bytes + "!";
  const auto packet = TakePacket(whole);
  ASSERT_OK(packet);
  ASSERT_TRUE(packet->has_value());
  const auto message = ParsePublish(**packet);
  ASSERT_OK(message);
  EXPECT_EQ(message->topic, "a/b");
  EXPECT_EQ(message->packet_id, 10);
  EXPECT_EQ(message->payload, "hel");
}

TEST(PacketTest, RefusesWhatIsNoPacket) {
  EXPECT_FALSE(TakePacket("\x30\xff\xff\xff\xff\x01"s).ok());
  EXPECT_FALSE(TakePacket("\x30\xff\xff\xff\x7f"s).ok()) << "too long";
  const auto publish = [](std::uint8_t flags, std::string_view body) {
    return ParsePublish({PacketType::kPublish, flags, body, 0}).ok();
  };
  EXPECT_TRUE(publish(0, "\x00\x01t"s));
  EXPECT_FALSE(publish(0, "\x00\x00"s)) << "no topic";
  EXPECT_FALSE(publish(0, "\x00\x05t"s)) << "topic longer than the packet";
  EXPECT_FALSE(publish(2, "\x00\x01t\x00\x00"s)) << "number 0";
  EXPECT_FALSE(publish(4, "\x00\x01t\x00\x01"s)) << "QoS 2";
  EXPECT_FALSE(publish(0, "\x00\x01\xff"s)) << "not UTF-8";
}

TEST(PacketTest, ToldRefusalsAreErrors) {
  const auto connack = [](char code) {
    return ParseConnack({PacketType::kConnack, 0, std::string("\0", 1) + code, 0}).code();
  };
  EXPECT_EQ(connack(0), base::StatusCode::kOk);
  EXPECT_EQ(connack(5), base::StatusCode::kPermissionDenied);
  EXPECT_EQ(connack(3), base::StatusCode::kUnavailable);
  EXPECT_EQ(connack(2), base::StatusCode::kFailedPrecondition);
  EXPECT_OK(ParseSuback({PacketType::kSuback, 0, "\x00\x01\x01"s, 0}, 1));
  EXPECT_FALSE(ParseSuback({PacketType::kSuback, 0, "\x00\x01\x80"s, 0}, 1).ok());
  EXPECT_FALSE(ParseSuback({PacketType::kSuback, 0, "\x00\x01"s, 0}, 1).ok());
}

TEST(TopicTest, FiltersMatchAsTheStandardSays) {
  for (const char* filter : {"a", "+", "#", "a/#", "a/+/b", "/", "+/+", "$SYS/#"}) {
    EXPECT_TRUE(IsTopicFilter(filter)) << filter;
  }
  for (const char* filter : {"", "a#", "a/#/b", "a+", "a/b+"}) {
    EXPECT_FALSE(IsTopicFilter(filter)) << filter;
  }
  EXPECT_TRUE(Matches("sport/tennis/player1/#", "sport/tennis/player1"));
  EXPECT_TRUE(Matches("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon"));
  EXPECT_TRUE(Matches("sport/+", "sport/"));
  EXPECT_FALSE(Matches("sport/+", "sport"));
  EXPECT_TRUE(Matches("+/+", "/finance"));
  EXPECT_TRUE(Matches("/+", "/finance"));
  EXPECT_FALSE(Matches("+", "/finance"));
  EXPECT_FALSE(Matches("#", "$SYS/x"));
  EXPECT_TRUE(Matches("$SYS/#", "$SYS/x"));
  EXPECT_FALSE(Matches("a/b", "a/b/c"));
  EXPECT_FALSE(Matches("a/b/c", "a/b"));
}

}  // namespace
}  // namespace belgrand::mqtt
