#include "services/alerting/public_address.h"

#include <fmt/format.h>

#include <utility>

#include "alerting/receivers/curl.h"
#include "platform/base/address.h"
#include "platform/base/file.h"

namespace belgrand::alerting {

void CheckPublicAddress(const PublicAddress& address, std::vector<std::string>& problems) {
  const std::string& section = address.section;
  const auto url = ParseUrl(address.public_url);
  if (!url.ok() || (url->scheme != "https" && !(url->scheme == "http" && url->loopback))) {
    problems.push_back(
        fmt::format("{0}.public_url: write \"https://...\", the address at which {1} reach "
                    "{0}.listen",
                    section, address.who));
  } else if (address.public_url.find_first_of("?#\"' ") != std::string::npos || url->has_user) {
    problems.push_back(section + ".public_url: scheme, host, port and path only");
  }
  if (address.certificate_file.empty() != address.private_key_file.empty()) {
    problems.push_back(fmt::format(
        "{0}.certificate_file and {0}.private_key_file come together or not at all", section));
  }
  for (const auto& [field, path] : {std::pair("certificate_file", address.certificate_file),
                                    std::pair("private_key_file", address.private_key_file)}) {
    if (path.empty()) continue;
    if (const auto file = base::ReadFile(path); !file.ok()) {
      problems.push_back(fmt::format("{}.{}: {}", section, field, base::Message(file.status())));
    }
  }
  const auto listen = base::ParseAddress(address.listen);
  if (!listen.ok()) {
    problems.push_back(section + ".listen: " + base::Message(listen.status()));
  } else if (!base::IsLoopback(*listen) && address.certificate_file.empty()) {
    problems.push_back(
        fmt::format("{}.listen: {} is not loopback: give certificate_file and private_key_file, or "
                    "listen on loopback behind a proxy that speaks TLS",
                    section, address.listen));
  }
}

std::string WithoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace belgrand::alerting
