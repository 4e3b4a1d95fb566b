// Any bytes as a workbook, and as the sheet of a workbook that is otherwise whole (the checksums of
// an archive would hide the sheet from the fuzzer): nothing may crash, hang or pass its limits.
#include <cstddef>
#include <cstdint>
#include <string>

#include "platform/base/check.h"
#include "platform/workbook/xlsx.h"
#include "tests/support/zip_writer.h"

namespace {

void Read(const std::string& bytes) {
  belgrand::workbook::XlsxLimits limits;
  limits.part_bytes = std::size_t{1} << 20;
  limits.text_bytes = std::size_t{1} << 20;
  const auto rows = belgrand::workbook::ReadXlsx(bytes, "", limits);
  if (!rows.ok()) return;
  std::size_t number = 0;
  for (const auto& row : *rows) {
    BELGRAND_CHECK(row.number > number);
    number = row.number;
    BELGRAND_CHECK(!row.cells.empty() && row.cells.size() <= limits.columns);
    BELGRAND_CHECK(!row.cells.back().empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.starts_with("PK")) {
    Read(bytes);
    return 0;
  }
  // Texts and sheet, a zero byte between them.
  const std::size_t zero = bytes.find('\0');
  if (zero == std::string::npos) {
    Read(belgrand::testing::WorkbookOf(bytes));
  } else {
    Read(belgrand::testing::WorkbookOf(bytes.substr(zero + 1), bytes.substr(0, zero)));
  }
  return 0;
}
