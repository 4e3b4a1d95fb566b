// The import formats: every one is a file of this folder and a line in formats.cc.
//
// Thread safety: pure functions; the formats are constants.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "sample/sample_file.h"
#include "sample/table_mapper.h"

namespace belgrand::sample {

struct Format {
  Profile profile;
  // Of --profile.
  std::string_view name;
  // Whether a header can only be of this format.
  bool (*recognises)(std::span<const std::string> header);
  // InvalidArgument: the header does not fit, and how.
  base::StatusOr<std::unique_ptr<TableMapper>> (*open)(const std::vector<std::string>& header,
                                                       const ReadContext& context);
};

// In the order in which a header is tried.
std::span<const Format* const> Formats();
const Format& FormatOf(Profile profile);
// The project's own format where no other recognises the header: its errors name the columns.
const Format& RecogniseFormat(std::span<const std::string> header);

extern const Format kSampleCsvFormat;
extern const Format kScotlandFormat;
extern const Format kSwissDpcrFormat;
extern const Format kSwissMultivirusFormat;
extern const Format kOpenZhFormat;
extern const Format kAmelagSitesFormat;
extern const Format kAmelagCurveFormat;
extern const Format kOdmV1LongFormat;
extern const Format kOdmV1WideFormat;
extern const Format kOdmLongFormat;
extern const Format kOdmWideFormat;
extern const Format kNwssFormat;
extern const Format kMappingFormat;

}  // namespace belgrand::sample
