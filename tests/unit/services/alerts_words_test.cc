// `belgrand alerts` in English and French, asked of a real server.
#include "services/cli/alerts_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "platform/rpc/server.h"
#include "services/cli/alerts_command.h"
#include "tests/support/status_matchers.h"

namespace belgrand::cli {
namespace {

namespace v1 = alerting::v1;
using alerting::Language;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

v1::Alert AlertNamed(const std::string& id) {
  v1::Alert alert;
  alert.set_alert_id(id);
  alert.set_district_id("north");
  alert.set_target("sars-cov-2");
  alert.set_rule("site-spike");
  alert.set_kind(detection::v1::SPIKE);
  alert.set_severity(detection::v1::WARNING);
  alert.set_state(v1::OPEN);
  return alert;
}

class Alerts final : public v1::AlertingService::Service {
 public:
  grpc::Status ListAlerts(grpc::ServerContext*, const v1::ListAlertsRequest* request,
                          v1::ListAlertsResponse* response) override {
    if (request->district_id() != "nowhere") *response->add_alerts() = AlertNamed("north/x");
    return grpc::Status::OK;
  }
  grpc::Status GetAlert(grpc::ServerContext*, const v1::GetAlertRequest* request,
                        v1::GetAlertResponse* response) override {
    if (request->alert_id() != "north/x") return {grpc::StatusCode::NOT_FOUND, "there is no such"};
    *response->mutable_alert() = AlertNamed("north/x");
    auto& evidence = *response->mutable_alert()->mutable_evidence();
    evidence.set_explanation("It is high.");
    evidence.set_explanation_fr("C'est haut.");
    v1::AlertEvent& event = *response->add_history();
    event.set_kind(v1::OPENED);
    event.set_cause("rule site-spike raised WARNING on works");
    v1::Delivery& delivery = *response->add_deliveries();
    delivery.set_receiver("duty");
    delivery.set_state(v1::DELIVERED);
    delivery.set_attempts(1);
    return grpc::Status::OK;
  }
  grpc::Status AcknowledgeAlert(grpc::ServerContext*, const v1::AcknowledgeAlertRequest* request,
                                v1::AcknowledgeAlertResponse* response) override {
    *response->mutable_alert() = AlertNamed(request->alert_id());
    response->mutable_alert()->set_acknowledged_by(request->by());
    return grpc::Status::OK;
  }
  grpc::Status ExplainRoute(grpc::ServerContext*, const v1::ExplainRouteRequest*,
                            v1::ExplainRouteResponse*) override {
    return grpc::Status::OK;
  }
  grpc::Status ListSilences(grpc::ServerContext*, const v1::ListSilencesRequest*,
                            v1::ListSilencesResponse*) override {
    return grpc::Status::OK;
  }
};

class AlertsWordsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    rpc::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.services = {&alerts_};
    auto server = rpc::Server::Create(options);
    ASSERT_OK(server);
    server_ = std::move(*server);
  }
  void TearDown() override { server_->Stop(std::chrono::seconds(5)); }
  struct Said {
    int exit = 0;
    std::string out;
    std::string err;
  };
  Said Run(std::vector<std::string> arguments) {
    CLI::App app;
    RunSlot run;
    AddAlerts(app, run);
    arguments.insert(arguments.end(), {"--server", "localhost:" + std::to_string(server_->port())});
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    Said said;
    said.exit = run();
    said.out = ::testing::internal::GetCapturedStdout();
    said.err = ::testing::internal::GetCapturedStderr();
    return said;
  }

  Alerts alerts_;
  std::unique_ptr<rpc::Server> server_;
};

TEST_F(AlertsWordsTest, EveryVerbSpeaksFrench) {
  EXPECT_THAT(Run({"list", "--lang", "fr"}).out, AllOf(HasSubstr("ALERTE"), HasSubstr("ouverte")));
  EXPECT_EQ(Run({"list", "--district", "nowhere", "--lang", "fr"}).out, "aucune alerte\n");
  EXPECT_THAT(Run({"show", "north/x", "--lang", "fr"}).out,
              AllOf(HasSubstr("C'est haut."), HasSubstr("Historique"), HasSubstr("nouvelle alerte"),
                    HasSubstr("Envois"), HasSubstr("remis"), HasSubstr("1 essai\n"),
                    Not(HasSubstr("It is high")), Not(HasSubstr("raised"))));
  EXPECT_THAT(Run({"ack", "north/x", "--by", "A. Maire", "--lang", "fr"}).out,
              HasSubstr("prise en charge par A. Maire"));
  EXPECT_THAT(Run({"route", "--example", "district=north", "--lang", "fr"}).out,
              HasSubstr("personne n'est prévenu"));
  EXPECT_THAT(Run({"silence", "list", "--lang", "fr"}).out, HasSubstr("aucun silence"));
}

TEST_F(AlertsWordsTest, EnglishStaysEnglish) {
  EXPECT_THAT(Run({"show", "north/x", "--lang", "en"}).out,
              AllOf(HasSubstr("It is high."), HasSubstr("History"), HasSubstr("new alert"),
                    HasSubstr("1 attempt\n"), Not(HasSubstr("haut"))));
}

TEST_F(AlertsWordsTest, ARefusalIsFrenchTooAndNamesTheAlert) {
  const Said said = Run({"show", "nosuch", "--lang", "fr"});
  EXPECT_NE(said.exit, 0);
  EXPECT_THAT(said.err, HasSubstr("aucune alerte « nosuch » n'est connue"));
  EXPECT_THAT(Run({"show", "nosuch", "--lang", "en"}).err, HasSubstr("there is no such"));
}

TEST(HistoryLineTest, SaysWhichOutcomeAndThatANameWasErased) {
  v1::AlertEvent event;
  event.set_kind(v1::DISMISSED_BY);
  event.mutable_alert()->set_outcome(v1::DATA_FAULT);
  event.set_comment("pump test");
  EXPECT_THAT(HistoryLine(event, Language::kEnglish),
              HasSubstr("dismissed as not real (name erased) [fault in the data]: pump test"));
  event.set_by("X");
  EXPECT_THAT(HistoryLine(event, Language::kFrench),
              HasSubstr("écartée, pas réelle par X [erreur de données]\u00a0: pump test"));
}

}  // namespace
}  // namespace belgrand::cli
