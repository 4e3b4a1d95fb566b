#include "services/cli/sample_load.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "sample/catalogue.h"

namespace belgrand::cli {
namespace {

base::Instant KnownOrCollected(const sample::Row& row) {
  return row.known_at.value.value_or(row.collected_at.value.value_or(base::Instant()));
}

base::StatusOr<SampleFile> Read(std::istream& in, std::optional<sample::Profile> profile) {
  ASSIGN_OR_RETURN(const auto reader, sample::SampleFileReader::Open(in, profile));
  SampleFile file;
  file.profile = reader->profile();
  sample::Catalogue sites;
  sample::FileRow read;
  for (;;) {
    ASSIGN_OR_RETURN(const bool any, reader->Next(read));
    if (!any) break;
    if (read.site.has_value()) sites.Put(std::move(*read.site));
    file.rows.push_back(std::move(read.row));
  }
  for (const auto& [id, site] : sites.sites()) file.sites.push_back(site);
  return file;
}

}  // namespace

base::StatusOr<SampleFile> LoadSamples(const std::filesystem::path& path,
                                       std::optional<sample::Profile> profile, RowOrder order) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return base::NotFound("{}: the file cannot be opened", path.string());
  auto file = Read(in, profile);
  if (!file.ok()) return base::Annotate(file.status(), path.string());
  if (order == RowOrder::kTime) {
    std::stable_sort(file->rows.begin(), file->rows.end(),
                     [](const sample::Row& a, const sample::Row& b) {
                       return KnownOrCollected(a) < KnownOrCollected(b);
                     });
  }
  return file;
}

}  // namespace belgrand::cli
