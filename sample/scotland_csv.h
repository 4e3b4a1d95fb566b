// Import profile "scotland": the published sample file of Scotland's SARS-CoV-2 monitoring.
//
// Scorza et al., "SARS-CoV-2 RNA levels in Scotland's wastewater", Scientific Data 2022,
// doi:10.1038/s41597-022-01788-3 (CC BY 4.0). How its columns are read:
//  - class (N1_description): Positive -> none; Positive (DNQ) -> below_loq; Weak Positive ->
//  below_lod;
//    Negative -> not_detected; Analysis Failed -> no censoring, the flag analysis_failed and no
//    value, which Validate refuses with the rule of that name;
//  - LOD/LOQ, gc/L, by the paper's threshold table: low volume 6640/9427, any other 1316/11368. A
//  value
//    that contradicts its class stays as it is, and Validate judges it;
//  - laboratory: Analysis_lab without " - Low Volume"; the volume makes the method, so that the
//  change
//    of method starts a segment;
//  - sample id: SW_sample_number; where it is NA, "<site>/<date>". A repetition in the file gets
//  "/2",
//    "/3" in file order: those rows are replicates and re-runs, not errors;
//  - flow: Flow, else Modelled_flow, L/day to m3/d; known when analysed.
//
// Thread safety: externally synchronised.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "sample/sample_file.h"

namespace belgrand::sample {

bool IsScotlandHeader(std::span<const std::string> header);

// InvalidArgument names the missing columns.
base::StatusOr<std::unique_ptr<RowMapper>> NewScotlandMapper(
    const std::vector<std::string>& header);

}  // namespace belgrand::sample
