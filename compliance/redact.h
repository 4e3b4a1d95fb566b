// The only way to turn a message into text for a log line, an error or a trace.
//
//   sample_id: "S-17", value: 1200, sampled_by: <identity>, content_hash: <32 bytes>
//
// Driven by the schema alone. What the schema does not call NOT_PERSONAL is replaced by its class
// in angle brackets, whether it is set to one value or many; so a new field is withheld until
// somebody has classified it. Never printed, whatever the class: bytes, unknown fields,
// google.protobuf.Any and every other message from outside the project except Timestamp and
// Duration, maps.
//
// The result is one line of valid UTF-8: control characters, quotes and invalid bytes of a text are
// escaped, so a value cannot forge a second line or another field. Its size, the depth, the length
// of one text and the number of elements of one list are bounded; what is left out is said ("(+7
// more)").
//
// Thread safety: safe.
#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <string>

namespace belgrand::compliance {

struct RedactLimits {
  std::size_t total_bytes = 4096;
  std::size_t text_bytes = 200;  // of one string field
  int elements = 8;              // of one repeated field
  int depth = 12;
};

std::string Redact(const google::protobuf::Message& message, const RedactLimits& limits = {});

}  // namespace belgrand::compliance
