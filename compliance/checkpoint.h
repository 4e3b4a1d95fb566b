// The body of a C2SP tlog-checkpoint (v1.0.0): which log, how many entries, which root.
//
//   <origin>\n<size, decimal>\n<base64 of the 32-byte root>\n
//
// Belgrand writes no extension lines and ignores those it reads, as the specification asks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compliance/merkle.h"
#include "compliance/note.h"
#include "platform/base/error.h"

namespace belgrand::compliance {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};

  bool operator==(const Checkpoint&) const = default;
};

std::string FormatCheckpoint(const Checkpoint& checkpoint);

// InvalidArgument names the line that is wrong.
base::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text);

struct OpenedCheckpoint {
  Checkpoint checkpoint;
  NoteSignature log_signature;
  // Of the witnesses that were named; each verified.
  std::vector<NoteSignature> cosignatures;
};

// A signed checkpoint that the log itself signed. Errors of OpenNote; NotFound also when only
// witnesses signed it; DataLoss when the key is of another log.
base::StatusOr<OpenedCheckpoint> OpenCheckpoint(std::string_view note, const NoteVerifier& log,
                                                std::span<const NoteVerifier> witnesses = {});

}  // namespace belgrand::compliance
