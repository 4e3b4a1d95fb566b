// Who is calling, from the connection alone: never from what a caller says of itself.
#pragma once

#include <grpcpp/server_context.h>

#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::rpc {

struct PeerIdentity {
  enum class Kind {
    kInProcess,    // another role in this very process
    kLoopback,     // a plain-text loopback socket: whoever can log in to this machine
    kCertificate,  // a client certificate of our authorities
    kAnonymous,    // TLS without a client certificate, where the server asks for none
  };
  Kind kind = Kind::kLoopback;
  // For a certificate: the parts of its one URI SAN spiffe://<domain>/<role>/<id>.
  std::string role;
  std::string id;
};

// Unauthenticated: a certificate with no, several or other SANs.
base::StatusOr<PeerIdentity> IdentifyPeer(const grpc::ServerContextBase& context);

// The value of a header of the call; empty when it has none. InvalidArgument: several.
base::StatusOr<std::string> HeaderOf(const grpc::ServerContextBase& context, const char* name);

// The call came over InProcessChannel.
bool IsInProcess(const grpc::ServerContextBase& context);

// Parses spiffe://<domain>/<role>/<id>.
base::StatusOr<PeerIdentity> ParseSpiffeId(std::string_view uri);

}  // namespace belgrand::rpc
