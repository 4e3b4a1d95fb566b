// Names the place of a sealed personal value, which is bound into its seal.
//
// Whoever opens a sealed field of a stored sample must name the same place as intake did, so it is
// made here only. See docs/formats/sealed_field.md.
#pragma once

#include <string>
#include <string_view>

namespace belgrand::shared {

// "SampleRecord.<field>/<laboratory>/<sample>/<target>", and "/<gene>" where there is one; `field`
// is sampled_by_sealed, analysed_by_sealed or amended_by_sealed. '/' inside a part is written
// "%2F", so that no two rows share a place.
std::string SealedPlace(std::string_view field, std::string_view laboratory_id,
                        std::string_view sample_id, std::string_view target,
                        std::string_view gene = {});

}  // namespace belgrand::shared
