// SIGKILL under load: laboratories submit file after file through their spools, by the real
// command, while the service is killed at random moments, and now and then the command itself.
// After every kill fsck is clean; whatever submit said it took is acknowledged or still in a spool;
// in the end every row is stored, and stored once.
//
// BELGRAND_KILLS sets the number of kills: 8 by default, for the time of a test run; the promise is
// checked with 200. The last line printed says how many it was.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <set>
#include <shared_mutex>
#include <sstream>
#include <thread>

#include "platform/base/file.h"
#include "services/spool/spool.h"
#include "tests/support/client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {
namespace {

namespace fs = std::filesystem;
using shared::RoleName;

constexpr int kLaboratories = 3;
constexpr int kRowsPerFile = 10;
// Files that a laboratory may submit between two kills, so that the load follows the kills and not
// the speed of the machine.
constexpr int kFilesPerKill = 3;
constexpr int kKilled = -9;
constexpr char kHeader[] =
    "sample_id,site_id,district_id,population,collected_on,known_on,target,value,unit,censoring,"
    "lod,loq,flow_m3_per_day,lab_id,method_id\n";

int Kills() {
  const char* const text = std::getenv("BELGRAND_KILLS");
  return text != nullptr ? std::max(1, std::atoi(text)) : 8;
}

// Runs the binary; with a limit, kills it after that many microseconds. Exit code or -signal.
int RunFor(std::vector<std::string> words, std::optional<int> micros, const fs::path& log) {
  words.insert(words.begin(), BinaryPath().string());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(fd, STDOUT_FILENO);
    ::dup2(fd, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  if (micros) {
    ::usleep(static_cast<useconds_t>(*micros));
    ::kill(child, SIGKILL);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// A laboratory whose LIMS calls submit for every file until the command says that it has it.
class Lims {
 public:
  Lims(Deployment& deployment, fs::path directory, int number, std::uint64_t seed)
      : server_(deployment.ClientFlags(RoleName::kIngest, "laboratory")),
        directory_(std::move(directory)),
        number_(number),
        random_(seed) {
    fs::create_directories(directory_);
  }

  // `pause` is held for writing by whoever wants to look at a spool at rest.
  void Run(const std::atomic<bool>& stop, std::shared_mutex& pause) {
    while (!stop) {
      if (files_due_ == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      --files_due_;
      const std::vector<std::string> ids = WriteFile();
      for (bool taken = false; !taken && !stop;) {
        const std::shared_lock<std::shared_mutex> busy(pause);
        taken = SubmitFile();
        if (taken) taken_.insert(ids.begin(), ids.end());
      }
    }
  }

  void Grant(int files) { files_due_ = files; }

  // Sends all that is left; the exit code.
  int Drain() {
    std::vector<std::string> words = {"submit", "--drain", "--spool", Spool(), "--patience", "30"};
    words.insert(words.end(), server_.begin(), server_.end());
    return RunFor(words, std::nullopt, directory_ / "log");
  }

  // Rows that a verdict file names, with their outcome; a row of a file that was submitted twice
  // stands there twice.
  std::multimap<std::string, std::string> Judged() const {
    std::multimap<std::string, std::string> judged;
    for (const auto& entry : fs::directory_iterator(directory_ / "spool" / "verdicts")) {
      if (entry.path().extension() != ".csv") continue;
      std::istringstream lines(base::ReadFile(entry.path()).value_or(""));
      std::string line;
      std::getline(lines, line);
      while (std::getline(lines, line)) {
        std::vector<std::string> cells;
        std::istringstream cut(line);
        for (std::string cell; std::getline(cut, cell, ',');) cells.push_back(cell);
        judged.emplace(cells.at(1), cells.at(4));
      }
    }
    return judged;
  }

  std::set<std::string> Waiting() const {
    std::set<std::string> waiting;
    spool::SpoolOptions options;
    options.directory = Spool();
    const auto spool = spool::Spool::Open(options, base::Clock::System());
    EXPECT_OK(spool);
    const auto queue = (*spool)->Queue();
    EXPECT_OK(queue);
    for (const std::uint64_t id : *queue) {
      const auto input = (*spool)->Read(id);
      EXPECT_OK(input);
      EXPECT_OK(input->ForEach([&](const spool::v1::Row& row, const ingest::v1::Verdict*) {
        waiting.insert(row.sample().sample_id());
      }));
    }
    return waiting;
  }

  void ExpectNothingLost() const {
    if (taken_.empty()) return;
    const auto judged = Judged();
    const auto waiting = Waiting();
    for (const std::string& id : taken_) {
      EXPECT_TRUE(judged.contains(id) || waiting.contains(id)) << id << " is lost";
    }
  }

  const std::set<std::string>& taken() const { return taken_; }
  std::string laboratory() const { return "lab-" + std::to_string(number_); }
  int commands() const { return commands_; }
  int killed() const { return killed_; }
  std::string strange() const { return strange_; }

 private:
  std::string Spool() const { return (directory_ / "spool").string(); }

  std::vector<std::string> WriteFile() {
    std::vector<std::string> ids;
    std::ofstream out(directory_ / "samples.csv");
    out << kHeader;
    for (int i = 0; i < kRowsPerFile; ++i) {
      ids.push_back(fmt::format("{}/{}", number_, next_++));
      out << ids.back() << ",site-1,district-1,20000,2021-01-05,2021-01-06,sars-cov-2,"
          << 25000 + next_ << ",gc/L,none,1316,11368,," << laboratory() << ",m1\n";
    }
    return ids;
  }

  bool SubmitFile() {
    std::vector<std::string> words = {"submit",       (directory_ / "samples.csv").string(),
                                      "--spool",      Spool(),
                                      "--patience",   "0",
                                      "--batch-rows", "10"};
    words.insert(words.end(), server_.begin(), server_.end());
    std::optional<int> micros;
    if (random_() % 4 == 0) micros = static_cast<int>(random_() % 60'000);
    const int code = RunFor(words, micros, directory_ / "log");
    ++commands_;
    killed_ += code == kKilled;
    if (code != 0 && code != 4 && code != kKilled) {
      strange_ = fmt::format("exit code {}: {}", code,
                             base::ReadFile(directory_ / "log").value_or("no log"));
    }
    return code == 0 || code == 4;
  }

  const std::vector<std::string> server_;
  const fs::path directory_;
  const int number_;
  std::mt19937_64 random_;
  std::atomic<int> files_due_ = 0;
  int next_ = 0;
  std::set<std::string> taken_;
  std::atomic<int> commands_ = 0;
  std::atomic<int> killed_ = 0;
  std::string strange_;
};

TEST(SpoolKillTest, EverySampleIsAcknowledgedOrInASpoolAndNoneIsStoredTwice) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  const int kills = Kills();
  const TempDir dir;
  Deployment deployment(Shape::kOneProcess, dir.path() / "service");
  const std::string data = deployment.data(RoleName::kTimeseries).parent_path().string();
  ASSERT_OK(deployment.Start());
  timeseries::v1::Site site;
  site.set_site_id("site-1");
  site.set_district_id("district-1");
  site.set_population_served(20'000);
  ASSERT_OK(Client(deployment).PutSites({site}));

  std::vector<std::unique_ptr<Lims>> laboratories;
  for (int i = 0; i < kLaboratories; ++i) {
    laboratories.push_back(std::make_unique<Lims>(
        deployment, dir.path() / ("lims-" + std::to_string(i)), i, random()));
  }
  std::atomic<bool> stop = false;
  std::shared_mutex pause;
  std::vector<std::jthread> threads;
  for (auto& laboratory : laboratories) {
    threads.emplace_back([&stop, &pause, lims = laboratory.get()] { lims->Run(stop, pause); });
  }
  const auto commands = [&] {
    int sum = 0;
    for (const auto& laboratory : laboratories) sum += laboratory->commands();
    return sum;
  };
  for (int kill = 0; kill < kills && !::testing::Test::HasFailure(); ++kill) {
    for (const auto& laboratory : laboratories) laboratory->Grant(kFilesPerKill);
    const int goal = commands() + 1 + static_cast<int>(random() % 4);
    EXPECT_TRUE(Eventually([&] { return commands() >= goal; }));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
    deployment.KillAll();
    const CommandResult fsck = RunBelgrand({"fsck", data});
    EXPECT_EQ(fsck.exit_code, 0) << "kill " << kill << ": " << fsck.out << fsck.err;
    if (kill % 4 == 3) {
      const std::unique_lock<std::shared_mutex> rest(pause);
      for (const auto& laboratory : laboratories) laboratory->ExpectNothingLost();
    }
    EXPECT_OK(deployment.Start());
  }
  stop = true;
  threads.clear();

  Client client(deployment);
  std::size_t rows = 0;
  int killed = 0;
  for (const auto& laboratory : laboratories) {
    EXPECT_EQ(laboratory->strange(), "");
    EXPECT_EQ(laboratory->Drain(), 0);
    EXPECT_TRUE(laboratory->Waiting().empty());
    laboratory->ExpectNothingLost();
    for (const auto& [id, outcome] : laboratory->Judged()) {
      EXPECT_TRUE(outcome == "accepted" || outcome == "duplicate") << id << " " << outcome;
    }
    for (const std::string& id : laboratory->taken()) {
      ingest::v1::Sample sample;
      sample.set_laboratory_id(laboratory->laboratory());
      sample.set_sample_id(id);
      sample.set_target("sars-cov-2");
      const auto history = client.History(sample);
      ASSERT_OK(history) << id << " is acknowledged and not stored";
      EXPECT_EQ(history->versions_size(), 1) << id << " is stored twice";
    }
    rows += laboratory->taken().size();
    killed += laboratory->killed();
  }
  EXPECT_GE(rows, static_cast<std::size_t>(kills)) << "too little load to mean anything";
  EXPECT_GT(killed, 0) << "no command was killed";
  EXPECT_EQ(deployment.TerminateAll(), std::vector<int>{0});
  EXPECT_EQ(RunBelgrand({"fsck", data}).exit_code, 0);
  std::cout << fmt::format(
      "{} kills of the service, {} of {} commands killed, {} rows; BELGRAND_KILLS sets how many\n",
      kills, killed, commands(), rows);
}

}  // namespace
}  // namespace belgrand::testing
