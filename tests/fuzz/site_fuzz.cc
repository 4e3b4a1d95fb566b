// Any bytes as a table of sites and as GeoJSON: nothing may crash or hang, and every area that is
// let through keeps the rules of the standard.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>

#include "platform/base/check.h"
#include "sample/formats/site_file.h"
#include "sample/sample_file.h"
#include "sample/text.h"
#include "sample/validate.h"

namespace {

using namespace belgrand::sample;

void Check(const belgrand::base::StatusOr<SiteFile>& file) {
  if (!file.ok()) {
    BELGRAND_CHECK(!FirstInvalidUtf8(std::string(file.status().message())).has_value());
    return;
  }
  for (const SiteEntry& entry : file->sites) {
    BELGRAND_CHECK(IsIdentifier(entry.site.site_id));
    BELGRAND_CHECK(entry.site.population_served >= 0);
    if (!entry.catchment.has_value()) continue;
    BELGRAND_CHECK(CheckCatchment(*entry.catchment).empty());
    for (const Polygon& polygon : entry.catchment->polygons) {
      BELGRAND_CHECK(SignedArea(polygon.rings.at(0)) > 0);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Check(ReadSiteGeoJson(text, {.license = "CC0-1.0", .attribution = ""}));
  const auto source = NewCsvSource(std::make_unique<std::istringstream>(text));
  Check(ReadSiteCsv(*source));
  return 0;
}
