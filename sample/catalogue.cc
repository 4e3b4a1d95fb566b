#include "sample/catalogue.h"

#include <utility>

#include "sample/text.h"

namespace belgrand::sample {

Catalogue::Catalogue(const std::vector<Site>& sites) {
  for (const Site& site : sites) Put(site);
}

void Catalogue::Put(Site site) {
  std::string id = site.site_id;
  sites_.insert_or_assign(std::move(id), std::move(site));
}

const Site* Catalogue::Find(std::string_view site_id) const {
  const auto found = sites_.find(site_id);
  return found == sites_.end() ? nullptr : &found->second;
}

std::string_view Catalogue::Nearest(std::string_view site_id) const {
  std::vector<std::string_view> ids;
  ids.reserve(sites_.size());
  for (const auto& [id, site] : sites_) ids.push_back(id);
  return sample::Nearest(site_id, ids);
}

}  // namespace belgrand::sample
