// The packets of MQTT 3.1.1 that a subscriber sends and receives (OASIS standard, sections 2 and
// 3).
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"

namespace belgrand::mqtt {

inline constexpr std::size_t kMaxPacketBytes = (std::size_t{1} << 20) + 70'000;

// Numbers of the standard.
enum class PacketType : std::uint8_t {
  kConnect = 1,
  kConnack = 2,
  kPublish = 3,
  kPuback = 4,
  kSubscribe = 8,
  kSuback = 9,
  kPingreq = 12,
  kPingresp = 13,
  kDisconnect = 14,
};

struct Packet {
  PacketType type = PacketType::kPingresp;
  std::uint8_t flags = 0;
  std::string_view body;  // into the buffer it was taken from
  std::size_t size = 0;   // with its header
};

// The packet at the front of `buffer`; nullopt: more bytes are needed. InvalidArgument: it is none,
// or longer than kMaxPacketBytes.
base::StatusOr<std::optional<Packet>> TakePacket(std::string_view buffer);

struct Message {
  std::uint16_t packet_id = 0;  // 0: QoS 0, nothing to acknowledge
  std::string topic;
  std::string payload;
};
base::StatusOr<Message> ParsePublish(const Packet& packet);
// OK: the broker accepted. PermissionDenied, Unavailable, FailedPrecondition by its code.
base::Status ParseConnack(const Packet& packet);
// Errors when a subscription was refused or granted without acknowledgements.
base::Status ParseSuback(const Packet& packet, std::size_t filters);

struct Login {
  std::string client_id;
  std::string username;  // empty: none
  std::string password;
};
// With clean session off: the broker keeps subscriptions and messages while we are away.
std::string ConnectPacket(const Login& login, std::uint16_t keep_alive_s);
// All filters with QoS 1.
std::string SubscribePacket(std::uint16_t packet_id, const std::vector<std::string>& filters);
void AppendPuback(std::string& out, std::uint16_t packet_id);
std::string PingPacket();
std::string DisconnectPacket();

// Whether a topic filter is one (+ and # alone in their level, # last).
bool IsTopicFilter(std::string_view filter);
// Whether a topic is among those of a filter. REQUIRES: IsTopicFilter.
bool Matches(std::string_view filter, std::string_view topic);

}  // namespace belgrand::mqtt
