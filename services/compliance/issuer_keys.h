// The keys of an OpenID Connect issuer: from a file, read again when it changes, or fetched by its
// discovery document.
//
// Keys that were good stay in use while the file or the issuer is not: an issuer that is away for
// an hour must not lock everybody out. They are asked for again after an hour, and at once when a
// token names a key that is not among them, but at most once a minute, whatever is sent.
//
// Thread safety: safe. A fetch (5 s at most) delays the calls of this issuer's people alone.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "belgrand/config/v1/config.pb.h"
#include "compliance/jwt.h"
#include "platform/base/clock.h"
#include "platform/base/mutex.h"

namespace belgrand::compliance {

class IssuerKeys {
 public:
  // How a document is got; a test puts its own here.
  using Get = std::function<base::StatusOr<std::string>(const std::string& url)>;

  // Borrows the clock. Without `get`: platform/http.
  IssuerKeys(config::v1::Issuer issuer, const base::Clock& clock, Get get = nullptr);

  // Unavailable: there are none yet.
  base::StatusOr<std::vector<JwtKey>> Keys();
  // A token was not signed by any of Keys(): asks again, unless that was done within a minute.
  // Whether there is anything new.
  bool Renew();

 private:
  base::StatusOr<std::string> FetchSet();
  // Whether the keys are other ones than before.
  bool Load() REQUIRES_LOCK(mutex_);

  const config::v1::Issuer issuer_;
  const base::Clock& clock_;
  const Get get_;
  base::Mutex mutex_;
  std::optional<base::Instant> tried_ GUARDED_BY(mutex_);
  std::string text_ GUARDED_BY(mutex_);
  std::vector<JwtKey> keys_ GUARDED_BY(mutex_);
  base::Status failure_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::compliance
