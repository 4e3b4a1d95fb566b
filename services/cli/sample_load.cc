#include "services/cli/sample_load.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "platform/base/file.h"
#include "platform/workbook/xlsx.h"
#include "sample/catalogue.h"
#include "sample/formats/mapping.h"
#include "sample/formats/site_table.h"

namespace belgrand::cli {
namespace {

constexpr std::size_t kMaxWorkbookBytes = std::size_t{256} << 20;
constexpr std::string_view kZip = "PK\x03\x04";

// The order of a backtest (detection/backtest.h): by when a row was known, then collected.
std::pair<base::Instant, base::Instant> KnownAndCollected(const sample::Row& row) {
  const base::Instant collected = row.collected_at.value.value_or(base::Instant());
  return {std::max(row.known_at.value.value_or(collected), collected), collected};
}

// The rows of a sheet, each as wide as its header: a sheet does not keep empty cells at the end.
class SheetSource final : public sample::RowSource {
 public:
  explicit SheetSource(std::vector<workbook::SheetRow> rows) : rows_(std::move(rows)) {}

  base::StatusOr<bool> Next(std::vector<std::string>& fields) override {
    if (at_ == rows_.size()) return false;
    workbook::SheetRow& row = rows_[at_++];
    number_ = row.number;
    fields = std::move(row.cells);
    if (at_ == 1) width_ = fields.size();
    if (fields.size() < width_) fields.resize(width_);
    return true;
  }
  std::size_t row() const override { return number_; }

 private:
  std::vector<workbook::SheetRow> rows_;
  std::size_t at_ = 0;
  std::size_t number_ = 0;
  std::size_t width_ = 0;
};

base::StatusOr<SampleFile> Read(sample::SampleFileReader& reader) {
  SampleFile file;
  file.profile = reader.profile();
  sample::Catalogue sites;
  sample::FileRow read;
  for (;;) {
    ASSIGN_OR_RETURN(const bool any, reader.Next(read));
    if (!any) break;
    if (read.site.has_value()) sites.Put(std::move(*read.site));
    file.rows.push_back(std::move(read.row));
  }
  for (const auto& [id, site] : sites.sites()) file.sites.push_back(site);
  file.notes = reader.notes();
  return file;
}

base::StatusOr<sample::SiteTable> LoadSites(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const auto source, OpenTable(path, ""));
  auto sites = sample::SiteTable::Read(*source);
  if (!sites.ok()) return base::Annotate(sites.status(), path.string());
  return sites;
}

struct Place {
  std::filesystem::path file;
  std::filesystem::path sites;
};

// Where the rows of a folder stand: those of a package (docs/formats/frictionless.md), else the
// measures of ODM.
base::StatusOr<Place> Locate(const std::filesystem::path& path,
                             const std::filesystem::path& sites) {
  if (!std::filesystem::is_directory(path)) return Place{path, sites};
  if (std::filesystem::exists(path / "datapackage.json")) {
    return Place{path / "measurements.csv", sites.empty() ? path / "sites.csv" : sites};
  }
  if (std::filesystem::exists(path / "measures.csv")) return Place{path / "measures.csv", sites};
  return base::NotFound("{}: the folder holds neither datapackage.json nor measures.csv",
                        path.string());
}

}  // namespace

base::StatusOr<std::unique_ptr<sample::RowSource>> OpenTable(const std::filesystem::path& path,
                                                             const std::string& sheet) {
  auto in = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*in) return base::NotFound("{}: the file cannot be opened", path.string());
  std::string start(kZip.size(), '\0');
  in->read(start.data(), static_cast<std::streamsize>(start.size()));
  if (start == kZip) {
    ASSIGN_OR_RETURN(const std::string bytes, base::ReadFile(path, kMaxWorkbookBytes));
    auto rows = workbook::ReadXlsx(bytes, sheet);
    if (!rows.ok()) return base::Annotate(rows.status(), path.string());
    return std::make_unique<SheetSource>(*std::move(rows));
  }
  if (!sheet.empty()) {
    return base::InvalidArgument("{}: only a workbook has sheets, and this is none", path.string());
  }
  in->clear();
  in->seekg(0);
  return sample::NewCsvSource(std::move(in));
}

SampleSource::SampleSource() = default;
SampleSource::~SampleSource() = default;

base::StatusOr<std::unique_ptr<SampleSource>> SampleSource::Open(const std::filesystem::path& path,
                                                                 const LoadOptions& options) {
  ASSIGN_OR_RETURN(const Place place, Locate(path, options.sites));
  std::unique_ptr<SampleSource> opened(new SampleSource);
  opened->file_ = place.file;
  sample::ReadContext context;
  if (!options.mapping.empty()) {
    ASSIGN_OR_RETURN(const std::string text,
                     base::ReadFile(options.mapping, sample::kMaxMappingBytes));
    auto parsed = sample::Mapping::Parse(text);
    if (!parsed.ok()) return base::Annotate(parsed.status(), options.mapping.string());
    opened->mapping_ = std::make_unique<const sample::Mapping>(*std::move(parsed));
    context.mapping = opened->mapping_.get();
  }
  if (!place.sites.empty()) {
    ASSIGN_OR_RETURN(auto sites, LoadSites(place.sites));
    opened->sites_ = std::make_unique<const sample::SiteTable>(std::move(sites));
    context.sites = opened->sites_.get();
  }
  context.open_beside =
      [folder = place.file.parent_path()](
          std::string_view name) -> base::StatusOr<std::unique_ptr<sample::RowSource>> {
    const std::filesystem::path beside = folder / name;
    if (!std::filesystem::exists(beside)) return nullptr;
    return OpenTable(beside, "");
  };
  ASSIGN_OR_RETURN(auto source, OpenTable(place.file, options.sheet));
  auto reader =
      sample::SampleFileReader::Open(std::move(source), options.profile, std::move(context));
  if (!reader.ok()) return base::Annotate(reader.status(), place.file.string());
  opened->reader_ = *std::move(reader);
  return opened;
}

base::StatusOr<SampleFile> LoadSamples(const std::filesystem::path& path,
                                       const LoadOptions& options) {
  ASSIGN_OR_RETURN(const auto opened, SampleSource::Open(path, options));
  auto file = Read(opened->reader());
  if (!file.ok()) return base::Annotate(file.status(), opened->file().string());
  file->columns = opened->columns();
  if (options.order == RowOrder::kTime) {
    std::stable_sort(file->rows.begin(), file->rows.end(),
                     [](const sample::Row& a, const sample::Row& b) {
                       return KnownAndCollected(a) < KnownAndCollected(b);
                     });
  }
  return file;
}

base::StatusOr<SampleFile> LoadSamples(const std::filesystem::path& path,
                                       std::optional<sample::Profile> profile, RowOrder order) {
  LoadOptions options;
  options.profile = profile;
  options.order = order;
  return LoadSamples(path, options);
}

}  // namespace belgrand::cli
