#include <algorithm>

#include "sample/sample.h"

namespace belgrand::sample {
namespace {

// The entry that holds at an instant. REQUIRES: not empty.
template <typename Entry>
const Entry& EntryAt(const std::vector<Entry>& entries, base::Instant at) {
  auto next = std::ranges::find_if(
      entries, [at](const Entry& entry) { return entry.valid_from && *entry.valid_from > at; });
  return next == entries.begin() ? entries.front() : *std::prev(next);
}

}  // namespace

double Site::PopulationAt(base::Instant at) const {
  return populations.empty() ? population_served : EntryAt(populations, at).persons;
}

std::vector<DistrictShare> Site::SharesAt(base::Instant at) const {
  if (districts.empty()) return {{district_id, 1}};
  return EntryAt(districts, at).shares;
}

}  // namespace belgrand::sample
