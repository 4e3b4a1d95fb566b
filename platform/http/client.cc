#include "platform/http/client.h"

#include <httplib.h>

#include <chrono>
#include <memory>

#include "platform/base/address.h"

namespace belgrand::http {
namespace {

struct Url {
  bool tls = false;
  base::Address address;
  std::string path;
};

base::StatusOr<Url> ParseUrl(const std::string& text) {
  const auto bad = [&text](std::string_view why) {
    return base::InvalidArgument("'{}' is no usable address: {}", text.substr(0, 200), why);
  };
  Url url;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    url.tls = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return bad("it must start with https:// (or http:// to this machine)");
  }
  for (const char c : rest) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && std::string_view("-._~/:[]%").find(c) == std::string_view::npos) {
      return bad("write host, port and path only");
    }
  }
  const std::size_t slash = rest.find('/');
  url.path = slash == rest.npos ? "/" : std::string(rest.substr(slash));
  std::string host(rest.substr(0, slash));
  const std::size_t bracket = host.rfind(']');
  if (host.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos) {
    host += url.tls ? ":443" : ":80";
  }
  const auto address = base::ParseAddress(host);
  if (!address.ok()) return bad(base::Message(address.status()));
  url.address = *address;
  if (url.address.port == 0) return bad("port 0 cannot be connected to");
  if (!url.tls && !base::IsLoopback(url.address)) {
    return bad("plain http goes to this machine only; use https");
  }
  return url;
}

std::unique_ptr<httplib::ClientImpl> MakeClient(const Url& url, const ClientOptions& options) {
  std::unique_ptr<httplib::ClientImpl> client;
  if (url.tls) {
    const base::TlsFiles files = options.tls.value_or(base::TlsFiles{});
    auto ssl = std::make_unique<httplib::SSLClient>(url.address.host, url.address.port,
                                                    files.certificate, files.private_key);
    if (!files.authorities.empty()) ssl->set_ca_cert_path(files.authorities);
    ssl->enable_server_certificate_verification(true);
    client = std::move(ssl);
  } else {
    client = std::make_unique<httplib::ClientImpl>(url.address.host, url.address.port);
  }
  client->set_connection_timeout(options.timeout);
  client->set_read_timeout(options.timeout);
  client->set_write_timeout(options.timeout);
  client->set_follow_location(false);
  return client;
}

base::StatusOr<Response> Send(const std::string& method, const std::string& text,
                              const std::string& body, const std::string& content_type,
                              const ClientOptions& options) {
  ASSIGN_OR_RETURN(const Url url, ParseUrl(text));
  const std::unique_ptr<httplib::ClientImpl> client = MakeClient(url, options);
  httplib::Request request;
  request.method = method;
  request.path = url.path;
  request.body = body;
  if (!content_type.empty()) request.headers.emplace("Content-Type", content_type);
  Response response;
  response.content_type.clear();
  bool too_long = false;
  bool too_slow = false;
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    too_long = response.body.size() + size > options.max_bytes;
    too_slow = std::chrono::steady_clock::now() > deadline;
    if (!too_long) response.body.append(data, size);
    return !too_long && !too_slow;
  };
  const httplib::Result result = client->send(request);
  if (too_long) {
    return base::Unavailable("{} answered more than {} bytes", text, options.max_bytes);
  }
  if (too_slow) return base::Unavailable("{} did not answer whole in time", text);
  if (!result) {
    return base::Unavailable("{} did not answer: {}", text, httplib::to_string(result.error()));
  }
  response.code = result->status;
  response.content_type = result->get_header_value("Content-Type");
  response.cache_control = result->get_header_value("Cache-Control");
  return response;
}

}  // namespace

base::Status CheckUrl(const std::string& url) { return ParseUrl(url).status(); }

base::StatusOr<Response> Get(const std::string& url, const ClientOptions& options) {
  return Send("GET", url, "", "", options);
}

base::StatusOr<Response> Post(const std::string& url, const std::string& body,
                              const std::string& content_type, const ClientOptions& options) {
  return Send("POST", url, body, content_type, options);
}

}  // namespace belgrand::http
