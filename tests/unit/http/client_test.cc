// Client and routes against each other; the server's own bytes are checked in server_test.cc.
#include "platform/http/client.h"

#include <gtest/gtest.h>

#include "platform/http/server.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace belgrand::http {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;

std::vector<Route> Echo() {
  return {{Route::Method::kPost, "/echo/",
           [](const Request& request) {
             return Response{201, "text/x.echo", request.path + "|" + request.body, "no-store"};
           }},
          {Route::Method::kGet, "/echo/", [](const Request& request) {
             return Response{200, "text/plain", "got " + request.path};
           }}};
}

TEST(ClientTest, PostsAndGetsBelowAPrefix) {
  auto server = Server::Start("127.0.0.1:0", std::nullopt, {}, nullptr, Echo());
  ASSERT_OK(server);
  const std::string at = fmt::format("http://127.0.0.1:{}", (*server)->port());
  const auto posted = Post(at + "/echo/a/b.c", "body\n\xff", "text/plain", {});
  ASSERT_OK(posted);
  EXPECT_EQ(posted->code, 201);
  EXPECT_EQ(posted->content_type, "text/x.echo");
  EXPECT_EQ(posted->cache_control, "no-store");
  EXPECT_EQ(posted->body, "a/b.c|body\n\xff");
  EXPECT_EQ(Get(at + "/echo/", {})->body, "got ");
  EXPECT_EQ(Get(at + "/echo", {})->code, 404);
  EXPECT_EQ(Get(at + "/other", {})->code, 404);
}

TEST(ClientTest, SaysWhyThereIsNoAnswer) {
  auto server = Server::Start("127.0.0.1:0", std::nullopt, {}, nullptr, Echo());
  ASSERT_OK(server);
  const std::string url = fmt::format("http://127.0.0.1:{}/echo/x", (*server)->port());
  ClientOptions small;
  small.max_bytes = 3;
  EXPECT_THAT(Get(url, small), StatusIs(base::StatusCode::kUnavailable, HasSubstr("more than 3")));
  server->reset();
  EXPECT_THAT(Get(url, {}), StatusIs(base::StatusCode::kUnavailable, HasSubstr(url)));
}

TEST(ClientTest, RefusesAddressesItShouldNotSpeakTo) {
  for (const char* good :
       {"https://w.example", "https://w.example:8443/a/b", "http://127.0.0.1:80",
        "http://localhost:7480/witness", "http://[::1]:7480/", "https://[2001:db8::1]/w"}) {
    EXPECT_OK(CheckUrl(good)) << good;
  }
  for (const char* bad : {"", "w.example", "ftp://w.example", "http://w.example/", "https://",
                          "https://user@w.example/", "https://w.example/?q", "https://w.example/#f",
                          "https://w.example:0/", "https://w.example:99999/", "https://w .example/",
                          "http://127.0.0.1.evil.example/", "https://w.example/\r\nX: y"}) {
    EXPECT_THAT(CheckUrl(bad), StatusIs(base::StatusCode::kInvalidArgument, HasSubstr(""))) << bad;
  }
}

TEST(ClientTest, TrustsOnlyTheNamedAuthorityAndShowsItsCertificate) {
  const belgrand::testing::TempDir dir;
  belgrand::testing::TestAuthority authority(dir.path() / "ours");
  belgrand::testing::TestAuthority stranger(dir.path() / "other");
  const base::TlsFiles ours = authority.Issue("server", "");
  const base::TlsFiles theirs = stranger.Issue("client", "");
  auto server = Server::Start("127.0.0.1:0", ours, {}, nullptr, Echo());
  ASSERT_OK(server);
  const std::string url = fmt::format("https://localhost:{}/echo/x", (*server)->port());
  ClientOptions options;
  options.tls = ours;
  const auto answer = Get(url, options);
  ASSERT_OK(answer);
  EXPECT_EQ(answer->body, "got x");
  options.tls = base::TlsFiles{"", "", ours.authorities};
  EXPECT_FALSE(Get(url, options).ok()) << "without a certificate nobody is heard";
  options.tls = theirs;
  EXPECT_FALSE(Get(url, options).ok()) << "another authority";
  EXPECT_FALSE(Get(url, {}).ok()) << "the system's authorities do not know this one";
}

}  // namespace
}  // namespace belgrand::http
