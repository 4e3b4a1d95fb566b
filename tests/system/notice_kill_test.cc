// Public notices while the service is killed in the middle of approving, releasing, refusing and
// withdrawing them: whatever the feed showed it shows for ever, byte by byte; what a person was
// told is out is out; nothing is out twice, and nothing that two people did not approve.
//
// BELGRAND_NOTICE_ROUNDS makes it longer: each round is one alert, with a kill in each act.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"
#include "tests/support/client.h"
#include "tests/support/fault_control.h"
#include "tests/support/kill_steps.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {
namespace {

using alerting::v1::AlertingService;
using alerting::v1::Notice;
using detection::v1::Signal;
using shared::RoleName;
using Stub = AlertingService::Stub;
using ::testing::HasSubstr;
namespace v1 = alerting::v1;

constexpr char kConfig[] = R"(alerting {
  receivers { name: "console" stream {} }
  notices {
    propose { min_severity: CRITICAL }
    sender: "alerts@city.example"
    feed { public_url: "https://notices.city.example" listen: "127.0.0.1:0" max_entries: 500 }
  }
})";

int Rounds() {
  const char* const text = std::getenv("BELGRAND_NOTICE_ROUNDS");
  return text != nullptr ? std::max(3, std::atoi(text)) : 6;
}

std::string Between(const std::string& text, const std::string& open, const std::string& close) {
  const auto from = text.find(open);
  if (from == std::string::npos) return "";
  const auto begin = from + open.size();
  return text.substr(begin, text.find(close, begin) - begin);
}

class NoticeKillTest : public ::testing::Test {
 protected:
  NoticeKillTest()
      : seed_(std::random_device()()),
        random_(seed_),
        faults_(dir_.path() / "control", dir_.path() / "run", BELGRAND_FAULT_SHIM),
        deployment_(Shape::kOneProcess, dir_.path() / "run", kConfig) {}

  void Start() {
    ASSERT_OK(deployment_.Start());
    stub_ = AlertingService::NewStub(deployment_.Channel(RoleName::kAlerting, "official"));
    const std::string logs = deployment_.Logs();
    feed_port_ = std::atoi(logs.c_str() + logs.rfind("\"feed_port\":") + 12);
    LookAtFeed();
  }

  void Raise(int round) {
    v1::ReportSignalsRequest request;
    Signal& signal = *request.add_signals();
    signal.set_signal_key("DISTRICT/" + District(round) + "/SARS-CoV-2/trend");
    signal.set_feed_sequence(static_cast<std::uint64_t>(round) + 1);
    signal.set_phase(Signal::RAISED);
    signal.set_level(detection::v1::DISTRICT);
    signal.set_area_id(District(round));
    signal.set_district_id(District(round));
    signal.set_target("SARS-CoV-2");
    signal.set_kind(detection::v1::RISE);
    signal.set_severity(detection::v1::CRITICAL);
    signal.set_detector("trend");
    ASSERT_OK((Call<v1::ReportSignalsResponse>(*stub_, &Stub::ReportSignals, request)));
  }
  static std::string District(int round) { return "town-" + std::to_string(round); }

  Notice Get(int number) {
    v1::GetNoticeRequest request;
    request.set_notice_id(static_cast<std::uint64_t>(number));
    const auto answer = Call<v1::GetNoticeResponse>(*stub_, &Stub::GetNotice, request);
    EXPECT_OK(answer);
    return answer.ok() ? answer->notice() : Notice();
  }

  // Makes `act` with the service killed at one of the steps of writing it, and again until it is
  // done. True when the person was answered before the service died.
  template <typename Act, typename Done>
  void Cut(const Act& act, const Done& done) {
    faults_.KillAt(kFirstActStep + next_step_++ % static_cast<int>(kActSteps.size()), 0);
    base::Status answer = act();
    EXPECT_FALSE(answer.ok()) << "it was to die before it answered";
    EXPECT_FALSE(faults_.SpareIt()) << "the step did not come";
    ++kills_;
    deployment_.KillAll();
    Start();
    if (done()) {
      ++whole_;  // on disk, though nobody was told
      return;
    }
    EXPECT_OK(act());
    EXPECT_TRUE(done());
    if (random_() % 3 == 0) {  // what was answered outlives a kill, too
      deployment_.KillAll();
      Start();
      EXPECT_TRUE(done());
    }
  }

  base::Status Approve(int number, const std::string& by) {
    v1::ApproveNoticeRequest request;
    request.set_notice_id(static_cast<std::uint64_t>(number));
    request.set_digest(digests_.at(number));
    request.set_by(by);
    request.set_comment(std::string(kActWords));
    return Call<v1::ApproveNoticeResponse>(*stub_, &Stub::ApproveNotice, request).status();
  }
  base::Status Refuse(int number) {
    v1::RefuseNoticeRequest request;
    request.set_notice_id(static_cast<std::uint64_t>(number));
    request.set_digest(digests_.at(number));
    request.set_by("A. One");
    request.set_reason(std::string(kActWords));
    return Call<v1::RefuseNoticeResponse>(*stub_, &Stub::RefuseNotice, request).status();
  }
  base::Status Withdraw(int number) {
    v1::WithdrawNoticeRequest request;
    request.set_notice_id(static_cast<std::uint64_t>(number));
    request.set_by("A. One");
    request.set_reason(std::string(kActWords));
    return Call<v1::WithdrawNoticeResponse>(*stub_, &Stub::WithdrawNotice, request).status();
  }

  // Reads the whole feed as the public does. What it showed before it must show still, unchanged.
  void LookAtFeed() {
    const std::string feed = HttpGet(feed_port_, "/notices/feed.xml");
    std::map<std::string, std::string> messages;
    for (auto at = feed.find("<entry>"); at != std::string::npos;
         at = feed.find("<entry>", at + 1)) {
      const std::string link =
          Between(feed.substr(at), "https://notices.city.example/notices/", ".xml");
      const std::string path = "/notices/" + link + ".xml";
      EXPECT_TRUE(messages.emplace(path, HttpGet(feed_port_, path)).second)
          << path << " is listed twice";
    }
    for (const auto& [path, text] : shown_) EXPECT_EQ(messages[path], text) << path;
    shown_ = std::move(messages);
  }

  // Every message that is out, by its type and the district it is about.
  std::map<std::string, int> CountMessages() {
    LookAtFeed();
    std::map<std::string, int> counts;
    for (const auto& [path, text] : shown_) {
      EXPECT_THAT(text, HasSubstr("<status>Actual</status>"));
      const std::string type = Between(text, "<msgType>", "</msgType>");
      const std::string after = Between(text, "town-", "</");
      ++counts[type + " town-" + after.substr(0, after.find_first_not_of("0123456789"))];
    }
    return counts;
  }

  void OneRound(int round) {
    const int number = round + 1;
    Raise(round);
    const Notice proposed = Get(number);
    ASSERT_TRUE(proposed.has_draft());
    digests_[number] = proposed.draft().digest();
    if (round % 3 == 2) {
      Cut([&] { return Refuse(number); }, [&] { return !Get(number).has_draft(); });
      EXPECT_EQ(Get(number).releases_size(), 0);
      return;
    }
    Cut([&] { return Approve(number, "A. One"); },
        [&] { return Get(number).draft().approvals() == 1; });
    EXPECT_EQ(Get(number).releases_size(), 0) << "one person let it out";
    Cut([&] { return Approve(number, "B. Two"); },
        [&] { return Get(number).releases_size() == 1; });
    ExpectIsOut(number);
    if (round % 3 == 1) return;
    Cut([&] { return Withdraw(number); }, [&] { return Get(number).releases_size() == 2; });
    ExpectChain(number);
  }

  // The text that is out is the one that was approved.
  void ExpectIsOut(int number) {
    const Notice notice = Get(number);
    ASSERT_EQ(notice.releases_size(), 1);
    EXPECT_EQ(notice.releases(0).digest(), digests_.at(number));
    const std::string text = MessageOf(notice.releases(0));
    EXPECT_EQ(crypto::ToHex(crypto::View(crypto::Sha256(text))), digests_.at(number));
  }
  void ExpectChain(int number) {
    const Notice notice = Get(number);
    ASSERT_EQ(notice.releases_size(), 2);
    EXPECT_EQ(notice.releases(1).type(), v1::NOTICE_CANCEL);
    EXPECT_THAT(Between(MessageOf(notice.releases(1)), "<references>", "</references>"),
                HasSubstr(notice.releases(0).identifier()));
  }
  std::string MessageOf(const v1::NoticeRelease& release) {
    return HttpGet(feed_port_, "/notices/" + std::to_string(release.release_id()) + ".xml");
  }

  const TempDir dir_;
  const std::uint64_t seed_;
  std::mt19937_64 random_;
  Faults faults_;
  Deployment deployment_;
  std::unique_ptr<Stub> stub_;
  int feed_port_ = 0;
  // By path, as the public last read them.
  std::map<std::string, std::string> shown_;
  std::map<int, std::string> digests_;
  int next_step_ = 0;
  int kills_ = 0;
  int whole_ = 0;
};

TEST_F(NoticeKillTest, NothingIsOutTwiceOrLostOrUnapprovedWhereverAnActIsCutShort) {
  SCOPED_TRACE(fmt::format("seed {}", seed_));
  ASSERT_NO_FATAL_FAILURE(Start());
  const int rounds = Rounds();
  std::map<std::string, int> expected;
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    ASSERT_NO_FATAL_FAILURE(OneRound(round));
    if (round % 3 != 2) ++expected["Alert " + District(round)];
    if (round % 3 == 0) ++expected["Cancel " + District(round)];
  }
  EXPECT_EQ(CountMessages(), expected);
  EXPECT_EQ(deployment_.TerminateAll(), std::vector<int>{0});
  std::cout << fmt::format(
      "{} notices, {} kills in the middle of an act ({} acts were on disk by then); "
      "BELGRAND_NOTICE_ROUNDS sets how many notices\n",
      rounds, kills_, whole_);
}

}  // namespace
}  // namespace belgrand::testing
