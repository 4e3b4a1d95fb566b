// Answers that a client need not fetch again (RFC 9110, section 13): ETag and Last-Modified, and
// 304 for who has what is asked for.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>

#include "platform/base/time.h"
#include "platform/http/server.h"

namespace belgrand::http {

// IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT"; whole seconds.
std::string FormatHttpDate(base::Instant at);
// Absent: not an IMF-fixdate (the obsolete forms are not read).
std::optional<base::Instant> ParseHttpDate(const std::string& text);

// `full` with its ETag and Last-Modified; or 304 without a body. If-None-Match goes before
// If-Modified-Since. `etag`: strong, without quotes: another body has another one.
Response Conditional(const PageRequest& request, Response full, const std::string& etag,
                     base::Instant modified);

}  // namespace belgrand::http
