// A small HTTP/1.1 server: the pages for operators (/metrics, /healthz, /readyz), and what roles
// offer to programs that speak no gRPC. Together with client.h the only owner of the HTTP library.
//
// Thread safety: handlers are called from several threads at once.
// Limits: 8 threads, 64 KiB of request, 5 s to read or write.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "platform/base/tls_files.h"

namespace belgrand::http {

struct Response {
  int code = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  // Header Cache-Control; empty: none.
  std::string cache_control = {};
};

using Handler = std::function<Response()>;
// Whether the client of a TLS connection (OpenSSL's SSL, see platform/crypto/certificate.h) is
// answered; others get 403.
using Admit = std::function<bool(const void* connection)>;

struct Request {
  // What follows the prefix of the route, decoded; may be empty.
  std::string path;
  std::string body;
};

// Every path below a prefix, which is plain text and ends in '/': "/audit/".
struct Route {
  enum class Method { kGet, kPost };
  Method method = Method::kGet;
  std::string prefix;
  std::function<Response(const Request&)> handler;
};

class Server {
 public:
  // Listens on "host:port" (port 0: any free one) and serves GET of each path, and the routes, at
  // once. With `tls` only clients that show a certificate of the authorities, and that `admit` lets
  // in where it is given, are heard. Unavailable: the address
  // cannot be bound. PermissionDenied: not loopback and no TLS. InvalidArgument: the TLS files
  // cannot be used. The message names the address or files.
  static base::StatusOr<std::unique_ptr<Server>> Start(const std::string& address,
                                                       const std::optional<base::TlsFiles>& tls,
                                                       std::map<std::string, Handler> handlers,
                                                       Admit admit = nullptr,
                                                       std::vector<Route> routes = {});
  // Stops; running requests finish.
  ~Server();
  int port() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace belgrand::http
