// Mutual TLS of every connection: both sides show a certificate of the configured authorities.
#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <optional>
#include <string>

#include "platform/base/error.h"
#include "platform/base/tls_files.h"

namespace belgrand::rpc {

using TlsFiles = base::TlsFiles;

// Without files: plain text, which only loopback sockets may use. Errors name the file.
base::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(
    const std::optional<TlsFiles>& files);
base::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientCredentials(
    const std::optional<TlsFiles>& files);

}  // namespace belgrand::rpc
