// From a signal to a person's inbox and back: real processes, a real mail server, links that are
// opened and pressed over HTTP, exercises and the heartbeat.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "platform/base/file.h"
#include "tests/support/client.h"
#include "tests/support/deployment.h"
#include "tests/support/sink.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::testing {
namespace {

using alerting::v1::AlertingService;
using shared::RoleName;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPublic[] = "https://alerts.city.example";

// Undoes quoted-printable as far as addresses of links need it.
std::string Unfolded(std::string text) {
  for (const auto& [from, to] : {std::pair<std::string, std::string>("=\r\n", ""), {"=3D", "="}}) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
      text.replace(at, from.size(), to);
    }
  }
  return text;
}

// The paths of the links of a mail, in their order.
std::vector<std::string> PathsOf(const nlohmann::json& mail) {
  const std::string text = Unfolded(mail.at("data"));
  std::vector<std::string> paths;
  for (auto at = text.find(kPublic); at != std::string::npos; at = text.find(kPublic, at + 1)) {
    const auto from = at + sizeof kPublic - 1;
    paths.push_back(text.substr(from, text.find_first_of("\r\n\"< ", from) - from));
  }
  return paths;
}

class MailPathTest : public ::testing::Test {
 protected:
  void Start(const std::string& alerting) {
    deployment_ = std::make_unique<Deployment>(Shape::kOneProcess, dir_.path() / "run", alerting);
    ASSERT_OK(deployment_->Start());
    Connect();
  }
  void Connect() {
    client_ = AlertingService::NewStub(deployment_->Channel(RoleName::kAlerting, "official"));
  }
  std::string MailReceiver(const Sink& sink, const std::string& more = "") {
    return "receivers { name: \"duty\" mail { server: \"smtp://127.0.0.1:" +
           std::to_string(sink.port()) +
           "\" from: \"belgrand@city.example\" to: \"anna@city.example\" } " + more + " }\n";
  }
  std::string Links() {
    const std::string path = dir_.path() / "link-secret";
    std::ofstream(path) << "0123456789abcdef0123456789abcdef";
    return std::string("links { public_url: \"") + kPublic +
           "\" listen: \"127.0.0.1:0\" secret_file: \"" + path + "\" }\n";
  }
  int LinkPort() {
    const std::string logs = deployment_->Logs();
    const auto at = logs.rfind("\"link_port\":");
    return at == std::string::npos ? 0 : std::atoi(logs.c_str() + at + 12);
  }
  void Raise(std::uint64_t feed) {
    alerting::v1::ReportSignalsRequest request;
    auto& signal = *request.add_signals();
    signal.set_signal_key("DISTRICT/north/SARS-CoV-2/trend");
    signal.set_feed_sequence(feed);
    signal.set_phase(detection::v1::Signal::RAISED);
    signal.set_level(detection::v1::DISTRICT);
    signal.set_area_id("north");
    signal.set_district_id("north");
    signal.set_target("SARS-CoV-2");
    signal.set_kind(detection::v1::RISE);
    signal.set_severity(detection::v1::WARNING);
    signal.set_detector("trend");
    ASSERT_OK((Call<alerting::v1::ReportSignalsResponse>(
        *client_, &AlertingService::Stub::ReportSignals, request)));
  }
  alerting::v1::GetAlertResponse Alert() {
    alerting::v1::GetAlertRequest request;
    request.set_alert_id("north/SARS-CoV-2/trend");
    return Call<alerting::v1::GetAlertResponse>(*client_, &AlertingService::Stub::GetAlert, request)
        .value_or(alerting::v1::GetAlertResponse());
  }
  struct Page {
    int code = 0;
    std::string body;  // of a HEAD: the headers
  };
  // curl with these arguments to a path of the links' address.
  Page Open(const std::string& path, const std::string& arguments = "") {
    const std::string out = dir_.path() / "page";
    const std::string code = dir_.path() / "code";
    const std::string command = "curl -s --max-time 30 -o '" + out + "' -w '%{http_code}' " +
                                arguments + " 'http://127.0.0.1:" + std::to_string(LinkPort()) +
                                path + "' > '" + code + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return {std::atoi(base::ReadFile(code).value_or("").c_str()), base::ReadFile(out).value_or("")};
  }

  TempDir dir_;
  std::unique_ptr<Deployment> deployment_;
  std::unique_ptr<AlertingService::Stub> client_;
};

TEST_F(MailPathTest, ALinkActsWhenItsButtonIsPressedOnceAndIsAudited) {
  Sink sink("smtp_sink.py");
  Start("alerting {\n" + MailReceiver(sink, "language: FRENCH") + Links() + "}\n");
  Raise(1);
  const auto mail = sink.Next();
  ASSERT_TRUE(mail);
  const auto paths = PathsOf(*mail);
  ASSERT_EQ(paths.size(), 4U) << "two links, in text and in HTML";
  EXPECT_EQ(paths[0], paths[2]) << "both say the same";
  EXPECT_THAT(paths[0], Not(HasSubstr("anna")));

  // What a scanner does: every link, by GET and HEAD, several times.
  for (int i = 0; i < 3; ++i) {
    for (const std::string& path : paths) {
      EXPECT_EQ(Open(path, "--head").code, 200);
      const Page page = Open(path);
      EXPECT_EQ(page.code, 200);
      EXPECT_THAT(page.body, HasSubstr("<form method=\"post\">"));
    }
  }
  EXPECT_EQ(Alert().alert().state(), alerting::v1::OPEN) << "looking acts on nothing";

  Page done = Open(paths[0], "--data-urlencode 'words=j’appelle la clinique'");
  EXPECT_EQ(done.code, 200);
  EXPECT_THAT(done.body, HasSubstr("prise en charge à votre nom"));
  const auto detail = Alert();
  EXPECT_EQ(detail.alert().state(), alerting::v1::ACKNOWLEDGED);
  EXPECT_EQ(detail.alert().acknowledged_by(), "anna@city.example");
  EXPECT_EQ(detail.history().rbegin()->comment(), "j’appelle la clinique");
  ASSERT_GT(detail.deliveries_size(), 0);
  ASSERT_EQ(detail.deliveries(0).receipts_size(), 1);
  EXPECT_EQ(detail.deliveries(0).receipts(0).state(), alerting::v1::RECEIPT_ACKNOWLEDGED);

  done = Open(paths[0], "--data words=again");
  EXPECT_EQ(done.code, 410);
  EXPECT_THAT(done.body, HasSubstr("ne sert qu"));
  EXPECT_EQ(Open(paths[1], "--data words=").code, 422) << "dismissing needs a reason";
  EXPECT_EQ(Open(paths[0] + "A", "--data words=x").code, 404);
  EXPECT_EQ(Open("/act/", "--data words=x").code, 404);

  deployment_->KillAll();
  ASSERT_OK(deployment_->Start());
  Connect();
  EXPECT_EQ(Open(paths[0], "--data words=again").code, 410) << "a restart does not renew it";
  EXPECT_EQ(Open(paths[1], "--data words=pump+test").code, 200);
  EXPECT_EQ(Alert().alert().state(), alerting::v1::DISMISSED);
  EXPECT_EQ(Open(paths[1], "--data words=again").code, 410);

  EXPECT_EQ(deployment_->TerminateAll(), std::vector<int>{0});
  const auto log = deployment_->data(RoleName::kCompliance) / "audit";
  const CommandResult audit = RunBelgrand({"audit", "verify", log.string()});
  EXPECT_EQ(audit.exit_code, 0) << audit.err;
}

// What tests/support/press_link.py saw; absent when it failed.
std::optional<nlohmann::json> Press(const std::string& url, const std::string& words,
                                    const TempDir& dir) {
  const char* source = std::getenv("BELGRAND_SOURCE_DIR");
  const std::string out = dir.path() / "pressed";
  const std::string command = "python3 '" + std::string(source) +
                              "/tests/support/press_link.py' '" + url + "' '" + words + "' > '" +
                              out + "'";
  if (std::system(command.c_str()) != 0) return std::nullopt;
  return nlohmann::json::parse(base::ReadFile(out).value_or(""));
}

TEST_F(MailPathTest, APersonsBrowserPressesTheButtonOnceAndIsToldKindlyTheSecondTime) {
  if (!std::filesystem::exists("/usr/bin/chromedriver")) {
    GTEST_SKIP() << "Debian's packages chromium and chromium-driver are not installed";
  }
  Sink sink("smtp_sink.py");
  Start("alerting {\n" + MailReceiver(sink) + Links() + "}\n");
  Raise(1);
  const auto mail = sink.Next();
  ASSERT_TRUE(mail);
  const std::string url = "http://127.0.0.1:" + std::to_string(LinkPort()) + PathsOf(*mail).at(0);
  auto page = Press(url, "on my way", dir_);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->at("headline"), "WARNING: sustained rise of SARS-CoV-2 in the sewage of north");
  EXPECT_EQ(page->at("button"), "Acknowledge");
  EXPECT_THAT(page->at("verdict").get<std::string>(), HasSubstr("acknowledged in your name"));
  EXPECT_EQ(page->at("state"), "acknowledged");
  EXPECT_EQ(Alert().history().rbegin()->comment(), "on my way");
  page = Press(url, "again", dir_);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->at("button"), "") << "no button to press";
  EXPECT_THAT(page->at("verdict").get<std::string>(), HasSubstr("it works only once"));
}

TEST_F(MailPathTest, AnExerciseReachesTheInboxAndTheHeartbeatStopsWithDelivery) {
  auto inbox = std::make_unique<Sink>("smtp_sink.py");
  Sink watcher("http_sink.py");
  Start("alerting {\n" + MailReceiver(*inbox) +
        "exercise { interval { seconds: 86400 } deadline { seconds: 600 } }\n"
        "heartbeat { url: \"http://127.0.0.1:" +
        std::to_string(watcher.port()) +
        "/beat\" interval { seconds: 1 } overdue_after { seconds: 1 } }\n}\n");
  const auto mail = inbox->Next();
  ASSERT_TRUE(mail);
  EXPECT_THAT(mail->at("data").get<std::string>(), HasSubstr("Belgrand-Exercise: yes"));
  const auto over = inbox->Next();
  ASSERT_TRUE(over) << "the exercise passed and was closed";
  EXPECT_TRUE(Eventually([&] {
    return HttpGet(deployment_->process(RoleName::kAlerting).http_port(), "/metrics")
               .find("belgrand_alerting_exercise_last_success_timestamp_seconds 1") !=
           std::string::npos;
  }));
  const auto beat = watcher.Next();
  ASSERT_TRUE(beat);
  EXPECT_EQ(beat->at("path"), "/beat");

  inbox.reset();
  Raise(1);
  EXPECT_TRUE(Eventually([&] {
    return deployment_->Logs().find("has not reached receiver 'duty'") != std::string::npos;
  })) << "no word of a withheld heartbeat";
}

}  // namespace
}  // namespace belgrand::testing
