// Any bytes as the record of a release: nothing may crash or hang; what is let through is written
// back as the same record, and the attacker comes to an end over it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "platform/base/check.h"
#include "publication/noise.h"
#include "publication/record.h"
#include "publication/release.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace belgrand::publication;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto epsilon = ParseEpsilon(text);
  if (epsilon.ok()) BELGRAND_CHECK(*ParseEpsilon(FormatEpsilon(*epsilon)) == *epsilon);
  const auto record = ParseRecord(text);
  if (!record.ok()) return 0;
  const auto again = ParseRecord(FormatRecord(*record));
  BELGRAND_CHECK(again.ok() && *again == *record);
  Reattack({*record}, 25);
  return 0;
}
