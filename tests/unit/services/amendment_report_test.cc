// What an amendment touches, asked of a real server of alerts.
#include "services/cli/amendment_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/server.h"
#include "tests/support/status_matchers.h"

namespace belgrand::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Alerts final : public alerting::v1::AlertingService::Service {
 public:
  grpc::Status ListAlerts(grpc::ServerContext*, const alerting::v1::ListAlertsRequest* request,
                          alerting::v1::ListAlertsResponse* response) override {
    if (refuse) return {grpc::StatusCode::PERMISSION_DENIED, "laboratories may not"};
    for (const int state : request->states()) {
      EXPECT_TRUE(state != alerting::v1::RESOLVED && state != alerting::v1::DISMISSED);
    }
    EXPECT_EQ(request->states_size(), 4) << "every state in which it is not closed";
    Add(*response, "A/sars-cov-2/rise", "sars-cov-2", "lab-a", "S-1", "Seafield");
    Add(*response, "B/sars-cov-2/rise", "sars-cov-2", "lab-a", "S-9", "Seafield");
    Add(*response, "C/fluav/rise", "fluav", "lab-a", "S-1", "Seafield");
    Add(*response, "D/sars-cov-2/rise", "sars-cov-2", "lab-a", "S-8", "Shieldhall");
    return grpc::Status::OK;
  }
  bool refuse = false;

 private:
  static void Add(alerting::v1::ListAlertsResponse& response, const char* id, const char* target,
                  const char* laboratory, const char* sample, const char* site) {
    auto& alert = *response.add_alerts();
    alert.set_alert_id(id);
    alert.set_target(target);
    auto& evidence = *alert.mutable_evidence()->add_samples();
    evidence.set_laboratory_id(laboratory);
    evidence.set_sample_id(sample);
    evidence.set_site_id(site);
  }
};

class AmendmentReportTest : public ::testing::Test {
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

  AmendmentReport Report(std::vector<TouchedRow> rows) {
    return ReportAmendment(
        *rpc::OpenChannel("localhost:" + std::to_string(server_->port()), std::nullopt),
        std::move(rows));
  }
  static TouchedRow Row() {
    return {.laboratory_id = "lab-a",
            .sample_id = "S-1",
            .site_id = "Seafield",
            .target = "sars-cov-2",
            .gene = "n1",
            .new_version = 3};
  }

  Alerts alerts_;
  std::unique_ptr<rpc::Server> server_;
};

TEST_F(AmendmentReportTest, NamesTheAlertsWhoseEvidenceHoldsTheSample) {
  const AmendmentReport report = Report({Row()});
  ASSERT_EQ(report.alerts.size(), 1U);
  EXPECT_EQ(report.alerts[0].alert_id(), "A/sars-cov-2/rise");
  EXPECT_EQ(report.other_alerts, 1U) << "B stands on the same series";
  EXPECT_THAT(RenderReport(report),
              AllOf(HasSubstr("lab-a S-1 sars-cov-2 n1: version 2 -> 3"),
                    HasSubstr("Seafield sars-cov-2: 1 row(s)"),
                    HasSubstr("1 unresolved alert(s) rest on these samples"),
                    HasSubstr("1 other unresolved alert(s)"), Not(HasSubstr("fluav"))));
}

TEST_F(AmendmentReportTest, SaysSoWhenAlertsMayNotBeAskedFor) {
  alerts_.refuse = true;
  const AmendmentReport report = Report({Row()});
  EXPECT_THAT(RenderReport(report), HasSubstr("alerts could not be asked for: "));
}

TEST_F(AmendmentReportTest, SaysSoWhenNothingChanges) {
  EXPECT_EQ(RenderReport(Report({})), "no stored row would change\n");
}

}  // namespace
}  // namespace belgrand::cli
