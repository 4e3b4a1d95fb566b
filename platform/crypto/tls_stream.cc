#include "platform/crypto/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <limits>
#include <string>

namespace belgrand::crypto {
namespace {

using std::chrono::steady_clock;

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

std::string LastError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  return code == 0 ? "no reason given" : ERR_error_string(code, nullptr);
}

base::Duration Left(steady_clock::time_point until) {
  return std::max(std::chrono::duration_cast<base::Duration>(until - steady_clock::now()),
                  base::Duration::zero());
}

class TlsStream final : public base::ByteStream {
 public:
  TlsStream(int fd, std::unique_ptr<SSL_CTX, Free> context, std::unique_ptr<SSL, Free> ssl)
      : fd_(fd), context_(std::move(context)), ssl_(std::move(ssl)) {}
  ~TlsStream() override {
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    ssl_.reset();
    ::close(fd_);
  }

  base::Status Handshake(base::Duration timeout) {
    const auto until = steady_clock::now() + timeout;
    for (;;) {
      const int done = SSL_connect(ssl_.get());
      if (done == 1) return base::OkStatus();
      ASSIGN_OR_RETURN(const bool ready, Wait(done, until));
      if (!ready) return base::Unavailable("no TLS answer in time");
    }
  }

  base::StatusOr<std::size_t> Read(std::span<char> buffer, base::Duration timeout) override {
    const auto until = steady_clock::now() + timeout;
    for (;;) {
      const int got = SSL_read(ssl_.get(), buffer.data(), Bounded(buffer.size()));
      if (got > 0) return static_cast<std::size_t>(got);
      ASSIGN_OR_RETURN(const bool ready, Wait(got, until));
      if (!ready) return std::size_t{0};
    }
  }

  base::Status Write(std::string_view bytes, base::Duration timeout) override {
    const auto until = steady_clock::now() + timeout;
    while (!bytes.empty()) {
      const int sent = SSL_write(ssl_.get(), bytes.data(), Bounded(bytes.size()));
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
        continue;
      }
      ASSIGN_OR_RETURN(const bool ready, Wait(sent, until));
      if (!ready) return base::DeadlineExceeded("the other side takes nothing");
    }
    return base::OkStatus();
  }

 private:
  static int Bounded(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
  }

  // Until the socket allows what TLS wants next; false: not in time.
  base::StatusOr<bool> Wait(int result, steady_clock::time_point until) {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return base::WaitForSocket(fd_, POLLIN, Left(until));
      case SSL_ERROR_WANT_WRITE:
        return base::WaitForSocket(fd_, POLLOUT, Left(until));
      case SSL_ERROR_ZERO_RETURN:
        return base::Unavailable("the other side closed the connection");
      default:
        return base::Unavailable("TLS: {}", LastError());
    }
  }

  const int fd_;
  const std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
};

base::StatusOr<std::unique_ptr<SSL_CTX, Free>> MakeContext(const base::TlsFiles& files) {
  std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return base::Internal("no TLS context: {}", LastError());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (SSL_CTX_load_verify_file(context.get(), files.authorities.c_str()) != 1) {
    return base::InvalidArgument("{} holds no authorities: {}", files.authorities, LastError());
  }
  if (files.certificate.empty()) return context;
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) {
    return base::InvalidArgument("{} holds no certificate: {}", files.certificate, LastError());
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.private_key.c_str(), SSL_FILETYPE_PEM) !=
      1) {
    return base::InvalidArgument("{} holds no private key: {}", files.private_key, LastError());
  }
  return context;
}

}  // namespace

base::StatusOr<std::unique_ptr<base::ByteStream>> ConnectTls(const base::Address& address,
                                                             const base::TlsFiles& files,
                                                             base::Duration timeout) {
  // OpenSSL writes to the socket itself: without this a broken one would end the process.
  std::signal(SIGPIPE, SIG_IGN);
  ASSIGN_OR_RETURN(auto context, MakeContext(files));
  std::unique_ptr<SSL, Free> ssl(SSL_new(context.get()));
  if (ssl == nullptr) return base::Internal("no TLS connection: {}", LastError());
  X509_VERIFY_PARAM* const checks = SSL_get0_param(ssl.get());
  const std::string& host = address.host;
  // An address must stand in the certificate as an address.
  if (X509_VERIFY_PARAM_set1_ip_asc(checks, host.c_str()) != 1) {
    ERR_clear_error();
    SSL_set_tlsext_host_name(ssl.get(), host.c_str());
    if (SSL_set1_host(ssl.get(), host.c_str()) != 1) {
      return base::InvalidArgument("'{}' is no host name", host);
    }
  }
  ASSIGN_OR_RETURN(const int fd, base::ConnectSocket(address, timeout));
  SSL_set_fd(ssl.get(), fd);
  auto stream = std::make_unique<TlsStream>(fd, std::move(context), std::move(ssl));
  RETURN_IF_ERROR(
      base::Annotate(stream->Handshake(timeout), fmt::format("{}:{}", host, address.port)));
  return std::unique_ptr<base::ByteStream>(std::move(stream));
}

}  // namespace belgrand::crypto
