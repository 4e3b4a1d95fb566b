// Reads a whole file of samples before anything is sent: a file that is cut off or unreadable must
// not be half imported.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "sample/row.h"
#include "sample/sample_file.h"
#include "services/cli/verdict_columns.h"

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
  sample::FileNotes notes;
  // What the file calls the fields that verdicts name.
  VerdictColumns columns;
};

struct LoadOptions {
  // Found by the header when absent.
  std::optional<sample::Profile> profile = {};
  RowOrder order = RowOrder::kFile;
  // A laboratory's mapping (docs/formats/mapping.md); empty: none.
  std::filesystem::path mapping = {};
  // A table of sites; empty: sites.csv of a package, else none.
  std::filesystem::path sites = {};
  // Of a workbook; empty: its first sheet.
  std::string sheet = {};
};

// The lines of a CSV file or of a sheet of a workbook; the first sheet when none is named.
base::StatusOr<std::unique_ptr<sample::RowSource>> OpenTable(const std::filesystem::path& path,
                                                             const std::string& sheet);

// A file that is being read, and what its reader borrows. Thread safety: as the reader.
class SampleSource {
 public:
  // A CSV file, a workbook (.xlsx), or a folder that holds an exported package or ODM tables;
  // `options.order` plays no part. Errors as LoadSamples.
  static base::StatusOr<std::unique_ptr<SampleSource>> Open(const std::filesystem::path& path,
                                                            const LoadOptions& options);
  ~SampleSource();
  sample::SampleFileReader& reader() { return *reader_; }
  const std::filesystem::path& file() const { return file_; }
  VerdictColumns columns() const { return {reader_->profile(), mapping_.get()}; }

 private:
  SampleSource();
  std::filesystem::path file_;
  std::unique_ptr<const sample::Mapping> mapping_;
  std::unique_ptr<const sample::SiteTable> sites_;
  std::unique_ptr<sample::SampleFileReader> reader_;
};

// A CSV file, a workbook (.xlsx), or a folder that holds an exported package or ODM tables.
// NotFound, or InvalidArgument naming the row where the file cannot be read; the path stands in
// front.
base::StatusOr<SampleFile> LoadSamples(const std::filesystem::path& path,
                                       const LoadOptions& options);
base::StatusOr<SampleFile> LoadSamples(const std::filesystem::path& path,
                                       std::optional<sample::Profile> profile, RowOrder order);

}  // namespace belgrand::cli
