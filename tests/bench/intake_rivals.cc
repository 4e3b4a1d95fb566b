#include "tests/bench/intake_rivals.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <vector>

#include "platform/base/time.h"
#include "tests/bench/intake_load.h"

namespace belgrand::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Samples = google::protobuf::RepeatedPtrField<ingest::v1::Sample>;

constexpr int kBatch = 500;

double Seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

constexpr char kTable[] =
    "create table samples (laboratory_id text, sample_id text, target text, site_id text, "
    "collected_at timestamptz, known_at timestamptz, value float8, unit text, censoring int2, "
    "lod float8, loq float8, flow float8, population float8, method_id text, sampled_by text, "
    "analysed_by text, primary key (laboratory_id, sample_id, target))";

std::string CopyLine(const ingest::v1::Sample& s) {
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
                     s.laboratory_id(), s.sample_id(), s.target(), s.site_id(),
                     base::FormatInstant(base::FromMicros(s.collected_at().seconds() * 1'000'000)),
                     base::FormatInstant(base::FromMicros(s.known_at().seconds() * 1'000'000)),
                     s.value(), s.unit(), static_cast<int>(s.censoring()), s.lod(), s.loq(),
                     s.flow_m3_per_day(), s.population_served(), s.method_id(), s.sampled_by(),
                     s.analysed_by());
}

// Line protocol: what is searched for as tags, the rest as fields, as its manual advises.
std::string InfluxLine(const ingest::v1::Sample& s) {
  return fmt::format(
      "s,site={},target={} "
      "lab=\"{}\",id=\"{}\",value={},lod={},loq={},flow={},pop={},method=\"{}\","
      "by=\"{}\",an=\"{}\",known={}i {}\n",
      s.site_id(), s.target(), s.laboratory_id(), s.sample_id(), s.value(), s.lod(), s.loq(),
      s.flow_m3_per_day(), s.population_served(), s.method_id(), s.sampled_by(), s.analysed_by(),
      s.known_at().seconds(), s.collected_at().seconds());
}

// One HTTP/1.1 connection to loopback; enough for a server that is known.
class HttpConnection {
 public:
  explicit HttpConnection(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~HttpConnection() { ::close(socket_); }
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  bool connected() const { return connected_; }

  // The status code; 0 when the connection broke.
  int Post(const std::string& path, std::string_view body) {
    std::string request = fmt::format(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", path, body.size());
    request += body;
    for (std::size_t sent = 0; sent < request.size();) {
      const ssize_t n = ::send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return 0;
      sent += static_cast<std::size_t>(n);
    }
    std::string answer;
    char buffer[4096];
    while (answer.find("\r\n\r\n") == std::string::npos) {
      const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
      if (n <= 0) return 0;
      answer.append(buffer, static_cast<std::size_t>(n));
    }
    return answer.size() > 12 ? std::atoi(answer.c_str() + 9) : 0;
  }

 private:
  int socket_;
  bool connected_ = false;
};

// A child process that is ended with its owner.
class Child {
 public:
  explicit Child(const std::string& command) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::execl("/bin/sh", "sh", "-c", ("exec " + command).c_str(), nullptr);
    ::_exit(127);
  }
  ~Child() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  pid_t pid_;
};

int FreePort() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

}  // namespace

int PostgresRival::Run(const std::string& command) const {
  // The server refuses to run as root; its files are then those of its own account.
  const std::string prefix = ::geteuid() == 0 ? "runuser -u postgres -- " : "";
  return std::system(fmt::format("cd {} && {}{} >>{}/log 2>&1", directory_.string(), prefix,
                                 command, directory_.string())
                         .c_str());
}

std::unique_ptr<PostgresRival> PostgresRival::Start(const std::filesystem::path& directory,
                                                    std::string& why) {
  std::unique_ptr<PostgresRival> rival(new PostgresRival(directory));
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
    if (std::filesystem::exists(entry.path() / "bin/initdb", error)) {
      rival->binaries_ = (entry.path() / "bin").string();
    }
  }
  if (rival->binaries_.empty()) {
    why = "PostgreSQL is not installed";
    return nullptr;
  }
  std::filesystem::create_directories(directory);
  std::filesystem::permissions(directory, std::filesystem::perms::all);
  std::filesystem::permissions(
      directory.parent_path(),
      std::filesystem::perms::others_exec | std::filesystem::perms::group_exec,
      std::filesystem::perm_options::add);
  const std::string data = (directory / "data").string();
  const int started =
      rival->Run(fmt::format("{}/initdb -A trust -U bench -D {}", rival->binaries_, data)) |
      rival->Run(fmt::format("{}/pg_ctl -w -D {} -l {}/server.log -o \"-k {} -c "
                             "listen_addresses='' -c shared_buffers=1GB\" start",
                             rival->binaries_, data, directory.string(), directory.string())) |
      rival->Run(fmt::format("{}/psql -h {} -U bench postgres -c \"{}\"", rival->binaries_,
                             directory.string(), kTable));
  if (started != 0) {
    why = fmt::format("PostgreSQL did not start, see {}/log", directory.string());
    return nullptr;
  }
  return rival;
}

PostgresRival::~PostgresRival() {
  if (binaries_.empty()) return;
  Run(fmt::format("{}/pg_ctl -m immediate -D {}/data stop", binaries_, directory_.string()));
}

double PostgresRival::CopyRate(int clients, int batches, int run) {
  for (int i = 0; i < clients; ++i) {
    std::ofstream script(directory_ / fmt::format("{}.sql", i));
    RowSource source(run, i, kBatch);
    Samples samples;
    for (int batch = 0; batch < batches; ++batch) {
      source.Refill(samples);
      script << "copy samples from stdin;\n";
      for (const auto& sample : samples) script << CopyLine(sample);
      script << "\\.\n";
    }
    script.close();
    std::filesystem::permissions(directory_ / fmt::format("{}.sql", i),
                                 std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
  }
  const auto started = Clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([this, i] {
      Run(fmt::format("{}/psql -q -v ON_ERROR_STOP=1 -h {} -U bench postgres -f {}/{}.sql",
                      binaries_, directory_.string(), directory_.string(), i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(clients) * batches * kBatch / Seconds(started);
}

std::optional<double> InfluxRate(const std::filesystem::path& directory, int clients, int batches,
                                 std::string& why) {
  if (!std::filesystem::exists("/usr/bin/influxd")) {
    why = "InfluxDB is not installed";
    return std::nullopt;
  }
  std::filesystem::create_directories(directory);
  const int port = FreePort();
  std::ofstream(directory / "influx.conf") << fmt::format(
      "reporting-disabled = true\nbind-address = \"127.0.0.1:{}\"\n[meta]\ndir = "
      "\"{}/meta\"\n[data]\ndir = \"{}/data\"\nwal-dir = \"{}/wal\"\n[http]\nbind-address = "
      "\"127.0.0.1:{}\"\nlog-enabled = false\nwrite-tracing = false\n[monitor]\n"
      "store-enabled = false\n",
      FreePort(), directory.string(), directory.string(), directory.string(), port);
  const Child server(fmt::format("/usr/bin/influxd -config {}/influx.conf >{}/log 2>&1",
                                 directory.string(), directory.string()));
  bool ready = false;
  for (int attempt = 0; attempt < 200 && !ready; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    HttpConnection connection(port);
    ready = connection.connected() && connection.Post("/query?q=CREATE%20DATABASE%20b", "") == 200;
  }
  if (!ready) {
    why = fmt::format("InfluxDB did not start, see {}/log", directory.string());
    return std::nullopt;
  }
  std::vector<std::vector<std::string>> bodies(static_cast<std::size_t>(clients));
  for (int i = 0; i < clients; ++i) {
    RowSource source(1, i, kBatch);
    Samples samples;
    for (int batch = 0; batch < batches; ++batch) {
      source.Refill(samples);
      std::string& body = bodies[static_cast<std::size_t>(i)].emplace_back();
      for (const auto& sample : samples) body += InfluxLine(sample);
    }
  }
  const auto started = Clock::now();
  std::vector<std::thread> threads;
  std::atomic<int> refused = 0;
  for (const auto& mine : bodies) {
    threads.emplace_back([&] {
      HttpConnection connection(port);
      for (const std::string& body : mine) {
        if (connection.Post("/write?db=b&precision=s", body) != 204) ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double rate = static_cast<double>(clients) * batches * kBatch / Seconds(started);
  if (refused == 0) return rate;
  why = fmt::format("InfluxDB refused {} batches", refused.load());
  return std::nullopt;
}

}  // namespace belgrand::bench
