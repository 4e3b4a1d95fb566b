#include "platform/rpc/identity.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <iterator>

namespace belgrand::rpc {
namespace {

base::Status BadIdentity(std::string_view why) {
  return base::MakeStatus(
      base::StatusCode::kUnauthenticated,
      fmt::format(
          "the client certificate needs exactly one URI SAN spiffe://<domain>/<role>/<id>: {}",
          why));
}

// Only what gRPC itself calls insecure, so that a kind of security it may learn later does not pass
// for the loopback socket.
bool IsPlainText(const grpc::AuthContext* auth) {
  if (auth == nullptr) return true;
  const auto types = auth->FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  return types.empty() || (types.size() == 1 && types[0] == "insecure");
}

}  // namespace

base::StatusOr<PeerIdentity> ParseSpiffeId(std::string_view uri) {
  constexpr std::string_view kScheme = "spiffe://";
  if (!uri.starts_with(kScheme)) return BadIdentity("it is not a spiffe URI");
  uri.remove_prefix(kScheme.size());
  const std::size_t domain_end = uri.find('/');
  if (domain_end == std::string_view::npos || domain_end == 0) return BadIdentity("no domain");
  uri.remove_prefix(domain_end + 1);
  const std::size_t role_end = uri.find('/');
  if (role_end == std::string_view::npos || role_end == 0) return BadIdentity("no role");
  PeerIdentity identity;
  identity.kind = PeerIdentity::Kind::kCertificate;
  identity.role = std::string(uri.substr(0, role_end));
  identity.id = std::string(uri.substr(role_end + 1));
  if (identity.id.empty() || identity.id.find('/') != std::string::npos) {
    return BadIdentity("no id, or one with a slash");
  }
  return identity;
}

base::StatusOr<std::string> HeaderOf(const grpc::ServerContextBase& context, const char* name) {
  const auto [first, last] = context.client_metadata().equal_range(name);
  if (first == last) return std::string();
  if (std::next(first) != last) {
    return base::InvalidArgument("the header {} is there several times: send it once", name);
  }
  return std::string(first->second.data(), first->second.size());
}

bool IsInProcess(const grpc::ServerContextBase& context) {
  // gRPC gives an in-process peer no address; a peer on a socket always has one, and under TLS it
  // is authenticated besides.
  const auto auth = context.auth_context();
  return context.peer() == "unknown" && !(auth && auth->IsPeerAuthenticated());
}

base::StatusOr<PeerIdentity> IdentifyPeer(const grpc::ServerContextBase& context) {
  if (IsInProcess(context)) {
    return PeerIdentity{PeerIdentity::Kind::kInProcess, "service", "inproc"};
  }
  const auto auth = context.auth_context();
  if (!auth || !auth->IsPeerAuthenticated()) {
    if (IsPlainText(auth.get())) return PeerIdentity{PeerIdentity::Kind::kLoopback, "", "loopback"};
    return PeerIdentity{PeerIdentity::Kind::kAnonymous, "", "anonymous"};
  }
  const auto uris = auth->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME);
  if (uris.size() != 1) return BadIdentity(uris.empty() ? "there is none" : "there are several");
  return ParseSpiffeId(std::string_view(uris[0].data(), uris[0].size()));
}

}  // namespace belgrand::rpc
