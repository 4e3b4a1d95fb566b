// Mutual TLS of every connection: both sides show a certificate of the configured authorities.
#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <optional>
#include <string>

#include "platform/base/error.h"

namespace belgrand::rpc {

// Paths of PEM files.
struct TlsFiles {
  std::string certificate;
  std::string private_key;
  std::string authorities;
};

// Without files: plain text, which only loopback sockets may use. Errors name the file.
base::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(
    const std::optional<TlsFiles>& files);
base::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientCredentials(
    const std::optional<TlsFiles>& files);

}  // namespace belgrand::rpc
