#include "services/cli/process.h"

#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <stop_token>
#include <thread>

#include "platform/base/log.h"
#include "platform/base/mutex.h"
#include "platform/crypto/certificate.h"
#include "platform/http/server.h"
#include "platform/metrics/registry.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/identity.h"
#include "platform/rpc/server.h"
#include "services/alerting/alerting_role.h"
#include "services/cli/absent_services.h"
#include "services/compliance/compliance_role.h"
#include "services/compliance/witness_role.h"
#include "services/detection/detection_role.h"
#include "services/ingest/ingest_service.h"
#include "services/mqtt_bridge/mqtt_bridge_role.h"
#include "services/operations/operations_service.h"
#include "services/sensors/sensors_role.h"
#include "services/shared/config_check.h"
#include "services/shared/guard.h"
#include "services/shared/runtime.h"
#include "services/timeseries/timeseries_role.h"

namespace belgrand::cli {
namespace {

using shared::Role;
using shared::RoleName;

base::StatusOr<std::unique_ptr<Role>> CreateRole(RoleName name, const config::v1::Config& config,
                                                 const shared::Runtime& runtime) {
  switch (name) {
    case RoleName::kCompliance:
      return compliance::CreateComplianceRole(config, runtime);
    case RoleName::kTimeseries:
      return timeseries::CreateTimeseriesRole(config, runtime);
    case RoleName::kIngest:
      return ingest::CreateIngestRole(config, runtime);
    case RoleName::kDetection:
      return detection::CreateDetectionRole(config, runtime);
    case RoleName::kAlerting:
      return alerting::CreateAlertingRole(config, runtime);
    case RoleName::kSensors:
      return sensors::CreateSensorsRole(config, runtime);
    case RoleName::kMqttBridge:
      return mqtt_bridge::CreateMqttBridgeRole(config, runtime);
    case RoleName::kWitness:
      return compliance::CreateWitnessRole(config, runtime);
  }
  return base::Internal("unknown role");
}

std::optional<rpc::TlsFiles> TlsOf(const config::v1::Config& config) {
  if (!config.has_tls()) return std::nullopt;
  return rpc::TlsFiles{config.tls().certificate_file(), config.tls().private_key_file(),
                       config.tls().ca_file()};
}

base::Status MakeDirectory(const std::filesystem::path& directory) {
  std::error_code error;
  const bool fresh = std::filesystem::create_directories(directory, error);
  if (error) {
    return base::Unavailable("cannot create data_dir {}: {}", directory.string(), error.message());
  }
  if (fresh) ::chmod(directory.c_str(), 0700);
  return base::OkStatus();
}

// What roles send each other is somewhat larger than what a laboratory sent (seals, hashes,
// versions), so gRPC's own limit is twice the configured one; intake holds laboratories to theirs.
int WireLimit(const config::v1::Config& config) {
  return 2 * static_cast<int>(std::max(config.ingest().max_message_bytes(), 16U << 20U));
}

base::Duration ToDuration(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) + base::Duration(duration.nanos() / 1000);
}

rpc::ConnectionLimits ConnectionLimits(const config::v1::Connections& config) {
  rpc::ConnectionLimits limits;
  limits.max_calls = static_cast<int>(config.max_calls_per_connection());
  limits.max_header_bytes = static_cast<int>(config.max_header_bytes());
  limits.min_ping_interval = ToDuration(config.min_ping_interval());
  limits.keepalive_interval = ToDuration(config.keepalive_interval());
  limits.max_idle = ToDuration(config.max_idle());
  limits.max_age = ToDuration(config.max_age());
  return limits;
}

}  // namespace

struct Process::Impl {
  Impl(const config::v1::Config& configuration, const base::Clock& time)
      : config(configuration),
        clock(time),
        guard(clock, metrics, peers,
              static_cast<int>(configuration.connections().max_calls_per_caller()),
              configuration.access().tokens() ? shared::Tokens::kAccepted
                                              : shared::Tokens::kRefused) {}

  base::Status CreateRoles(const std::vector<RoleName>& names);
  // The metrics of their stores, and the service that backs them up.
  std::unique_ptr<operations::Operations> WatchRoles();
  base::Status ConnectPeers(const std::vector<RoleName>& names);
  base::Status ServeHttp();
  http::Response Readiness() const;
  // The same identities as over gRPC.
  bool AdmitHttp(const void* connection);
  // Every second until it is stopped.
  void Sweep(const std::stop_token& stop);

  // Destroyed last to first: the server goes before the roles whose services it calls.
  const config::v1::Config config;
  const base::Clock& clock;
  metrics::Registry metrics;
  shared::Peers peers;
  shared::Guard guard;
  std::vector<std::unique_ptr<Role>> roles;
  std::unique_ptr<operations::Operations> operations;
  // What is asked here and served elsewhere.
  std::vector<std::unique_ptr<grpc::Service>> absent;
  std::unique_ptr<rpc::Server> server;
  std::unique_ptr<http::Server> http;
  std::vector<Role*> started;
  bool stopped = false;
  // Late: no scrape may reach a role that is gone.
  std::vector<std::shared_ptr<void>> gauges;
  base::Mutex sweep_mutex;
  base::CondVar sweep_wake;
  std::jthread sweeper;
};

void Process::Impl::Sweep(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    const base::MutexLock lock(sweep_mutex);
    sweep_wake.NotifyAll();
  });
  while (!stop.stop_requested()) {
    guard.Sweep();
    const base::MutexLock lock(sweep_mutex);
    if (!stop.stop_requested()) sweep_wake.WaitFor(sweep_mutex, std::chrono::seconds(1));
  }
}

base::Status Process::Impl::CreateRoles(const std::vector<RoleName>& names) {
  const shared::Runtime runtime{clock, metrics, peers, guard, config.data_dir()};
  std::vector<RoleName> order(shared::kAllRoles.begin(), shared::kAllRoles.end());
  order.push_back(RoleName::kMqttBridge);
  order.push_back(RoleName::kWitness);
  for (const RoleName name : order) {
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    auto role = CreateRole(name, config, runtime);
    if (!role.ok()) return base::Annotate(role.status(), shared::Name(name));
    if (auto* appender = (*role)->sample_appender()) peers.SetSampleAppender(appender);
    if (auto* access = (*role)->compliance_access()) peers.SetComplianceAccess(access);
    roles.push_back(std::move(*role));
  }
  return base::OkStatus();
}

std::unique_ptr<operations::Operations> Process::Impl::WatchRoles() {
  std::vector<Role*> pointers;
  for (const auto& role : roles) pointers.push_back(role.get());
  for (Role* const role : pointers) {
    gauges.push_back(metrics.AddGaugeFunction(
        "belgrand_store_refuses_writes",
        "1: the disk refused a write, and the role stores nothing until it is restarted.",
        [role] { return role->StoreStatus().ok() ? 0.0 : 1.0; },
        {{"role", std::string(role->name())}}));
  }
  return operations::CreateOperations(config.backup(), pointers, clock, metrics, guard);
}

base::Status Process::Impl::ConnectPeers(const std::vector<RoleName>& names) {
  for (const RoleName name : shared::kAllRoles) {
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      peers.Set(name, server->InProcessChannel());
      continue;
    }
    // Absent: CheckPeersOf says that no role of this process calls it.
    const std::string& address = shared::PeerAddress(config.peers(), name);
    if (address.empty()) continue;
    ASSIGN_OR_RETURN(auto channel, rpc::OpenChannel(address, TlsOf(config), WireLimit(config)));
    peers.Set(name, std::move(channel));
  }
  return base::OkStatus();
}

http::Response Process::Impl::Readiness() const {
  std::string reasons;
  for (const auto& role : roles) {
    const base::Status ready = role->Ready();
    if (!ready.ok()) reasons += fmt::format("{}: {}\n", role->name(), base::Message(ready));
  }
  if (started.size() < roles.size()) reasons += "starting\n";
  if (reasons.empty()) return {200, "text/plain; charset=utf-8", "ready\n"};
  return {503, "text/plain; charset=utf-8", reasons};
}

bool Process::Impl::AdmitHttp(const void* connection) {
  const auto uri = crypto::UriOfPeer(connection);
  if (!uri.ok()) return false;
  const auto peer = rpc::ParseSpiffeId(*uri);
  if (!peer.ok()) return false;
  // A witness is no part of a service, and knows no list of who was revoked.
  const bool only_witness = roles.size() == 1 && roles.front()->name() == "witness";
  return only_witness || guard.CheckCertificate(*peer).ok();
}

base::Status Process::Impl::ServeHttp() {
  std::vector<http::Route> routes;
  for (const auto& role : roles) {
    for (http::Route& route : role->http_routes()) routes.push_back(std::move(route));
  }
  ASSIGN_OR_RETURN(http, http::Server::Start(
                             config.http_listen(), TlsOf(config),
                             {{"/metrics",
                               [this] {
                                 return http::Response{200,
                                                       "text/plain; version=0.0.4; charset=utf-8",
                                                       metrics.Text()};
                               }},
                              {"/healthz",
                               [] {
                                 return http::Response{200, "text/plain; charset=utf-8", "ok\n"};
                               }},
                              {"/readyz", [this] { return Readiness(); }}},
                             [this](const void* connection) { return AdmitHttp(connection); },
                             std::move(routes)));
  return base::OkStatus();
}

Process::Process(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Process::~Process() { Stop(); }

base::StatusOr<std::unique_ptr<Process>> Process::Create(const config::v1::Config& config,
                                                         const std::vector<RoleName>& roles,
                                                         const base::Clock& clock) {
  if (const auto missing = shared::CheckPeersOf(config, roles); !missing.empty()) {
    return base::InvalidArgument("{}", fmt::join(missing, "\n"));
  }
  RETURN_IF_ERROR(MakeDirectory(config.data_dir()));
  auto impl = std::make_unique<Impl>(config, clock);
  RETURN_IF_ERROR(impl->CreateRoles(roles));
  rpc::ServerOptions options;
  options.listen = config.listen();
  options.tls = TlsOf(config);
  if (config.access().tokens()) options.client_certificates = rpc::ClientCertificates::kOptional;
  options.max_message_bytes = WireLimit(config);
  // Every stream that waits holds a thread; calls must find one beside all of them.
  options.max_threads = 256 + static_cast<int>(config.ingest().max_streams()) +
                        static_cast<int>(config.sensors().max_streams());
  options.connections = ConnectionLimits(config.connections());
  options.answers = &impl->guard.answers();
  if (config.reflection()) options.reflection = rpc::ServerOptions::Reflection::kOn;
  for (const auto& role : impl->roles) {
    for (grpc::Service* service : role->services()) options.services.push_back(service);
  }
  impl->operations = impl->WatchRoles();
  options.services.push_back(&impl->operations->service());
  impl->absent = AbsentServices(roles);
  for (const auto& service : impl->absent) options.services.push_back(service.get());
  ASSIGN_OR_RETURN(impl->server, rpc::Server::Create(options));
  RETURN_IF_ERROR(impl->ConnectPeers(roles));
  return std::unique_ptr<Process>(new Process(std::move(impl)));
}

base::Status Process::Start() {
  for (const auto& role : impl_->roles) {
    RETURN_IF_ERROR(base::Annotate(role->Start(), role->name()));
    impl_->started.push_back(role.get());
  }
  RETURN_IF_ERROR(impl_->ServeHttp());
  impl_->guard.Open();
  impl_->sweeper = std::jthread([this](const std::stop_token& stop) { impl_->Sweep(stop); });
  impl_->server->SetServing(true);
  base::Log(base::LogLevel::kInfo, "serving",
            {{"grpc_port", grpc_port()},
             {"http_port", http_port()},
             {"roles", impl_->roles.size()},
             {"data_dir", impl_->config.data_dir()}});
  return base::OkStatus();
}

void Process::Stop() {
  if (std::exchange(impl_->stopped, true)) return;
  impl_->server->SetServing(false);
  impl_->guard.BeginDrain();
  impl_->operations->Stop();
  for (auto role = impl_->started.rbegin(); role != impl_->started.rend(); ++role) (*role)->Stop();
  impl_->sweeper = {};
  impl_->guard.FinishDrain(ToDuration(impl_->config.stop_timeout()));
  // Every handler has returned, but on a busy machine its answer may still be on its way. What gRPC
  // also waits for is the farewell of idle connections, and an idle client of the synchronous API
  // looks at its socket only every five seconds.
  impl_->server->Stop(std::chrono::seconds(1));
  impl_->http.reset();
  base::Log(base::LogLevel::kInfo, "stopped", {});
}

int Process::grpc_port() const { return impl_->server->port(); }
int Process::http_port() const { return impl_->http ? impl_->http->port() : 0; }

}  // namespace belgrand::cli
