#include "platform/mqtt/packet.h"

#include <algorithm>

#include "platform/base/utf8.h"

namespace belgrand::mqtt {
namespace {

constexpr std::uint8_t kQosOne = 1;

void AppendUint16(std::string& out, std::uint16_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value));
}

void AppendText(std::string& out, std::string_view text) {
  AppendUint16(out, static_cast<std::uint16_t>(text.size()));
  out.append(text);
}

std::string Wrap(PacketType type, std::uint8_t flags, std::string_view body) {
  std::string out;
  out.push_back(static_cast<char>(static_cast<unsigned>(type) << 4 | flags));
  std::size_t rest = body.size();
  do {
    const auto low = static_cast<char>(rest & 0x7F);
    rest >>= 7;
    out.push_back(rest > 0 ? static_cast<char>(low | 0x80) : low);
  } while (rest > 0);
  out.append(body);
  return out;
}

std::optional<std::uint16_t> TakeUint16(std::string_view& body) {
  if (body.size() < 2) return std::nullopt;
  const auto high = static_cast<std::uint8_t>(body[0]);
  const auto low = static_cast<std::uint8_t>(body[1]);
  body.remove_prefix(2);
  return static_cast<std::uint16_t>(high << 8 | low);
}

base::Status Malformed(std::string_view what) {
  return base::InvalidArgument("the broker sent what is not MQTT 3.1.1: {}", what);
}

// The levels of a topic or filter, taken from the front.
std::string_view TakeLevel(std::string_view& rest, bool& last) {
  const std::size_t slash = rest.find('/');
  last = slash == std::string_view::npos;
  const std::string_view level = rest.substr(0, slash);
  rest = last ? std::string_view() : rest.substr(slash + 1);
  return level;
}

}  // namespace

base::StatusOr<std::optional<Packet>> TakePacket(std::string_view buffer) {
  std::size_t length = 0;
  for (std::size_t at = 1; at <= 4; ++at) {
    if (at >= buffer.size()) return std::optional<Packet>();
    const auto byte = static_cast<std::uint8_t>(buffer[at]);
    length |= static_cast<std::size_t>(byte & 0x7F) << (7 * (at - 1));
    if (byte >= 0x80) continue;
    if (length > kMaxPacketBytes) return Malformed("a packet is too long");
    const std::size_t size = 1 + at + length;
    if (buffer.size() < size) return std::optional<Packet>();
    Packet packet;
    packet.type = static_cast<PacketType>(static_cast<std::uint8_t>(buffer[0]) >> 4);
    packet.flags = static_cast<std::uint8_t>(buffer[0]) & 0x0F;
    packet.body = buffer.substr(1 + at, length);
    packet.size = size;
    return std::optional<Packet>(packet);
  }
  return Malformed("the length of a packet has no end");
}

base::StatusOr<Message> ParsePublish(const Packet& packet) {
  std::string_view body = packet.body;
  const unsigned qos = packet.flags >> 1 & 3U;
  if (qos > kQosOne) return Malformed("a message with a QoS that was not granted");
  const auto size = TakeUint16(body);
  if (!size || *size == 0 || *size > body.size()) return Malformed("a message without topic");
  Message message;
  message.topic = body.substr(0, *size);
  if (!base::IsUtf8(message.topic)) return Malformed("a topic that is not UTF-8");
  body.remove_prefix(*size);
  if (qos == kQosOne) {
    const auto id = TakeUint16(body);
    if (!id || *id == 0) return Malformed("a message without number");
    message.packet_id = *id;
  }
  message.payload = body;
  return message;
}

base::Status ParseConnack(const Packet& packet) {
  if (packet.type != PacketType::kConnack || packet.body.size() != 2) {
    return Malformed("something else than the answer to CONNECT");
  }
  switch (packet.body[1]) {
    case 0:
      return base::OkStatus();
    case 4:
    case 5:
      return base::PermissionDenied("the broker refuses the login: check username and password");
    case 3:
      return base::Unavailable("the broker says that it is not available");
    default:
      return base::FailedPrecondition("the broker refuses the client id or the protocol (code {})",
                                      static_cast<int>(packet.body[1]));
  }
}

base::Status ParseSuback(const Packet& packet, std::size_t filters) {
  if (packet.type != PacketType::kSuback || packet.body.size() != 2 + filters) {
    return Malformed("something else than the answer to SUBSCRIBE");
  }
  for (std::size_t i = 0; i < filters; ++i) {
    if (packet.body[2 + i] != kQosOne) {
      return base::PermissionDenied("the broker does not grant subscription {} with QoS 1", i);
    }
  }
  return base::OkStatus();
}

std::string ConnectPacket(const Login& login, std::uint16_t keep_alive_s) {
  std::string body;
  AppendText(body, "MQTT");
  body.push_back(4);  // the level of 3.1.1
  char flags = 0;
  if (!login.username.empty()) flags = static_cast<char>(login.password.empty() ? 0x80 : 0xC0);
  body.push_back(flags);
  AppendUint16(body, keep_alive_s);
  AppendText(body, login.client_id);
  if (!login.username.empty()) AppendText(body, login.username);
  if (!login.username.empty() && !login.password.empty()) AppendText(body, login.password);
  return Wrap(PacketType::kConnect, 0, body);
}

std::string SubscribePacket(std::uint16_t packet_id, const std::vector<std::string>& filters) {
  std::string body;
  AppendUint16(body, packet_id);
  for (const std::string& filter : filters) {
    AppendText(body, filter);
    body.push_back(kQosOne);
  }
  return Wrap(PacketType::kSubscribe, 2, body);
}

void AppendPuback(std::string& out, std::uint16_t packet_id) {
  std::string body;
  AppendUint16(body, packet_id);
  out += Wrap(PacketType::kPuback, 0, body);
}

std::string PingPacket() { return Wrap(PacketType::kPingreq, 0, ""); }
std::string DisconnectPacket() { return Wrap(PacketType::kDisconnect, 0, ""); }

bool IsTopicFilter(std::string_view filter) {
  if (filter.empty() || filter.size() > 0xFFFF || !base::IsUtf8(filter) ||
      filter.find('\0') != std::string_view::npos) {
    return false;
  }
  for (bool last = false; !last;) {
    const std::string_view level = TakeLevel(filter, last);
    const bool wild = level.find_first_of("+#") != std::string_view::npos;
    if (wild && level.size() != 1) return false;
    if (level == "#" && !last) return false;
  }
  return true;
}

bool Matches(std::string_view filter, std::string_view topic) {
  // A wildcard at the front does not see the broker's own topics.
  if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  bool filter_last = false;
  bool topic_last = false;
  for (;;) {
    const std::string_view wanted = TakeLevel(filter, filter_last);
    if (wanted == "#") return true;
    const std::string_view level = TakeLevel(topic, topic_last);
    if (wanted != "+" && wanted != level) return false;
    if (topic_last) return filter_last || filter == "#";
    if (filter_last) return false;
  }
}

}  // namespace belgrand::mqtt
