// From a sample that a laboratory sends to a mail that a server has accepted, over the whole path
// of a running service: every district of a large country alarms within a minute.
//
// Three runs of the same load: alone; beside a receiver whose server takes two seconds a letter;
// and all at once, for the rate, beside bare letters of the same size to the same kind of server.
// Latency is counted from just before the sample is sent to the line that the mail server writes
// when it has the letter: intake, the disk, detection, the alert, the outbox and SMTP are in it.
//
//   delivery_bench [--districts=1500] [--seconds=60]
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "platform/base/check.h"
#include "platform/base/log.h"
#include "tests/support/client.h"
#include "tests/support/delivery_book.h"
#include "tests/support/deployment.h"
#include "tests/support/sink.h"
#include "tests/support/temp_dir.h"

namespace belgrand::bench {
namespace {

using testing::BookLine;
using testing::Deployment;
using testing::Sink;

constexpr int kHistoryWeeks = 14;
constexpr std::int64_t kFirstDay = 19'000;
constexpr std::size_t kBatch = 500;

struct Options {
  int districts = 1'500;
  double seconds = 60;
};

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] { return std::atof(word.substr(word.find('=') + 1).c_str()); };
    // How every benchmark is told to prove only that it works.
    if (word.starts_with("--benchmark_min_time")) options = {.districts = 20, .seconds = 2};
    if (word.starts_with("--districts=")) options.districts = static_cast<int>(value());
    if (word.starts_with("--seconds=")) options.seconds = value();
  }
  return options;
}

std::string DistrictName(int number) { return fmt::format("d-{:05}", number); }

ingest::v1::Sample SampleOf(int district, int week, double value) {
  ingest::v1::Sample sample;
  const std::string site = "works-" + DistrictName(district);
  sample.set_laboratory_id("lab-a");
  sample.set_sample_id(site + "/" + std::to_string(week));
  sample.set_site_id(site);
  sample.mutable_collected_at()->set_seconds((kFirstDay + 7 * week) * 86'400);
  sample.set_target("sars-cov-2");
  sample.set_unit("gc/L");
  sample.set_value(value);
  sample.set_censoring(ingest::v1::NONE);
  sample.set_lod(1'000);
  sample.set_loq(3'000);
  sample.set_method_id("rt-qpcr-1");
  return sample;
}

// Levels that go up and down a little, the same in every run.
double QuietValue(int district, int week) {
  constexpr double kWobble[] = {1.0, 1.2, 0.9, 1.1, 0.85, 1.15, 0.95};
  return 20'000 * kWobble[(district + 3 * week) % 7];
}

std::int64_t NowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

double Quantile(std::vector<double> values, double q) {
  BELGRAND_CHECK(!values.empty());
  std::ranges::sort(values);
  const auto at = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5);
  return values[at];
}

// A service with its mail servers, on a disk of its own.
class Stage {
 public:
  explicit Stage(const Options& options, bool with_slow)
      : options_(options),
        duty_("delivery_sink.py", {"--protocol", "smtp", "--book", Book("duty")}),
        slow_("delivery_sink.py",
              {"--protocol", "smtp", "--book", Book("slow"), "--slow", "1", "--delay", "2"}),
        deployment_(testing::Shape::kOneProcess, dir_.path() / "run", Config(with_slow)) {
    BELGRAND_CHECK(deployment_.Start().ok());
    client_ = std::make_unique<testing::Client>(deployment_);
    std::vector<timeseries::v1::Site> sites;
    for (int i = 0; i < options_.districts; ++i) {
      auto& site = sites.emplace_back();
      site.set_site_id("works-" + DistrictName(i));
      site.set_name(site.site_id());
      site.set_district_id(DistrictName(i));
      site.set_population_served(20'000);
    }
    BELGRAND_CHECK(client_->PutSites(sites).ok());
    std::vector<ingest::v1::Sample> rows;
    for (int week = 0; week < kHistoryWeeks; ++week) {
      for (int i = 0; i < options_.districts; ++i) {
        rows.push_back(SampleOf(i, week, QuietValue(i, week)));
        if (rows.size() == kBatch) Send(rows);
      }
    }
    Send(rows);
    BELGRAND_CHECK(client_->WaitForDetection(static_cast<std::uint64_t>(kHistoryWeeks) *
                                             static_cast<std::uint64_t>(options_.districts)));
    BELGRAND_CHECK(testing::ReadBook(Book("duty")).empty());  // the quiet weeks raised nothing
  }

  // Every district's sewage rises a hundredfold, one after the other over `seconds`.
  void Alarm(double seconds) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<ingest::v1::Sample> rows;
    for (int i = 0; i < options_.districts; ++i) {
      if (seconds > 0) {
        std::this_thread::sleep_until(
            start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                        std::chrono::duration<double>(seconds * i / options_.districts)));
      }
      rows.push_back(SampleOf(i, kHistoryWeeks, 100 * QuietValue(i, kHistoryWeeks)));
      sent_us_[DistrictName(i)] = NowMicros();
      if (seconds > 0 || rows.size() == kBatch) Send(rows);
    }
    Send(rows);
  }

  // Milliseconds from each sample to the first mail on its district; every district has one.
  std::vector<double> WaitForMails() {
    std::map<std::string, std::int64_t> first;
    const bool all = testing::Eventually([&] {
      first.clear();
      for (const BookLine& line : testing::ReadBook(Book("duty"))) {
        first.try_emplace(line.district, line.at_us);
      }
      return first.size() >= sent_us_.size();
    });
    if (!all) std::cerr << first.size() << " of " << sent_us_.size() << " districts have a mail\n";
    BELGRAND_CHECK(all);
    std::vector<double> waits;
    for (const auto& [district, at_us] : first) {
      waits.push_back(static_cast<double>(at_us - sent_us_.at(district)) / 1'000);
      first_us_ = std::min(first_us_, at_us);
      last_us_ = std::max(last_us_, at_us);
    }
    return waits;
  }
  double MailsPerSecond() const {
    return 1e6 * static_cast<double>(sent_us_.size() - 1) /
           static_cast<double>(last_us_ - first_us_);
  }
  std::size_t SlowLetters() const { return testing::ReadBook(Book("slow")).size(); }
  int duty_port() const { return duty_.port(); }

 private:
  std::string Book(const std::string& name) const { return (dir_.path() / name).string(); }
  std::string Config(bool with_slow) const {
    const auto mail = [](const std::string& name, int port) {
      return fmt::format(
          "receivers {{ name: '{}' mail {{ server: 'smtp://127.0.0.1:{}' from: "
          "'belgrand@city.example' to: '{}@city.example' }} }}\n",
          name, port, name);
    };
    return "alerting {\n" + mail("duty", duty_.port()) +
           (with_slow ? mail("slow", slow_.port()) : "") + "}\n";
  }
  void Send(std::vector<ingest::v1::Sample>& rows) {
    if (rows.empty()) return;
    const auto answer = client_->Submit(rows);
    BELGRAND_CHECK(answer.ok());
    for (const auto& verdict : answer->verdicts()) {
      BELGRAND_CHECK(verdict.outcome() == ingest::v1::Verdict::ACCEPTED);
    }
    rows.clear();
  }

  const Options options_;
  const testing::TempDir dir_;
  Sink duty_;
  Sink slow_;
  Deployment deployment_;
  std::unique_ptr<testing::Client> client_;
  std::map<std::string, std::int64_t> sent_us_;
  std::int64_t first_us_ = INT64_MAX;
  std::int64_t last_us_ = 0;
};

// One letter, as plainly as SMTP allows: a connection, the envelope, the letter, the answer.
void SendBare(int port, const std::string& letter) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BELGRAND_CHECK(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  const auto answer = [fd] {
    std::string text;
    char buffer[512];
    // The last line of an answer has a blank after its code.
    while (text.size() < 4 || text.back() != '\n' ||
           text[text.rfind('\n', text.size() - 2) + 4] == '-') {
      const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
      BELGRAND_CHECK(got > 0);
      text.append(buffer, static_cast<std::size_t>(got));
    }
    BELGRAND_CHECK(text[0] == '2' || text[0] == '3');
  };
  const auto say = [&](const std::string& text) {
    BELGRAND_CHECK(::send(fd, text.data(), text.size(), MSG_NOSIGNAL) ==
                   static_cast<ssize_t>(text.size()));
    answer();
  };
  answer();
  say("EHLO bench\r\n");
  say("MAIL FROM:<belgrand@city.example>\r\n");
  say("RCPT TO:<duty@city.example>\r\n");
  say("DATA\r\n");
  say(letter);
  say("QUIT\r\n");
  ::close(fd);
}

// Letters a second, one after the other.
double BareRate(int letters) {
  const testing::TempDir dir;
  const Sink sink("delivery_sink.py",
                  {"--protocol", "smtp", "--book", (dir.path() / "b").string()});
  std::string letter = "Subject: bare\r\nBelgrand-Event-Id: x-1\r\nMessage-ID: <1@b>\r\n\r\n";
  while (letter.size() < 24 * 1024) letter += std::string(70, 'x') + "\r\n";
  letter += ".\r\n";
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < letters; ++i) SendBare(sink.port(), letter);
  return letters / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void Run(const Options& options) {
  std::cout << fmt::format("{} districts alarm within {:.0f} s\n", options.districts,
                           options.seconds);
  const auto measure = [&](bool with_slow) {
    Stage stage(options, with_slow);
    stage.Alarm(options.seconds);
    const std::vector<double> waits = stage.WaitForMails();
    std::cout << fmt::format(
        "{:<44} p50 {:>8.1f} ms  p99 {:>8.1f} ms",
        with_slow ? "beside a receiver that takes 2 s a letter:" : "sample sent to mail accepted:",
        Quantile(waits, 0.5), Quantile(waits, 0.99));
    if (with_slow) std::cout << fmt::format("  (it had {} letters by then)", stage.SlowLetters());
    std::cout << "\n";
    return std::pair(Quantile(waits, 0.5), Quantile(waits, 0.99));
  };
  const auto alone = measure(false);
  const auto beside = measure(true);
  std::cout << fmt::format("a slow receiver changes p50 by {:.2f} and p99 by {:.2f}\n",
                           beside.first / alone.first, beside.second / alone.second);
  Stage burst(options, false);
  burst.Alarm(0);
  const std::vector<double> waits = burst.WaitForMails();
  const double bare = BareRate(std::min(options.districts, 500));
  std::cout << fmt::format(
      "all at once: {:.0f} mails/s, the last after {:.1f} s; bare letters {:.0f}/s: ratio {:.2f}\n",
      burst.MailsPerSecond(), Quantile(waits, 1) / 1'000, bare, burst.MailsPerSecond() / bare);
}

}  // namespace
}  // namespace belgrand::bench

int main(int argc, char** argv) {
  belgrand::base::SetLogLevel(belgrand::base::LogLevel::kWarning);
  belgrand::bench::Run(belgrand::bench::Parse(argc, argv));
}
