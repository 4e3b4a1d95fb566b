// One HTTP POST of a receiver, and what its answer means.
//
// 2xx: accepted. 425, 429: refused, tried again, not before Retry-After. 408, 5xx, no answer: it
// may have arrived. Any other answer: rejected; a redirect too, since the address is the operator's
// to mend, not the other side's to choose. The answer's body is not read beyond 64 KiB.
//
// Thread safety: safe.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/receivers/curl.h"
#include "alerting/receivers/receiver.h"

namespace belgrand::alerting {

struct HttpPost {
  std::string url;
  Url parsed;
  std::string ca_file;
  // "Name: value".
  std::vector<std::string> headers;
  std::string body;
};

Outcome Post(const HttpPost& post, const std::atomic<bool>& cancelled);

// What is wrong with an address alerts are posted to: https, or plain http to loopback, without a
// user name. `field` names it.
std::vector<std::string> CheckPostUrl(std::string_view field, const std::string& url);
std::vector<std::string> CheckCaFile(std::string_view field, const std::string& path);

// A secret without the line end at its end. InvalidArgument: shorter than `least`, or longer than a
// secret is.
base::StatusOr<std::string> ReadSecretFile(const std::string& path, std::size_t least);

}  // namespace belgrand::alerting
