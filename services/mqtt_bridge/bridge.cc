#include "services/mqtt_bridge/bridge.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "platform/base/log.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "sensor/payload.h"

namespace belgrand::mqtt_bridge {
namespace {

namespace v1 = sensor::v1;

constexpr base::Duration kConnectTimeout = std::chrono::seconds(10);
// How long to wait for the first message; then everything that is ready goes along.
constexpr base::Duration kFirstMessage = std::chrono::milliseconds(500);
constexpr base::Duration kStopPatience = std::chrono::seconds(3);
constexpr base::Duration kFirstPause = std::chrono::seconds(1);
constexpr base::Duration kLongestPause = std::chrono::seconds(30);
// What is collected before it is sent; with one message more it is within the limits of the
// service.
constexpr int kManyReadings = 4'000;
constexpr int kManyBatches = 500;

}  // namespace

BridgeMetrics::BridgeMetrics(metrics::Registry& registry)
    : messages_stored(registry.AddCounter("belgrand_mqtt_messages_total",
                                          "What became of the broker's messages.",
                                          {{"outcome", "delivered"}})),
      messages_not_understood(registry.AddCounter("belgrand_mqtt_messages_total",
                                                  "What became of the broker's messages.",
                                                  {{"outcome", "not_understood"}})),
      messages_unknown_device(registry.AddCounter("belgrand_mqtt_messages_total",
                                                  "What became of the broker's messages.",
                                                  {{"outcome", "unknown_device"}})),
      messages_refused(registry.AddCounter("belgrand_mqtt_messages_total",
                                           "What became of the broker's messages.",
                                           {{"outcome", "refused"}})),
      readings_stored(registry.AddCounter("belgrand_mqtt_readings_total",
                                          "What became of the readings in them.",
                                          {{"outcome", "stored"}})),
      readings_duplicate(registry.AddCounter("belgrand_mqtt_readings_total",
                                             "What became of the readings in them.",
                                             {{"outcome", "duplicate"}})),
      readings_conflicting(registry.AddCounter("belgrand_mqtt_readings_total",
                                               "What became of the readings in them.",
                                               {{"outcome", "conflicting"}})),
      readings_rejected(registry.AddCounter("belgrand_mqtt_readings_total",
                                            "What became of the readings in them.",
                                            {{"outcome", "rejected"}})),
      connections_lost(registry.AddCounter("belgrand_mqtt_connections_lost_total",
                                           "How often the way from broker to disk broke.")),
      connected(registry.AddGauge("belgrand_mqtt_connected", "1 while connected to the broker.")) {}

// One connection to the broker and one stream to the sensors role. Its epoch is new, so that
// numbers never mean two readings.
struct Bridge::Session {
  Session(Bridge& owner, std::uint64_t epoch_number)
      : bridge(owner),
        mapping(*owner.stub_),
        epoch(epoch_number),
        stream(owner.stub_->StreamReadings(&context)) {
    const base::MutexLock lock(bridge.mutex_);
    bridge.open_call_ = &context;
  }
  ~Session() {
    {
      const base::MutexLock lock(bridge.mutex_);
      if (bridge.open_call_ == &context) bridge.open_call_ = nullptr;
    }
    if (finished) return;
    context.TryCancel();
    stream->Finish();
  }

  Bridge& bridge;
  Mapping mapping;
  const std::uint64_t epoch;
  std::map<std::string, std::uint64_t> next;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamReadingsRequest, v1::StreamReadingsResponse>>
      stream;
  bool finished = false;
};

void Bridge::Start(const std::shared_ptr<grpc::Channel>& sensors) {
  stub_ = v1::SensorService::NewStub(sensors);
  {
    const base::MutexLock lock(mutex_);
    running_ = true;
  }
  thread_ = std::thread([this] {
    Run();
    const base::MutexLock lock(mutex_);
    running_ = false;
    wake_.NotifyAll();
  });
}

void Bridge::Stop() {
  {
    const base::MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
    const auto until = std::chrono::steady_clock::now() + kStopPatience;
    while (running_ && std::chrono::steady_clock::now() < until) {
      wake_.WaitFor(mutex_, until - std::chrono::steady_clock::now());
    }
    if (open_call_ != nullptr) open_call_->TryCancel();
  }
  if (thread_.joinable()) thread_.join();
}

base::Status Bridge::Ready() {
  const base::MutexLock lock(mutex_);
  return state_;
}

void Bridge::SetState(const base::Status& state) {
  const base::MutexLock lock(mutex_);
  state_ = state;
  metrics_.connected.Set(state.ok() ? 1 : 0);
}

bool Bridge::Pause(base::Duration wait) {
  const auto until = std::chrono::steady_clock::now() + wait;
  const base::MutexLock lock(mutex_);
  while (!stopping_ && std::chrono::steady_clock::now() < until) {
    wake_.WaitFor(mutex_, until - std::chrono::steady_clock::now());
  }
  return !stopping_;
}

void Bridge::Run() {
  base::Duration pause = kFirstPause;
  do {
    const std::uint64_t before = delivered_;
    const base::Status ended = RunConnected();
    if (stopping_) break;
    SetState(ended);
    metrics_.connections_lost.Increment();
    base::Log(base::LogLevel::kWarning, "mqtt_bridge_interrupted", {{"reason", ended}});
    pause = delivered_ > before ? kFirstPause : std::min(pause * 2, kLongestPause);
  } while (Pause(pause));
}

base::Status Bridge::RunConnected() {
  // The sensors role first: without it there is nothing to take from the broker.
  std::unique_ptr<Session> session = NewSession();
  RETURN_IF_ERROR(base::Annotate(session->mapping.RefreshForNewMessages(), "sensors"));
  ASSIGN_OR_RETURN(auto bytes, options_.connect());
  std::vector<std::string> filters;
  for (const auto& subscription : options_.subscriptions) {
    filters.push_back(subscription.topic_filter());
  }
  ASSIGN_OR_RETURN(
      const auto subscriber,
      mqtt::Subscriber::Connect(std::move(bytes), options_.login, filters, kConnectTimeout));
  SetState(base::OkStatus());
  while (!stopping_) {
    ASSIGN_OR_RETURN(const auto messages, TakeReady(*subscriber));
    if (messages.empty()) continue;
    RETURN_IF_ERROR(base::Annotate(DeliverAll(session, messages), "sensors"));
    std::vector<std::uint16_t> ids;
    for (const mqtt::Message& message : messages) {
      if (message.packet_id != 0) ids.push_back(message.packet_id);
    }
    RETURN_IF_ERROR(subscriber->Acknowledge(ids));
    delivered_ += messages.size();
  }
  subscriber->Disconnect();
  session->stream->WritesDone();
  session->finished = true;
  return rpc::FromGrpc(session->stream->Finish());
}

std::unique_ptr<Bridge::Session> Bridge::NewSession() {
  epoch_ = std::max(epoch_ + 1, static_cast<std::uint64_t>(base::ToMicros(clock_.Now())));
  return std::make_unique<Session>(*this, epoch_);
}

// When the service calls a request wrong in itself, its messages go one by one, so that only the
// wrong one is given up.
base::Status Bridge::DeliverAll(std::unique_ptr<Session>& session,
                                const std::vector<mqtt::Message>& messages) {
  const base::Status all = Deliver(*session, messages);
  if (all.code() != base::StatusCode::kInvalidArgument) return all;
  for (const mqtt::Message& message : messages) {
    session = NewSession();
    const base::Status one = Deliver(*session, {message});
    if (one.ok()) continue;
    if (one.code() != base::StatusCode::kInvalidArgument) return one;
    metrics_.messages_refused.Increment();
    base::Log(base::LogLevel::kError, "mqtt_message_refused", {{"reason", one}});
  }
  session = NewSession();
  return base::OkStatus();
}

base::StatusOr<std::vector<mqtt::Message>> Bridge::TakeReady(mqtt::Subscriber& subscriber) {
  std::vector<mqtt::Message> messages;
  base::Duration wait = kFirstMessage;
  while (messages.size() < options_.max_unacknowledged) {
    ASSIGN_OR_RETURN(auto message, subscriber.Next(wait));
    if (!message) break;
    messages.push_back(std::move(*message));
    wait = base::Duration::zero();
  }
  return messages;
}

base::Status Bridge::AddReadings(Session& session, const mqtt::Message& message,
                                 v1::StreamReadingsRequest& request) {
  const auto subscription =
      std::find_if(options_.subscriptions.begin(), options_.subscriptions.end(),
                   [&](const auto& s) { return mqtt::Matches(s.topic_filter(), message.topic); });
  const bool sparkplug = subscription != options_.subscriptions.end() &&
                         subscription->format() == config::v1::MqttSubscription::SPARKPLUG_JSON;
  const auto parsed = sparkplug ? sensor::ParseSparkplug(message.topic, message.payload)
                                : sensor::ParseChirpStack(message.payload);
  if (!parsed.ok()) {
    metrics_.messages_not_understood.Increment();
    base::Log(base::LogLevel::kWarning, "mqtt_message_not_understood",
              {{"topic_bytes", message.topic.size()}, {"reason", parsed.status()}});
    return base::OkStatus();
  }
  for (const sensor::Measurement& measurement : parsed->measurements) {
    ASSIGN_OR_RETURN(const auto id, session.mapping.Find(parsed->device_id, measurement.metric));
    if (!id) continue;  // devices say much that nobody asked for: battery, signal
    auto* const batches = request.mutable_batches();
    auto batch = std::find_if(batches->begin(), batches->end(),
                              [&](const auto& b) { return b.sensor_id() == *id; });
    if (batch == batches->end()) {
      v1::ReadingBatch& added = *request.add_batches();
      added.set_sensor_id(*id);
      added.set_epoch(session.epoch);
      added.set_first_sequence(session.next.try_emplace(*id, 1).first->second);
      batch = batches->end() - 1;
    }
    ++session.next[*id];
    if (!measurement.value) batch->add_missing(static_cast<std::uint32_t>(batch->values_size()));
    batch->add_measured_at_us(measurement.time_us);
    batch->add_values(measurement.value.value_or(0));
  }
  const bool known = parsed->device_id.empty() || session.mapping.KnowsDevice(parsed->device_id);
  (known ? metrics_.messages_stored : metrics_.messages_unknown_device).Increment();
  return base::OkStatus();
}

base::Status Bridge::Deliver(Session& session, const std::vector<mqtt::Message>& messages) {
  RETURN_IF_ERROR(session.mapping.RefreshForNewMessages());
  const auto send = [&](v1::StreamReadingsRequest& request) -> base::Status {
    if (request.batches().empty()) return base::OkStatus();
    v1::StreamReadingsResponse response;
    if (!session.stream->Write(request) || !session.stream->Read(&response)) {
      session.finished = true;
      const base::Status status = rpc::FromGrpc(session.stream->Finish());
      return status.ok() ? base::Unavailable("the sensors role ended the stream") : status;
    }
    for (const auto& answer : response.acknowledgements()) {
      metrics_.readings_stored.Increment(answer.stored());
      metrics_.readings_duplicate.Increment(answer.duplicate());
      metrics_.readings_conflicting.Increment(answer.conflicting());
      metrics_.readings_rejected.Increment(answer.rejected());
    }
    request.Clear();
    return base::OkStatus();
  };
  v1::StreamReadingsRequest request;
  for (const mqtt::Message& message : messages) {
    RETURN_IF_ERROR(AddReadings(session, message, request));
    int readings = 0;
    for (const auto& batch : request.batches()) readings += batch.values_size();
    if (readings > kManyReadings || request.batches_size() > kManyBatches) {
      RETURN_IF_ERROR(send(request));
    }
  }
  return send(request);
}

}  // namespace belgrand::mqtt_bridge
