// A small HTTP/1.1 server: the pages for operators (/metrics, /healthz, /readyz), and what roles
// offer to programs that speak no gRPC, or to people who follow a link of a mail. Together with
// client.h the only owner of the HTTP library.
//
// Thread safety: handlers are called from several threads at once.
// Limits: 8 threads, 64 KiB of request, 5 s to read or write.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "platform/base/address.h"
#include "platform/base/error.h"
#include "platform/base/tls_files.h"

namespace belgrand::http {

struct Response {
  int code = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  // Header Cache-Control; empty: none.
  std::string cache_control = {};
  // Further headers, name and value.
  std::vector<std::pair<std::string, std::string>> headers = {};
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

// What a browser asks of a page.
struct PageRequest {
  enum class Method { kGet, kPost } method = Method::kGet;  // HEAD is a GET
  // What follows the prefix in the path.
  std::string rest = {};
  // The headers If-None-Match and If-Modified-Since; empty: absent.
  std::string if_none_match = {};
  std::string if_modified_since = {};
  // Of a form (application/x-www-form-urlencoded), decoded; of equal names the first.
  std::map<std::string, std::string> form = {};
};

// Pages below a path, for anybody who reaches the address.
struct Pages {
  // "host:port"; port 0: any free one.
  std::string address;
  // PEM; both empty: plain text, loopback only (behind a proxy that speaks TLS).
  std::string certificate;
  std::string private_key;
  // "/act/": letters, digits, '-' and '_' must follow, nothing else may; of files '.' too.
  std::string prefix;
  // Forms answer GET and POST, files GET alone.
  enum class Kind { kForms, kFiles } kind = Kind::kForms;
  std::function<Response(const PageRequest&)> handler;
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
  // Serves pages, over TLS without client certificates. Errors as above.
  static base::StatusOr<std::unique_ptr<Server>> Start(Pages pages);
  // Stops; running requests finish.
  ~Server();
  int port() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  static base::StatusOr<std::unique_ptr<Server>> Listen(std::unique_ptr<Impl> impl,
                                                        const base::Address& where,
                                                        const std::string& address);
  std::unique_ptr<Impl> impl_;
};

}  // namespace belgrand::http
