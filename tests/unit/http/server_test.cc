#include "platform/http/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/base/file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_certificates.h"

namespace belgrand::http {
namespace {

using ::belgrand::testing::StatusIs;
using ::testing::HasSubstr;

// A plain GET, so that the test does not trust the library it tests.
std::string Get(int port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return "refused";
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(::send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return answer;
}

TEST(ServerTest, ServesItsPathsAndNothingElse) {
  auto server =
      Server::Start("127.0.0.1:0", std::nullopt, {{"/healthz", [] {
                                                     return Response{503, "text/plain", "no\n"};
                                                   }}});
  ASSERT_OK(server);
  const std::string answer = Get((*server)->port(), "/healthz");
  EXPECT_THAT(answer, HasSubstr("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nno\n"));
  EXPECT_THAT(Get((*server)->port(), "/etc/passwd"), HasSubstr("HTTP/1.1 404"));
}

TEST(ServerTest, PortInUseNamesTheAddress) {
  auto first = Server::Start("127.0.0.1:0", std::nullopt, {});
  ASSERT_OK(first);
  const std::string address = "127.0.0.1:" + std::to_string((*first)->port());
  EXPECT_THAT(Server::Start(address, std::nullopt, {}),
              StatusIs(base::StatusCode::kUnavailable, HasSubstr(address)));
}

TEST(ServerTest, BeyondLoopbackOnlyWithTls) {
  EXPECT_THAT(Server::Start("0.0.0.0:0", std::nullopt, {}),
              StatusIs(base::StatusCode::kPermissionDenied, HasSubstr("0.0.0.0:0")));
}

TEST(ServerTest, TlsHearsOnlyClientsWithACertificate) {
  const belgrand::testing::TempDir dir;
  belgrand::testing::TestAuthority authority(dir.path());
  const base::TlsFiles files = authority.Issue("server", "");
  auto server =
      Server::Start("127.0.0.1:0", files, {{"/metrics", [] {
                                              return Response{200, "text/plain", "fine\n"};
                                            }}});
  ASSERT_OK(server);
  const std::string curl = "curl -s --max-time 10 --cacert '" + files.authorities +
                           "' https://localhost:" + std::to_string((*server)->port()) +
                           "/metrics > '" + dir.path().string() + "/out' ";
  EXPECT_EQ(
      std::system(
          (curl + "--cert '" + files.certificate + "' --key '" + files.private_key + "'").c_str()),
      0);
  EXPECT_THAT(base::ReadFile(dir.path() / "out"), belgrand::testing::IsOkAndHolds("fine\n"));
  EXPECT_NE(std::system(curl.c_str()), 0) << "no certificate, no answer";
  // A certificate that is not let in is told so.
  bool let_in = false;
  auto choosing = Server::Start("127.0.0.1:0", files,
                                {{"/metrics",
                                  [] {
                                    return Response{200, "text/plain", "fine\n"};
                                  }}},
                                [&](const void*) { return let_in; });
  ASSERT_OK(choosing);
  const std::string ask = "curl -s --max-time 10 -o /dev/null -w '%{http_code}' --cacert '" +
                          files.authorities + "' --cert '" + files.certificate + "' --key '" +
                          files.private_key +
                          "' https://localhost:" + std::to_string((*choosing)->port()) +
                          "/metrics > '" + dir.path().string() + "/code'";
  EXPECT_EQ(std::system(ask.c_str()), 0);
  EXPECT_THAT(base::ReadFile(dir.path() / "code"), belgrand::testing::IsOkAndHolds("403"));
  let_in = true;
  EXPECT_EQ(std::system(ask.c_str()), 0);
  EXPECT_THAT(base::ReadFile(dir.path() / "code"), belgrand::testing::IsOkAndHolds("200"));
  EXPECT_THAT(Server::Start("127.0.0.1:0", base::TlsFiles{"/absent", "/absent", "/absent"}, {}),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("/absent")));
}

// A request to a server of pages, by curl: the code, then the body.
std::string Curl(const std::string& arguments, int port, const std::string& path) {
  const belgrand::testing::TempDir dir;
  const std::string out = dir.path() / "out";
  const std::string command = "curl -s --max-time 10 -w ' %{http_code}' " + arguments +
                              " 'http://127.0.0.1:" + std::to_string(port) + path + "' > '" + out +
                              "'";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return base::ReadFile(out).value_or("");
}

Pages Echo() {
  Pages pages;
  pages.address = "127.0.0.1:0";
  pages.prefix = "/act/";
  pages.handler = [](const PageRequest& request) {
    const bool post = request.method == PageRequest::Method::kPost;
    std::string body = (post ? "post " : "get ") + request.rest;
    for (const auto& [name, value] : request.form) body += " " + name + "=" + value;
    return Response{.code = post ? 201 : 200, .body = body, .headers = {{"X-Test", "yes"}}};
  };
  return pages;
}

TEST(PagesTest, TellLooksFromForms) {
  const auto server = Server::Start(Echo());
  ASSERT_OK(server);
  const int port = (*server)->port();
  EXPECT_EQ(Curl("", port, "/act/a-b_9?words=query"), "get a-b_9 200");
  EXPECT_EQ(Curl("--data-urlencode 'words=a & b=\xc3\xa9'", port, "/act/x"),
            "post x words=a & b=\xc3\xa9 201");
  EXPECT_THAT(Curl("--head", port, "/act/x"), HasSubstr("X-Test: yes"));
  for (const char* path : {"/act/", "/act/a/b", "/act/a%2fb", "/act", "/", "/act/../act/x%00"}) {
    EXPECT_THAT(Curl("--path-as-is", port, path), HasSubstr(" 404")) << path;
  }
  EXPECT_THAT(Curl("-X DELETE", port, "/act/x"), HasSubstr(" 404"));
}

TEST(PagesTest, BeyondLoopbackOnlyWithACertificateAndThenWithoutOneOfTheClient) {
  Pages open = Echo();
  open.address = "0.0.0.0:0";
  EXPECT_THAT(Server::Start(open), StatusIs(base::StatusCode::kPermissionDenied, ::testing::_));
  open.certificate = open.private_key = "/absent";
  EXPECT_THAT(Server::Start(open), StatusIs(base::StatusCode::kInvalidArgument, ::testing::_));
  const belgrand::testing::TempDir dir;
  belgrand::testing::TestAuthority authority(dir.path());
  const base::TlsFiles files = authority.Issue("server", "");
  Pages safe = Echo();
  safe.certificate = files.certificate;
  safe.private_key = files.private_key;
  const auto server = Server::Start(safe);
  ASSERT_OK(server);
  const std::string command = "curl -s --max-time 10 --cacert '" + files.authorities +
                              "' https://localhost:" + std::to_string((*server)->port()) +
                              "/act/x > '" + dir.path().string() + "/out'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_THAT(base::ReadFile(dir.path() / "out"), belgrand::testing::IsOkAndHolds("get x"));
}

}  // namespace
}  // namespace belgrand::http
