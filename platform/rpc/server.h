// The gRPC server of a process: credentials, limits, health, reflection, orderly stop.
//
// Create binds and serves; services added before it are found there. Stop is idempotent and
// bounded. The synchronous API is used throughout: Debian's libgrpc gives ThreadSanitizer false
// reports on the callback API.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/impl/service_type.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "platform/base/time.h"
#include "platform/rpc/answer_gate.h"
#include "platform/rpc/server_credentials.h"
#include "platform/rpc/tls.h"

namespace belgrand::rpc {

// What one connection may do; the defaults are those of config.v1.Connections.
struct ConnectionLimits {
  int max_calls = 128;
  int max_header_bytes = 8 << 10;
  base::Duration min_ping_interval = std::chrono::seconds(20);
  base::Duration keepalive_interval = std::chrono::minutes(2);
  base::Duration max_idle = std::chrono::minutes(30);
  base::Duration max_age = std::chrono::hours(24);
};

struct ServerOptions {
  std::string listen;  // host:port, port 0 for any free one
  std::optional<TlsFiles> tls;
  ClientCertificates client_certificates = ClientCertificates::kRequired;
  int max_message_bytes = 16 << 20;
  // Threads that may work on calls from outside at once, and as many on calls of this process
  // itself; more calls get RESOURCE_EXHAUSTED.
  int max_threads = 256;
  ConnectionLimits connections;
  enum class Reflection { kOff, kOn } reflection = Reflection::kOff;
  std::vector<grpc::Service*> services;  // borrowed; must outlive the server
  // What answers to calls from outside pass; null: nothing. Borrowed as well.
  AnswerGate* answers = nullptr;
};

class Server {
 public:
  // PermissionDenied: not loopback and no TLS. Unavailable: the address cannot be bound.
  static base::StatusOr<std::unique_ptr<Server>> Create(const ServerOptions& options);
  ~Server();

  int port() const;
  // A channel into this very process.
  std::shared_ptr<grpc::Channel> InProcessChannel();
  // What gRPC's health service answers (all services and "").
  void SetServing(bool serving);
  // Refuses new calls, lets running ones finish until `timeout`, then cancels them. Returns when
  // the handlers have; those of calls from outside can call into this process to their end.
  void Stop(base::Duration timeout);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace belgrand::rpc
