// Reads a whole file of samples before anything is sent: a file that is cut off or unreadable must
// not be half imported.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "platform/base/error.h"
#include "sample/row.h"
#include "sample/sample_file.h"

namespace belgrand::cli {

enum class RowOrder {
  kFile,
  // By when the value became known, where the file says so, else by collection; ties in file order.
  kTime,
};

struct SampleFile {
  sample::Profile profile{};
  std::vector<sample::Row> rows;
  // Every site that the rows describe, in order of site_id; a later row replaces an earlier one.
  std::vector<sample::Site> sites;
};

// NotFound, or InvalidArgument naming the row where the file cannot be read; the path stands in
// front.
base::StatusOr<SampleFile> LoadSamples(const std::filesystem::path& path,
                                       std::optional<sample::Profile> profile, RowOrder order);

}  // namespace belgrand::cli
