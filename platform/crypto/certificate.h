// Whether the PEM files of a TLS identity belong together, and whom a connection's certificate
// names.
//
// Thread safety: functions are safe.
#pragma once

#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::crypto {

// InvalidArgument: no certificate, no private key without a passphrase, a key that is not the
// certificate's, or no authority. Dates and chains are the peers' to judge.
base::Status CheckTlsIdentity(std::string_view certificate_pem, std::string_view private_key_pem,
                              std::string_view authorities_pem);

// The one URI among the subject alternative names of the certificate that the peer of an open
// connection (OpenSSL's SSL) has shown. Unauthenticated: no certificate, no URI or several.
base::StatusOr<std::string> UriOfPeer(const void* connection);

}  // namespace belgrand::crypto
