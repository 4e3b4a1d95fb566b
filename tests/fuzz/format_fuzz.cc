// Any bytes at all through every import format, found by the header and by name, with the same
// bytes as the tables beside the file: nothing may crash, hang, or let through a row that is not
// valid.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>

#include "platform/base/check.h"
#include "sample/formats/formats.h"
#include "sample/formats/site_table.h"
#include "sample/text.h"
#include "sample/validate.h"

namespace belgrand::sample {
namespace {

std::unique_ptr<RowSource> SourceOf(const std::string& text) {
  return NewCsvSource(std::make_unique<std::istringstream>(text));
}

void CheckJudged(const Row& row) {
  const base::Instant now = *base::ParseInstant("2026-08-01");
  const Validated judged = Validate(row, nullptr, now);
  BELGRAND_CHECK(judged.measurement.has_value() == judged.violations.empty());
  for (const Violation& violation : judged.violations) {
    BELGRAND_CHECK(!FirstInvalidUtf8(violation.value).has_value());
    BELGRAND_CHECK(!FirstInvalidUtf8(violation.Message(Language::kEnglish)).has_value());
  }
  if (!judged.measurement.has_value()) return;
  const Measurement& m = *judged.measurement;
  BELGRAND_CHECK(IsIdentifier(m.sample_id) && IsIdentifier(m.site_id));
  BELGRAND_CHECK(!m.value.has_value() || (*m.value > 0 && std::isfinite(*m.value)));
  BELGRAND_CHECK(m.censoring != Censoring::kNone || m.value.has_value());
}

void ReadAs(const std::string& text, std::optional<Profile> profile, const SiteTable* sites) {
  ReadContext context;
  context.sites = sites;
  context.open_beside = [&](std::string_view) -> base::StatusOr<std::unique_ptr<RowSource>> {
    return SourceOf(text);
  };
  const auto reader = SampleFileReader::Open(SourceOf(text), profile, std::move(context));
  if (!reader.ok()) return;
  FileRow row;
  for (;;) {
    const auto any = (*reader)->Next(row);
    if (!any.ok() || !*any) return;
    CheckJudged(row.row);
    BELGRAND_CHECK(!row.site.has_value() || row.site->population_served > 0);
  }
}

}  // namespace
}  // namespace belgrand::sample

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace belgrand::sample;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto source = SourceOf(text);
  const auto sites = SiteTable::Read(*source);
  ReadAs(text, std::nullopt, sites.ok() ? &*sites : nullptr);
  for (const Format* format : Formats()) {
    ReadAs(text, format->profile, sites.ok() ? &*sites : nullptr);
  }
  return 0;
}
