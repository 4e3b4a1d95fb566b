#include "platform/rpc/tls.h"

#include "platform/base/file.h"

namespace belgrand::rpc {
namespace {

struct TlsContent {
  std::string certificate;
  std::string private_key;
  std::string authorities;
};

base::StatusOr<TlsContent> Read(const TlsFiles& files) {
  constexpr std::size_t kMaxPemBytes = std::size_t{1} << 20;
  TlsContent content;
  ASSIGN_OR_RETURN(content.certificate, base::ReadFile(files.certificate, kMaxPemBytes));
  ASSIGN_OR_RETURN(content.private_key, base::ReadFile(files.private_key, kMaxPemBytes));
  ASSIGN_OR_RETURN(content.authorities, base::ReadFile(files.authorities, kMaxPemBytes));
  return content;
}

}  // namespace

base::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(
    const std::optional<TlsFiles>& files) {
  if (!files) return grpc::InsecureServerCredentials();
  ASSIGN_OR_RETURN(const TlsContent content, Read(*files));
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = content.authorities;
  options.pem_key_cert_pairs.push_back({content.private_key, content.certificate});
  return grpc::SslServerCredentials(options);
}

base::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientCredentials(
    const std::optional<TlsFiles>& files) {
  if (!files) return grpc::InsecureChannelCredentials();
  ASSIGN_OR_RETURN(const TlsContent content, Read(*files));
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = content.authorities;
  options.pem_private_key = content.private_key;
  options.pem_cert_chain = content.certificate;
  return grpc::SslCredentials(options);
}

}  // namespace belgrand::rpc
