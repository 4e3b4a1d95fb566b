#include "platform/rpc/tls.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <sys/stat.h>

#include <array>
#include <chrono>

#include "platform/base/file.h"
#include "platform/base/log.h"
#include "platform/base/mutex.h"
#include "platform/crypto/certificate.h"
#include "platform/rpc/server_credentials.h"

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
  // A client without a certificate shows none.
  if (!files.certificate.empty()) {
    ASSIGN_OR_RETURN(content.certificate, base::ReadFile(files.certificate, kMaxPemBytes));
    ASSIGN_OR_RETURN(content.private_key, base::ReadFile(files.private_key, kMaxPemBytes));
  }
  ASSIGN_OR_RETURN(content.authorities, base::ReadFile(files.authorities, kMaxPemBytes));
  return content;
}

// What tells a file from the one that took its place.
struct Stamp {
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  friend bool operator==(const Stamp&, const Stamp&) = default;
};
using Stamps = std::array<Stamp, 3>;

Stamps StampsOf(const TlsFiles& files) {
  Stamps stamps;
  std::size_t i = 0;
  for (const std::string* path : {&files.certificate, &files.private_key, &files.authorities}) {
    struct stat state {};
    if (::stat(path->c_str(), &state) == 0) {
      stamps[i] = {state.st_ino, state.st_size, state.st_mtim.tv_sec, state.st_mtim.tv_nsec};
    }
    ++i;
  }
  return stamps;
}

// Hands gRPC the identity to show: reads the files again when they have changed, at a handshake and
// at most once a second. Files that do not belong together (a key that was replaced before its
// certificate) leave the old identity in force; connections that are open stay open.
class ServerIdentity {
 public:
  explicit ServerIdentity(TlsFiles files) : files_(std::move(files)) {}

  base::Status Load() {
    const base::MutexLock lock(mutex_);
    return LoadLocked();
  }

  grpc_ssl_certificate_config_reload_status Fetch(grpc_ssl_server_certificate_config** config) {
    const base::MutexLock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_at_ >= std::chrono::seconds(1)) {
      looked_at_ = now;
      if (StampsOf(files_) != stamps_) Reload();
    }
    if (!fresh_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    grpc_ssl_pem_key_cert_pair pair{content_.private_key.c_str(), content_.certificate.c_str()};
    *config = grpc_ssl_server_certificate_config_create(content_.authorities.c_str(), &pair, 1);
    fresh_ = false;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

 private:
  base::Status LoadLocked() REQUIRES_LOCK(mutex_) {
    // Before the files are read: what changes meanwhile is seen as a change.
    const Stamps stamps = StampsOf(files_);
    ASSIGN_OR_RETURN(TlsContent content, Read(files_));
    RETURN_IF_ERROR(base::Annotate(
        crypto::CheckTlsIdentity(content.certificate, content.private_key, content.authorities),
        files_.certificate));
    stamps_ = stamps;
    content_ = std::move(content);
    fresh_ = true;
    return base::OkStatus();
  }

  void Reload() REQUIRES_LOCK(mutex_) {
    const base::Status loaded = LoadLocked();
    if (loaded.ok()) {
      failure_.clear();
      base::Log(base::LogLevel::kInfo, "tls_files_reloaded", {{"file", files_.certificate}});
    } else if (failure_ != base::Message(loaded)) {
      // Once for each reason: a handshake a second would fill the log.
      failure_ = base::Message(loaded);
      base::Log(base::LogLevel::kError, "tls_files_not_reloaded", {{"reason", loaded}});
    }
  }

  const TlsFiles files_;
  base::Mutex mutex_;
  TlsContent content_ GUARDED_BY(mutex_);
  Stamps stamps_ GUARDED_BY(mutex_);
  bool fresh_ GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point looked_at_ GUARDED_BY(mutex_) =
      std::chrono::steady_clock::now();
  std::string failure_ GUARDED_BY(mutex_);
};

// gRPC's own class for C++ takes fixed bytes only; the core's takes a function.
class ReloadingCredentials final : public grpc::ServerCredentials {
 public:
  ReloadingCredentials(std::unique_ptr<ServerIdentity> identity,
                       grpc_ssl_client_certificate_request_type request)
      : identity_(std::move(identity)),
        credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                request,
                [](void* self, grpc_ssl_server_certificate_config** config) {
                  return static_cast<ServerIdentity*>(self)->Fetch(config);
                },
                identity_.get()))) {}
  ~ReloadingCredentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {
  }  // the guard identifies

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  const std::unique_ptr<ServerIdentity> identity_;
  grpc_server_credentials* const credentials_;
};

}  // namespace

base::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(
    const std::optional<TlsFiles>& files) {
  return ServerCredentials(files, ClientCertificates::kRequired);
}

base::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(
    const std::optional<TlsFiles>& files, ClientCertificates clients) {
  if (!files) return grpc::InsecureServerCredentials();
  auto identity = std::make_unique<ServerIdentity>(*files);
  RETURN_IF_ERROR(identity->Load());
  return std::shared_ptr<grpc::ServerCredentials>(std::make_shared<ReloadingCredentials>(
      std::move(identity), clients == ClientCertificates::kRequired
                               ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                               : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY));
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
