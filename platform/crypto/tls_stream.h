// A connection under TLS 1.2 or later, to a server whose certificate names the host.
//
// Thread safety: a stream is externally synchronised; several streams are independent.
#pragma once

#include <memory>

#include "platform/base/byte_stream.h"
#include "platform/base/tls_files.h"

namespace belgrand::crypto {

// `files.authorities` checks the server; certificate and private_key, where given, show who we are.
// Unavailable: no connection, or the server's certificate is not accepted. InvalidArgument: a file
// cannot be used.
base::StatusOr<std::unique_ptr<base::ByteStream>> ConnectTls(const base::Address& address,
                                                             const base::TlsFiles& files,
                                                             base::Duration timeout);

}  // namespace belgrand::crypto
