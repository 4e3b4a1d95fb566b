// One HTTP/1.1 request and its answer, for the few programs that Belgrand speaks HTTP to.
//
// Plain http goes to loopback only. Redirects are not followed: what is sent is meant for the one
// server that was named. Answers of more than max_bytes are refused.
//
// Thread safety: safe; blocks until the answer or the timeout.
#pragma once

#include <optional>
#include <string>

#include "platform/base/error.h"
#include "platform/base/time.h"
#include "platform/base/tls_files.h"
#include "platform/http/server.h"

namespace belgrand::http {

struct ClientOptions {
  // authorities checks the server, certificate and private_key, where given, show who we are.
  // Absent: the system's authorities.
  std::optional<base::TlsFiles> tls;
  // Of connecting, of each wait for bytes, and of the whole answer, however slowly it is sent.
  base::Duration timeout = std::chrono::seconds(5);
  std::size_t max_bytes = std::size_t{1} << 20;
};

// InvalidArgument: not "http[s]://host[:port][/path]", with a user, query or fragment in it, or
// plain http to another machine; says what is wrong.
base::Status CheckUrl(const std::string& url);

// The answer, whatever its code. InvalidArgument as CheckUrl. Unavailable: no connection, no answer
// in time, a certificate that is not accepted, or too long an answer; names the URL and why.
base::StatusOr<Response> Get(const std::string& url, const ClientOptions& options);
base::StatusOr<Response> Post(const std::string& url, const std::string& body,
                              const std::string& content_type, const ClientOptions& options);

}  // namespace belgrand::http
