// A mapping, a zero byte, and a file under it; both made of any bytes: nothing may crash or hang,
// and what a mapping makes of a row is judged as any row is.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>

#include "platform/base/check.h"
#include "sample/formats/mapping.h"
#include "sample/sample_file.h"
#include "sample/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace belgrand::sample;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = text.find('\0');
  const auto mapping = Mapping::Parse(text.substr(0, zero));
  if (!mapping.ok() || zero == std::string::npos) return 0;
  ReadContext context;
  context.mapping = &*mapping;
  const auto reader = SampleFileReader::Open(
      NewCsvSource(std::make_unique<std::istringstream>(text.substr(zero + 1))), std::nullopt,
      std::move(context));
  if (!reader.ok()) return 0;
  FileRow row;
  for (;;) {
    const auto any = (*reader)->Next(row);
    if (!any.ok() || !*any) return 0;
    const Validated judged =
        Validate(row.row, nullptr, *belgrand::base::ParseInstant("2026-08-01"));
    BELGRAND_CHECK(judged.measurement.has_value() == judged.violations.empty());
  }
}
