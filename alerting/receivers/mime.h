// The Internet message format, as far as a mail of ours needs it (RFC 5322, 2045, 2047).
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/base/time.h"

namespace belgrand::alerting {

struct MailMessage {
  // Header name and value; a value that is not plain ASCII is encoded (RFC 2047).
  std::vector<std::pair<std::string, std::string>> headers;
  std::string text;
  std::string html;
  // A PNG that the HTML shows as "cid:<image_id>"; empty: none.
  std::string image = {};
  std::string image_id = {};
};

// "Mon, 05 Jan 2026 09:12:00 +0000".
std::string FormatMailDate(base::Instant at);
// Plain ASCII stays; the rest becomes encoded words of at most 75 characters that cut no character
// in two, folded. Line breaks become spaces: no value can begin a header of its own.
std::string EncodeHeaderValue(std::string_view value);
// RFC 2045 section 6.7, lines of at most 76 characters, CRLF line ends.
std::string QuotedPrintable(std::string_view text);
// Base64 in lines of 76 characters (RFC 2045 section 6.8), CRLF line ends.
std::string Base64Lines(std::string_view bytes);
// The whole message with CRLF line ends: text and HTML as alternatives, the HTML together with its
// image (RFC 2387). `boundary` must not occur in them; a hash of the message id serves.
std::string BuildMessage(const MailMessage& message, std::string_view boundary);

}  // namespace belgrand::alerting
