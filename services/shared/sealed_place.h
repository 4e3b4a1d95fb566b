// Names the place of a sealed personal value, which is bound into its seal.
//
// Whoever opens a sealed field of a stored sample must name the same place as intake did, so it is
// made here only. See docs/formats/sealed_field.md.
#pragma once

#include <string>
#include <string_view>

namespace belgrand::shared {

// Since format 2: "SampleRecord.<field>/<laboratory>/<request_id>". One call names few persons and
// many rows, so a person is sealed once a call, and rows of the call share the seal; a seal moved
// to another call, laboratory or field does not open. '/' inside a part is written "%2F".
std::string SealedPlace(std::string_view field, std::string_view laboratory_id,
                        std::string_view request_id);

// Of rows stored before: "SampleRecord.<field>/<laboratory>/<sample>/<target>", and "/<gene>" where
// there is one. `field` is sampled_by_sealed, analysed_by_sealed or amended_by_sealed. Whoever
// opens a seal tries SealedPlace first, then this.
std::string SealedPlaceOfRow(std::string_view field, std::string_view laboratory_id,
                             std::string_view sample_id, std::string_view target,
                             std::string_view gene = {});

}  // namespace belgrand::shared
