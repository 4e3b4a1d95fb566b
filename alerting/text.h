// Small text helpers of rendering and checking: UTF-8, tables, escapes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace belgrand::alerting {

// Well-formed UTF-8 (no overlong forms, no surrogates) without control characters but tab and
// newline.
bool IsPrintableUtf8(std::string_view text);
// Code points. REQUIRES: well-formed UTF-8.
std::size_t CountCharacters(std::string_view text);
bool TrimmedEmpty(std::string_view text);
// Breaks paragraphs at spaces so that no line is longer than `width` characters (a longer word
// stays whole); every line but the first begins with `indent`.
std::string Wrap(std::string_view text, std::size_t width, std::string_view indent);
// Quotes for a POSIX shell when it must.
std::string QuoteShell(std::string_view text);

}  // namespace belgrand::alerting
