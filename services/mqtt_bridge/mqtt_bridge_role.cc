#include "services/mqtt_bridge/mqtt_bridge_role.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "platform/base/address.h"
#include "platform/base/file.h"
#include "platform/crypto/tls_stream.h"
#include "services/mqtt_bridge/bridge.h"

namespace belgrand::mqtt_bridge {
namespace {

using config::v1::MqttSubscription;

constexpr base::Duration kConnectTimeout = std::chrono::seconds(10);
constexpr std::size_t kMaxSubscriptions = 100;
constexpr std::size_t kMaxPasswordBytes = 60'000;

std::vector<MqttSubscription> SubscriptionsOf(const config::v1::MqttBridge& config) {
  if (!config.subscriptions().empty()) {
    return {config.subscriptions().begin(), config.subscriptions().end()};
  }
  MqttSubscription chirpstack;
  chirpstack.set_topic_filter("application/+/device/+/event/up");
  chirpstack.set_format(MqttSubscription::CHIRPSTACK_JSON);
  MqttSubscription sparkplug;
  sparkplug.set_topic_filter("spBv1.0/+/+/#");
  sparkplug.set_format(MqttSubscription::SPARKPLUG_JSON);
  return {chirpstack, sparkplug};
}

base::TlsFiles TlsOf(const config::v1::Tls& tls) {
  return {tls.certificate_file(), tls.private_key_file(), tls.ca_file()};
}

base::StatusOr<std::unique_ptr<base::ByteStream>> Connect(const config::v1::MqttBridge& config) {
  ASSIGN_OR_RETURN(const base::Address address, base::ParseAddress(config.broker()));
  if (!config.has_tls()) return base::ConnectTcp(address, kConnectTimeout);
  return crypto::ConnectTls(address, TlsOf(config.tls()), kConnectTimeout);
}

base::StatusOr<BridgeOptions> OptionsOf(const config::v1::MqttBridge& config) {
  BridgeOptions options;
  options.login.client_id = config.client_id().empty() ? "belgrand" : config.client_id();
  options.login.username = config.username();
  if (!config.password_file().empty()) {
    ASSIGN_OR_RETURN(options.login.password,
                     base::ReadFile(config.password_file(), kMaxPasswordBytes));
    while (options.login.password.ends_with('\n')) options.login.password.pop_back();
  }
  options.subscriptions = SubscriptionsOf(config);
  if (config.max_unacknowledged() > 0) options.max_unacknowledged = config.max_unacknowledged();
  options.connect = [config] { return Connect(config); };
  return options;
}

class MqttBridgeRole final : public shared::Role {
 public:
  MqttBridgeRole(BridgeOptions options, const shared::Runtime& runtime)
      : runtime_(runtime),
        metrics_(runtime.metrics),
        bridge_(std::move(options), runtime.clock, metrics_) {}

  std::string_view name() const override { return "mqtt-bridge"; }
  std::vector<grpc::Service*> services() override { return {}; }
  base::Status Start() override {
    bridge_.Start(runtime_.peers.Channel(shared::RoleName::kSensors));
    return base::OkStatus();
  }
  void Stop() override { bridge_.Stop(); }
  base::Status Ready() override { return bridge_.Ready(); }

 private:
  const shared::Runtime runtime_;
  BridgeMetrics metrics_;
  Bridge bridge_;
};

}  // namespace

std::vector<std::string> CheckBridgeConfig(const config::v1::MqttBridge& config) {
  std::vector<std::string> problems;
  const auto report = [&](std::string_view field, const std::string& what) {
    problems.push_back(fmt::format("mqtt_bridge.{}: {}", field, what));
  };
  const auto address = base::ParseAddress(config.broker());
  if (!address.ok()) {
    report("broker", base::Message(address.status()));
  } else if (!base::IsLoopback(*address) && !config.has_tls()) {
    report("broker", fmt::format("'{}' is another machine, and mqtt_bridge.tls is not set; add it",
                                 config.broker()));
  }
  if (config.client_id().size() > 64) report("client_id", "has more than 64 bytes; shorten it");
  if (config.username().empty() && !config.password_file().empty()) {
    report("username", "is missing beside password_file; give it");
  }
  if (!config.password_file().empty()) {
    const auto password = base::ReadFile(config.password_file(), kMaxPasswordBytes);
    if (!password.ok()) report("password_file", base::Message(password.status()));
  }
  if (config.has_tls()) {
    if (config.tls().ca_file().empty()) {
      report("tls.ca_file", "is missing; name the authorities of the broker's certificate");
    }
    if (config.tls().certificate_file().empty() != config.tls().private_key_file().empty()) {
      report("tls", "certificate_file and private_key_file go together; give both or none");
    }
  }
  if (static_cast<std::size_t>(config.subscriptions_size()) > kMaxSubscriptions) {
    report("subscriptions", fmt::format("are more than {}", kMaxSubscriptions));
  }
  for (int i = 0; i < config.subscriptions_size(); ++i) {
    const MqttSubscription& subscription = config.subscriptions(i);
    if (!mqtt::IsTopicFilter(subscription.topic_filter())) {
      report(fmt::format("subscriptions[{}].topic_filter", i),
             fmt::format("'{}' is none; + and # stand alone in their level, # last",
                         subscription.topic_filter()));
    }
    if (subscription.format() == MqttSubscription::FORMAT_UNSPECIFIED) {
      report(fmt::format("subscriptions[{}].format", i),
             "is missing; write CHIRPSTACK_JSON or SPARKPLUG_JSON");
    }
  }
  if (config.max_unacknowledged() > 10'000) {
    report("max_unacknowledged",
           fmt::format("{} is outside 1 to 10,000; lower it", config.max_unacknowledged()));
  }
  return problems;
}

base::StatusOr<std::unique_ptr<shared::Role>> CreateMqttBridgeRole(const config::v1::Config& config,
                                                                   const shared::Runtime& runtime) {
  if (!config.has_mqtt_bridge()) {
    return base::InvalidArgument("the configuration has no mqtt_bridge section: name the broker");
  }
  if (const auto problems = CheckBridgeConfig(config.mqtt_bridge()); !problems.empty()) {
    return base::InvalidArgument("{}", fmt::join(problems, "\n"));
  }
  ASSIGN_OR_RETURN(BridgeOptions options, OptionsOf(config.mqtt_bridge()));
  return std::unique_ptr<shared::Role>(new MqttBridgeRole(std::move(options), runtime));
}

}  // namespace belgrand::mqtt_bridge
