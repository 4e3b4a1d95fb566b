// Public notices through the role: by command line, and as anybody reads them over HTTP.
#include <regex>

#include "services/alerting/alerting_role.h"
#include "services/alerting/notice_feed.h"
#include "tests/unit/alerting/cap_breaches.h"
#include "tests/unit/alerting/rules.h"
#include "tests/unit/alerting/shelf.h"
#include "tests/unit/services/alerting_role_fixture.h"

namespace belgrand::alerting {
namespace {

using ::testing::AllOf;
using testing::Breaches;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeSignal;
using ::testing::Not;
using testing::Rules;
using testing::Shelf;

constexpr char kNotices[] = R"(
  propose { min_severity: WARNING } sender: "alerts@city.example" owner: "the duty doctor")";

class NoticeRoleTest : public AlertingRoleTest {
 protected:
  void SetUp() override {
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        kNotices, config_.mutable_alerting()->mutable_notices()));
    AlertingRoleTest::SetUp();
  }
  // As `notice show` prints it.
  std::string Digest(const std::string& number) {
    std::smatch found;
    const std::string shown = Command({"notice", "show", number});
    EXPECT_TRUE(std::regex_search(shown, found, std::regex("digest ([0-9a-f]{64})\n"))) << shown;
    return found.empty() ? "" : found[1].str();
  }
};

TEST_F(NoticeRoleTest, TwoOfficialsReleaseANoticeAndOneTakesItBack) {
  EXPECT_EQ(Command({"notice", "list"}), "no notices\n");
  Report({MakeSignal({.severity = detection::v1::WARNING})});
  EXPECT_THAT(Command({"notice", "list"}),
              AllOf(HasSubstr("notice 1: proposed"), HasSubstr(kNorth),
                    HasSubstr("Alert waits since 2023-11-14T22:13:20Z: 0 of 2 approvals")));
  EXPECT_THAT(Command({"notice", "show", "1"}), HasSubstr("<status>Draft</status>"));
  const std::string digest = Digest("1");
  EXPECT_THAT(Command({"notice", "approve", "1", "--by", "A. One", "--digest", "0123456789"},
                      cli::kExitRuntime),
              HasSubstr("is not the beginning"));
  EXPECT_THAT(Command({"notice", "approve", "1", "--by", "A. One", "--digest", digest.substr(0, 7)},
                      cli::kExitRuntime),
              HasSubstr("at least 8 characters"));
  EXPECT_THAT(Command({"notice", "approve", "1", "--by", "A. One", "--digest", digest.substr(0, 8),
                       "--comment", "read twice"}),
              AllOf(HasSubstr("approved by A. One: read twice"),
                    HasSubstr("another person must approve it too")));
  EXPECT_THAT(
      Command({"notice", "approve", "1", "--by", "a. one", "--digest", digest}, cli::kExitRuntime),
      HasSubstr("another person must approve it"));
  Restart();
  EXPECT_THAT(Command({"notice", "approve", "1", "--by", "B. Two", "--digest", digest}),
              AllOf(HasSubstr("notice 1: released"), HasSubstr("(message 1)")));
  Report({MakeSignal(
      {.phase = testing::Signal::UPDATED, .severity = detection::v1::CRITICAL, .feed = 2})});
  EXPECT_THAT(Command({"notice", "refuse", "1", "--by", "B. Two", "--digest", Digest("1"),
                       "--reason", "nothing new"}),
              AllOf(HasSubstr("refused by B. Two: nothing new"), HasSubstr("notice 1: released")));
  EXPECT_THAT(Command({"notice", "show", "1"}), Not(HasSubstr("What waits")));
  EXPECT_THAT(Command({"notice", "withdraw", "1", "--by", "A. One", "--reason", "mixed up"}),
              AllOf(HasSubstr("notice 1: cancelled"), HasSubstr("withdrawn by A. One: mixed up")));
  EXPECT_EQ(Command({"notice", "list"}), "no notices\n");
  EXPECT_THAT(Command({"notice", "list", "--all"}), HasSubstr("notice 1: cancelled"));
  EXPECT_THAT(Command({"notice", "show", "7"}, cli::kExitRuntime), HasSubstr("no public notice 7"));
  std::vector<std::string> methods;
  for (const auto& event : compliance_.Events()) {
    methods.push_back(event.method());
    EXPECT_THAT(event.SerializeAsString(), Not(HasSubstr("A. One")));
  }
  EXPECT_THAT(methods, Contains("belgrand.alerting.v1.AlertingService.ApproveNotice"));
  EXPECT_THAT(methods, Contains("belgrand.alerting.v1.AlertingService.WithdrawNotice"));
}

TEST_F(NoticeRoleTest, NamesLeaveAfterTheirTimeAndTheNoticeStays) {
  Report({MakeSignal({.severity = detection::v1::WARNING})});
  const std::string digest = Digest("1");
  Command({"notice", "approve", "1", "--by", "A. One", "--digest", digest, "--comment", "read"});
  Command({"notice", "approve", "1", "--by", "B. Two", "--digest", digest});
  ASSERT_TRUE(FilesHold("B. Two"));
  clock_.Advance(std::chrono::days(3 * 365));
  const Counts applied = ApplyExpiry(clock_.Now());
  EXPECT_EQ(applied.at("belgrand.storage.v1.NoticeRecord.steps.by"), 1U) << "one record";
  EXPECT_FALSE(FilesHold("A. One"));
  EXPECT_FALSE(FilesHold("B. Two"));
  EXPECT_THAT(Command({"notice", "show", "1"}), HasSubstr("released"));
}

TEST_F(NoticeRoleTest, ASecondPersonConsentsToABroadSilence) {
  Report({MakeSignal({})});
  EXPECT_THAT(Command({"silence", "create", "--district", "north", "--include-critical", "--by",
                       "A. One", "--reason", "works", "--until", "2023-11-15T00:00:00Z"}),
              AllOf(HasSubstr("it is broad: a second person must consent"),
                    HasSubstr("mutes NOTHING yet")));
  EXPECT_EQ(Get(kNorth).alert().muted_by(), "");
  EXPECT_THAT(Command({"silence", "consent", "1", "--by", "A. One"}, cli::kExitRuntime),
              HasSubstr("another person must consent"));
  EXPECT_THAT(Command({"silence", "consent", "1", "--by", "B. Two"}),
              HasSubstr("consented by B. Two"));
  EXPECT_EQ(Get(kNorth).alert().muted_by(), "silence 1");
}

// The feed of a book, over real HTTP.
class FeedTest : public ::testing::Test {
 protected:
  FeedTest() {
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        std::string(kNotices) +
            R"( feed { public_url: "https://city.example/" listen: "127.0.0.1:0" max_entries: 2 })",
        &notices_));
    EXPECT_THAT(CheckNoticeFeed(notices_.feed()), IsEmpty());
    config::v1::Alerting rules;
    *rules.mutable_notices() = notices_;
    shelf_.SetRules(rules);
    shelf_.Restart();
    feed_ = std::make_unique<NoticeFeed>(*shelf_, notices_, metrics_);
    auto server = http::Server::Start(feed_->Serve());
    EXPECT_OK(server);
    server_ = *std::move(server);
  }
  // Answer of curl: the code, the headers, the body.
  struct Answer {
    std::string code;
    std::string headers;
    std::string body;
  };
  Answer Curl(const std::string& path, const std::string& arguments = "") {
    const std::string out = dir_.path() / "out";
    const std::string headers = dir_.path() / "headers";
    const std::string code = dir_.path() / "code";
    const std::string command = "rm -f '" + out + "'; curl -s --max-time 30 -o '" + out + "' -D '" +
                                headers + "' -w '%{http_code}' " + arguments +
                                " 'http://127.0.0.1:" + std::to_string(server_->port()) + path +
                                "' > '" + code + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return {base::ReadFile(code).value_or(""), base::ReadFile(headers).value_or(""),
            base::ReadFile(out).value_or("")};
  }
  static std::string Header(const Answer& answer, const std::string& name) {
    std::smatch found;
    const std::regex line(name + ": ([^\r\n]*)", std::regex::icase);
    return std::regex_search(answer.headers, found, line) ? found[1].str() : "";
  }
  void Release(const std::string& district) {
    ASSERT_OK(shelf_.Apply({MakeSignal(
        {.area = district, .severity = detection::v1::WARNING, .district = district})}));
    shelf_.clock().Advance(std::chrono::seconds(1));
    const auto notice = shelf_->Notices()->front();
    for (const char* name : {"A. One", "B. Two"}) {
      ASSERT_OK(shelf_->ApproveNotice(notice.notice_id(), NoticeDigest(notice.draft()), {name},
                                      "asked C. Three"));
    }
  }

  belgrand::testing::TempDir dir_;
  config::v1::Notices notices_;
  metrics::Registry metrics_;
  Shelf shelf_{{{"console", {}, true}}};
  std::unique_ptr<NoticeFeed> feed_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(FeedTest, AnybodyReadsWhatIsReleasedAndNothingElse) {
  const Answer empty = Curl("/notices/feed.xml");
  EXPECT_EQ(empty.code, "200");
  EXPECT_EQ(Breaches({empty.body}, "atom_check.py"), "");
  Release("north");
  ASSERT_OK(shelf_.Apply({MakeSignal(
      {.area = "b", .severity = detection::v1::WARNING, .district = "draft-district"})}));
  for (const char* name : {"feed.xml", "feed.fr.xml"}) {
    const Answer feed = Curl(std::string("/notices/") + name);
    EXPECT_EQ(feed.code, "200");
    EXPECT_EQ(Header(feed, "Content-Type"), "application/atom+xml; charset=utf-8");
    EXPECT_EQ(Breaches({feed.body}, "atom_check.py"), "");
    EXPECT_THAT(feed.body, AllOf(HasSubstr("href=\"https://city.example/notices/1.xml\""),
                                 Not(HasSubstr("draft-district")), Not(HasSubstr("One")),
                                 Not(HasSubstr("Three"))));
  }
  const Answer message = Curl("/notices/1.xml");
  EXPECT_EQ(Header(message, "Content-Type"), "application/cap+xml; charset=utf-8");
  EXPECT_EQ(Breaches({message.body}), "");
  EXPECT_THAT(message.body, AllOf(HasSubstr("<status>Actual</status>"), Not(HasSubstr("One"))));
  EXPECT_EQ(message.body, shelf_->GetRelease(1)->text());
  for (const char* path :
       {"/notices/2.xml", "/notices/01.xml", "/notices/0.xml", "/notices/1", "/notices/",
        "/notices/..%2f1.xml", "/", "/metrics", "/notices/99999999999999999999999.xml"}) {
    EXPECT_EQ(Curl(path).code, "404") << path;
  }
  EXPECT_EQ(Curl("/notices/1.xml", "-X POST -d x=1").code, "404") << "it is only read";
  EXPECT_EQ(Curl("/notices/1.xml", "-I").code, "200");
}

TEST_F(FeedTest, WhoHasItNeedNotFetchItAgain) {
  Release("north");
  const Answer first = Curl("/notices/feed.xml");
  const std::string etag = Header(first, "ETag");
  const std::string modified = Header(first, "Last-Modified");
  EXPECT_EQ(modified, "Tue, 14 Nov 2023 22:13:21 GMT");
  for (const std::string& condition :
       {"If-None-Match: " + etag, "If-None-Match: \"x\", W/" + etag,
        std::string("If-None-Match: *"), "If-Modified-Since: " + modified,
        std::string("If-Modified-Since: Wed, 15 Nov 2023 00:00:00 GMT")}) {
    const Answer again = Curl("/notices/feed.xml", "-H '" + condition + "'");
    EXPECT_EQ(again.code, "304") << condition;
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(Header(again, "ETag"), etag);
  }
  for (const std::string& condition :
       {std::string("If-None-Match: \"x\""), std::string("If-Modified-Since: yesterday"),
        std::string("If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT"),
        "If-Modified-Since: " + modified + "' -H 'If-None-Match: \"x\""}) {
    EXPECT_EQ(Curl("/notices/feed.xml", "-H '" + condition + "'").code, "200") << condition;
  }
  Release("south");
  const Answer changed = Curl("/notices/feed.xml", "-H 'If-None-Match: " + etag + "'");
  EXPECT_EQ(changed.code, "200");
  EXPECT_NE(Header(changed, "ETag"), etag);
}

TEST_F(FeedTest, TheFeedIsLimitedAndOlderMessagesAreServed) {
  for (const char* district : {"a", "b", "c"}) Release(district);
  const Answer feed = Curl("/notices/feed.xml");
  EXPECT_EQ(Breaches({feed.body}, "atom_check.py"), "");
  EXPECT_THAT(feed.body, AllOf(HasSubstr("/3.xml"), HasSubstr("/2.xml"), Not(HasSubstr("/1.xml"))));
  EXPECT_EQ(Curl("/notices/1.xml").code, "200");
}

TEST(FeedConfigTest, EveryMistakeIsNamed) {
  config::v1::NoticeFeed feed;
  feed.set_public_url("http://city.example");
  feed.set_listen("0.0.0.0:80");
  feed.set_max_entries(501);
  EXPECT_THAT(CheckNoticeFeed(feed),
              ElementsAre(HasSubstr("notices.feed.public_url"), HasSubstr("is not loopback"),
                          HasSubstr("501 is above 500")));
}

}  // namespace
}  // namespace belgrand::alerting
