// Certificates for tests, made afresh by the openssl command: one authority and identities below
// it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "platform/base/check.h"
#include "platform/base/tls_files.h"

namespace belgrand::testing {

class TestAuthority {
 public:
  explicit TestAuthority(const std::filesystem::path& directory) : directory_(directory) {
    std::filesystem::create_directories(directory_);
    Run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
        "/CN=test-ca "
        "-keyout ca.key -out ca.pem");
  }

  // A certificate for "localhost" and 127.0.0.1 with the given subject alternative names added,
  // for example "URI:spiffe://test/operator/one".
  base::TlsFiles Issue(const std::string& name, const std::string& alternative_names) {
    Run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name +
        " -keyout " + name + ".key -out " + name + ".csr");
    Run("printf 'subjectAltName=DNS:localhost,IP:127.0.0.1" +
        (alternative_names.empty() ? std::string() : "," + alternative_names) + "' > " + name +
        ".ext");
    Run("openssl x509 -req -in " + name +
        ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
        "-extfile " +
        name + ".ext -out " + name + ".pem");
    return {Path(name + ".pem"), Path(name + ".key"), Path("ca.pem")};
  }

 private:
  std::string Path(const std::string& file) const { return (directory_ / file).string(); }
  void Run(const std::string& command) {
    const std::string line = "cd '" + directory_.string() + "' && " + command + " 2>openssl.log";
    BELGRAND_CHECK(std::system(line.c_str()) == 0);
  }

  std::filesystem::path directory_;
};

}  // namespace belgrand::testing
