#include "services/shared/config_check.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "platform/base/address.h"
#include "platform/base/log.h"
#include "services/shared/peers.h"
#include "services/shared/witness_check.h"

namespace belgrand::shared {
namespace {

using config::v1::Config;
using google::protobuf::Duration;

constexpr std::uint64_t kMiB = 1 << 20;

void SetSeconds(Duration& duration, std::int64_t seconds) {
  duration.set_seconds(seconds);
  duration.set_nanos(0);
}

bool IsLoopbackAddress(const std::string& text) {
  const auto address = base::ParseAddress(text);
  return address.ok() && base::IsLoopback(*address);
}

// Whether `inner` is `outer` or lies below it; both as they would be opened from here.
bool LiesIn(const std::filesystem::path& inner, const std::filesystem::path& outer) {
  const auto clean = [](const std::filesystem::path& path) {
    std::error_code ignored;
    const std::filesystem::path absolute = std::filesystem::absolute(path, ignored);
    std::filesystem::path whole = std::filesystem::weakly_canonical(absolute, ignored);
    if (ignored) whole = absolute.lexically_normal();
    if (!whole.has_filename()) whole = whole.parent_path();  // "a/" is "a"
    return whole;
  };
  const std::filesystem::path a = clean(inner);
  const std::filesystem::path b = clean(outer);
  return std::mismatch(b.begin(), b.end(), a.begin(), a.end()).first == b.end();
}

class Checker {
 public:
  explicit Checker(const Config& config) : config_(config) {}

  std::vector<std::string> Run() {
    CheckDirectories();
    CheckListeners();
    CheckTls();
    CheckPeers();
    CheckLimits();
    CheckRest();
    for (std::string& problem : CheckWitnesses(config_)) problems_.push_back(std::move(problem));
    return std::move(problems_);
  }

 private:
  void Report(std::string_view field, const std::string& what) {
    problems_.push_back(fmt::format("{}: {}", field, what));
  }

  void CheckDirectories() {
    const std::filesystem::path data = config_.data_dir();
    const std::filesystem::path keyring = config_.compliance().keyring_dir();
    std::error_code ignored;
    for (const auto& [field, path] :
         {std::pair("data_dir", data), std::pair("compliance.keyring_dir", keyring)}) {
      if (std::filesystem::exists(path, ignored) && !std::filesystem::is_directory(path, ignored)) {
        Report(field, fmt::format("{} exists and is no directory; name another", path.string()));
      }
    }
    CheckBackupDirectory();
    // Each role owns the folder of its name; the keyring must outlive none of them in a backup.
    for (const RoleName role : kAllRoles) {
      const std::filesystem::path folder = data / std::string(Name(role));
      if (LiesIn(keyring, folder) || LiesIn(folder, keyring)) {
        Report("compliance.keyring_dir",
               fmt::format("{} overlaps {}, the data of the {} role; choose a directory of its own",
                           keyring.string(), folder.string(), Name(role)));
        return;
      }
    }
  }

  // A backup inside the data would be lost with it, and one around it, or with the keys, would be
  // copied with what must not be in it.
  void CheckBackupDirectory() {
    const std::filesystem::path backup = config_.backup().directory();
    if (backup.empty()) return;
    for (const auto& [field, path] :
         {std::pair("data_dir", config_.data_dir()),
          std::pair("compliance.keyring_dir", config_.compliance().keyring_dir())}) {
      if (!LiesIn(backup, path) && !LiesIn(path, backup)) continue;
      Report("backup.directory",
             fmt::format("{} overlaps {} {}; choose a directory of its own, on another disk",
                         backup.string(), field, path));
    }
  }

  bool CheckAddress(std::string_view field, const std::string& text, int lowest_port) {
    const auto address = base::ParseAddress(text);
    if (!address.ok()) {
      Report(field, base::Message(address.status()));
      return false;
    }
    if (address->port < lowest_port) {
      Report(field, fmt::format("address '{}' has port 0, which nobody can connect to", text));
      return false;
    }
    const bool odd = std::any_of(address->host.begin(), address->host.end(), [](char c) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      return !plain && std::string_view("._:-%").find(c) == std::string_view::npos;
    });
    if (odd) {
      Report(field, fmt::format("address '{}' has a character that no host name has; write "
                                "host:port without a scheme or path",
                                text));
    }
    return !odd;
  }

  void CheckListeners() {
    for (const auto& [field, text] :
         {std::pair("listen", config_.listen()), std::pair("http_listen", config_.http_listen())}) {
      if (CheckAddress(field, text, 0) && !IsLoopbackAddress(text) && !config_.has_tls()) {
        Report(field,
               fmt::format("'{}' can be reached from other machines, and tls is not set; add "
                           "a tls block or listen on 127.0.0.1",
                           text));
      }
    }
    const auto grpc = base::ParseAddress(config_.listen());
    if (grpc.ok() && grpc->port != 0 && config_.listen() == config_.http_listen()) {
      Report("http_listen", fmt::format("'{}' is the address of listen too; choose another port",
                                        config_.http_listen()));
    }
  }

  void CheckTls() {
    if (!config_.has_tls()) return;
    const auto& tls = config_.tls();
    for (const auto& [field, path] : {std::pair("tls.certificate_file", tls.certificate_file()),
                                      std::pair("tls.private_key_file", tls.private_key_file()),
                                      std::pair("tls.ca_file", tls.ca_file())}) {
      if (path.empty()) {
        Report(field, "is missing; tls needs certificate_file, private_key_file and ca_file");
      } else {
        CheckReadable(field, path);
      }
    }
  }

  void CheckReadable(std::string_view field, const std::string& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
      Report(field, fmt::format("{} does not exist", path));
    } else if (!std::filesystem::is_regular_file(path, ignored)) {
      Report(field, fmt::format("{} is not a file", path));
    } else if (::access(path.c_str(), R_OK) != 0) {
      Report(field, fmt::format("{} cannot be read by this user", path));
    }
  }

  void CheckPeers() {
    const auto& peers = config_.peers();
    for (const auto& [field, address] : {std::pair("peers.ingest", peers.ingest()),
                                         std::pair("peers.timeseries", peers.timeseries()),
                                         std::pair("peers.detection", peers.detection()),
                                         std::pair("peers.alerting", peers.alerting()),
                                         std::pair("peers.compliance", peers.compliance()),
                                         std::pair("peers.sensors", peers.sensors())}) {
      if (address.empty() || !CheckAddress(field, address, 1)) continue;
      if (!IsLoopbackAddress(address) && !config_.has_tls()) {
        Report(field, fmt::format("'{}' is another machine, and tls is not set; add a tls block",
                                  address));
      }
    }
  }

  void CheckRange(std::string_view field, std::uint64_t value, std::uint64_t low,
                  std::uint64_t high) {
    if (value < low || value > high) {
      Report(field, fmt::format("{} is outside {} to {}", value, low, high));
    }
  }

  void CheckLimits() {
    CheckRange("ingest.max_batch_rows", config_.ingest().max_batch_rows(), 1, 10'000);
    CheckRange("ingest.max_message_bytes", config_.ingest().max_message_bytes(), 64 << 10,
               256 * kMiB);
    CheckRange("ingest.max_streams", config_.ingest().max_streams(), 1, 200);
    CheckRange("ingest.max_streams_per_laboratory", config_.ingest().max_streams_per_laboratory(),
               1, 200);
    CheckRange("ingest.max_rows_in_flight_per_laboratory",
               config_.ingest().max_rows_in_flight_per_laboratory(),
               std::min(config_.ingest().max_batch_rows(), 10'000U), 100'000'000);
    CheckRange("ingest.max_rows_per_second_per_laboratory",
               config_.ingest().max_rows_per_second_per_laboratory(), 0, 100'000'000);
    CheckRange("ingest.max_bytes_in_flight", config_.ingest().max_bytes_in_flight(),
               2 * std::min<std::uint64_t>(config_.ingest().max_message_bytes(), 256 * kMiB),
               64 * 1024 * kMiB);
    CheckDuration("ingest.stream_idle_timeout", config_.ingest().stream_idle_timeout(), 86'400);
    CheckDuration("ingest.acknowledgement_timeout", config_.ingest().acknowledgement_timeout(),
                  3600);
    CheckConnections();
    CheckRange("backup.keep", config_.backup().keep(), 1, 100'000);
    CheckRange("timeseries.block_cache_bytes", config_.timeseries().block_cache_bytes(), kMiB,
               1024 * 1024 * kMiB);
    CheckRange("timeseries.write_buffer_bytes", config_.timeseries().write_buffer_bytes(), kMiB,
               64 * 1024 * kMiB);
    CheckRange("timeseries.identity_filter_bytes", config_.timeseries().identity_filter_bytes(),
               kMiB, 512 * kMiB);
    const auto& sensors = config_.sensors();
    CheckRange("sensors.block_cache_bytes", sensors.block_cache_bytes(), kMiB, 1024 * 1024 * kMiB);
    CheckRange("sensors.write_buffer_bytes", sensors.write_buffer_bytes(), kMiB, 64 * 1024 * kMiB);
    CheckRange("sensors.max_batch_readings", sensors.max_batch_readings(), 5'000, 60'000);
    CheckRange("sensors.max_streams", sensors.max_streams(), 1, 1'000);
    CheckRange("sensors.max_open_readings", sensors.max_open_readings(), 10'000, 1'000'000'000);
  }

  void CheckConnections() {
    const auto& connections = config_.connections();
    CheckRange("connections.max_calls_per_caller", connections.max_calls_per_caller(), 1, 10'000);
    CheckRange("connections.max_calls_per_connection", connections.max_calls_per_connection(), 1,
               10'000);
    CheckRange("connections.max_header_bytes", connections.max_header_bytes(), 1024, 1 << 20);
    for (const auto& [field, duration] :
         {std::pair("connections.min_ping_interval", connections.min_ping_interval()),
          std::pair("connections.keepalive_interval", connections.keepalive_interval()),
          std::pair("connections.max_idle", connections.max_idle()),
          std::pair("connections.max_age", connections.max_age())}) {
      CheckDuration(field, duration, 7 * 86'400);
    }
  }

  void CheckDuration(std::string_view field, const Duration& duration, std::int64_t highest) {
    const bool positive =
        duration.seconds() > 0 || (duration.seconds() == 0 && duration.nanos() > 0);
    const bool whole = duration.nanos() >= 0 && duration.nanos() < 1'000'000'000;
    if (!positive || !whole || duration.seconds() > highest) {
      Report(field, fmt::format("{} s and {} ns is no time between 0 and {} s", duration.seconds(),
                                duration.nanos(), highest));
    }
  }

  void CheckRest() {
    const std::string& origin = config_.compliance().audit_origin();
    const bool odd = std::any_of(origin.begin(), origin.end(), [](char c) {
      return c <= ' ' || c == '+' || static_cast<unsigned char>(c) >= 0x7F;
    });
    if (odd || origin.size() > 200) {
      Report(
          "compliance.audit_origin",
          fmt::format("'{}' must be at most 200 ASCII characters without spaces and '+': it names "
                      "the log in its checkpoints, for example audit.city.example/log1",
                      origin));
    }
    if (const auto level = base::ParseLogLevel(config_.log_level()); !level.ok()) {
      Report("log_level", base::Message(level.status()));
    }
    CheckDuration("stop_timeout", config_.stop_timeout(), 3600);
  }

  const Config& config_;
  std::vector<std::string> problems_;
};

}  // namespace

namespace {

void SetConnectionDefaults(config::v1::Connections& connections) {
  if (connections.max_calls_per_caller() == 0) connections.set_max_calls_per_caller(128);
  if (connections.max_calls_per_connection() == 0) connections.set_max_calls_per_connection(128);
  if (connections.max_header_bytes() == 0) connections.set_max_header_bytes(8 << 10);
  if (!connections.has_min_ping_interval()) {
    SetSeconds(*connections.mutable_min_ping_interval(), 20);
  }
  if (!connections.has_keepalive_interval()) {
    SetSeconds(*connections.mutable_keepalive_interval(), 120);
  }
  if (!connections.has_max_idle()) SetSeconds(*connections.mutable_max_idle(), 1800);
  if (!connections.has_max_age()) SetSeconds(*connections.mutable_max_age(), 86'400);
}

}  // namespace

Config WithDefaults(Config config) {
  const auto text = [](const std::string& now, const char* value, auto set) {
    if (now.empty()) set(value);
  };
  const auto number = [](auto now, auto value, auto set) {
    if (now == 0) set(static_cast<decltype(now)>(value));
  };
  text(config.data_dir(), "data", [&](auto v) { config.set_data_dir(v); });
  text(config.listen(), "127.0.0.1:7443", [&](auto v) { config.set_listen(v); });
  text(config.http_listen(), "127.0.0.1:7480", [&](auto v) { config.set_http_listen(v); });
  text(config.log_level(), "info", [&](auto v) { config.set_log_level(v); });
  if (!config.has_stop_timeout()) SetSeconds(*config.mutable_stop_timeout(), 10);
  auto& ingest = *config.mutable_ingest();
  number(ingest.max_batch_rows(), 5000, [&](auto v) { ingest.set_max_batch_rows(v); });
  number(ingest.max_message_bytes(), 16 * kMiB, [&](auto v) { ingest.set_max_message_bytes(v); });
  number(ingest.max_streams(), 64, [&](auto v) { ingest.set_max_streams(v); });
  number(ingest.max_streams_per_laboratory(), 16,
         [&](auto v) { ingest.set_max_streams_per_laboratory(v); });
  number(ingest.max_rows_in_flight_per_laboratory(), 100'000,
         [&](auto v) { ingest.set_max_rows_in_flight_per_laboratory(v); });
  number(ingest.max_bytes_in_flight(),
         std::max<std::uint64_t>(256 * kMiB, 2 * std::uint64_t{ingest.max_message_bytes()}),
         [&](auto v) { ingest.set_max_bytes_in_flight(v); });
  if (!ingest.has_stream_idle_timeout()) SetSeconds(*ingest.mutable_stream_idle_timeout(), 600);
  if (!ingest.has_acknowledgement_timeout()) {
    SetSeconds(*ingest.mutable_acknowledgement_timeout(), 30);
  }
  SetConnectionDefaults(*config.mutable_connections());
  if (config.backup().keep() == 0) config.mutable_backup()->set_keep(14);
  auto& timeseries = *config.mutable_timeseries();
  number(timeseries.block_cache_bytes(), 64 * kMiB,
         [&](auto v) { timeseries.set_block_cache_bytes(v); });
  number(timeseries.write_buffer_bytes(), 64 * kMiB,
         [&](auto v) { timeseries.set_write_buffer_bytes(v); });
  number(timeseries.identity_filter_bytes(), 64 * kMiB,
         [&](auto v) { timeseries.set_identity_filter_bytes(v); });
  auto& sensors = *config.mutable_sensors();
  number(sensors.block_cache_bytes(), 32 * kMiB, [&](auto v) { sensors.set_block_cache_bytes(v); });
  number(sensors.write_buffer_bytes(), 32 * kMiB,
         [&](auto v) { sensors.set_write_buffer_bytes(v); });
  number(sensors.max_batch_readings(), 50'000, [&](auto v) { sensors.set_max_batch_readings(v); });
  number(sensors.max_streams(), 64, [&](auto v) { sensors.set_max_streams(v); });
  number(sensors.max_open_readings(), 4'000'000, [&](auto v) { sensors.set_max_open_readings(v); });
  auto& alerting = *config.mutable_alerting();
  if (alerting.receivers().empty()) {
    auto& receiver = *alerting.add_receivers();
    receiver.set_name("console");
    receiver.mutable_stream();
  }
  for (auto& receiver : *alerting.mutable_receivers()) {
    if (!receiver.has_stream() || receiver.stream().has_give_up_after()) continue;
    SetSeconds(*receiver.mutable_stream()->mutable_give_up_after(), 24 * 3600);
  }
  if (!alerting.has_first_retry()) SetSeconds(*alerting.mutable_first_retry(), 5);
  number(alerting.max_attempts(), 12, [&](auto v) { alerting.set_max_attempts(v); });
  auto& compliance = *config.mutable_compliance();
  text(compliance.audit_origin(), "belgrand.local/audit",
       [&](auto v) { compliance.set_audit_origin(v); });
  if (compliance.two_person_above() == 0) compliance.set_two_person_above(10'000);
  if (compliance.keyring_dir().empty()) {
    compliance.set_keyring_dir((std::filesystem::path(config.data_dir()) / "keyring").string());
  }
  return config;
}

std::vector<std::string> CheckConfig(const Config& config) {
  const Config complete = WithDefaults(config);
  return Checker(complete).Run();
}

const std::string& PeerAddress(const config::v1::Peers& peers, RoleName role) {
  switch (role) {
    case RoleName::kCompliance:
      return peers.compliance();
    case RoleName::kTimeseries:
      return peers.timeseries();
    case RoleName::kIngest:
      return peers.ingest();
    case RoleName::kDetection:
      return peers.detection();
    case RoleName::kAlerting:
      return peers.alerting();
    case RoleName::kSensors:
      return peers.sensors();
    case RoleName::kMqttBridge:
    case RoleName::kWitness:
      break;  // nobody calls them
  }
  static const std::string none;
  return none;
}

std::vector<std::string> CheckPeersOf(const Config& config, const std::vector<RoleName>& roles) {
  const auto served = [&](RoleName role) {
    return std::find(roles.begin(), roles.end(), role) != roles.end();
  };
  std::vector<std::string> problems;
  for (const RoleName callee : kAllRoles) {
    if (served(callee) || !PeerAddress(config.peers(), callee).empty()) continue;
    std::string callers;
    for (std::size_t i = 0; i < kRoleCount; ++i) {
      const auto role = static_cast<RoleName>(i);
      std::vector<RoleName> callees = Callees(role);
      if (role == RoleName::kDetection && config.detection().has_sensor_watch()) {
        callees.push_back(RoleName::kSensors);
      }
      if (!served(role) || std::find(callees.begin(), callees.end(), callee) == callees.end()) {
        continue;
      }
      callers += fmt::format("{}{}", callers.empty() ? "" : " and ", Name(role));
    }
    if (callers.empty()) continue;
    problems.push_back(
        fmt::format("peers.{0}: is not set, and this process serves {1}, which needs the {0} role; "
                    "give its host:port, or add {0} to --role",
                    Name(callee), callers));
  }
  return problems;
}

}  // namespace belgrand::shared
