#include "sample/sample_file.h"

#include <charconv>
#include <utility>

#include "sample/sample_csv.h"
#include "sample/scotland_csv.h"
#include "sample/text.h"

namespace belgrand::sample {
namespace {

bool IsMissing(std::string_view text) { return text.empty() || text == "NA"; }

FileRow WrongColumnCount(std::size_t found, std::size_t expected) {
  FileRow out;
  out.row.reader_violations.push_back(
      {"", std::to_string(found), Text::kColumnCount, {std::to_string(expected)}});
  return out;
}

}  // namespace

std::string_view ProfileName(Profile profile) {
  return profile == Profile::kScotland ? "scotland" : "sample_csv";
}

base::StatusOr<Profile> ParseProfile(std::string_view name) {
  for (const Profile profile : {Profile::kSampleCsv, Profile::kScotland}) {
    if (name == ProfileName(profile)) return profile;
  }
  return base::InvalidArgument("profile \"{}\" is not known; known: sample_csv, scotland", name);
}

Field<double> ParseNumberField(std::string_view text) {
  text = Trim(text);
  Field<double> field;
  if (IsMissing(text)) return field;
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stopped == end) {
    field.value = number;
  } else {
    field.text = text;
  }
  return field;
}

Field<base::Instant> ParseTimeField(std::string_view text) {
  text = Trim(text);
  Field<base::Instant> field;
  if (IsMissing(text)) return field;
  if (const auto instant = base::ParseInstant(text); instant.ok()) {
    field.value = *instant;
  } else {
    field.text = text;
  }
  return field;
}

base::StatusOr<std::unique_ptr<SampleFileReader>> SampleFileReader::Open(
    std::istream& in, std::optional<Profile> profile) {
  std::unique_ptr<SampleFileReader> reader(new SampleFileReader(in));
  std::vector<std::string> header;
  ASSIGN_OR_RETURN(const bool any, reader->csv_.Next(header));
  if (!any) return base::InvalidArgument("the file is empty: not even a header row");
  reader->columns_ = header.size();
  reader->profile_ =
      profile.value_or(IsScotlandHeader(header) ? Profile::kScotland : Profile::kSampleCsv);
  if (reader->profile_ == Profile::kScotland) {
    ASSIGN_OR_RETURN(reader->mapper_, NewScotlandMapper(header));
  } else {
    ASSIGN_OR_RETURN(reader->mapper_, NewSampleCsvMapper(header));
  }
  return reader;
}

base::StatusOr<bool> SampleFileReader::Next(FileRow& out) {
  ASSIGN_OR_RETURN(const bool any, csv_.Next(fields_));
  if (!any) return false;
  if (fields_.size() < columns_ && csv_.ended_without_line_break()) {
    return base::InvalidArgument(
        "the file ends in the middle of row {}: {} of {} columns and no line break; it is cut off: "
        "export it again",
        csv_.row(), fields_.size(), columns_);
  }
  out = fields_.size() == columns_ ? mapper_->Map(fields_)
                                   : WrongColumnCount(fields_.size(), columns_);
  out.row.line = csv_.row();
  return true;
}

}  // namespace belgrand::sample
