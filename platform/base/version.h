// The version of this source tree; CHANGELOG.md says what it holds.
#pragma once

namespace belgrand::base {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace belgrand::base
