// A connection that bytes go through, plain or under TLS.
//
// Not thread-safe.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "platform/base/address.h"
#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::base {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Waits for at least one byte, at most `timeout`; 0: nothing came. Unavailable: the other side
  // closed it, or it broke.
  virtual StatusOr<std::size_t> Read(std::span<char> buffer, Duration timeout) = 0;
  // All of it. Unavailable: it broke. DeadlineExceeded: the other side takes nothing.
  virtual Status Write(std::string_view bytes, Duration timeout) = 0;
};

// A connected, non-blocking socket; the caller closes it. Unavailable names the address.
StatusOr<int> ConnectSocket(const Address& address, Duration timeout);
// Waits until the socket can be read or written (`for_what`: POLLIN or POLLOUT); false: not in
// time.
StatusOr<bool> WaitForSocket(int fd, short for_what, Duration timeout);

StatusOr<std::unique_ptr<ByteStream>> ConnectTcp(const Address& address, Duration timeout);

}  // namespace belgrand::base
