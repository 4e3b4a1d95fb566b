// What the program did by itself says why in English, and is stored so; here it is said in the
// reader's language. Whoever writes a new cause adds its French here (causes_test.cc finds one that
// has none).
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "alerting/language.h"

namespace belgrand::alerting {

// A cause of an event or a step, and what is told of a delivery that was given up. Of an unknown
// one (an older version wrote it): as it is, marked as English.
std::string CauseWords(std::string_view cause, Language language);

}  // namespace belgrand::alerting
