// A text of the module's documents in both languages.
#pragma once

#include <string>
#include <string_view>

#include "compliance/register.h"

namespace belgrand::compliance {

struct Words {
  std::string_view english;
  std::string_view french;
  std::string In(Language language) const {
    return std::string(language == Language::kFrench ? french : english);
  }
};

}  // namespace belgrand::compliance
