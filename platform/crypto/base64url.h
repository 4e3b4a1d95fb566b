// Base64 with the alphabet for URLs, without padding (RFC 4648 section 5), decoded as strictly as
// platform/crypto/encoding.h does.
#pragma once

#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::crypto {

std::string ToBase64Url(std::string_view bytes);
// InvalidArgument for anything ToBase64Url would not have written.
base::StatusOr<std::string> FromBase64Url(std::string_view text);

}  // namespace belgrand::crypto
