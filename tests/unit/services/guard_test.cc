// The guard in front of calls, with a real server and a fake audit log behind it.
#include "services/shared/guard.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "belgrand/detection/v1/detection.grpc.pb.h"
#include "platform/base/mutex.h"
#include "platform/rpc/call_headers.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/server.h"
#include "platform/rpc/status.h"
#include "tests/support/fake_identities.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace belgrand::shared {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;

class RecordingCompliance final : public compliance::v1::ComplianceService::Service {
 public:
  grpc::Status AppendAudit(grpc::ServerContext*, const compliance::v1::AppendAuditRequest* request,
                           compliance::v1::AppendAuditResponse*) override {
    if (fail) return {grpc::StatusCode::UNAVAILABLE, "disk full"};
    const base::MutexLock lock(mutex);
    events.insert(events.end(), request->events().begin(), request->events().end());
    return grpc::Status::OK;
  }
  std::atomic<bool> fail = false;
  base::Mutex mutex;
  std::vector<compliance::v1::AuditEvent> events;
};

class GuardedDetection final : public detection::v1::DetectionService::Service {
 public:
  explicit GuardedDetection(Guard& guard) : guard_(guard) {}
  grpc::Status ListAreaStates(grpc::ServerContext* context,
                              const detection::v1::ListAreaStatesRequest*,
                              detection::v1::ListAreaStatesResponse*) override {
    if (before) before(*context);
    return guard_.Unary(*context, "belgrand.detection.v1.DetectionService.ListAreaStates",
                        [&](const Caller&, CallReport& report) {
                          ++bodies;
                          if (inside) inside();
                          report.object_kind = "series";
                          report.record_count = 3;
                          return base::OkStatus();
                        });
  }
  grpc::Status GetProgress(grpc::ServerContext* context, const detection::v1::GetProgressRequest*,
                           detection::v1::GetProgressResponse*) override {
    return guard_.Unary(*context, "belgrand.detection.v1.DetectionService.NoSuchMethod",
                        [&](const Caller&, CallReport&) { return base::OkStatus(); });
  }
  std::atomic<int> bodies = 0;
  std::function<void(grpc::ServerContext&)> before;
  std::function<void()> inside;

 private:
  Guard& guard_;
};

class GuardTest : public ::testing::Test {
 protected:
  void Serve(const std::optional<rpc::TlsFiles>& tls = std::nullopt,
             rpc::ClientCertificates clients = rpc::ClientCertificates::kRequired) {
    rpc::ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.tls = tls;
    options.services = {&compliance_, &identities_, &detection_};
    options.client_certificates = clients;
    auto server = rpc::Server::Create(options);
    ASSERT_OK(server);
    server_ = std::move(*server);
    peers_.Set(RoleName::kCompliance, server_->InProcessChannel());
  }

  base::Status ListAreaStates(const std::optional<rpc::TlsFiles>& tls = std::nullopt,
                              rpc::Headers headers = {}) {
    auto channel = rpc::OpenChannelWithHeaders("localhost:" + std::to_string(server_->port()), tls,
                                               std::move(headers));
    const auto stub = detection::v1::DetectionService::NewStub(*channel);
    grpc::ClientContext context;
    rpc::SetTimeout(context, std::chrono::seconds(20));
    detection::v1::ListAreaStatesResponse response;
    return rpc::FromGrpc(stub->ListAreaStates(&context, {}, &response));
  }

  base::FakeClock clock_{*base::ParseInstant("2021-01-05")};
  metrics::Registry metrics_;
  Peers peers_;
  Guard guard_{clock_, metrics_, peers_, 0, Tokens::kAccepted};
  RecordingCompliance compliance_;
  belgrand::testing::FakeIdentities identities_;
  GuardedDetection detection_{guard_};
  std::unique_ptr<rpc::Server> server_;
};

TEST_F(GuardTest, WritesOneEntryBeforeTheAnswer) {
  Serve();
  guard_.Open();
  ASSERT_OK(ListAreaStates());
  ASSERT_EQ(compliance_.events.size(), 1U);
  EXPECT_EQ(compliance_.events[0].method(),
            "belgrand.detection.v1.DetectionService.ListAreaStates");
  EXPECT_EQ(compliance_.events[0].record_count(), 3U);
  EXPECT_EQ(compliance_.events[0].decision(), compliance::v1::ALLOWED);
  EXPECT_EQ(compliance_.events[0].request_id().size(), 32U);
}

TEST_F(GuardTest, DoesNotBeginACallWhoseDeadlinePassed) {
  Serve();
  guard_.Open();
  std::atomic<bool> left = false;
  detection_.before = [&](grpc::ServerContext& context) {
    std::this_thread::sleep_until(context.deadline());
    left = true;
  };
  const auto stub = detection::v1::DetectionService::NewStub(server_->InProcessChannel());
  grpc::ClientContext context;
  rpc::SetTimeout(context, std::chrono::milliseconds(200));
  detection::v1::ListAreaStatesResponse response;
  EXPECT_EQ(stub->ListAreaStates(&context, {}, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  server_->Stop(std::chrono::seconds(10));
  EXPECT_TRUE(left);
  EXPECT_EQ(detection_.bodies, 0);
  EXPECT_TRUE(compliance_.events.empty());
}

TEST_F(GuardTest, ACallerOverItsCallsIsToldToWaitAndOthersAreNot) {
  Guard guard(clock_, metrics_, peers_, 1);
  GuardedDetection detection(guard);
  std::atomic<bool> entered = false;
  std::atomic<bool> go_on = false;
  detection.inside = [&] {
    entered = true;
    entered.notify_all();
    go_on.wait(false);
  };
  const belgrand::testing::TempDir dir;
  belgrand::testing::TestAuthority authority(dir.path());
  rpc::ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.tls = authority.Issue("service", "URI:spiffe://test/service/one");
  options.services = {&compliance_, &identities_, &detection};
  auto server = rpc::Server::Create(options);
  ASSERT_OK(server);
  server_ = *std::move(server);
  peers_.Set(RoleName::kCompliance, server_->InProcessChannel());
  guard.Open();
  const auto one = authority.Issue("one", "URI:spiffe://test/official/one");
  const auto two = authority.Issue("two", "URI:spiffe://test/official/two");
  base::Status first;
  std::jthread holding([&] { first = ListAreaStates(one); });
  entered.wait(false);
  const base::Status refused = ListAreaStates(one);
  EXPECT_THAT(refused, StatusIs(base::StatusCode::kResourceExhausted,
                                HasSubstr("official:one has 1 calls under way")));
  EXPECT_TRUE(rpc::RetryDelay(refused).has_value());
  go_on = true;
  go_on.notify_all();
  EXPECT_OK(ListAreaStates(two));
  holding.join();
  EXPECT_OK(first);
  EXPECT_OK(ListAreaStates(one)) << "its place is free again";
}

TEST_F(GuardTest, NoAuditNoAnswer) {
  Serve();
  guard_.Open();
  compliance_.fail = true;
  EXPECT_THAT(ListAreaStates(), StatusIs(base::StatusCode::kUnavailable, HasSubstr("audit log")));
  EXPECT_THAT(metrics_.Text(), HasSubstr("belgrand_audit_fail_closed_total 1"));
}

TEST_F(GuardTest, MethodWithoutPolicyIsRefusedToEverybody) {
  Serve();
  guard_.Open();
  const auto stub = detection::v1::DetectionService::NewStub(server_->InProcessChannel());
  grpc::ClientContext context;
  detection::v1::GetProgressResponse response;
  EXPECT_EQ(stub->GetProgress(&context, {}, &response).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  ASSERT_EQ(compliance_.events.size(), 1U);
  EXPECT_EQ(compliance_.events[0].decision(), compliance::v1::DENIED);
}

TEST_F(GuardTest, RoleOfTheCertificateDecidesAndDenialIsAudited) {
  const belgrand::testing::TempDir dir;
  belgrand::testing::TestAuthority authority(dir.path());
  Serve(authority.Issue("server", "URI:spiffe://test/service/one"));
  guard_.Open();
  EXPECT_OK(ListAreaStates(authority.Issue("official", "URI:spiffe://test/official/town")));
  EXPECT_THAT(ListAreaStates(authority.Issue("lab", "URI:spiffe://test/laboratory/north")),
              StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("laboratory:north")));
  EXPECT_THAT(ListAreaStates(authority.Issue("mayor", "URI:spiffe://test/mayor/town")),
              StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("'mayor'")));
  EXPECT_EQ(detection_.bodies, 1);
  ASSERT_EQ(compliance_.events.size(), 3U);
  EXPECT_EQ(compliance_.events[2].decision(), compliance::v1::DENIED);
  EXPECT_EQ(compliance_.events[2].actor(), "mayor:town");
  EXPECT_EQ(compliance_.events[0].actor(), "official:town");
  EXPECT_EQ(compliance_.events[1].decision(), compliance::v1::DENIED);
  EXPECT_EQ(compliance_.events[1].actor(), "laboratory:north");
}

TEST_F(GuardTest, AuditsWhatACallIsFor) {
  Serve();
  guard_.Open();
  ASSERT_OK(ListAreaStates());
  ASSERT_OK(ListAreaStates(std::nullopt, {{kPurposeHeader, "outbreak-response"}}));
  ASSERT_EQ(compliance_.events.size(), 2U);
  EXPECT_EQ(compliance_.events[0].purpose(), privacy::v1::SURVEILLANCE)
      << "the ordinary purpose of the method";
  EXPECT_EQ(compliance_.events[1].purpose(), privacy::v1::OUTBREAK_RESPONSE);
}

TEST_F(GuardTest, RefusesWhatTheMethodIsNotForAndAuditsTheRefusal) {
  Serve();
  guard_.Open();
  EXPECT_THAT(ListAreaStates(std::nullopt, {{kPurposeHeader, "data-protection"}}),
              StatusIs(base::StatusCode::kPermissionDenied,
                       HasSubstr("surveillance, outbreak-response, operation")));
  EXPECT_THAT(ListAreaStates(std::nullopt, {{kPurposeHeader, "curiosity"}}),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("names no purpose")));
  EXPECT_THAT(ListAreaStates(std::nullopt,
                             {{kPurposeHeader, "surveillance"}, {kPurposeHeader, "surveillance"}}),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("several times")));
  EXPECT_EQ(detection_.bodies, 0);
  ASSERT_EQ(compliance_.events.size(), 3U);
  for (const auto& event : compliance_.events) {
    EXPECT_EQ(event.decision(), compliance::v1::DENIED);
  }
}

compliance::v1::CheckCallerResponse Official(const std::string& actor) {
  compliance::v1::CheckCallerResponse caller;
  caller.set_actor(actor);
  caller.set_role(privacy::v1::HEALTH_OFFICIAL);
  caller.mutable_scope()->add_district_ids("north");
  return caller;
}

rpc::Headers Bearer(const std::string& token, const std::string& purpose = "surveillance") {
  return {{"authorization", "Bearer " + token}, {kPurposeHeader, purpose}};
}

TEST_F(GuardTest, ATokenIsItsOwnerAndNotTheConnections) {
  Serve();
  guard_.Open();
  identities_.AddToken("good", Official("official:1"));
  EXPECT_OK(ListAreaStates(std::nullopt, Bearer("good")));
  EXPECT_OK(ListAreaStates(std::nullopt,
                           {{"authorization", "bEARER good"}, {kPurposeHeader, "surveillance"}}));
  EXPECT_THAT(ListAreaStates(std::nullopt, Bearer("other")),
              StatusIs(base::StatusCode::kUnauthenticated, HasSubstr("unknown token")))
      << "the loopback socket alone would have every role";
  EXPECT_THAT(ListAreaStates(std::nullopt, {{"authorization", "Basic eDp5"}}),
              StatusIs(base::StatusCode::kUnauthenticated, HasSubstr("Bearer")));
  auto laboratory = Official("laboratory:2");
  laboratory.set_role(privacy::v1::LABORATORY);
  identities_.AddToken("laboratory", laboratory);
  EXPECT_THAT(ListAreaStates(std::nullopt, Bearer("laboratory")),
              StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("laboratory:2 may not")));
  ASSERT_EQ(compliance_.events.size(), 5U);
  EXPECT_EQ(compliance_.events[0].actor(), "official:1");
  EXPECT_EQ(compliance_.events[2].actor(), "unidentified");
  EXPECT_EQ(compliance_.events[2].decision(), compliance::v1::DENIED);
  EXPECT_EQ(compliance_.events[4].actor(), "laboratory:2");
}

TEST_F(GuardTest, APersonSaysWhatACallIsFor) {
  Serve();
  guard_.Open();
  identities_.AddToken("good", Official("official:1"));
  EXPECT_THAT(ListAreaStates(std::nullopt, {{"authorization", "Bearer good"}}),
              StatusIs(base::StatusCode::kInvalidArgument,
                       ::testing::EndsWith("one of surveillance, outbreak-response")))
      << "not operation: that is for operators";
  for (const char* purpose : {"operation", "data-protection"}) {
    EXPECT_THAT(ListAreaStates(std::nullopt, Bearer("good", purpose)),
                StatusIs(base::StatusCode::kPermissionDenied, HasSubstr(purpose)));
  }
  EXPECT_EQ(detection_.bodies, 0);
  ASSERT_EQ(compliance_.events.size(), 3U);
  for (const auto& event : compliance_.events) {
    EXPECT_EQ(event.decision(), compliance::v1::DENIED);
  }
}

TEST_F(GuardTest, TokensAreRefusedWhereTheyAreNotConfigured) {
  Guard guard(clock_, metrics_, peers_);
  GuardedDetection detection(guard);
  rpc::ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.services = {&compliance_, &identities_, &detection};
  server_ = rpc::Server::Create(options).value();
  peers_.Set(RoleName::kCompliance, server_->InProcessChannel());
  guard.Open();
  identities_.AddToken("good", Official("official:1"));
  EXPECT_THAT(ListAreaStates(std::nullopt, Bearer("good")),
              StatusIs(base::StatusCode::kUnauthenticated, HasSubstr("access.tokens")));
}

TEST_F(GuardTest, UnderTlsWhoShowsNothingIsThePublicAndNotTheLoopbackSocket) {
  const belgrand::testing::TempDir dir;
  belgrand::testing::TestAuthority authority(dir.path());
  Serve(authority.Issue("server", "URI:spiffe://test/service/one"),
        rpc::ClientCertificates::kOptional);
  guard_.Open();
  identities_.AddToken("good", Official("official:1"));
  rpc::TlsFiles nobody = authority.Issue("nobody", "");
  nobody.certificate.clear();
  nobody.private_key.clear();
  EXPECT_THAT(ListAreaStates(nobody),
              StatusIs(base::StatusCode::kUnauthenticated, HasSubstr("client certificate")));
  EXPECT_OK(ListAreaStates(nobody, Bearer("good")));
  EXPECT_EQ(compliance_.events[0].actor(), "anonymous");
  // A certificate is checked though none is demanded, and a token does not mend a bad one.
  EXPECT_THAT(ListAreaStates(authority.Issue("plain", ""), Bearer("good")),
              StatusIs(base::StatusCode::kUnauthenticated, HasSubstr("URI SAN")));
  EXPECT_OK(ListAreaStates(authority.Issue("town", "URI:spiffe://test/official/town")));
  identities_.Revoke("official:town");
  EXPECT_THAT(
      ListAreaStates(authority.Issue("town2", "URI:spiffe://test/official/town"), Bearer("good")),
      StatusIs(base::StatusCode::kUnauthenticated, HasSubstr("revoked")));
}

TEST_F(GuardTest, ARevokedCertificateIsRefusedAndWithoutIdentitiesEverybodyIs) {
  const belgrand::testing::TempDir dir;
  belgrand::testing::TestAuthority authority(dir.path());
  Serve(authority.Issue("server", "URI:spiffe://test/service/one"));
  guard_.Open();
  const auto town = authority.Issue("town", "URI:spiffe://test/official/town");
  EXPECT_OK(ListAreaStates(town));
  identities_.Fail(true);
  const auto unknown = ListAreaStates(town);
  EXPECT_THAT(unknown, StatusIs(base::StatusCode::kUnavailable, HasSubstr("identities")));
  EXPECT_TRUE(rpc::RetryDelay(unknown).has_value());
  identities_.Fail(false);
  identities_.Revoke("official:town");
  EXPECT_THAT(ListAreaStates(town), StatusIs(base::StatusCode::kUnauthenticated, HasSubstr("")));
  EXPECT_EQ(compliance_.events.back().decision(), compliance::v1::DENIED);
  EXPECT_EQ(compliance_.events.back().actor(), "official:town");
}

TEST_F(GuardTest, CallsUnderWayOfTheRevokedAndTheExpiredAreCutOff) {
  Serve();
  guard_.Open();
  auto expiring = Official("official:expiring");
  expiring.mutable_expires_at()->set_seconds(
      std::chrono::floor<std::chrono::seconds>(clock_.Now()).time_since_epoch().count() + 60);
  identities_.AddToken("revoked", Official("official:revoked"));
  identities_.AddToken("expiring", expiring);
  identities_.AddToken("good", Official("official:good"));
  std::atomic<int> entered = 0;
  std::atomic<bool> go_on = false;
  detection_.inside = [&] {
    ++entered;
    go_on.wait(false);
  };
  base::Status ends[3];
  {
    const char* names[3] = {"revoked", "expiring", "good"};
    std::vector<std::jthread> callers;
    for (int i = 0; i < 3; ++i) {
      callers.emplace_back([&, i] { ends[i] = ListAreaStates(std::nullopt, Bearer(names[i])); });
    }
    while (entered < 3) std::this_thread::yield();
    guard_.Sweep();
    identities_.Revoke("official:revoked");
    clock_.Advance(std::chrono::seconds(60));
    guard_.Sweep();
    callers[0].join();
    callers[1].join();
    go_on = true;
    go_on.notify_all();
  }
  EXPECT_EQ(ends[0].code(), base::StatusCode::kCancelled);
  EXPECT_EQ(ends[1].code(), base::StatusCode::kCancelled);
  EXPECT_OK(ends[2]);
}

TEST_F(GuardTest, WhatIsOfTheWholeIsNotForCallersWithALimit) {
  Serve();
  guard_.Open();
  auto officer = Official("dpo:1");
  officer.set_role(privacy::v1::DATA_PROTECTION_OFFICER);
  identities_.AddToken("limited", officer);
  officer.mutable_scope()->Clear();
  officer.mutable_scope()->set_everything(true);
  identities_.AddToken("whole", officer);
  class Planner final : public compliance::v1::TimeseriesStewardService::Service {
   public:
    explicit Planner(Guard& guard) : guard_(guard) {}
    grpc::Status PlanExpiry(grpc::ServerContext* context, const compliance::v1::PlanExpiryRequest*,
                            compliance::v1::PlanExpiryResponse*) override {
      return guard_.Unary(*context, "belgrand.compliance.v1.ComplianceService.PlanRetention",
                          [](const Caller&, CallReport&) { return base::OkStatus(); });
    }

   private:
    Guard& guard_;
  } planner(guard_);
  rpc::ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.services = {&planner};
  auto server = rpc::Server::Create(options).value();
  const auto plan = [&](const std::string& token) {
    auto channel = rpc::OpenChannelWithHeaders("127.0.0.1:" + std::to_string(server->port()),
                                               std::nullopt, Bearer(token, "data-protection"));
    const auto stub = compliance::v1::TimeseriesStewardService::NewStub(*channel);
    grpc::ClientContext context;
    compliance::v1::PlanExpiryResponse response;
    return rpc::FromGrpc(stub->PlanExpiry(&context, {}, &response));
  };
  EXPECT_THAT(plan("limited"),
              StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("of the whole")));
  EXPECT_OK(plan("whole"));
}

TEST_F(GuardTest, AFloodOfRefusalsIsCountedAndDoesNotFillTheLog) {
  Serve();
  guard_.Open();
  constexpr std::uint64_t kFlood = 60;
  for (std::uint64_t i = 0; i < kFlood; ++i) {
    EXPECT_FALSE(ListAreaStates(std::nullopt, {{"authorization", "Bearer bad"}}).ok());
  }
  EXPECT_EQ(compliance_.events.size(), DenialLog::kEntriesPerActor);
  guard_.Sweep();
  EXPECT_EQ(compliance_.events.size(), DenialLog::kEntriesPerActor) << "the minute is not over";
  clock_.Advance(DenialLog::kWindow);
  compliance_.fail = true;
  guard_.Sweep();
  compliance_.fail = false;
  clock_.Advance(DenialLog::kWindow);
  guard_.Sweep();
  ASSERT_EQ(compliance_.events.size(), DenialLog::kEntriesPerActor + 1);
  const auto& count = compliance_.events.back();
  EXPECT_EQ(count.object_kind(), "denials");
  EXPECT_EQ(count.record_count(), kFlood - DenialLog::kEntriesPerActor)
      << "a count that could not be written is not lost";
  EXPECT_EQ(count.decision(), compliance::v1::DENIED);
}

TEST_F(GuardTest, AStopWritesTheCountsThatAreNotDueYet) {
  const belgrand::testing::TempDir dir;
  belgrand::testing::TestAuthority authority(dir.path());
  Serve(authority.Issue("server", "URI:spiffe://test/service/one"));
  guard_.Open();
  const auto laboratory = authority.Issue("lab", "URI:spiffe://test/laboratory/north");
  for (std::uint64_t i = 0; i < DenialLog::kEntriesPerActor + 2; ++i) {
    EXPECT_FALSE(ListAreaStates(laboratory).ok());
  }
  guard_.BeginDrain();
  guard_.FinishDrain(std::chrono::seconds(10));
  ASSERT_EQ(compliance_.events.size(), DenialLog::kEntriesPerActor + 1);
  EXPECT_EQ(compliance_.events.back().record_count(), 2U);
}

TEST(DenialLogTest, ManyActorsAreCountedToo) {
  DenialLog log;
  const base::Instant now{};
  std::uint64_t entries = 0;
  for (int i = 0; i < 3000; ++i) entries += log.TakeEntry("actor" + std::to_string(i), now) ? 1 : 0;
  EXPECT_EQ(entries, DenialLog::kEntriesInAll);
  std::uint64_t counted = 0;
  std::size_t names = 0;
  for (const auto& withheld : log.Collect(now + DenialLog::kWindow)) {
    counted += withheld.count;
    ++names;
  }
  EXPECT_EQ(entries + counted, 3000U) << "each is an entry or in a count";
  EXPECT_LE(names, DenialLog::kMaxActors + 1);
  EXPECT_TRUE(log.TakeEntry("actor1", now + DenialLog::kWindow));
}

TEST_F(GuardTest, ClosedAndDrainingGuardsRefuseCallsFromOutside) {
  Serve();
  EXPECT_THAT(ListAreaStates(), StatusIs(base::StatusCode::kUnavailable, HasSubstr("starting")));
  guard_.Open();
  EXPECT_OK(ListAreaStates());
  guard_.BeginDrain();
  EXPECT_EQ(ListAreaStates().code(), base::StatusCode::kUnavailable);
  const auto stub = detection::v1::DetectionService::NewStub(server_->InProcessChannel());
  grpc::ClientContext context;
  detection::v1::ListAreaStatesResponse response;
  EXPECT_TRUE(stub->ListAreaStates(&context, {}, &response).ok())
      << "the other roles of the process must still be reachable";
  guard_.FinishDrain(std::chrono::seconds(10));
}

}  // namespace
}  // namespace belgrand::shared
