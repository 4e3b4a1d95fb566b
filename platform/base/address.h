// "host:port" addresses of sockets.
#pragma once

#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::base {

struct Address {
  std::string host;  // without brackets
  int port = 0;
};

// "127.0.0.1:7443", "[::1]:0", "name:443". InvalidArgument names the text and what is wrong.
StatusOr<Address> ParseAddress(std::string_view text);

// 127.0.0.0/8, ::1 and "localhost": no packet of it leaves the machine.
bool IsLoopback(const Address& address);

}  // namespace belgrand::base
