// What the receivers share of libcurl: handles, addresses, limits, cancelling.
//
// Thread safety: a handle belongs to one thread at a time; ParseUrl is safe.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::alerting {

struct Url {
  std::string scheme;  // lower case
  std::string host;    // without brackets
  int port = 0;        // 0: the scheme's own
  bool has_user = false;
  bool loopback = false;
};
// InvalidArgument: not an absolute URL; the message does not show it (it may carry a token).
base::StatusOr<Url> ParseUrl(std::string_view text);

struct CurlDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, CurlDeleter>;
// False when memory ran out.
bool Append(CurlList& list, const std::string& line);

struct CurlLimits {
  std::string ca_file;  // empty: the system's authorities
  long connect_seconds = 10;
  long total_seconds = 30;
};

// One transfer. Signals off, the certificate and host name checked, one protocol allowed, no
// redirects, no proxy to loopback, broken off when `cancelled` becomes true.
class CurlTransfer {
 public:
  // Null handle: libcurl could not start.
  CurlTransfer(const std::string& url, const Url& parsed, const CurlLimits& limits,
               const std::atomic<bool>& cancelled);
  CURL* get() const { return handle_.get(); }
  // The last status code the other side sent; 0 when it sent none.
  long response_code() const;

 private:
  std::unique_ptr<CURL, CurlDeleter> handle_;
};

// Why a transfer failed, in words of libcurl that hold no address.
std::string CurlError(CURLcode code);
// The request cannot have left: the connection was never usable.
bool FailedBeforeSending(CURLcode code);

}  // namespace belgrand::alerting
