#include "sample/formats/formats.h"

#include <array>

#include "sample/sample_csv.h"
#include "sample/scotland_csv.h"

namespace belgrand::sample {
namespace {

// The own format comes last: it is what an unknown header is measured against.
constexpr std::array<const Format*, 13> kFormats = {
    &kScotlandFormat,  &kSwissDpcrFormat,   &kSwissMultivirusFormat,
    &kOpenZhFormat,    &kAmelagSitesFormat, &kAmelagCurveFormat,
    &kOdmV1LongFormat, &kOdmV1WideFormat,   &kOdmLongFormat,
    &kOdmWideFormat,   &kNwssFormat,        &kMappingFormat,
    &kSampleCsvFormat};

template <base::StatusOr<std::unique_ptr<RowMapper>> (*New)(const std::vector<std::string>&)>
base::StatusOr<std::unique_ptr<TableMapper>> OpenLines(const std::vector<std::string>& header,
                                                       const ReadContext&) {
  ASSIGN_OR_RETURN(std::unique_ptr<RowMapper> mapper, New(header));
  return OneRowPerLine(std::move(mapper));
}

bool Never(std::span<const std::string>) { return false; }

}  // namespace

constinit const Format kSampleCsvFormat = {Profile::kSampleCsv, "sample_csv", Never,
                                           OpenLines<NewSampleCsvMapper>};
constinit const Format kScotlandFormat = {Profile::kScotland, "scotland", IsScotlandHeader,
                                          OpenLines<NewScotlandMapper>};

std::span<const Format* const> Formats() { return kFormats; }

const Format& FormatOf(Profile profile) {
  for (const Format* format : kFormats) {
    if (format->profile == profile) return *format;
  }
  return kSampleCsvFormat;
}

const Format& RecogniseFormat(std::span<const std::string> header) {
  for (const Format* format : kFormats) {
    if (format->recognises(header)) return *format;
  }
  return kSampleCsvFormat;
}

std::string_view ProfileName(Profile profile) { return FormatOf(profile).name; }

std::vector<std::string> ProfileNames() {
  std::vector<std::string> names;
  for (const Format* format : kFormats) {
    if (format->profile != Profile::kMapping) names.emplace_back(format->name);
  }
  return names;
}

base::StatusOr<Profile> ParseProfile(std::string_view name) {
  std::string known;
  for (const Format* format : kFormats) {
    if (format->profile == Profile::kMapping) continue;
    if (format->name == name) return format->profile;
    known += (known.empty() ? "" : ", ") + std::string(format->name);
  }
  return base::InvalidArgument("profile \"{}\" is not known; known: {}", name, known);
}

}  // namespace belgrand::sample
