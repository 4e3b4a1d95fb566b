// The sites a row may name.
//
// Thread safety: const calls only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sample/sample.h"

namespace belgrand::sample {

class Catalogue {
 public:
  Catalogue() = default;
  explicit Catalogue(const std::vector<Site>& sites);

  // Adds or replaces.
  void Put(Site site);
  // nullptr when the site is unknown. The pointer lives until the next Put.
  const Site* Find(std::string_view site_id) const;
  // The identifier spelled most like `site_id`; empty when none is near.
  std::string_view Nearest(std::string_view site_id) const;
  std::size_t size() const { return sites_.size(); }
  // In order of site_id.
  const std::map<std::string, Site, std::less<>>& sites() const { return sites_; }

 private:
  std::map<std::string, Site, std::less<>> sites_;
};

}  // namespace belgrand::sample
