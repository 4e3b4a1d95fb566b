// Delivery that can be proven: thousands of alerts to real servers that refuse, drop, lose, answer
// late or show the wrong certificate, over a disk that fills and a clock that jumps, while the
// service is killed at every step of delivering (tests/support/kill_steps.h). Afterwards it is
// counted in the books of the servers, not in ours: nothing is lost, nothing is undelivered without
// a dead letter, and every duplicate says "repeat" under the id of the first.
//
// BELGRAND_DELIVERY_ALERTS and BELGRAND_DELIVERY_KILLS make it longer; docs/delivery.md has the
// figures of a long run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "platform/base/file.h"
#include "tests/support/client.h"
#include "tests/support/delivery_book.h"
#include "tests/support/fault_control.h"
#include "tests/support/kill_steps.h"
#include "tests/support/sink.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace belgrand::testing {
namespace {

using alerting::v1::AlertingService;
using detection::v1::Signal;
using shared::RoleName;

constexpr int kSteps = static_cast<int>(kKillSteps.size());

int FromEnvironment(const char* name, int otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? std::max(1, std::atoi(text)) : otherwise;
}

// One signal that detection reports.
struct Word {
  int district = 0;
  Signal::Phase phase = Signal::RAISED;
};

std::string DistrictName(int number) { return fmt::format("d-{:05}", number); }

Signal SignalOf(const Word& word, std::uint64_t feed) {
  Signal signal;
  const std::string name = DistrictName(word.district);
  signal.set_signal_key("DISTRICT/" + name + "/SARS-CoV-2/trend");
  signal.set_feed_sequence(feed);
  signal.set_phase(word.phase);
  signal.set_level(detection::v1::DISTRICT);
  signal.set_area_id(name);
  signal.set_district_id(name);
  signal.set_target("SARS-CoV-2");
  signal.set_kind(detection::v1::RISE);
  signal.set_severity(detection::v1::WARNING);
  signal.set_detector("trend");
  return signal;
}

// The servers that alerts go to, and their books.
class World {
 public:
  World(const std::filesystem::path& directory, unsigned seed)
      : directory_(directory), authority_(directory / "tls"), stranger_(directory / "other") {
    const base::TlsFiles tls = authority_.Issue("mail", "");
    right_authority_ = tls.authorities;
    const std::vector<std::string> moods = {"--refuse", "0.04", "--drop", "0.02",
                                            "--lose",   "0.02", "--slow", "0.01"};
    duty_ = Open("duty", "smtp", moods, seed);
    secure_ = Open("secure", "smtp",
                   {"--certificate", tls.certificate, "--private-key", tls.private_key}, seed + 1);
    gone_ = Open("gone", "smtp", {}, seed + 2);
    closed_ = Open("closed", "smtp", {"--reject-all"}, seed + 3);
    hook_ = Open("hook", "http", moods, seed + 4);
    manager_ = std::make_unique<Sink>("alertmanager.py");
    EXPECT_OK(base::WriteFileAtomically(Path("secret"), std::string(40, 's')));
    SetAuthority(stranger_.Issue("stranger", "").authorities);
    Close();
  }

  // `closed_districts`: of which one receiver is told whose address does not exist.
  std::string Config(const std::vector<std::string>& closed_districts) const {
    std::string only;
    for (const std::string& district : closed_districts)
      only += "district_ids: '" + district + "' ";
    const auto mail = [&](const std::string& name, const Sink& sink, const std::string& to,
                          const std::string& more = "") {
      return fmt::format(
          "receivers {{ name: '{}' {} mail {{ server: 'smtp://localhost:{}' from: "
          "'belgrand@city.example' {} {} }} }}\n",
          name, name == "closed" ? only : "", sink.port(), to, more);
    };
    return "alerting {\n" +
           mail("duty", *duty_, "to: 'anna@city.example' to: 'bruno@city.example'") +
           mail("secure", *secure_, "to: 'carla@city.example'",
                "require_tls: true ca_file: '" + Path("authority") + "'") +
           mail("gone", *gone_, "to: 'dora@city.example'") +
           mail("closed", *closed_, "to: 'nobody@city.example'") +
           fmt::format(
               "receivers {{ name: 'hook' webhook {{ url: 'http://127.0.0.1:{}/alerts' "
               "secret_file: '{}' }} }}\n",
               hook_->port(), Path("secret")) +
           fmt::format(
               "receivers {{ name: 'manager' alertmanager {{ url: 'http://127.0.0.1:{}' }} "
               "}}\n",
               manager_->port()) +
           "first_retry { seconds: 1 } max_attempts: 60\n}\n";
  }

  // The certificate of "secure" is one that its receiver trusts, from now on.
  void MendTls() { SetAuthority(right_authority_); }
  // "gone" refuses connections, or takes them.
  void Close() { Switch("close"); }
  void Reopen() { Switch("open"); }

  BookSummary Sum(const std::string& name) const { return Summarise(ReadBook(BookOf(name))); }
  std::set<std::string> ActiveInAlertmanager() {
    manager_->Say("districts");
    const auto answer = manager_->Next(std::chrono::seconds(60));
    std::set<std::string> districts;
    if (!answer) return districts;
    for (const auto& district : *answer) districts.insert(district.get<std::string>());
    return districts;
  }

 private:
  std::string Path(const std::string& name) const { return (directory_ / name).string(); }
  std::string BookOf(const std::string& name) const { return Path("book-" + name); }
  std::unique_ptr<Sink> Open(const std::string& name, const std::string& protocol,
                             std::vector<std::string> more, unsigned seed) const {
    more.insert(more.end(),
                {"--protocol", protocol, "--book", BookOf(name), "--seed", std::to_string(seed)});
    return std::make_unique<Sink>("delivery_sink.py", more);
  }
  void SetAuthority(const std::string& path) {
    const auto text = base::ReadFile(path);
    ASSERT_OK(text);
    EXPECT_OK(base::WriteFileAtomically(Path("authority"), *text));
  }
  void Switch(const std::string& word) {
    gone_->Say(word);
    EXPECT_TRUE(gone_->Next().has_value());
  }

  const std::filesystem::path directory_;
  TestAuthority authority_;
  TestAuthority stranger_;
  std::string right_authority_;
  std::unique_ptr<Sink> duty_;
  std::unique_ptr<Sink> secure_;
  std::unique_ptr<Sink> gone_;
  std::unique_ptr<Sink> closed_;
  std::unique_ptr<Sink> hook_;
  std::unique_ptr<Sink> manager_;
};

// Who is to have each alert, by the book that says so.
const std::vector<std::pair<std::string, std::string>>& Recipients() {
  static const auto* const all =
      new std::vector<std::pair<std::string, std::string>>{{"duty", "anna@city.example"},
                                                           {"duty", "bruno@city.example"},
                                                           {"secure", "carla@city.example"},
                                                           {"gone", "dora@city.example"},
                                                           {"hook", "hook"}};
  return *all;
}

class DeliveryTest : public ::testing::Test {
 protected:
  DeliveryTest()
      : alerts_(FromEnvironment("BELGRAND_DELIVERY_ALERTS", 500)),
        kills_(std::max(FromEnvironment("BELGRAND_DELIVERY_KILLS", kSteps), kSteps)),
        share_(std::max(1, alerts_ / kills_)),
        seed_(std::random_device()()),
        random_(seed_),
        world_(dir_.path(), static_cast<unsigned>(seed_ % 100'000)),
        faults_(dir_.path() / "control", dir_.path() / "run", BELGRAND_FAULT_SHIM),
        deployment_(Shape::kOneProcess, dir_.path() / "run", world_.Config(ClosedDistricts())) {
    for (int i = 0; i < alerts_; ++i) {
      words_.push_back({i, Signal::RAISED});
      // Some are over a while later.
      if (i >= share_ && IsOver(i - share_)) words_.push_back({i - share_, Signal::CLEARED});
    }
  }

  bool IsClosed(int district) const { return district % share_ == 0; }
  // Never one of the last.
  bool IsOver(int district) const { return district % 3 == 1 && district + share_ < alerts_; }
  std::vector<std::string> ClosedDistricts() const {
    std::vector<std::string> names;
    for (int i = 0; i < alerts_; ++i) {
      if (IsClosed(i)) names.push_back(DistrictName(i));
    }
    return names;
  }

  void Start() {
    ASSERT_OK(deployment_.Start());
    stub_ = AlertingService::NewStub(deployment_.Channel(RoleName::kAlerting, "official"));
  }
  bool Running() { return deployment_.process(RoleName::kAlerting).Running(); }

  // Reports words up to `end`; false when one could not be.
  bool Report(std::size_t end) {
    while (next_ < end) {
      const std::size_t count = std::min<std::size_t>(end - next_, 1 + random_() % 5);
      alerting::v1::ReportSignalsRequest request;
      for (std::size_t i = 0; i < count; ++i) {
        *request.add_signals() = SignalOf(words_[next_ + i], next_ + i + 1);
      }
      // Whether or not it is answered: it may be on disk when the answer is cut short.
      for (std::size_t i = 0; i < count && clock_is_ahead_; ++i) {
        if (words_[next_ + i].phase == Signal::CLEARED) {
          ends_ahead_.insert(words_[next_ + i].district);
        }
      }
      grpc::ClientContext context;
      rpc::SetTimeout(context, std::chrono::seconds(10));
      alerting::v1::ReportSignalsResponse response;
      if (!stub_->ReportSignals(&context, request, &response).ok()) return false;
      next_ += count;
    }
    return true;
  }

  // What else goes wrong, at its part of the run.
  void Misfortune(int kill) {
    const auto at = [&](int percent) { return kill == kills_ * percent / 100; };
    if (at(20)) world_.MendTls();
    if (at(30)) world_.Reopen();
    if (at(40)) SetClockAhead(7'200);
    if (at(50)) FillDisk();
    if (at(60)) SetClockAhead(0);
    // Whatever waits to be tried again is due, and stays so.
    if (at(80)) SetClockAhead(3 * 86'400);
  }
  void SetClockAhead(int seconds) {
    faults_.SetClockAhead(seconds);
    clock_is_ahead_ = seconds > 0;
  }

  // What Alertmanager shows as firing that is over, or the other way round; empty: nothing. What
  // ended under a clock that was ahead goes on there until its own clock says so.
  std::string WrongInAlertmanager() {
    const auto active = world_.ActiveInAlertmanager();
    for (int i = 0; i < alerts_; ++i) {
      if (ends_ahead_.contains(i) || active.contains(DistrictName(i)) != IsOver(i)) continue;
      return fmt::format("{} is {}", DistrictName(i), IsOver(i) ? "firing" : "missing");
    }
    return "";
  }

  // Every write fails from a random one on, in the middle of deliveries; the disk is mended with a
  // restart, as the runbook says.
  void FillDisk() {
    Report(std::min(words_.size(), next_ + static_cast<std::size_t>(share_)));
    faults_.Arm(static_cast<int>(random_() % 20), ENOSPC);
    const std::size_t before = next_;
    EXPECT_FALSE(Report(words_.size())) << "the disk is full and detection was told nothing";
    EXPECT_LE(next_, before + 100);
    EXPECT_TRUE(faults_.struck());
    faults_.Disarm();
    deployment_.KillAll();
    Start();
  }

  // Kills at a step of kKillSteps; false: the step did not come, and it was killed anywhere.
  bool KillAt(int step, std::size_t end) {
    // Dead letters are rare: the first must do.
    const bool rare = kKillSteps[static_cast<std::size_t>(step)].text == kBuried;
    faults_.KillAt(step + 1, rare ? 0 : static_cast<int>(random_() % 3));
    Report(end);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(6);
    while (Running() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    const bool reached = !faults_.SpareIt();
    deployment_.KillAll();
    Start();
    return reached;
  }

  // What of whom is not in the books yet; empty: everything is.
  std::string Missing() {
    std::map<std::string, BookSummary> sums;
    for (const auto& [book, recipient] : Recipients()) sums.try_emplace(book, world_.Sum(book));
    for (const auto& [book, recipient] : Recipients()) {
      for (int i = 0; i < alerts_; ++i) {
        const auto found = sums.at(book).events.find({recipient, DistrictName(i)});
        const std::size_t have = found == sums.at(book).events.end() ? 0 : found->second.size();
        const std::size_t want = 1 + (IsOver(i) ? 1 : 0) + (IsClosed(i) ? 1 : 0);
        if (have < want) {
          return fmt::format("{} has {} of {} events of {}", recipient, have, want,
                             DistrictName(i));
        }
      }
    }
    return "";
  }

  std::uint64_t Arrivals() {
    std::uint64_t arrivals = 0;
    for (const char* name : {"duty", "secure", "gone", "hook"})
      arrivals += world_.Sum(name).arrivals;
    return arrivals;
  }

  void ExpectDeadLetters() {
    const auto dead = Call<alerting::v1::ListDeadLettersResponse>(
        *stub_, &AlertingService::Stub::ListDeadLetters, alerting::v1::ListDeadLettersRequest());
    ASSERT_OK(dead);
    std::set<std::string> districts;
    for (const auto& delivery : dead->deliveries()) {
      EXPECT_EQ(delivery.receiver(), "closed") << delivery.last_result();
      districts.insert(delivery.alert_id().substr(0, delivery.alert_id().find('/')));
    }
    const auto closed = ClosedDistricts();
    EXPECT_EQ(districts, std::set<std::string>(closed.begin(), closed.end()))
        << "undelivered without a dead letter, or the other way round";
    EXPECT_EQ(world_.Sum("closed").arrivals, 0U);
  }

  // Prints what the books say, and expects that each duplicate is marked.
  void ExpectMarked() {
    std::cout << "book      arrivals  duplicates  unmarked  first but marked\n";
    for (const char* name : {"duty", "secure", "gone", "hook"}) {
      const BookSummary sum = world_.Sum(name);
      std::cout << fmt::format("{:<10}{:>8}{:>12}{:>10}{:>18}\n", name, sum.arrivals,
                               sum.duplicates, sum.unmarked, sum.careful);
      EXPECT_EQ(sum.unmarked, 0U) << name << ": a duplicate without the word repeat";
      EXPECT_EQ(sum.renamed, 0U) << name << ": a duplicate under another id";
      EXPECT_EQ(sum.out_of_order, 0U) << name << ": an end came before its beginning";
    }
  }

  const TempDir dir_;
  const int alerts_;
  const int kills_;
  const int share_;
  const std::uint64_t seed_;
  std::mt19937_64 random_;
  World world_;
  Faults faults_;
  Deployment deployment_;
  std::unique_ptr<AlertingService::Stub> stub_;
  std::vector<Word> words_;
  std::size_t next_ = 0;
  bool clock_is_ahead_ = false;
  std::set<int> ends_ahead_;
};

TEST_F(DeliveryTest, NoAlertIsLostAndEachDuplicateSaysSoWhateverStepIsCutShort) {
  SCOPED_TRACE(fmt::format("seed {}", seed_));
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_NO_FATAL_FAILURE(Start());
  std::vector<int> at_step(kKillSteps.size(), 0);
  int elsewhere = 0;
  for (int kill = 0; kill < kills_; ++kill) {
    ASSERT_NO_FATAL_FAILURE(Misfortune(kill));
    const auto end =
        words_.size() * (static_cast<std::size_t>(kill) + 1) / static_cast<std::size_t>(kills_);
    const int step = kill % kSteps;
    if (KillAt(step, std::max(next_, end))) {
      ++at_step[static_cast<std::size_t>(step)];
    } else {
      ++elsewhere;
    }
    ASSERT_FALSE(HasFatalFailure());
  }
  ASSERT_TRUE(Report(words_.size()));

  std::string missing = "everything";
  // Thousands of letters take their time: as long as something arrives it is waited for.
  for (std::uint64_t before = 0, now = Arrivals(); now > before; now = Arrivals()) {
    before = now;
    if (Eventually([&] { return (missing = Missing()).empty(); })) break;
  }
  EXPECT_EQ(missing, "");
  EXPECT_TRUE(Eventually([&] { return (missing = WrongInAlertmanager()).empty(); })) << missing;
  ExpectDeadLetters();
  for (std::size_t i = 0; i < kKillSteps.size(); ++i) {
    std::cout << fmt::format("{:>4} kills  {}\n", at_step[i], kKillSteps[i].name);
    EXPECT_GT(at_step[i], 0) << "never killed at: " << kKillSteps[i].name;
  }
  ExpectMarked();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::cout << fmt::format(
      "{} alerts, {} signals, {} kills at a step and {} elsewhere, {:.0f} s; "
      "BELGRAND_DELIVERY_ALERTS and BELGRAND_DELIVERY_KILLS make it longer\n",
      alerts_, words_.size(), kills_ - elsewhere, elsewhere, took.count());
  EXPECT_EQ(deployment_.TerminateAll(), std::vector<int>{0});
  const CommandResult fsck = RunBelgrand({"fsck", (dir_.path() / "run" / "all").string()});
  EXPECT_EQ(fsck.exit_code, 0) << fsck.out << fsck.err;
}

}  // namespace
}  // namespace belgrand::testing
