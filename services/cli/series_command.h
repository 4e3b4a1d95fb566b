// `belgrand series`: the stored samples of one site and target, raw, and normalised beside that.
//
// What is judged and published is the raw series; the normalised ones are made here from what is
// stored with each sample (sample/normalise.h). Exit codes: 0; 1 the service or the disk failed; 2
// usage.
#pragma once

#include "services/cli/command.h"

namespace belgrand::cli {

void AddSeries(CLI::App& app, RunSlot& run);

}  // namespace belgrand::cli
