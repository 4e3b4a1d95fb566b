// Which districts a site belongs to now, for roles that do not keep the catalogue: asked of the
// time series role, at most once in ten seconds.
//
// Fails closed: a site that is unknown, or whose district cannot be asked, belongs to none. Thread
// safety: safe. Borrows both.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "services/shared/peers.h"

namespace belgrand::shared {

class SiteDistricts {
 public:
  SiteDistricts(const Peers& peers, const base::Clock& clock) : peers_(peers), clock_(clock) {}

  std::vector<std::string> Of(std::string_view site_id);

 private:
  void Load() REQUIRES_LOCK(mutex_);

  const Peers& peers_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  std::optional<base::Instant> loaded_at_ GUARDED_BY(mutex_);
  std::map<std::string, std::vector<std::string>, std::less<>> districts_ GUARDED_BY(mutex_);
};

}  // namespace belgrand::shared
