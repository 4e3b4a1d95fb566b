// Any bytes at all through the CSV reader, both profiles and validation: nothing may crash, hang or
// let through a row that is not valid.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "platform/base/check.h"
#include "sample/sample_csv.h"
#include "sample/sample_file.h"
#include "sample/text.h"
#include "sample/validate.h"

namespace belgrand::sample {
namespace {

void CheckJudged(const Validated& judged) {
  BELGRAND_CHECK(judged.measurement.has_value() == judged.violations.empty());
  for (const Violation& violation : judged.violations) {
    BELGRAND_CHECK(!FirstInvalidUtf8(violation.value).has_value());
    for (const Language language : {Language::kEnglish, Language::kFrench}) {
      BELGRAND_CHECK(!FirstInvalidUtf8(violation.Message(language)).has_value());
      BELGRAND_CHECK(!FirstInvalidUtf8(violation.Remedy(language)).has_value());
    }
    BELGRAND_CHECK(!FirstInvalidUtf8(violation.Allowed()).has_value());
  }
  if (!judged.measurement.has_value()) return;
  const Measurement& m = *judged.measurement;
  BELGRAND_CHECK(IsIdentifier(m.sample_id) && IsIdentifier(m.site_id));
  BELGRAND_CHECK(!m.value.has_value() || (*m.value > 0 && std::isfinite(*m.value)));
  BELGRAND_CHECK(m.censoring != Censoring::kNone || m.value.has_value());
}

// An accepted row that is written and read again must be the same row.
void CheckRoundTrip(const FileRow& read, const Validated& judged) {
  if (!judged.ok() || !read.site.has_value()) return;
  std::stringstream file;
  SampleCsvWriter writer(file);
  writer.Write(read.row, *read.site);
  const auto reader = SampleFileReader::Open(file, Profile::kSampleCsv);
  BELGRAND_CHECK(reader.ok());
  FileRow again;
  const auto any = (*reader)->Next(again);
  BELGRAND_CHECK(any.ok() && *any);
  BELGRAND_CHECK(again.row.sample_id == read.row.sample_id);
  BELGRAND_CHECK(again.row.value.value == read.row.value.value);
  BELGRAND_CHECK(again.row.collected_at.value == read.row.collected_at.value);
}

void ReadAs(const std::string& text, std::optional<Profile> profile) {
  const base::Instant now = *base::ParseInstant("2022-06-01");
  std::istringstream in(text);
  const auto reader = SampleFileReader::Open(in, profile);
  if (!reader.ok()) return;
  FileRow row;
  for (;;) {
    const auto any = (*reader)->Next(row);
    if (!any.ok() || !*any) return;
    const Validated judged = Validate(row.row, nullptr, now);
    CheckJudged(judged);
    CheckRoundTrip(row, judged);
  }
}

}  // namespace
}  // namespace belgrand::sample

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  belgrand::sample::ReadAs(text, std::nullopt);
  // Header and rows apart, so that a mutated header does not hide the rows from the fuzzer.
  belgrand::sample::ReadAs(std::string(belgrand::sample::kSampleCsvHeader) + "\n" + text,
                           belgrand::sample::Profile::kSampleCsv);
  return 0;
}
