// Paths of the PEM files of mutual TLS.
#pragma once

#include <string>

namespace belgrand::base {

struct TlsFiles {
  std::string certificate;
  std::string private_key;
  std::string authorities;  // that peers' certificates must come from
};

}  // namespace belgrand::base
