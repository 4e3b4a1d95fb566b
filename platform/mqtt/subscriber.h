// A subscriber to an MQTT broker that decides itself when a message is acknowledged.
//
// MQTT 3.1.1 with a session that the broker keeps: what is not acknowledged is delivered again on
// the next connection. docs/adr/0005-sensors.md says why this is not libmosquitto.
//
// Not thread-safe. Errors end the connection: drop the subscriber and connect another.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/base/byte_stream.h"
#include "platform/base/error.h"
#include "platform/mqtt/packet.h"

namespace belgrand::mqtt {

class Subscriber {
 public:
  static constexpr std::uint16_t kKeepAliveSeconds = 30;

  // REQUIRES: every filter IsTopicFilter. As ParseConnack and ParseSuback; Unavailable: no answer.
  static base::StatusOr<std::unique_ptr<Subscriber>> Connect(
      std::unique_ptr<base::ByteStream> stream, const Login& login,
      const std::vector<std::string>& filters, base::Duration timeout);

  // The next message; nullopt: none within `timeout`. Keeps the connection alive.
  base::StatusOr<std::optional<Message>> Next(base::Duration timeout);
  // Of messages with a number.
  base::Status Acknowledge(const std::vector<std::uint16_t>& packet_ids);
  // Says goodbye; what is not acknowledged comes again to whoever has the session next.
  void Disconnect();

 private:
  explicit Subscriber(std::unique_ptr<base::ByteStream> stream) : stream_(std::move(stream)) {}
  base::Status Send(const std::string& bytes);
  // Calls Read until a whole packet is there or the time is over.
  base::StatusOr<std::optional<Packet>> Await(base::Duration timeout);
  void Drop(const Packet& packet) { begin_ += packet.size; }
  base::Status KeepAlive();

  const std::unique_ptr<base::ByteStream> stream_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what has not been taken from the buffer
  std::chrono::steady_clock::time_point sent_at_;
  std::optional<std::chrono::steady_clock::time_point> pinged_at_;
  // Messages that came before the answer to SUBSCRIBE: the session had them already.
  std::vector<Message> early_;
};

}  // namespace belgrand::mqtt
