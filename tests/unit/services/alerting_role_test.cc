// The alerting role behind a real gRPC server, as detection, officials and compliance call it.
#include "services/alerting/alerting_role.h"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>

#include "compliance/retention.h"
#include "tests/unit/services/alerting_role_fixture.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::IsOk;
using belgrand::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeSignal;
using ::testing::Not;
using testing::Signal;
using ::testing::SizeIs;

TEST_F(AlertingRoleTest, ASignalBecomesAnAlertThatAnOfficialAcknowledges) {
  EXPECT_EQ(Report({MakeSignal({.severity = detection::v1::CRITICAL})}), 1U);
  EXPECT_EQ(Report({MakeSignal({.severity = detection::v1::CRITICAL})}), 0U) << "seen before";
  const auto acknowledged = Acknowledge(kNorth, "A. Official");
  ASSERT_OK(acknowledged);
  EXPECT_EQ(acknowledged->state(), v1::ACKNOWLEDGED);
  Restart();
  const auto alert = Get(kNorth);
  EXPECT_EQ(alert.alert().acknowledged_by(), "A. Official");
  EXPECT_EQ(alert.alert().severity(), detection::v1::CRITICAL);
  EXPECT_EQ(alert.alert().evidence().score(), 1);
  ASSERT_THAT(alert.history(), SizeIs(2));
  EXPECT_EQ(alert.history(1).comment(), "calling the hospital");
  EXPECT_THAT(alert.deliveries(), SizeIs(2));
  EXPECT_THAT(Acknowledge("no/such/alert", "x"),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("no alert")));
  EXPECT_THAT(Acknowledge(kNorth, ""),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("by")));
}

TEST_F(AlertingRoleTest, NoNameAndNoTypedTextReachesTheAuditLog) {
  Report({MakeSignal({})});
  ASSERT_OK(Acknowledge(kNorth, "A. Official"));
  EXPECT_FALSE(Acknowledge("A. Official / typed", "A. Official").ok());
  const auto events = compliance_.Events();
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].object_ref(), kNorth);
  for (const auto& event : events) {
    EXPECT_THAT(event.SerializeAsString(), Not(HasSubstr("Official")));
  }
}

TEST_F(AlertingRoleTest, AFollowerResumesAndKnowsWhatItMayHaveSeen) {
  Report({MakeSignal({}), MakeSignal({.area = "b", .district = "b"})});
  EXPECT_THAT(Follow(2), ElementsAre("1", "2"));
  EXPECT_THAT(Confirm(1), belgrand::testing::IsOkAndHolds(1U));
  Report({MakeSignal({.area = "c", .district = "c"})});
  EXPECT_THAT(Follow(2), ElementsAre("2r", "3"));
  Restart();
  EXPECT_THAT(Follow(2), ElementsAre("2r", "3r")) << "the marks outlive the process";
  EXPECT_THAT(Confirm(3), belgrand::testing::IsOkAndHolds(3U));
  EXPECT_THAT(Confirm(2), belgrand::testing::IsOkAndHolds(3U));
  v1::FollowAlertsRequest request;
  request.set_subscriber("console");
  request.set_after_sequence(0);
  request.add_district_ids("b");
  EXPECT_THAT(Follow(1, request), ElementsAre("2r"));
  EXPECT_EQ(Get(kNorth).deliveries(0).state(), v1::DELIVERED);
  EXPECT_THAT(Confirm(99), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("up to 3")));
  EXPECT_THAT(Confirm(1, "nobody"), StatusIs(base::StatusCode::kNotFound, HasSubstr("[console]")));
}

TEST_F(AlertingRoleTest, AFollowerHearsWhatComesWhileItWaits) {
  std::thread later;
  {
    grpc::ClientContext context;
    rpc::SetTimeout(context, kLong);
    v1::FollowAlertsRequest request;
    request.set_subscriber("console");
    const auto stream = stub_->FollowAlerts(&context, request);
    stream->WaitForInitialMetadata();
    later = std::thread([&] { Report({MakeSignal({})}); });
    v1::AlertEvent event;
    ASSERT_TRUE(stream->Read(&event));
    EXPECT_EQ(event.alert().alert_id(), kNorth);
    EXPECT_FALSE(event.repeat());
    role_->Stop();
    EXPECT_FALSE(stream->Read(&event));
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE) << "an orderly stop";
  }
  later.join();
}

TEST_F(AlertingRoleTest, AWebhookIsToldAndItsReceiptKept) {
  StopServer();
  belgrand::testing::Sink sink("http_sink.py", {"--answers", "503"});
  const std::string secret = dir_.path() / "secret";
  std::ofstream(secret) << std::string(40, 'k');
  config_.clear_alerting();
  auto* receiver = config_.mutable_alerting()->add_receivers();
  receiver->set_name("hook");
  receiver->mutable_webhook()->set_url("http://127.0.0.1:" + std::to_string(sink.port()) + "/");
  receiver->mutable_webhook()->set_secret_file(secret);
  Serve();
  Report({MakeSignal({})});
  const auto first = sink.Next();
  ASSERT_TRUE(first);
  // The wait begins when the answer is noted, some time after it was given.
  std::optional<nlohmann::json> second;
  for (int i = 0; i < 100 && !second; ++i) {
    clock_.Advance(std::chrono::hours(1));
    second = sink.Next(std::chrono::milliseconds(500));
  }
  ASSERT_TRUE(second) << "tried again after the 503";
  EXPECT_EQ(first->at("headers").at("belgrand-event-id"),
            second->at("headers").at("belgrand-event-id"));
  EXPECT_THAT(second->at("body").get<std::string>(), HasSubstr("\"repeat\": true"));
  v1::DeliveryState state = v1::RETRYING;
  for (int i = 0; i < 600 && state != v1::DELIVERED; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    state = Get(kNorth).deliveries(0).state();
  }
  EXPECT_EQ(state, v1::DELIVERED);
  const std::string text = metrics_->Text();
  EXPECT_THAT(text, HasSubstr("belgrand_alerting_delivery_attempts_total{receiver=\"hook\"} 2"));
  EXPECT_THAT(text, HasSubstr("outcome=\"delivered\",receiver=\"hook\"} 1"));
}

TEST_F(AlertingRoleTest, WhoWasToldIsKeptTwoYearsAndThatTheyWereForFive) {
  StopServer();
  belgrand::testing::Sink sink("smtp_sink.py");
  config_.clear_alerting();
  auto* receiver = config_.mutable_alerting()->add_receivers();
  receiver->set_name("duty");
  receiver->mutable_mail()->set_server("smtp://127.0.0.1:" + std::to_string(sink.port()));
  receiver->mutable_mail()->set_from("belgrand@city.example");
  receiver->mutable_mail()->add_to("anna@city.example");
  Serve();
  Report({MakeSignal({})});
  v1::Delivery delivery;
  for (int i = 0; i < 600 && delivery.state() != v1::DELIVERED; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    delivery = Get(kNorth).deliveries(0);
  }
  ASSERT_EQ(delivery.receipts_size(), 1);
  EXPECT_EQ(delivery.receipts(0).recipient(), "anna@city.example");
  EXPECT_EQ(delivery.receipts(0).state(), v1::RECEIPT_ACCEPTED);
  EXPECT_TRUE(FilesHold("anna@city.example"));
  clock_.Advance(std::chrono::hours(24 * 800));
  EXPECT_EQ(ApplyExpiry(clock_.Now()),
            (Counts{{"belgrand.storage.v1.DeliveryRecord.receipts.recipient", 1}}));
  purpose_ = "data-protection";  // the alert is in the archive by now
  delivery = Get(kNorth).deliveries(0);
  ASSERT_EQ(delivery.receipts_size(), 1);
  EXPECT_EQ(delivery.receipts(0).recipient(), "");
  EXPECT_EQ(delivery.receipts(0).state(), v1::RECEIPT_ACCEPTED);
  EXPECT_FALSE(FilesHold("anna@city.example")) << "nor is it in the files of the database";
}

TEST_F(AlertingRoleTest, MetricsAnswerWhoHasNotBeenTold) {
  Report({MakeSignal({}), MakeSignal({.area = "b", .district = "b"})});
  ASSERT_OK(Acknowledge(kNorth, "A. Official"));
  clock_.Advance(std::chrono::seconds(90));
  const std::string text = metrics_->Text();
  EXPECT_THAT(text, HasSubstr("belgrand_alerting_alerts{state=\"open\"} 1"));
  EXPECT_THAT(text, HasSubstr("belgrand_alerting_alerts{state=\"acknowledged\"} 1"));
  EXPECT_THAT(text, HasSubstr("belgrand_alerting_newest_event 3"));
  EXPECT_THAT(text, HasSubstr("belgrand_alerting_outbox_pending{receiver=\"console\"} 3"));
  EXPECT_THAT(text,
              HasSubstr("belgrand_alerting_outbox_oldest_age_seconds{receiver=\"console\"} 90"));
}

TEST_F(AlertingRoleTest, RetentionDoesExactlyWhatItPlanned) {
  Report({MakeSignal({})});
  ASSERT_OK(Acknowledge(kNorth, "A. Official"));
  EXPECT_THAT(PlanExpiry(clock_.Now()), IsEmpty());
  clock_.Advance(std::chrono::hours(24 * 800));
  const auto planned = PlanExpiry(clock_.Now());
  EXPECT_THAT(planned, Not(IsEmpty()));
  EXPECT_EQ(ApplyExpiry(clock_.Now()), planned);
  EXPECT_THAT(ApplyExpiry(clock_.Now()), IsEmpty());
  purpose_ = "data-protection";  // the alert is in the archive by now
  EXPECT_EQ(Get(kNorth).alert().acknowledged_by(), "");
  EXPECT_EQ(Get(kNorth).history(1).by(), "");
  EXPECT_EQ(Get(kNorth).history(1).comment(), "");
  EXPECT_EQ(Get(kNorth).history(1).alert().acknowledged_by(), "");
  clock_.Advance(std::chrono::hours(24 * 1200));
  EXPECT_EQ(ApplyExpiry(clock_.Now()), (Counts{{"belgrand.storage.v1.AlertRecord.", 1},
                                               {"belgrand.storage.v1.AlertEventRecord.", 2},
                                               {"belgrand.storage.v1.DeliveryRecord.", 2}}));
  compliance::v1::ApplyExpiryRequest future;
  *future.mutable_now() = shared::ToTimestamp(clock_.Now() + std::chrono::hours(1));
  grpc::ClientContext context;
  compliance::v1::ApplyExpiryResponse response;
  const auto steward = compliance::v1::AlertingStewardService::NewStub(server_->InProcessChannel());
  EXPECT_EQ(steward->ApplyExpiry(&context, future, &response).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(AlertingRoleTest, ANameExpiresTwoYearsAfterTheActWhateverBecameOfTheAlert) {
  Report({MakeSignal({})});
  const base::Instant acknowledged = clock_.Now();
  ASSERT_OK(Acknowledge(kNorth, "A. Official"));
  EXPECT_TRUE(FilesHold("A. Official"));
  clock_.Advance(std::chrono::hours(24 * 300));
  Report({MakeSignal({.severity = detection::v1::CRITICAL, .feed = 2})});
  clock_.Advance(std::chrono::hours(24 * 300));
  Report({MakeSignal({.phase = Signal::CLEARED, .feed = 3})});
  const base::Instant end =
      compliance::AddDuration(acknowledged, {.months = 24, .days = 0, .time = {}});
  clock_.Set(end - std::chrono::microseconds(1));
  EXPECT_THAT(ApplyExpiry(clock_.Now()), IsEmpty());
  EXPECT_EQ(Get(kNorth).alert().acknowledged_by(), "A. Official");
  EXPECT_EQ(Get(kNorth).history(3).alert().acknowledged_by(), "A. Official");
  clock_.Set(end);
  const Counts due = {{"belgrand.storage.v1.AlertRecord.acknowledged_by", 1},
                      {"belgrand.storage.v1.AlertRecord.acknowledged_at_us", 1},
                      {"belgrand.storage.v1.AlertEventRecord.by", 1},
                      {"belgrand.storage.v1.AlertEventRecord.comment", 1},
                      {"belgrand.storage.v1.AlertEventRecord.alert.acknowledged_by", 3},
                      {"belgrand.storage.v1.AlertEventRecord.alert.acknowledged_at_us", 3}};
  EXPECT_EQ(PlanExpiry(end), due);
  EXPECT_EQ(ApplyExpiry(end), due);
  const auto stripped = Get(kNorth);
  EXPECT_EQ(stripped.alert().acknowledged_by(), "");
  EXPECT_FALSE(stripped.alert().has_acknowledged_at());
  ASSERT_EQ(stripped.history_size(), 4);
  for (const auto& event : stripped.history()) {
    EXPECT_EQ(event.by() + event.comment() + event.alert().acknowledged_by(), "");
  }
  Report({MakeSignal({.feed = 4})});
  EXPECT_EQ(Get(kNorth).history(4).alert().acknowledged_by(), "");
  EXPECT_FALSE(FilesHold("A. Official")) << "nor is it in the files of the database";
}

TEST_F(AlertingRoleTest, TheCommandDoesAnOfficialsWork) {
  EXPECT_EQ(Command({"list"}), "no alerts\n");
  Report({MakeSignal({.severity = detection::v1::WARNING}),
          MakeSignal({.area = "b", .district = "b"})});
  EXPECT_THAT(
      Command({"list", "--state", "open"}),
      AllOf(HasSubstr("WARNING    open              2023-11-14T22:13:20Z  north/SARS-CoV-2/trend"),
            HasSubstr("b/SARS-CoV-2/trend")));
  EXPECT_THAT(Command({"follow", "--once", "--district", "north"}),
              AllOf(HasSubstr("WARNING: sustained rise of SARS-CoV-2 in the sewage of north"),
                    Not(HasSubstr("Repeat"))));
  EXPECT_EQ(Get(kNorth).deliveries(0).state(), v1::QUEUED)
      << "a view of one district is no receipt, or b's alert would pass for delivered too";
  EXPECT_THAT(Command({"follow", "--once"}), AllOf(HasSubstr("north"), HasSubstr("b/SARS-CoV-2")));
  EXPECT_EQ(Get(kNorth).deliveries(0).state(), v1::DELIVERED) << "printing everything confirms";
  EXPECT_THAT(
      Command({"ack", kNorth, "--by", "A. Official", "--comment", "calling"}),
      HasSubstr("north/SARS-CoV-2/trend: acknowledged by A. Official at 2023-11-14T22:13:20Z"));
  EXPECT_THAT(Command({"ack", kNorth, "--by", "a. official"}), HasSubstr("by A. Official at"))
      << "who has it may say so again";
  EXPECT_THAT(Command({"ack", kNorth, "--by", "B. Other"}, cli::kExitRuntime),
              HasSubstr("nothing was changed: north/SARS-CoV-2/trend has been acknowledged by A. "
                        "Official since"));
  EXPECT_THAT(Command({"ack", kNorth, "--by", "B. Other", "--lang", "fr"}, cli::kExitRuntime),
              HasSubstr("est prise en charge par A. Official depuis"));
  EXPECT_THAT(Command({"show", kNorth}), AllOf(HasSubstr("acknowledged by A. Official: calling"),
                                               HasSubstr("delivered"), HasSubstr("waiting")));
  EXPECT_THAT(Command({"resolve", kNorth, "--by", "A. Official", "--reason", "sewer works"}),
              HasSubstr("resolved at"));
  EXPECT_THAT(
      Command({"resolve", kNorth, "--by", "A. Official", "--reason", "x"}, cli::kExitRuntime),
      HasSubstr("resolved already"));
  EXPECT_THAT(Command({"list", "--awaiting-outcome"}),
              AllOf(HasSubstr(kNorth), Not(HasSubstr("b/SARS"))));
  EXPECT_THAT(Command({"outcome", kNorth, "--by", "A. Official", "--outcome", "true"}),
              HasSubstr("it was real"));
  EXPECT_EQ(Command({"list", "--awaiting-outcome"}), "no alerts\n");
  EXPECT_THAT(Command({"escalate", "b/SARS-CoV-2/trend", "--by", "A. Official", "--reason", "x"}),
              HasSubstr("b/SARS-CoV-2/trend: escalated at"));
  EXPECT_THAT(Command({"dismiss", "b/SARS-CoV-2/trend", "--by", "A. Official", "--reason",
                       "a wedding", "--outcome", "data-fault"}),
              HasSubstr("dismissed at"));
  EXPECT_THAT(Command({"reopen", "b/SARS-CoV-2/trend", "--by", "A. Official", "--reason", "no"}),
              HasSubstr("open again at"));
  EXPECT_THAT(Command({"list", "--state", "open-again"}), HasSubstr("open again        2023"));
  EXPECT_EQ(Command({"record"}),
            "north                    trend                    right 1 of 1 times here\n");
  EXPECT_THAT(
      Command({"show", "b/SARS-CoV-2/trend"}),
      AllOf(HasSubstr("new alert: rule trend raised WATCH on b"),
            HasSubstr("dismissed as not real by A. Official [fault in the data]: a wedding")));
  EXPECT_THAT(Command({"show", "x/y/z"}, cli::kExitRuntime), HasSubstr("no alert 'x/y/z'"));
  EXPECT_EQ(Command({"dead-letters"}), "no dead letters\n");
  EXPECT_THAT(Command({"follow", "--once", "--subscriber", "nobody"}, cli::kExitRuntime),
              HasSubstr("use one of [console]"));
}

TEST_F(AlertingRoleTest, AnAlertIsClosedWithItsOutcomeAndReadAsItWas) {
  Report({MakeSignal({})});
  const base::Instant opened = clock_.Now();
  clock_.Advance(std::chrono::hours(1));
  v1::ResolveAlertRequest resolve;
  resolve.set_alert_id(kNorth);
  resolve.set_by("A. Official");
  resolve.set_reason("over");
  resolve.set_outcome(v1::NO_ACTION_NEEDED);
  grpc::ClientContext context;
  v1::ResolveAlertResponse resolved;
  ASSERT_OK(rpc::FromGrpc(stub_->ResolveAlert(&context, resolve, &resolved)));
  EXPECT_EQ(resolved.alert().outcome(), v1::NO_ACTION_NEEDED);
  clock_.Advance(std::chrono::hours(1));
  Report({MakeSignal({.feed = 2})});
  Restart();
  EXPECT_EQ(Get(kNorth).alert().track_record().judged(), 1U);
  EXPECT_EQ(Get(kNorth).history(2).state_before(), v1::RESOLVED);
  v1::GetAlertRequest request;
  request.set_alert_id(kNorth);
  *request.mutable_as_of() = shared::ToTimestamp(opened);
  grpc::ClientContext as_of_context;
  v1::GetAlertResponse then;
  ASSERT_OK(rpc::FromGrpc(stub_->GetAlert(&as_of_context, request, &then)));
  EXPECT_EQ(then.alert().state(), v1::OPEN);
  EXPECT_THAT(then.history(), SizeIs(1));
  EXPECT_THAT(then.deliveries(), SizeIs(1));
  EXPECT_THAT(Command({"list", "--as-of", "2023-11-14T22:00:00Z"}), HasSubstr("no alerts"));
  EXPECT_THAT(Command({"show", kNorth, "--as-of", "yesterday"}, cli::kExitRuntime),
              HasSubstr("yesterday"));
  EXPECT_THAT(Command({"show", kNorth}), HasSubstr("Rule trend was right 1 of 1 times here."));
}

TEST_F(AlertingRoleTest, ASilenceIsPreviewedMadeShownAndEnded) {
  StopServer();
  auto& mail = *config_.mutable_alerting()->add_receivers();
  mail.set_name("mail");
  mail.mutable_mail()->set_server("smtp://127.0.0.1:1");
  mail.mutable_mail()->set_from("belgrand@city.example");
  mail.mutable_mail()->add_to("duty@city.example");
  Serve();
  Report({MakeSignal({}), MakeSignal({.area = "b", .district = "b"})});
  EXPECT_THAT(Command({"silence", "preview", "--district", "north"}),
              AllOf(HasSubstr("would mute 1 alert that stands now"), HasSubstr(kNorth)));
  EXPECT_THAT(Command({"silence", "create", "--by", "A. Official", "--reason", "works", "--until",
                       "2023-11-15T00:00:00Z"},
                      cli::kExitRuntime),
              HasSubstr("too broad"));
  EXPECT_THAT(Command({"silence", "create", "--district", "north", "--by", "A. Official",
                       "--reason", "works", "--until", "2023-11-15T00:00:00Z"}),
              AllOf(HasSubstr("would mute 1 alert "),
                    HasSubstr("silence 1: 2023-11-14T22:13:20Z to 2023-11-15T00:00:00Z "
                              "district=north, not CRITICAL"),
                    HasSubstr("by A. Official: works")));
  EXPECT_THAT(Command({"show", kNorth}), HasSubstr("Muted by silence 1"));
  Report({MakeSignal({.feed = 2, .rule = "other"})});
  const auto muted = Get("north/SARS-CoV-2/other");
  EXPECT_EQ(muted.alert().muted_by(), "silence 1");
  std::map<std::string, v1::DeliveryState> states;
  for (const auto& delivery : muted.deliveries()) states[delivery.receiver()] = delivery.state();
  EXPECT_EQ(states["mail"], v1::MUTED);
  EXPECT_EQ(states["console"], v1::QUEUED) << "who looks, sees it";
  Restart();
  EXPECT_THAT(Command({"route", "--example", "district=north target=rsv"}),
              AllOf(HasSubstr("console              by every receiver of the district"),
                    HasSubstr("muted by silence 1: only streams show it")));
  EXPECT_THAT(Command({"silence", "list"}), HasSubstr("silence 1: "));
  EXPECT_THAT(Command({"silence", "end", "1", "--by", "B. Official"}),
              HasSubstr("ended by B. Official"));
  EXPECT_EQ(Command({"silence", "list"}), "no silences\n");
  EXPECT_THAT(Command({"silence", "list", "--all"}), HasSubstr("silence 1: "));
  EXPECT_EQ(Get(kNorth).alert().muted_by(), "");
  for (const auto& event : compliance_.Events()) {
    EXPECT_THAT(event.SerializeAsString(), Not(HasSubstr("Official")));
  }
}

TEST_F(AlertingRoleTest, AnExampleIsShownItsWayAndItsEscalation) {
  StopServer();
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
    receivers { name: "console" stream {} }
    receivers { name: "night" mail { server: "smtp://127.0.0.1:1" from: "b@city.example" to: "n@city.example" } }
    windows { name: "nights" from: "22:00" to: "06:00" }
    escalations { name: "all" steps { wait { seconds: 600 } receivers: "night" } }
    route {
      name: "town" receivers: "console"
      routes { name: "critical" match { min_severity: CRITICAL } receivers: "night" escalation: "all" }
    })",
                                                            config_.mutable_alerting()));
  Serve();
  EXPECT_EQ(Command({"route", "--example", "district=north target=rsv severity=watch"}),
            "console              by town\n");
  EXPECT_EQ(Command({"route", "--example",
                     "district=Greater Glasgow and Clyde, "
                     "target=rsv,kind=spike,severity=critical,at=2026-01-05T03:00:00Z"}),
            "night                by town > critical\n"
            "unless acknowledged by 2026-01-05T03:10:00Z, escalation 'all' tells night\n");
  EXPECT_THAT(Command({"route", "--example", "district=north"}, cli::kExitRuntime),
              HasSubstr("target is empty"));
  EXPECT_THAT(Command({"route", "--example", "distric=north"}, cli::kExitRuntime),
              HasSubstr("'distric=north' is not name=value"));
  EXPECT_THAT(Command({"route", "--example", "district=north taget=rsv"}, cli::kExitRuntime),
              HasSubstr("'north taget=rsv' holds a name that is none of"));
  EXPECT_THAT(Command({"route", "--example", "district=n target=sarscov7"}, cli::kExitRuntime),
              HasSubstr("'sarscov7' is no target of an alert: did you mean 'sars-cov-2'?"));
  EXPECT_THAT(Command({"route", "--example", "district=n target=rsv rule=district-trend"},
                      cli::kExitRuntime),
              HasSubstr("'district-trend' is no rule of an alert"));
  EXPECT_THAT(Command({"silence", "preview", "--target", "SARS-CoV2"}, cli::kExitRuntime),
              HasSubstr("did you mean 'sars-cov-2'?"));
  EXPECT_THAT(Command({"route", "--example", "severity=high"}, cli::kExitRuntime),
              HasSubstr("severity 'high'"));
}

TEST_F(AlertingRoleTest, TheServiceTakesTheStepsOfAnEscalationByItself) {
  StopServer();
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
    receivers { name: "console" stream { give_up_after { seconds: 315360000 } } }
    receivers { name: "boss" mail { server: "smtp://127.0.0.1:1" from: "b@city.example" to: "x@city.example" } }
    escalations { name: "all" steps { wait { seconds: 600 } receivers: "boss" } }
    route { receivers: "console" escalation: "all" })",
                                                            config_.mutable_alerting()));
  Serve();
  Report({MakeSignal({})});
  EXPECT_EQ(Get(kNorth).alert().escalation(), "all");
  clock_.Advance(std::chrono::minutes(10));
  EXPECT_THAT(Follow(2), ElementsAre("1", "2"));
  const auto alert = Get(kNorth);
  EXPECT_EQ(alert.history(1).kind(), v1::ESCALATION_STEP);
  EXPECT_EQ(alert.alert().state(), v1::ESCALATED);
  Restart();
  clock_.Advance(std::chrono::minutes(30));
  EXPECT_THAT(Follow(4), ElementsAre("1r", "2r", "3", "4"));
  const auto operations = Get("north/SARS-CoV-2/unanswered");
  EXPECT_EQ(operations.alert().alert_class(), v1::OPERATIONS);
  EXPECT_THAT(operations.deliveries(), SizeIs(2)) << "told to everybody, in the tree or not";
}

}  // namespace
}  // namespace belgrand::alerting
