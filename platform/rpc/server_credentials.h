// TLS of a server: it shows a certificate of the configured authorities, and so does the client,
// unless the server also takes clients who identify themselves by a token.
//
// The files are read again when they change: at the next handshake, at most once a second. Files
// that do not belong together (a key that was replaced before its certificate) leave the old
// identity in force, and are logged; connections that are open stay open.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <optional>

#include "platform/base/error.h"
#include "platform/base/tls_files.h"

namespace belgrand::rpc {

enum class ClientCertificates {
  kRequired,
  kOptional,  // one that is shown is still checked against the authorities
};

// Without files: plain text, which only loopback sockets may use. Errors name the file.
base::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(
    const std::optional<base::TlsFiles>& files, ClientCertificates clients);

}  // namespace belgrand::rpc
