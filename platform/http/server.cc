#include "platform/http/server.h"

#include <httplib.h>

#include <thread>

#include "platform/base/address.h"

namespace belgrand::http {

namespace {

void Send(const Response& response, httplib::Response& out) {
  out.status = response.code;
  if (response.code != 304) out.set_content(response.body, response.content_type);
  if (!response.cache_control.empty()) out.set_header("Cache-Control", response.cache_control);
  for (const auto& [name, value] : response.headers) out.set_header(name, value);
}

void Add(const Route& route, httplib::Server& server) {
  const std::size_t skip = route.prefix.size();
  const auto serve = [handler = route.handler, skip](const httplib::Request& request,
                                                     httplib::Response& out) {
    Send(handler({request.path.substr(skip), request.body}), out);
  };
  const std::string pattern = route.prefix + ".*";
  if (route.method == Route::Method::kPost) {
    server.Post(pattern, serve);
  } else {
    server.Get(pattern, serve);
  }
}

void Limit(httplib::Server& server) {
  server.new_task_queue = [] { return new httplib::ThreadPool(8); };
  // The library's default also sets SO_REUSEPORT, with which two processes would share a port
  // unnoticed.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.set_payload_max_length(std::size_t{64} << 10);
  server.set_read_timeout(5);
  server.set_write_timeout(5);
}

PageRequest ToRequest(const httplib::Request& in, PageRequest::Method method) {
  PageRequest request;
  request.method = method;
  request.rest = in.matches[1].str();
  request.if_none_match = in.get_header_value("If-None-Match");
  request.if_modified_since = in.get_header_value("If-Modified-Since");
  if (method == PageRequest::Method::kPost) {
    for (const auto& [name, value] : in.params) request.form.emplace(name, value);
  }
  return request;
}

}  // namespace

struct Server::Impl {
  std::unique_ptr<httplib::Server> server;
  std::thread thread;
  int port = 0;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

base::StatusOr<std::unique_ptr<Server>> Server::Start(const std::string& address,
                                                      const std::optional<base::TlsFiles>& tls,
                                                      std::map<std::string, Handler> handlers,
                                                      Admit admit, std::vector<Route> routes) {
  ASSIGN_OR_RETURN(const base::Address where, base::ParseAddress(address));
  if (!tls && !base::IsLoopback(where)) {
    return base::PermissionDenied(
        "http address {} is not loopback and tls is not configured: only loopback is served in "
        "plain "
        "text",
        address);
  }
  auto impl = std::make_unique<Impl>();
  if (tls) {
    impl->server = std::make_unique<httplib::SSLServer>(
        tls->certificate.c_str(), tls->private_key.c_str(), tls->authorities.c_str());
  } else {
    impl->server = std::make_unique<httplib::Server>();
  }
  httplib::Server& server = *impl->server;
  if (!server.is_valid()) {
    return base::InvalidArgument("the tls files {}, {} and {} cannot be used", tls->certificate,
                                 tls->private_key, tls->authorities);
  }
  Limit(server);
  if (tls && admit) {
    server.set_pre_routing_handler(
        [admit = std::move(admit)](const httplib::Request& request, httplib::Response& out) {
          if (request.ssl != nullptr && admit(request.ssl)) {
            return httplib::Server::HandlerResponse::Unhandled;
          }
          out.status = 403;
          out.set_content("this certificate is not answered here\n", "text/plain; charset=utf-8");
          return httplib::Server::HandlerResponse::Handled;
        });
  }
  for (auto& [path, handler] : handlers) {
    server.Get(path,
               [handler = std::move(handler)](const httplib::Request&, httplib::Response& out) {
                 Send(handler(), out);
               });
  }
  for (const Route& route : routes) Add(route, server);
  return Listen(std::move(impl), where, address);
}

base::StatusOr<std::unique_ptr<Server>> Server::Start(Pages pages) {
  ASSIGN_OR_RETURN(const base::Address where, base::ParseAddress(pages.address));
  auto impl = std::make_unique<Impl>();
  if (!pages.certificate.empty()) {
    impl->server =
        std::make_unique<httplib::SSLServer>(pages.certificate.c_str(), pages.private_key.c_str());
  } else if (base::IsLoopback(where)) {
    impl->server = std::make_unique<httplib::Server>();
  } else {
    return base::PermissionDenied(
        "http address {} is not loopback and has no certificate: only loopback is served in plain "
        "text",
        pages.address);
  }
  if (!impl->server->is_valid()) {
    return base::InvalidArgument("the tls files {} and {} cannot be used", pages.certificate,
                                 pages.private_key);
  }
  Limit(*impl->server);
  const bool forms = pages.kind == Pages::Kind::kForms;
  const std::string pattern = pages.prefix + (forms ? "([A-Za-z0-9_-]+)" : "([A-Za-z0-9._-]+)");
  const auto serve = [handler = std::move(pages.handler)](PageRequest::Method method) {
    return [handler, method](const httplib::Request& in, httplib::Response& out) {
      Send(handler(ToRequest(in, method)), out);
    };
  };
  impl->server->Get(pattern, serve(PageRequest::Method::kGet));
  if (forms) impl->server->Post(pattern, serve(PageRequest::Method::kPost));
  return Listen(std::move(impl), where, pages.address);
}

base::StatusOr<std::unique_ptr<Server>> Server::Listen(std::unique_ptr<Impl> impl,
                                                       const base::Address& where,
                                                       const std::string& address) {
  httplib::Server& server = *impl->server;
  impl->port = where.port == 0 ? server.bind_to_any_port(where.host)
                               : (server.bind_to_port(where.host, where.port) ? where.port : -1);
  if (impl->port <= 0) {
    return base::Unavailable(
        "cannot listen on http address {}: it is in use or not of this machine", address);
  }
  impl->thread = std::thread([&server] { server.listen_after_bind(); });
  // stop() before the loop runs would be lost, so wait until it does.
  while (!server.is_running()) std::this_thread::yield();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() {
  impl_->server->stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

int Server::port() const { return impl_->port; }

}  // namespace belgrand::http
