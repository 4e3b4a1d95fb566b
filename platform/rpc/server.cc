#include "platform/rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <mutex>

#include "platform/base/address.h"
#include "platform/rpc/call_order.h"
#include "platform/rpc/grpc_log.h"

namespace belgrand::rpc {

struct Server::Impl {
  // Asked at every handshake, and not kept by gRPC: gone after the server.
  std::shared_ptr<grpc::ServerCredentials> credentials;
  std::unique_ptr<grpc::Server> server;
  // The same services for this process itself, without a port. A server that stops closes its
  // in-process channels first, and gRPC crashes when a handler that is still under way then calls
  // through one; so the outside goes first, handlers and all.
  std::unique_ptr<grpc::Server> inside;
  int port = 0;
  std::once_flag stopped;
};

namespace {

void SetLimits(const ConnectionLimits& limits, grpc::ServerBuilder& builder) {
  const auto milliseconds = [](base::Duration time) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
  };
  constexpr int kKeepaliveTimeoutMs = 20'000;
  constexpr int kMaxAgeGraceMs = 300'000;
  constexpr int kHandshakeTimeoutMs = 10'000;
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.max_calls);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, limits.max_header_bytes);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             milliseconds(limits.min_ping_interval));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(limits.keepalive_interval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, milliseconds(limits.max_idle));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, milliseconds(limits.max_age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kMaxAgeGraceMs);
  // A client that begins a TLS handshake and leaves it at that.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
}

std::unique_ptr<grpc::Server> Build(const ServerOptions& options, AnswerGate* answers,
                                    grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(options.max_message_bytes);
  builder.SetMaxSendMessageSize(options.max_message_bytes);
  grpc::ResourceQuota quota("belgrand");
  quota.SetMaxThreads(options.max_threads);
  builder.SetResourceQuota(quota);
  auto interceptors = OrderOfServerCalls();
  if (answers != nullptr) interceptors.push_back(answers->Interceptors());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  for (grpc::Service* service : options.services) builder.RegisterService(service);
  return builder.BuildAndStart();
}

}  // namespace

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { Stop(std::chrono::seconds(1)); }

base::StatusOr<std::unique_ptr<Server>> Server::Create(const ServerOptions& options) {
  ASSIGN_OR_RETURN(const base::Address address, base::ParseAddress(options.listen));
  if (!options.tls && !base::IsLoopback(address)) {
    return base::PermissionDenied(
        "listen address {} is not loopback and tls is not configured: without identities only "
        "loopback is served",
        options.listen);
  }
  ASSIGN_OR_RETURN(auto credentials, ServerCredentials(options.tls, options.client_certificates));

  // Process-wide switches of gRPC; they are set once, before the first server.
  static std::once_flag plugins;
  std::call_once(plugins, [] {
    TakeOverGrpcLog();
    grpc::EnableDefaultHealthCheckService(true);
  });
  if (options.reflection == ServerOptions::Reflection::kOn) {
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  }

  auto impl = std::make_unique<Impl>();
  impl->credentials = credentials;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(options.listen, credentials, &impl->port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  SetLimits(options.connections, builder);
  impl->server = Build(options, options.answers, builder);
  if (!impl->server || impl->port <= 0) {
    return base::Unavailable("cannot listen on {}: it is in use or not of this machine",
                             options.listen);
  }
  grpc::ServerBuilder inside;
  impl->inside = Build(options, nullptr, inside);
  std::unique_ptr<Server> server(new Server(std::move(impl)));
  server->SetServing(false);
  return server;
}

int Server::port() const { return impl_->port; }

std::shared_ptr<grpc::Channel> Server::InProcessChannel() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return impl_->inside->experimental().InProcessChannelWithInterceptors(arguments,
                                                                        OrderOfClientCalls());
}

void Server::SetServing(bool serving) {
  if (auto* health = impl_->server->GetHealthCheckService()) health->SetServingStatus(serving);
}

void Server::Stop(base::Duration timeout) {
  std::call_once(impl_->stopped, [&] {
    const auto deadline = std::chrono::system_clock::now() + timeout;
    for (grpc::Server* server : {impl_->server.get(), impl_->inside.get()}) {
      server->Shutdown(deadline);
      server->Wait();
    }
  });
}

}  // namespace belgrand::rpc
