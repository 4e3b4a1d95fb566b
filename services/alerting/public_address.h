// An address at which people outside reach pages of the alerting role: what can be wrong with it.
//
// Thread safety: pure function; reads the files that are named.
#pragma once

#include <string>
#include <vector>

namespace belgrand::alerting {

struct PublicAddress {
  // Of the configuration, for messages: "links".
  std::string section;
  // Who uses it: "officials".
  std::string who;
  std::string public_url;
  std::string listen;
  std::string certificate_file;
  std::string private_key_file;
};

void CheckPublicAddress(const PublicAddress& address, std::vector<std::string>& problems);

// "https://host/path" of "https://host/path/".
std::string WithoutSlash(std::string url);

}  // namespace belgrand::alerting
