// Files of sites: a CSV table (or a sheet), or GeoJSON. docs/formats/sites.md.
//
// A file says of a site what it knows; the rest stays as it is in the catalogue. Every mistake is
// told with its row (or feature), column, value and remedy, up to twenty at once.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "sample/catchment.h"
#include "sample/institution.h"
#include "sample/sample.h"
#include "sample/table_mapper.h"

namespace belgrand::sample {

inline constexpr std::size_t kMaxGeoJsonBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMaxGeoJsonDepth = 64;

// What a file says of one site. Empty, zero, kNotSaid or absent: nothing.
struct SiteEntry {
  Site site;
  Institution institution = Institution::kNotSaid;
  std::optional<Catchment> catchment;
};

struct SiteFile {
  // In the order in which the file names them, each once.
  std::vector<SiteEntry> sites;
  FileNotes notes;
  // Rings that ran the wrong way and were turned.
  std::size_t turned_rings = 0;
};

// Columns under the names of SiteTable, and valid_from, share and institution.
base::StatusOr<SiteFile> ReadSiteCsv(RowSource& source);

// What stands for a feature that does not say it.
struct GeoJsonDefaults {
  std::string license = {};
  std::string attribution = {};
};
base::StatusOr<SiteFile> ReadSiteGeoJson(std::string_view text, const GeoJsonDefaults& defaults);

}  // namespace belgrand::sample
