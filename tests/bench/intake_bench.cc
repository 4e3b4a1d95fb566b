// Durable intake end to end, beside the least that could do it: ratios of one run, one machine.
//
//   intake_bench [--seconds=2] [--rounds=3] [--rivals] [--sweep]
//   intake_bench --profile [--seconds=2]   the service alone, to be looked at with perf
//
// The service is the real one: the ingest, timeseries and compliance roles of one process under
// mutual TLS; every row is new, validated, compared, versioned, numbered in the feed; two personal
// fields a row are sealed; each batch has its audit entry; the answer follows the syncs. The
// baseline (tests/bench/intake_prototype.h) is served twice, in plain text and under mutual TLS.
// Clients run in this process too: both sides share the machine's cores.
// Rounds alternate between the three, and the median of each is printed, with the ratio.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string_view>
#include <thread>

#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/check.h"
#include "platform/base/log.h"
#include "platform/rpc/channel.h"
#include "services/cli/process.h"
#include "services/shared/config_check.h"
#include "tests/bench/intake_load.h"
#include "tests/bench/intake_prototype.h"
#include "tests/bench/intake_rivals.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace belgrand::bench {
namespace {

struct Options {
  double seconds = 2;
  int rounds = 3;
  bool sweep = false;
  bool rivals = false;
  bool profile = false;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

double ResidentMiB() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

class Service {
 public:
  explicit Service(const std::filesystem::path& directory)
      : authority_(directory / "certificates"),
        server_(authority_.Issue("server", "URI:spiffe://bench/service/all")),
        laboratory_(authority_.Issue(kLaboratory,
                                     fmt::format("URI:spiffe://bench/laboratory/{}", kLaboratory))),
        operator_(authority_.Issue("operator", "URI:spiffe://bench/operator/one")) {
    config::v1::Config config;
    config.set_data_dir((directory / "data").string());
    config.set_listen("127.0.0.1:0");
    config.set_http_listen("127.0.0.1:0");
    // One laboratory stands for many here.
    config.mutable_ingest()->set_max_streams_per_laboratory(200);
    config.mutable_tls()->set_certificate_file(server_.certificate);
    config.mutable_tls()->set_private_key_file(server_.private_key);
    config.mutable_tls()->set_ca_file(server_.authorities);
    // Not served and never called here: neither what detection makes of the rows nor what a sensor
    // sends is part of the intake of samples.
    config.mutable_peers()->set_alerting("localhost:1");
    config.mutable_peers()->set_detection("localhost:1");
    config.mutable_peers()->set_sensors("localhost:1");
    auto process = cli::Process::Create(
        shared::WithDefaults(config),
        {shared::RoleName::kCompliance, shared::RoleName::kTimeseries, shared::RoleName::kIngest});
    if (!process.ok()) fmt::print(stderr, "{}\n", base::Message(process.status()));
    BELGRAND_CHECK(process.ok());
    process_ = std::move(*process);
    BELGRAND_CHECK(process_->Start().ok());
    PutSites();
  }

  std::shared_ptr<grpc::Channel> Channel() const {
    return Open(process_->grpc_port(), laboratory_);
  }
  static std::shared_ptr<grpc::Channel> Open(int port, const std::optional<rpc::TlsFiles>& tls) {
    auto channel = rpc::OpenChannel(fmt::format("localhost:{}", port), tls);
    BELGRAND_CHECK(channel.ok());
    return *channel;
  }
  const rpc::TlsFiles& server_files() const { return server_; }
  const rpc::TlsFiles& client_files() const { return laboratory_; }

 private:
  void PutSites() const {
    const auto stub = timeseries::v1::SiteService::NewStub(Open(process_->grpc_port(), operator_));
    timeseries::v1::PutSitesRequest request;
    for (const auto& site : Sites()) *request.add_sites() = site;
    timeseries::v1::PutSitesResponse response;
    grpc::ClientContext context;
    const grpc::Status status = stub->PutSites(&context, request, &response);
    if (!status.ok()) fmt::print(stderr, "{}\n", status.error_message());
    BELGRAND_CHECK(status.ok());
  }

  testing::TestAuthority authority_;
  rpc::TlsFiles server_;
  rpc::TlsFiles laboratory_;
  rpc::TlsFiles operator_;
  std::unique_ptr<cli::Process> process_;
};

class Bench {
 public:
  explicit Bench(const Options& options)
      : options_(options),
        service_(directory_.path() / "service"),
        plain_(directory_.path() / "plain", std::nullopt),
        tls_(directory_.path() / "tls", service_.server_files()) {}

  void Streams(int streams, int rows) {
    std::vector<double> service;
    std::vector<double> plain;
    std::vector<double> tls;
    std::vector<double> cpu;
    std::vector<double> tls_cpu;
    LoadResult last;
    for (int round = 0; round < options_.rounds; ++round) {
      plain.push_back(Load([&] { return Service::Open(plain_.port(), std::nullopt); }, streams,
                           rows, Expect::kAcknowledgement)
                          .rate());
      last = Load([&] { return service_.Channel(); }, streams, rows, Expect::kVerdicts);
      service.push_back(last.rate());
      cpu.push_back(last.cpu_us_per_row());
      const LoadResult bare =
          Load([&] { return Service::Open(tls_.port(), service_.client_files()); }, streams, rows,
               Expect::kAcknowledgement);
      tls.push_back(bare.rate());
      tls_cpu.push_back(bare.cpu_us_per_row());
    }
    const double rate = Median(service);
    headline_ = rate;
    fmt::print(
        "{:>4} streams x {:>3}  {:>9.0f}  {:>9.0f} {:>6.2f}  {:>9.0f} {:>6.2f}  {:>6.2f} {:>6.2f} "
        "{:>6.2f}   {:>6.2f} {:>7.2f}  {:>6.0f}\n",
        streams, rows, rate, Median(plain), rate / Median(plain), Median(tls), rate / Median(tls),
        Median(cpu), Median(tls_cpu), Median(tls_cpu) / Median(cpu), last.latency(0.5),
        last.latency(0.99), ResidentMiB());
    std::fflush(stdout);
  }

  void Unary() {
    std::vector<double> one;
    std::vector<double> many;
    for (int round = 0; round < options_.rounds; ++round) {
      one.push_back(
          UnaryLoad([&] { return service_.Channel(); }, 1, options_.seconds, run_++).rate());
      many.push_back(
          UnaryLoad([&] { return service_.Channel(); }, 64, options_.seconds, run_++).rate());
    }
    fmt::print(
        "\nsingle submissions: 1 client {:.0f}/s, 64 clients {:.0f}/s, ratio {:.1f} "
        "(aim 10)\n",
        Median(one), Median(many), Median(many) / Median(one));
  }

  void Rivals() const {
    std::string why;
    fmt::print("\n");
    if (const auto postgres = PostgresRival::Start(directory_.path() / "postgres", why)) {
      std::vector<double> rates;
      for (int round = 0; round < options_.rounds; ++round) {
        rates.push_back(postgres->CopyRate(8, 100, round));
      }
      fmt::print(
          "PostgreSQL COPY, 8 connections x 500 a commit: {:.0f}/s, service is {:.2f} times "
          "that (aim 2)\n",
          Median(rates), headline_ / Median(rates));
    } else {
      fmt::print("PostgreSQL: not compared: {}\n", why);
    }
    if (const auto influx = InfluxRate(directory_.path() / "influx", 8, 100, why)) {
      fmt::print(
          "InfluxDB, 8 connections x 500, synced: {:.0f}/s, service is {:.2f} times that "
          "(aim 5)\n",
          *influx, headline_ / *influx);
    } else {
      fmt::print("InfluxDB: not compared: {}\n", why);
    }
  }

  void Profile() {
    const LoadResult result = Load([&] { return service_.Channel(); }, 8, 500, Expect::kVerdicts);
    fmt::print("{:.0f} rows/s, {:.2f} us of processor time a row\n", result.rate(),
               result.cpu_us_per_row());
  }

  void Run() {
    fmt::print(
        "rows/s and microseconds of processor time a row (clients included), medians of {} rounds "
        "of {} s\n{:>18}  {:>9}  {:>9} {:>6}  {:>9} {:>6}  {:>6} {:>6} {:>6}   {:>6} {:>7}  "
        "{:>6}\n",
        options_.rounds, options_.seconds, "", "service", "bare", "ratio", "bare mTLS", "ratio",
        "us", "bare", "ratio", "p50 ms", "p99 ms", "RSS MiB");
    if (options_.sweep) {
      for (const int rows : {1, 10, 50}) {
        for (const int streams : {1, 8}) Streams(streams, rows);
      }
      Streams(1, 500);
      Streams(64, 500);
    }
    Streams(8, 500);
    if (options_.sweep) Unary();
    if (options_.rivals) Rivals();
  }

 private:
  LoadResult Load(const ChannelMaker& connect, int streams, int rows, Expect expect) {
    return StreamLoad(connect, streams, rows, options_.seconds, run_++, expect);
  }

  const Options options_;
  testing::TempDir directory_;
  Service service_;
  Prototype plain_;
  Prototype tls_;
  int run_ = 0;
  double headline_ = 0;
};

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with("--seconds=")) options.seconds = std::atof(argv[i] + 10);
    if (argument.starts_with("--rounds=")) options.rounds = std::atoi(argv[i] + 9);
    if (argument == "--sweep") options.sweep = true;
    if (argument == "--rivals") options.rivals = true;
    if (argument == "--profile") options.profile = true;
    // What ./dev and the smoke test give every bench.
    if (argument.starts_with("--benchmark_min_time=")) {
      options.seconds = 0.05;
      options.rounds = 1;
      options.sweep = true;
    }
  }
  return options;
}

}  // namespace
}  // namespace belgrand::bench

int main(int argc, char** argv) {
  belgrand::base::SetLogLevel(belgrand::base::LogLevel::kWarning);
  const auto options = belgrand::bench::Parse(argc, argv);
  belgrand::bench::Bench bench(options);
  options.profile ? bench.Profile() : bench.Run();
}
