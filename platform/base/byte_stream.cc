#include "platform/base/byte_stream.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

namespace belgrand::base {
namespace {

class TcpStream final : public ByteStream {
 public:
  explicit TcpStream(int fd) : fd_(fd) {}
  ~TcpStream() override { ::close(fd_); }

  StatusOr<std::size_t> Read(std::span<char> buffer, Duration timeout) override {
    ASSIGN_OR_RETURN(const bool ready, WaitForSocket(fd_, POLLIN, timeout));
    if (!ready) return std::size_t{0};
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::size_t{0};
    if (got == 0) return Unavailable("the other side closed the connection");
    return Unavailable("the connection broke: {}", std::strerror(errno));
  }

  Status Write(std::string_view bytes, Duration timeout) override {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
        continue;
      }
      if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        return Unavailable("the connection broke: {}", std::strerror(errno));
      }
      ASSIGN_OR_RETURN(const bool ready, WaitForSocket(fd_, POLLOUT, timeout));
      if (!ready) return DeadlineExceeded("the other side takes nothing");
    }
    return OkStatus();
  }

 private:
  const int fd_;
};

StatusOr<bool> Finish(int fd, Duration timeout) {
  ASSIGN_OR_RETURN(const bool ready, WaitForSocket(fd, POLLOUT, timeout));
  if (!ready) return Unavailable("no answer in time");
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Unavailable("{}", std::strerror(error));
  return true;
}

}  // namespace

StatusOr<bool> WaitForSocket(int fd, short for_what, Duration timeout) {
  pollfd waited{fd, for_what, 0};
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  const int ready = ::poll(&waited, 1, static_cast<int>(milliseconds));
  if (ready < 0 && errno != EINTR) return Unavailable("poll: {}", std::strerror(errno));
  return ready > 0;
}

StatusOr<int> ConnectSocket(const Address& address, Duration timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  if (const int error = ::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found)) {
    return Unavailable("{}:{}: {}", address.host, address.port, ::gai_strerror(error));
  }
  Status last = Unavailable("no address");
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int fd = ::socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    last = OkStatus();
    if (::connect(fd, one->ai_addr, one->ai_addrlen) != 0) {
      last = errno == EINPROGRESS ? Finish(fd, timeout).status()
                                  : Unavailable("{}", std::strerror(errno));
    }
    if (last.ok()) {
      ::freeaddrinfo(found);
      return fd;
    }
    ::close(fd);
  }
  ::freeaddrinfo(found);
  return Annotate(last, fmt::format("{}:{}", address.host, address.port));
}

StatusOr<std::unique_ptr<ByteStream>> ConnectTcp(const Address& address, Duration timeout) {
  ASSIGN_OR_RETURN(const int fd, ConnectSocket(address, timeout));
  return std::unique_ptr<ByteStream>(new TcpStream(fd));
}

}  // namespace belgrand::base
