// What an official of one district learns of another: nothing, by no method of the service.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alerting/no_alert.h"
#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "compliance/access_scope.h"
#include "platform/rpc/call_headers.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/server.h"
#include "platform/rpc/status.h"
#include "services/alerting/alerting_role.h"
#include "services/alerting/concealment.h"
#include "services/cli/alerts_follow.h"
#include "tests/support/fake_identities.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/alerting/signals.h"
#include "tests/unit/services/fake_peers.h"

namespace belgrand::alerting {
namespace {

using belgrand::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeSignal;
using ::testing::Not;
using ::testing::SizeIs;
using Stub = v1::AlertingService::Stub;

constexpr char kNorth[] = "north/SARS-CoV-2/trend";
constexpr char kSouth[] = "south/SARS-CoV-2/trend";
constexpr char kNowhere[] = "nowhere/SARS-CoV-2/trend";

class AlertingScopeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
      receivers { name: "console" stream { give_up_after { seconds: 315360000 } } }
      receivers { name: "north" district_ids: "north" stream { give_up_after { seconds: 315360000 } } }
      inhibitions { name: "outage" source { rules: "outage" } muted { rules: "trend" } }
      notices { propose { rules: "trend" min_severity: CRITICAL } sender: "alerts@city.example" })",
                                                              config_.mutable_alerting()));
    auto role = CreateAlertingRole(config_, runtime_);
    ASSERT_OK(role);
    role_ = *std::move(role);
    rpc::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.services = role_->services();
    options.services.insert(options.services.end(), {&compliance_, &identities_});
    auto server = rpc::Server::Create(options);
    ASSERT_OK(server);
    server_ = *std::move(server);
    peers_.Set(shared::RoleName::kCompliance, server_->InProcessChannel());
    ASSERT_OK(role_->Start());
    guard_.Open();
    whole_ = v1::AlertingService::NewStub(server_->InProcessChannel());
    compliance::v1::CheckCallerResponse official;
    official.set_actor("official:1");
    official.set_role(privacy::v1::HEALTH_OFFICIAL);
    official.mutable_scope()->add_district_ids("north");
    identities_.AddToken("token", official);
    auto channel = rpc::OpenChannelWithHeaders(
        "127.0.0.1:" + std::to_string(server_->port()), std::nullopt,
        {{"authorization", "Bearer token"}, {shared::kPurposeHeader, "surveillance"}});
    ASSERT_OK(channel);
    limited_channel_ = *channel;
    limited_ = v1::AlertingService::NewStub(limited_channel_);
    Report({MakeSignal({}), MakeSignal({.area = "s", .district = "south"})});
  }
  void TearDown() override {
    role_->Stop();
    server_->Stop(std::chrono::seconds(5));
  }

  void Report(const std::vector<testing::Signal>& signals) {
    v1::ReportSignalsRequest request;
    for (const auto& signal : signals) *request.add_signals() = signal;
    grpc::ClientContext context;
    v1::ReportSignalsResponse response;
    ASSERT_OK(rpc::FromGrpc(whole_->ReportSignals(&context, request, &response)));
  }
  template <typename Request, typename Response>
  base::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(60));
    Response response;
    RETURN_IF_ERROR(rpc::FromGrpc((stub.*method)(&context, request, &response)));
    return response;
  }
  v1::Alert Get(Stub& stub, const std::string& id) {
    v1::GetAlertRequest request;
    request.set_alert_id(id);
    const auto response = Call(stub, &Stub::GetAlert, request);
    EXPECT_OK(response);
    return response.ok() ? response->alert() : v1::Alert();
  }
  std::size_t Denials() {
    std::size_t count = 0;
    for (const auto& event : compliance_.Events()) {
      if (event.decision() == compliance::v1::DENIED && event.actor() == "official:1") ++count;
    }
    return count;
  }

  belgrand::testing::TempDir dir_;
  base::FakeClock clock_{*base::ParseInstant("2026-01-01")};
  metrics::Registry metrics_;
  shared::Peers peers_;
  shared::Guard guard_{clock_, metrics_, peers_, 0, shared::Tokens::kAccepted};
  const shared::Runtime runtime_{clock_, metrics_, peers_, guard_, dir_.path()};
  config::v1::Config config_;
  belgrand::testing::FakeCompliance compliance_;
  belgrand::testing::FakeIdentities identities_;
  std::unique_ptr<shared::Role> role_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<Stub> whole_;
  std::shared_ptr<grpc::Channel> limited_channel_;
  std::unique_ptr<Stub> limited_;
};

// One call about one alert.
template <typename Request, typename Response>
auto About(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
           const std::function<void(Request&)>& fill = nullptr) {
  return [method, fill](Stub& stub, const std::string& alert_id) {
    Request request;
    request.set_alert_id(alert_id);
    if (fill) fill(request);
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(60));
    Response response;
    return rpc::FromGrpc((stub.*method)(&context, request, &response));
  };
}

TEST_F(AlertingScopeTest, AnAlertOfAnotherDistrictIsAnsweredAsIfItWereNotThere) {
  const auto said = [](auto& request) {
    request.set_by("A. Official");
    request.set_reason("because");
  };
  const std::vector<std::pair<std::string, std::function<base::Status(Stub&, const std::string&)>>>
      calls = {
          {"GetAlert", About<v1::GetAlertRequest>(&Stub::GetAlert)},
          {"AcknowledgeAlert",
           About<v1::AcknowledgeAlertRequest>(
               &Stub::AcknowledgeAlert, [](auto& request) { request.set_by("A. Official"); })},
          {"EscalateAlert", About<v1::EscalateAlertRequest>(&Stub::EscalateAlert, said)},
          {"ResolveAlert", About<v1::ResolveAlertRequest>(&Stub::ResolveAlert, said)},
          {"DismissAlert", About<v1::DismissAlertRequest>(&Stub::DismissAlert, said)},
          {"ReopenAlert", About<v1::ReopenAlertRequest>(&Stub::ReopenAlert, said)},
          {"RecordOutcome",
           About<v1::RecordOutcomeRequest>(&Stub::RecordOutcome,
                                           [](auto& request) { request.set_by("A. Official"); })},
      };
  std::size_t denials = 0;
  for (const auto& [name, call] : calls) {
    EXPECT_EQ(call(*limited_, kSouth), NoAlert(kSouth)) << name;
    EXPECT_EQ(Denials(), ++denials) << name;
    EXPECT_EQ(call(*limited_, kNowhere), NoAlert(kNowhere)) << name;
  }
  EXPECT_EQ(Denials(), denials) << "what is not there is not refused";
  EXPECT_EQ(Get(*whole_, kSouth).state(), v1::OPEN) << "nothing was done to it";
  EXPECT_EQ(Get(*limited_, kNorth).alert_id(), kNorth);
}

TEST_F(AlertingScopeTest, ListsHoldTheOwnDistrictOnly) {
  const auto alerts = Call(*limited_, &Stub::ListAlerts, v1::ListAlertsRequest());
  ASSERT_OK(alerts);
  ASSERT_THAT(alerts->alerts(), SizeIs(1));
  EXPECT_EQ(alerts->alerts(0).alert_id(), kNorth);
  v1::ListAlertsRequest then;
  then.mutable_as_of()->set_seconds(base::ToMicros(clock_.Now()) / 1'000'000);
  EXPECT_THAT(Call(*limited_, &Stub::ListAlerts, then)->alerts(), SizeIs(1));
  for (const char* id : {kNorth, kSouth}) {
    v1::ResolveAlertRequest resolve;
    resolve.set_alert_id(id);
    resolve.set_by("A. Official");
    resolve.set_reason("over");
    resolve.set_outcome(v1::TRUE_ALERT);
    ASSERT_OK(Call(*whole_, &Stub::ResolveAlert, resolve));
  }
  EXPECT_THAT(Call(*whole_, &Stub::ListTrackRecords, v1::ListTrackRecordsRequest())->rows(),
              SizeIs(2));
  const auto records = Call(*limited_, &Stub::ListTrackRecords, v1::ListTrackRecordsRequest());
  ASSERT_OK(records);
  ASSERT_THAT(records->rows(), SizeIs(1));
  EXPECT_EQ(records->rows(0).district_id(), "north");
}

TEST_F(AlertingScopeTest, ASilenceReachesNoFurtherThanItsMaker) {
  v1::CreateSilenceRequest request;
  request.set_owner("A. Official");
  request.set_reason("works");
  request.mutable_ends_at()->set_seconds(base::ToMicros(clock_.Now()) / 1'000'000 + 3600);
  const auto match = [&](const std::vector<std::string>& districts) {
    request.mutable_match()->Clear();
    request.mutable_match()->add_targets("SARS-CoV-2");
    for (const auto& district : districts) request.mutable_match()->add_district_ids(district);
    return request;
  };
  for (const auto& districts :
       std::vector<std::vector<std::string>>{{}, {"south"}, {"north", "south"}}) {
    EXPECT_THAT(Call(*limited_, &Stub::CreateSilence, match(districts)),
                StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("official:1")));
    v1::PreviewSilenceRequest preview;
    *preview.mutable_match() = request.match();
    EXPECT_THAT(Call(*limited_, &Stub::PreviewSilence, preview),
                StatusIs(base::StatusCode::kPermissionDenied, _));
    // By one without a limit: 1, 2, 3.
    ASSERT_OK(Call(*whole_, &Stub::CreateSilence, request));
  }
  EXPECT_EQ(Denials(), 6U);
  ASSERT_OK(Call(*limited_, &Stub::CreateSilence, match({"north"})));
  const auto list = Call(*limited_, &Stub::ListSilences, v1::ListSilencesRequest());
  ASSERT_OK(list);
  ASSERT_THAT(list->silences(), SizeIs(1));
  EXPECT_EQ(list->silences(0).silence_id(), 4U);
  v1::EndSilenceRequest end;
  end.set_by("A. Official");
  for (const std::uint64_t other : {1U, 2U, 3U, 99U}) {
    end.set_silence_id(other);
    EXPECT_EQ(Call(*limited_, &Stub::EndSilence, end).status(), NoSilence(other));
  }
  end.set_silence_id(4);
  EXPECT_OK(Call(*limited_, &Stub::EndSilence, end));
  EXPECT_THAT(Call(*whole_, &Stub::ListSilences, v1::ListSilencesRequest())->silences(), SizeIs(3));
}

TEST_F(AlertingScopeTest, ANoticeBelongsToItsDistrictAndASecondNameIsNoSecondIdentity) {
  Report({MakeSignal({.severity = detection::v1::CRITICAL, .feed = 9}),
          MakeSignal(
              {.area = "s", .severity = detection::v1::CRITICAL, .feed = 9, .district = "south"})});
  EXPECT_THAT(Call(*whole_, &Stub::ListNotices, v1::ListNoticesRequest())->notices(), SizeIs(2));
  const auto list = Call(*limited_, &Stub::ListNotices, v1::ListNoticesRequest());
  ASSERT_OK(list);
  ASSERT_THAT(list->notices(), SizeIs(1));
  EXPECT_EQ(list->notices(0).alert_id(), kNorth);
  const std::uint64_t own = list->notices(0).notice_id();
  const std::size_t denials = Denials();
  for (const std::uint64_t other : {3 - own, std::uint64_t{99}}) {
    v1::GetNoticeRequest get;
    get.set_notice_id(other);
    EXPECT_EQ(Call(*limited_, &Stub::GetNotice, get).status(), NoNotice(other));
    v1::ApproveNoticeRequest approve;
    approve.set_notice_id(other);
    EXPECT_EQ(Call(*limited_, &Stub::ApproveNotice, approve).status(), NoNotice(other));
    v1::RefuseNoticeRequest refuse;
    refuse.set_notice_id(other);
    EXPECT_EQ(Call(*limited_, &Stub::RefuseNotice, refuse).status(), NoNotice(other));
    v1::WithdrawNoticeRequest withdraw;
    withdraw.set_notice_id(other);
    EXPECT_EQ(Call(*limited_, &Stub::WithdrawNotice, withdraw).status(), NoNotice(other));
  }
  EXPECT_EQ(Denials(), denials + 4) << "those of the other district";
  v1::ApproveNoticeRequest approve;
  approve.set_notice_id(own);
  approve.set_digest(list->notices(0).draft().digest());
  approve.set_by("A. One");
  ASSERT_OK(Call(*limited_, &Stub::ApproveNotice, approve));
  approve.set_by("B. Two");
  EXPECT_THAT(Call(*limited_, &Stub::ApproveNotice, approve),
              StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("same identity")));
  const auto released = Call(*whole_, &Stub::ApproveNotice, approve);
  ASSERT_OK(released);
  EXPECT_EQ(released->notice().state(), v1::NOTICE_RELEASED);
  v1::ConsentToSilenceRequest consent;
  consent.set_by("A. One");
  consent.set_silence_id(99);
  EXPECT_EQ(Call(*limited_, &Stub::ConsentToSilence, consent).status(), NoSilence(99));
}

TEST_F(AlertingScopeTest, ARouteIsExplainedForTheOwnDistrict) {
  v1::ExplainRouteRequest request;
  request.set_target("SARS-CoV-2");
  request.set_severity(detection::v1::WATCH);
  request.set_kind(detection::v1::RISE);
  request.set_district_id("north");
  EXPECT_OK(Call(*limited_, &Stub::ExplainRoute, request));
  for (const char* district : {"south", "nowhere"}) {
    request.set_district_id(district);
    EXPECT_THAT(Call(*limited_, &Stub::ExplainRoute, request),
                StatusIs(base::StatusCode::kPermissionDenied, _));
  }
}

TEST_F(AlertingScopeTest, AnInhibitionFromElsewhereIsNotNamed) {
  Report({MakeSignal({.area = "s", .feed = 2, .district = "south", .rule = "outage"}),
          MakeSignal({.severity = detection::v1::WARNING, .feed = 2})});
  EXPECT_EQ(Get(*whole_, kNorth).muted_by(), "inhibition outage (south/SARS-CoV-2/outage)");
  EXPECT_EQ(Get(*limited_, kNorth).muted_by(), "inhibition outage (an alert elsewhere)");
  v1::GetAlertRequest request;
  request.set_alert_id(kNorth);
  const auto shown = Call(*limited_, &Stub::GetAlert, request);
  ASSERT_OK(shown);
  EXPECT_THAT(shown->SerializeAsString(), Not(HasSubstr("south/")));
  EXPECT_THAT(Call(*limited_, &Stub::ListAlerts, v1::ListAlertsRequest())->SerializeAsString(),
              Not(HasSubstr("south/")));
}

TEST_F(AlertingScopeTest, AFollowerIsShownItsDistrictAndConfirmsOnlyWhatItWasShownWhole) {
  for (const char* subscriber : {"console", "north"}) {
    v1::FollowAlertsRequest request;
    request.set_subscriber(subscriber);
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(60));
    const auto stream = limited_->FollowAlerts(&context, request);
    v1::AlertEvent event;
    ASSERT_TRUE(stream->Read(&event)) << subscriber;
    EXPECT_EQ(event.alert().district_id(), "north");
    Report({MakeSignal({.area = "s", .feed = 7, .district = "south", .rule = subscriber}),
            MakeSignal({.feed = 7, .rule = subscriber})});
    ASSERT_TRUE(stream->Read(&event)) << subscriber;
    EXPECT_EQ(event.alert().district_id(), "north") << "the next one";
    context.TryCancel();
    while (stream->Read(&event)) {
    }
    stream->Finish();
    v1::ConfirmEventsRequest confirm;
    confirm.set_subscriber(subscriber);
    confirm.set_up_to_sequence(1);
    const auto confirmed = Call(*limited_, &Stub::ConfirmEvents, confirm);
    if (std::string(subscriber) == "console") {
      EXPECT_THAT(confirmed, StatusIs(base::StatusCode::kPermissionDenied, _));
    } else {
      EXPECT_OK(confirmed);
    }
  }
}

TEST_F(AlertingScopeTest, TheCommandGoesOnLookingWhereItMayNotConfirm) {
  cli::FollowOptions options;
  options.subscriber = "console";
  options.once = true;
  std::vector<std::string> shown;
  EXPECT_OK(cli::FollowAlerts(limited_channel_, options, [&](const v1::AlertEvent& event) {
    shown.push_back(event.alert().alert_id());
  }));
  EXPECT_THAT(shown, ElementsAre(kNorth));
}

TEST_F(AlertingScopeTest, TwoYearsAfterItsLastChangeAnAlertIsInTheArchive) {
  clock_.Advance(std::chrono::hours(24 * 731));
  Report({MakeSignal({.feed = 3, .rule = "other"})});
  const auto listed = Call(*whole_, &Stub::ListAlerts, v1::ListAlertsRequest());
  ASSERT_OK(listed);
  ASSERT_THAT(listed->alerts(), SizeIs(1));
  EXPECT_EQ(listed->alerts(0).rule(), "other");
  v1::GetAlertRequest request;
  request.set_alert_id(kNorth);
  EXPECT_EQ(Call(*whole_, &Stub::GetAlert, request).status(), NoAlert(kNorth));
  v1::ReopenAlertRequest reopen;
  reopen.set_alert_id(kNorth);
  reopen.set_by("A. Official");
  reopen.set_reason("again");
  EXPECT_EQ(Call(*whole_, &Stub::ReopenAlert, reopen).status(), NoAlert(kNorth));
  grpc::ClientContext context;
  context.AddMetadata(shared::kPurposeHeader, "data-protection");
  v1::GetAlertResponse response;
  EXPECT_OK(rpc::FromGrpc(whole_->GetAlert(&context, request, &response)));
  EXPECT_EQ(response.alert().alert_id(), kNorth);
}

TEST_F(AlertingScopeTest, EveryMethodThatOfficialsMayCallKeepsToScopes) {
  const auto* service = v1::Alert::descriptor()->file()->FindServiceByName("AlertingService");
  ASSERT_NE(service, nullptr);
  EXPECT_GT(service->method_count(), 15);
  for (int i = 0; i < service->method_count(); ++i) {
    const auto* method = service->method(i);
    const auto& roles = method->options().GetExtension(privacy::v1::method).roles();
    const bool for_officials =
        std::find(roles.begin(), roles.end(), privacy::v1::HEALTH_OFFICIAL) != roles.end();
    EXPECT_EQ(method->options().GetExtension(privacy::v1::method).scoped(), for_officials)
        << method->full_name();
  }
}

TEST(ConcealmentTest, ReplacesEveryIdOutsideAndNothingElse) {
  compliance::v1::AccessScope scope;
  scope.add_district_ids("north");
  const compliance::AccessScope north(scope);
  EXPECT_EQ(WithoutOthers(north, "inhibition a (b) (south/t/r) is over (north/t/r) (x"),
            "inhibition a (b) (an alert elsewhere) is over (north/t/r) (x");
  EXPECT_EQ(WithoutOthers(north, "((south%28/t/r)"), "((an alert elsewhere)");
  EXPECT_EQ(WithoutOthers(compliance::AccessScope::Everything(), "(south/t/r)"), "(south/t/r)");
  EXPECT_EQ(WithoutOthers(compliance::AccessScope(), "(south/t/r)"), "(an alert elsewhere)");
}

}  // namespace
}  // namespace belgrand::alerting
