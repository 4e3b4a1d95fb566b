// A small HTTP/1.1 server for operators: /metrics, /healthz, /readyz. The only owner of the HTTP
// library.
//
// Thread safety: handlers are called from several threads at once.
// Limits: 8 threads, 64 KiB of request, 5 s to read or write.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "platform/base/error.h"

namespace belgrand::http {

struct Response {
  int code = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

using Handler = std::function<Response()>;

class Server {
 public:
  // Listens on "host:port" (port 0: any free one) and serves GET of each path at once.
  // Unavailable: the address cannot be bound; the message names it.
  static base::StatusOr<std::unique_ptr<Server>> Start(const std::string& address,
                                                       std::map<std::string, Handler> handlers);
  // Stops; running requests finish.
  ~Server();
  int port() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace belgrand::http
