// The body of a C2SP tlog-checkpoint (v1.0.0): which log, how many entries, which root.
//
//   <origin>\n<size, decimal>\n<base64 of the 32-byte root>\n
//
// Belgrand writes no extension lines and ignores those it reads, as the specification asks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "compliance/merkle.h"
#include "platform/base/error.h"

namespace belgrand::compliance {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};
};

std::string FormatCheckpoint(const Checkpoint& checkpoint);

// InvalidArgument names the line that is wrong.
base::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text);

}  // namespace belgrand::compliance
