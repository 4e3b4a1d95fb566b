// Proofs that outlive the service: a C2SP tlog-proof of one entry, and the request by which a log
// shows a witness that it only grew (C2SP tlog-witness, add-checkpoint).
//
//   c2sp.org/tlog-proof@v1          old <size>
//   [extra <base64>]                <base64 of a hash>*
//   index <i>
//   <base64 of a hash>*             <checkpoint, a signed note, verbatim>
//
//   <checkpoint, verbatim>
//
// An entry is proven by its own bytes: the verifier hashes them itself. `extra` is not
// authenticated by anything.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compliance/checkpoint.h"
#include "compliance/merkle.h"
#include "compliance/note.h"
#include "platform/base/error.h"

namespace belgrand::compliance {

// A tree of 2^64 entries needs no more.
inline constexpr std::size_t kMaxProofHashes = 64;
// The specification's limit for add-checkpoint.
inline constexpr std::size_t kMaxConsistencyHashes = 63;

struct TlogProof {
  std::optional<std::string> extra;
  std::uint64_t index = 0;
  std::vector<Hash> hashes;  // from the leaf's sibling upwards
  std::string checkpoint;    // the signed note
};

std::string FormatTlogProof(const TlogProof& proof);
// InvalidArgument names the line. The checkpoint is not looked at.
base::StatusOr<TlogProof> ParseTlogProof(std::string_view text);

// Whether `entry` is in the log: the checkpoint opens under the log's key, and the entry's hash
// leads to its root. Answers with the checkpoint and those of `witnesses` who cosigned it; how many
// of them are enough is the caller's to say. InvalidArgument: malformed. NotFound: not signed by
// the log. DataLoss: a signature or the path does not hold: do not believe it.
base::StatusOr<OpenedCheckpoint> VerifyTlogProof(const TlogProof& proof, std::string_view entry,
                                                 const NoteVerifier& log,
                                                 std::span<const NoteVerifier> witnesses);

struct AddCheckpoint {
  std::uint64_t old_size = 0;
  std::vector<Hash> hashes;
  std::string checkpoint;  // the signed note
};

std::string FormatAddCheckpoint(const AddCheckpoint& request);
// InvalidArgument names the line. The checkpoint is not looked at.
base::StatusOr<AddCheckpoint> ParseAddCheckpoint(std::string_view text);

// Whether the log grew from `old` to the request's checkpoint, which must open under the log's key.
// Codes as VerifyTlogProof; InvalidArgument also when `old` has another size or origin than the
// request speaks of.
base::StatusOr<OpenedCheckpoint> VerifyGrowth(const AddCheckpoint& request, const Checkpoint& old,
                                              const NoteVerifier& log,
                                              std::span<const NoteVerifier> witnesses);

}  // namespace belgrand::compliance
