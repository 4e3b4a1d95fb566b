// Any bytes as a declaration and as a fiche: nothing may crash or hang, and what is let through is
// written back as the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "compliance/register.h"
#include "platform/base/check.h"
#include "services/cli/fiche.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto declaration = belgrand::compliance::ParseDeclaration(text);
  if (declaration.ok()) belgrand::compliance::RegisterJson({}, *declaration);
  const auto fiche = belgrand::cli::ParseFiche(text);
  if (!fiche.ok()) return 0;
  const auto again = belgrand::cli::ParseFiche(belgrand::cli::FicheJson(*fiche));
  BELGRAND_CHECK(again.ok() && again->sentences == fiche->sentences);
  return 0;
}
