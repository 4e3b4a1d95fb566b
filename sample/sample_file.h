// Reads a file of samples, whatever its profile, as rows and the sites they name.
//
// A profile maps the columns of one kind of file to Row; the reader does what all have in common:
// it finds the profile by the header, counts rows, and refuses a file that is cut off. A row with
// the wrong number of columns is a violation of that row (column_count), for then no column can be
// trusted; a file that ends in the middle of its last row is refused whole.
//
// Thread safety: externally synchronised. Borrows the stream.
#pragma once

#include <istream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "sample/csv.h"
#include "sample/row.h"

namespace belgrand::sample {

struct FileRow {
  Row row;
  // Where the file says enough of the row's site: identifier, district and population.
  std::optional<Site> site;
};

// One kind of file.
class RowMapper {
 public:
  virtual ~RowMapper() = default;
  // REQUIRES: as many fields as the header has.
  virtual FileRow Map(std::span<const std::string> fields) = 0;
};

enum class Profile {
  // docs/formats/sample_csv.md
  kSampleCsv,
  // The published Scottish sample file (sample/scotland_csv.h).
  kScotland,
};

std::string_view ProfileName(Profile profile);
// InvalidArgument lists the known names.
base::StatusOr<Profile> ParseProfile(std::string_view name);

class SampleFileReader {
 public:
  // Reads the header. Without `profile` it is found by the columns. InvalidArgument: the header
  // does not fit, and how.
  static base::StatusOr<std::unique_ptr<SampleFileReader>> Open(std::istream& in,
                                                                std::optional<Profile> profile);

  // False at the end. Errors are final and concern the file, not a row.
  base::StatusOr<bool> Next(FileRow& out);

  Profile profile() const { return profile_; }

 private:
  explicit SampleFileReader(std::istream& in) : csv_(in) {}

  CsvReader csv_;
  Profile profile_ = Profile::kSampleCsv;
  std::unique_ptr<RowMapper> mapper_;
  std::size_t columns_ = 0;
  std::vector<std::string> fields_;
};

// A number, an instant or their absence ("" or "NA"), as files write them.
Field<double> ParseNumberField(std::string_view text);
Field<base::Instant> ParseTimeField(std::string_view text);

}  // namespace belgrand::sample
