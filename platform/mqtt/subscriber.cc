#include "platform/mqtt/subscriber.h"

#include <algorithm>
#include <array>
#include <utility>

namespace belgrand::mqtt {
namespace {

using std::chrono::steady_clock;

constexpr base::Duration kWriteTimeout = std::chrono::seconds(10);
constexpr auto kPingAfter = std::chrono::seconds(Subscriber::kKeepAliveSeconds / 2);
constexpr auto kPingAnswer = std::chrono::seconds(Subscriber::kKeepAliveSeconds);
constexpr std::uint16_t kSubscribeId = 1;

base::Duration Left(steady_clock::time_point until) {
  const auto left = std::chrono::duration_cast<base::Duration>(until - steady_clock::now());
  return std::max(left, base::Duration::zero());
}

}  // namespace

base::Status Subscriber::Send(const std::string& bytes) {
  sent_at_ = steady_clock::now();
  return stream_->Write(bytes, kWriteTimeout);
}

base::StatusOr<std::optional<Packet>> Subscriber::Await(base::Duration timeout) {
  const auto until = steady_clock::now() + timeout;
  for (;;) {
    ASSIGN_OR_RETURN(auto packet, TakePacket(std::string_view(buffer_).substr(begin_)));
    if (packet) return packet;
    buffer_.erase(0, begin_);
    begin_ = 0;
    std::array<char, 65'536> part{};
    ASSIGN_OR_RETURN(const std::size_t got, stream_->Read(part, Left(until)));
    buffer_.append(part.data(), got);
    if (got == 0 && steady_clock::now() >= until) return std::optional<Packet>();
  }
}

base::StatusOr<std::unique_ptr<Subscriber>> Subscriber::Connect(
    std::unique_ptr<base::ByteStream> stream, const Login& login,
    const std::vector<std::string>& filters, base::Duration timeout) {
  std::unique_ptr<Subscriber> subscriber(new Subscriber(std::move(stream)));
  RETURN_IF_ERROR(subscriber->Send(ConnectPacket(login, kKeepAliveSeconds)));
  ASSIGN_OR_RETURN(const auto connack, subscriber->Await(timeout));
  if (!connack) return base::Unavailable("the broker does not answer CONNECT");
  RETURN_IF_ERROR(ParseConnack(*connack));
  subscriber->Drop(*connack);
  RETURN_IF_ERROR(subscriber->Send(SubscribePacket(kSubscribeId, filters)));
  const auto until = steady_clock::now() + timeout;
  for (;;) {
    ASSIGN_OR_RETURN(const auto packet, subscriber->Await(Left(until)));
    if (!packet) return base::Unavailable("the broker does not answer SUBSCRIBE");
    if (packet->type == PacketType::kPublish) {
      ASSIGN_OR_RETURN(Message message, ParsePublish(*packet));
      subscriber->early_.push_back(std::move(message));
      subscriber->Drop(*packet);
      continue;
    }
    RETURN_IF_ERROR(ParseSuback(*packet, filters.size()));
    subscriber->Drop(*packet);
    return subscriber;
  }
}

base::Status Subscriber::KeepAlive() {
  const auto now = steady_clock::now();
  if (pinged_at_ && now - *pinged_at_ > kPingAnswer) {
    return base::Unavailable("the broker does not answer pings");
  }
  if (pinged_at_ || now - sent_at_ < kPingAfter) return base::OkStatus();
  pinged_at_ = now;
  return Send(PingPacket());
}

base::StatusOr<std::optional<Message>> Subscriber::Next(base::Duration timeout) {
  if (!early_.empty()) {
    Message message = std::move(early_.front());
    early_.erase(early_.begin());
    return std::optional<Message>(std::move(message));
  }
  const auto until = steady_clock::now() + timeout;
  for (;;) {
    RETURN_IF_ERROR(KeepAlive());
    ASSIGN_OR_RETURN(const auto packet, Await(Left(until)));
    if (!packet) return std::optional<Message>();
    if (packet->type == PacketType::kPublish) {
      ASSIGN_OR_RETURN(Message message, ParsePublish(*packet));
      Drop(*packet);
      return std::optional<Message>(std::move(message));
    }
    if (packet->type == PacketType::kPingresp) pinged_at_.reset();
    Drop(*packet);
  }
}

base::Status Subscriber::Acknowledge(const std::vector<std::uint16_t>& packet_ids) {
  std::string bytes;
  for (const std::uint16_t id : packet_ids) AppendPuback(bytes, id);
  return bytes.empty() ? base::OkStatus() : Send(bytes);
}

void Subscriber::Disconnect() {
  // A broken connection needs no goodbye.
  const base::Status ignored = Send(DisconnectPacket());
  (void)ignored;
}

}  // namespace belgrand::mqtt
