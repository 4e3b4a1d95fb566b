// What goes into an HTML page.
#pragma once

#include <string>
#include <string_view>

namespace belgrand::base {

// Escapes & < > " ' for HTML text and attribute values.
std::string EscapeHtml(std::string_view text);

}  // namespace belgrand::base
