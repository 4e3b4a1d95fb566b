// Server, channel, TLS, identity and status details, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>
#include <sstream>
#include <thread>

#include "belgrand/detection/v1/detection.grpc.pb.h"
#include "belgrand/error/v1/error.pb.h"
#include "platform/base/file.h"
#include "platform/rpc/answer_gate.h"
#include "platform/rpc/call_headers.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/identity.h"
#include "platform/rpc/server.h"
#include "platform/rpc/status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace belgrand::rpc {
namespace {

using ::belgrand::testing::StatusIs;
using ::belgrand::testing::TestAuthority;
using ::testing::HasSubstr;

// Answers with who called, as the error message.
class WhoAmI final : public detection::v1::DetectionService::Service {
  grpc::Status GetProgress(grpc::ServerContext* context, const detection::v1::GetProgressRequest*,
                           detection::v1::GetProgressResponse*) override {
    const auto peer = IdentifyPeer(*context);
    if (!peer.ok()) return ToGrpc(peer.status());
    return ToGrpc(base::NotFound("{}|{}|{}", static_cast<int>(peer->kind), peer->role, peer->id));
  }
};

base::Status Ask(const std::shared_ptr<grpc::Channel>& channel) {
  const auto stub = detection::v1::DetectionService::NewStub(channel);
  grpc::ClientContext context;
  SetTimeout(context, std::chrono::seconds(10));
  detection::v1::GetProgressResponse response;
  return FromGrpc(stub->GetProgress(&context, {}, &response));
}

TEST(ServerTest, PlainTextIsForLoopbackOnly) {
  ServerOptions options;
  options.listen = "0.0.0.0:0";
  EXPECT_THAT(Server::Create(options),
              StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("0.0.0.0:0")));
  EXPECT_THAT(OpenChannel("10.1.2.3:7443", std::nullopt),
              StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("10.1.2.3")));
}

TEST(ServerTest, TellsLoopbackFromInProcess) {
  WhoAmI service;
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.services = {&service};
  auto server = Server::Create(options);
  ASSERT_OK(server);
  auto channel = OpenChannel("127.0.0.1:" + std::to_string((*server)->port()), std::nullopt);
  ASSERT_OK(channel);
  EXPECT_EQ(base::Message(Ask(*channel)), "1||loopback");
  EXPECT_EQ(base::Message(Ask((*server)->InProcessChannel())), "0|service|inproc");
}

// Waits until its caller is gone, then asks another service of the process.
class Persistent final : public detection::v1::DetectionService::Service {
 public:
  std::promise<std::shared_ptr<grpc::Channel>> inside;
  std::promise<void> under_way;
  std::promise<std::string> answer;

 private:
  grpc::Status GetProgress(grpc::ServerContext* context, const detection::v1::GetProgressRequest*,
                           detection::v1::GetProgressResponse*) override {
    if (IsInProcess(*context)) return ToGrpc(base::NotFound("reached"));
    under_way.set_value();
    while (!context->IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    answer.set_value(base::Message(Ask(inside.get_future().get())));
    return grpc::Status::OK;
  }
};

TEST(ServerTest, AHandlerThatOutlivesTheStopStillReachesItsPeers) {
  Persistent service;
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.services = {&service};
  auto server = Server::Create(options);
  ASSERT_OK(server);
  service.inside.set_value((*server)->InProcessChannel());
  auto channel = OpenChannel("127.0.0.1:" + std::to_string((*server)->port()), std::nullopt);
  ASSERT_OK(channel);
  auto caller = std::async(std::launch::async, [&] { return Ask(*channel); });
  service.under_way.get_future().wait();
  (*server)->Stop(std::chrono::milliseconds(10));
  EXPECT_EQ(service.answer.get_future().get(), "reached");
  EXPECT_FALSE(caller.get().ok());
}

// Answers and sends who rises: 2 of them.
class Talkative final : public detection::v1::DetectionService::Service {
 public:
  std::function<void(const grpc::ServerContext&)> admit = [](const grpc::ServerContext&) {};

 private:
  grpc::Status ListAreaStates(grpc::ServerContext* context,
                              const detection::v1::ListAreaStatesRequest*,
                              detection::v1::ListAreaStatesResponse* response) override {
    admit(*context);
    for (const char* area : {"north", "south"}) response->add_states()->set_area_id(area);
    return grpc::Status::OK;
  }
};

struct Heard {
  std::vector<std::string> areas;
  std::vector<std::string> withheld;
};

Heard AskForAreas(const std::string& address) {
  Heard heard;
  const auto channel =
      OpenChannelWithHeaders(address, std::nullopt, {}, 1 << 20, [&](std::string_view names) {
        heard.withheld.emplace_back(names);
      }).value();
  const auto stub = detection::v1::DetectionService::NewStub(channel);
  grpc::ClientContext context;
  SetTimeout(context, std::chrono::seconds(10));
  detection::v1::ListAreaStatesResponse response;
  EXPECT_OK(FromGrpc(stub->ListAreaStates(&context, {}, &response)));
  for (const auto& state : response.states()) heard.areas.push_back(state.area_id());
  return heard;
}

// A gate before a server whose handler sets `filter`, if any.
Heard AskThroughGate(bool watched, const AnswerGate::Filter& filter) {
  AnswerGate gate([&](std::string_view method) {
    return watched && method == "/belgrand.detection.v1.DetectionService/ListAreaStates";
  });
  Talkative service;
  if (filter) {
    service.admit = [&](const grpc::ServerContext& context) { gate.Set(context, filter); };
  }
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.services = {&service};
  options.answers = &gate;
  auto server = Server::Create(options);
  EXPECT_OK(server);
  return AskForAreas("127.0.0.1:" + std::to_string((*server)->port()));
}

TEST(AnswerGateTest, NothingLeavesAWatchedCallThatNobodyAdmitted) {
  EXPECT_THAT(AskThroughGate(true, nullptr).areas, ::testing::IsEmpty());
  EXPECT_THAT(AskThroughGate(false, nullptr).areas, ::testing::ElementsAre("north", "south"));
}

TEST(AnswerGateTest, SendsWhatTheFilterLeavesAndNamesTheRest) {
  const Heard whole = AskThroughGate(true, [](const auto&, auto&) { return nullptr; });
  EXPECT_THAT(whole.areas, ::testing::ElementsAre("north", "south"));
  EXPECT_THAT(whole.withheld, ::testing::IsEmpty());
  const Heard less = AskThroughGate(
      true, [](const google::protobuf::Message& answer, std::set<std::string>& left_out) {
        auto one = std::make_unique<detection::v1::ListAreaStatesResponse>();
        one->CopyFrom(answer);
        one->mutable_states()->RemoveLast();
        left_out.insert({"south", "b"});
        return one;
      });
  EXPECT_THAT(less.areas, ::testing::ElementsAre("north"));
  EXPECT_THAT(less.withheld, ::testing::ElementsAre("b,south"));
}

TEST(ServerTest, MutualTlsGivesTheIdentityOfTheCertificate) {
  const belgrand::testing::TempDir dir;
  TestAuthority authority(dir.path() / "ca");
  TestAuthority other(dir.path() / "other");
  const TlsFiles server_files = authority.Issue("server", "URI:spiffe://test/service/one");
  WhoAmI service;
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.tls = server_files;
  options.services = {&service};
  auto server = Server::Create(options);
  ASSERT_OK(server);
  const std::string target = "localhost:" + std::to_string((*server)->port());

  auto good = OpenChannel(target, authority.Issue("lab", "URI:spiffe://test/laboratory/north"));
  EXPECT_EQ(base::Message(Ask(*good)), "2|laboratory|north");
  auto two = OpenChannel(target,
                         authority.Issue("two", "URI:spiffe://test/dpo/a,URI:spiffe://test/dpo/b"));
  EXPECT_THAT(Ask(*two), StatusIs(base::StatusCode::kUnauthenticated, HasSubstr("several")));
  auto none = OpenChannel(target, authority.Issue("none", ""));
  EXPECT_THAT(Ask(*none), StatusIs(base::StatusCode::kUnauthenticated, HasSubstr("none")));
  TlsFiles foreign = other.Issue("lab", "URI:spiffe://test/laboratory/north");
  foreign.authorities = server_files.authorities;
  EXPECT_EQ(Ask(*OpenChannel(target, foreign)).code(), base::StatusCode::kUnavailable)
      << "a certificate of another authority must not get through";
  EXPECT_EQ(
      Ask(*OpenChannel("127.0.0.1:" + std::to_string((*server)->port()), std::nullopt)).code(),
      base::StatusCode::kUnavailable)
      << "plain text must not get through";
}

TEST(ServerTest, WhatGrpcReportsIsALineOfTheLogAsAnyOther) {
  const belgrand::testing::TempDir dir;
  TestAuthority authority(dir.path() / "ca");
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.tls = authority.Issue("server", "URI:spiffe://test/service/one");
  auto server = Server::Create(options);
  ASSERT_OK(server);
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 40; ++i) {
    EXPECT_FALSE(
        Ask(*OpenChannel("127.0.0.1:" + std::to_string((*server)->port()), std::nullopt)).ok());
  }
  std::istringstream lines(::testing::internal::GetCapturedStderr());
  int reports = 0;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.starts_with("{\"time\":")) << line;
    reports += line.find("\"event\":\"grpc\"") != std::string::npos;
  }
  EXPECT_GT(reports, 0) << "control: a wrong client is reported";
  EXPECT_LE(reports, 60) << "two minutes' worth at most";
}

// Asks over new connections until the answer is as wanted; for a minute at most.
base::Status AskUntil(const std::string& target, const TlsFiles& files, base::StatusCode wanted) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  for (;;) {
    const base::Status status = Ask(*OpenChannel(target, files));
    if (status.code() == wanted || std::chrono::steady_clock::now() > deadline) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void Replace(const std::string& path, const std::string& by) {
  ASSERT_OK(base::WriteFileAtomically(path, base::ReadFile(by).value()));
}

TEST(ServerTest, TakesNewCertificatesWhileItRuns) {
  const belgrand::testing::TempDir dir;
  TestAuthority authority(dir.path() / "ca");
  TestAuthority next(dir.path() / "next");
  const TlsFiles server_files = authority.Issue("server", "URI:spiffe://test/service/one");
  const TlsFiles next_files = next.Issue("server", "URI:spiffe://test/service/one");
  const TlsFiles old_client = authority.Issue("lab", "URI:spiffe://test/laboratory/north");
  const TlsFiles next_client = next.Issue("lab", "URI:spiffe://test/laboratory/south");
  const std::string old_authorities = dir.path() / "old.pem";
  Replace(old_authorities, server_files.authorities);
  TlsFiles old_client_files = old_client;
  old_client_files.authorities = old_authorities;
  WhoAmI service;
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.tls = server_files;
  options.services = {&service};
  auto server = Server::Create(options);
  ASSERT_OK(server);
  const std::string target = "localhost:" + std::to_string((*server)->port());
  const auto open_before = OpenChannel(target, old_client_files).value();
  EXPECT_EQ(base::Message(Ask(open_before)), "2|laboratory|north");
  EXPECT_EQ(Ask(*OpenChannel(target, next_client)).code(), base::StatusCode::kUnavailable);

  // The key alone: they do not belong together, and the old identity stays.
  Replace(server_files.private_key, next_files.private_key);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(base::Message(Ask(*OpenChannel(target, old_client_files))), "2|laboratory|north");

  Replace(server_files.certificate, next_files.certificate);
  Replace(server_files.authorities, next_files.authorities);
  EXPECT_EQ(base::Message(AskUntil(target, next_client, base::StatusCode::kNotFound)),
            "2|laboratory|south");
  EXPECT_EQ(AskUntil(target, old_client_files, base::StatusCode::kUnavailable).code(),
            base::StatusCode::kUnavailable)
      << "its authority is not trusted any more";
  EXPECT_EQ(base::Message(Ask(open_before)), "2|laboratory|north")
      << "what is connected stays connected";

  // Nothing readable: the last good identity stays.
  Replace(server_files.certificate, server_files.private_key);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(base::Message(Ask(*OpenChannel(target, next_client))), "2|laboratory|south");
}

TEST(ServerTest, RefusesToStartWithFilesThatDoNotBelongTogether) {
  const belgrand::testing::TempDir dir;
  TestAuthority authority(dir.path());
  TlsFiles files = authority.Issue("one", "URI:spiffe://test/service/one");
  files.private_key = authority.Issue("two", "URI:spiffe://test/service/two").private_key;
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  options.tls = files;
  EXPECT_THAT(Server::Create(options), StatusIs(base::StatusCode::kInvalidArgument,
                                                HasSubstr("not that of the certificate")));
}

TEST(IdentityTest, RefusesMalformedUris) {
  for (const char* uri :
       {"", "http://test/dpo/a", "spiffe://", "spiffe://test", "spiffe://test/dpo",
        "spiffe://test/dpo/", "spiffe://test//a", "spiffe:///dpo/a", "spiffe://t/r/a/b"}) {
    EXPECT_FALSE(ParseSpiffeId(uri).ok()) << uri;
  }
}

TEST(StatusTest, DetailsSurviveTheWire) {
  base::Status status = WithFieldViolations(
      base::InvalidArgument("bad batch"), {{"samples[0].lod", "lod is missing: give it in gc/L"}});
  status = WithRetryDelay(status, std::chrono::milliseconds(1500));
  const base::Status back = FromGrpc(ToGrpc(status));
  EXPECT_EQ(back, status);
  error::v1::RetryInfo retry;
  ASSERT_TRUE(retry.ParseFromString(
      std::string(*back.GetPayload("type.googleapis.com/google.rpc.RetryInfo"))));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
}

}  // namespace
}  // namespace belgrand::rpc
