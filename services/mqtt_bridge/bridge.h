// Takes messages from an MQTT broker, hands their readings to the sensors role, and acknowledges
// them once they are on disk there.
//
// One thread: it takes what the broker has ready (at most max_unacknowledged messages), sends the
// readings as one message of one StreamReadings stream, waits for the acknowledgement, and only
// then acknowledges to the broker. Whatever fails on the way drops both connections; the broker
// delivers again what was not acknowledged, and the sensors role knows by instant and value what it
// has. So a reading arrives at least once and is stored once.
//
// There is no spool: while the sensors role does not answer, the broker keeps the messages, and the
// bridge waits (1 s to 30 s) before it tries again.
//
// A message that can never be stored (not understood, unknown device, a reading that is rejected)
// is acknowledged and counted, so that it does not block those behind it.
//
// Thread safety: Start and Stop by one owner; Ready from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "belgrand/config/v1/config.pb.h"
#include "belgrand/sensor/v1/sensor.grpc.pb.h"
#include "platform/base/byte_stream.h"
#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "platform/metrics/registry.h"
#include "platform/mqtt/subscriber.h"
#include "services/mqtt_bridge/mapping.h"

namespace belgrand::mqtt_bridge {

struct BridgeMetrics {
  explicit BridgeMetrics(metrics::Registry& registry);
  metrics::Counter& messages_stored;
  metrics::Counter& messages_not_understood;
  metrics::Counter& messages_unknown_device;
  metrics::Counter& messages_refused;
  metrics::Counter& readings_stored;
  metrics::Counter& readings_duplicate;
  metrics::Counter& readings_conflicting;
  metrics::Counter& readings_rejected;
  metrics::Counter& connections_lost;
  metrics::Gauge& connected;
};

struct BridgeOptions {
  mqtt::Login login;
  std::vector<config::v1::MqttSubscription> subscriptions;
  std::size_t max_unacknowledged = 500;
  // Opens a connection to the broker.
  std::function<base::StatusOr<std::unique_ptr<base::ByteStream>>()> connect;
};

class Bridge {
 public:
  Bridge(BridgeOptions options, const base::Clock& clock, BridgeMetrics& metrics)
      : options_(std::move(options)), clock_(clock), metrics_(metrics) {}
  ~Bridge() { Stop(); }

  void Start(const std::shared_ptr<grpc::Channel>& sensors);
  // Ends after what is under way, at most a few seconds later. Idempotent.
  void Stop();
  // OK while connected; else why not.
  base::Status Ready();

 private:
  struct Session;
  void Run();
  base::Status RunConnected();
  std::unique_ptr<Session> NewSession();
  base::Status DeliverAll(std::unique_ptr<Session>& session,
                          const std::vector<mqtt::Message>& messages);
  base::Status Deliver(Session& session, const std::vector<mqtt::Message>& messages);
  base::StatusOr<std::vector<mqtt::Message>> TakeReady(mqtt::Subscriber& subscriber);
  base::Status AddReadings(Session& session, const mqtt::Message& message,
                           sensor::v1::StreamReadingsRequest& request);
  void SetState(const base::Status& state);
  bool Pause(base::Duration wait);

  const BridgeOptions options_;
  const base::Clock& clock_;
  BridgeMetrics& metrics_;
  std::unique_ptr<sensor::v1::SensorService::Stub> stub_;
  std::thread thread_;
  std::atomic<bool> stopping_ = false;
  base::Mutex mutex_;
  base::CondVar wake_;
  bool running_ GUARDED_BY(mutex_) = false;
  // Of the stream that is open now, so that Stop need not wait for an answer that does not come.
  grpc::ClientContext* open_call_ GUARDED_BY(mutex_) = nullptr;
  base::Status state_ GUARDED_BY(mutex_) = base::Unavailable("not connected to the broker yet");
  std::uint64_t delivered_ = 0;  // of the thread
  std::uint64_t epoch_ = 0;      // of the thread
};

}  // namespace belgrand::mqtt_bridge
