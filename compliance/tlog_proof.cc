#include "compliance/tlog_proof.h"

#include "compliance/proof_text.h"
#include "platform/crypto/encoding.h"

namespace belgrand::compliance {
namespace {

constexpr std::string_view kHeader = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
constexpr std::string_view kOld = "old ";

std::string FormatHashes(const std::vector<Hash>& hashes) {
  std::string text;
  for (const Hash& hash : hashes) text += FormatHash(hash) + "\n";
  return text;
}

// The hashes up to the empty line; `number` counts the lines read before.
base::StatusOr<std::vector<Hash>> TakeHashes(std::string_view& text, std::size_t number,
                                             std::size_t most) {
  std::vector<Hash> hashes;
  std::string_view line;
  while (TakeLine(text, line)) {
    ++number;
    if (line.empty()) return hashes;
    if (hashes.size() == most) return base::InvalidArgument("more than {} hashes", most);
    const auto hash = ParseHash(line);
    if (!hash.ok()) return base::Annotate(hash.status(), fmt::format("line {}", number));
    hashes.push_back(*hash);
  }
  return base::InvalidArgument("no empty line after the hashes");
}

base::Status CheckLength(std::string_view text) {
  if (text.size() <= kMaxNoteBytes) return base::OkStatus();
  return base::InvalidArgument("{} bytes: a proof has at most {}", text.size(), kMaxNoteBytes);
}

base::StatusOr<TlogProof> Parse(std::string_view text) {
  RETURN_IF_ERROR(CheckLength(text));
  TlogProof proof;
  std::string_view line;
  if (!TakeLine(text, line) || line != kHeader) {
    return base::InvalidArgument("line 1 is not {}", kHeader);
  }
  std::size_t number = 2;
  if (!TakeLine(text, line)) return base::InvalidArgument("line 2 is missing");
  if (line.starts_with(kExtra)) {
    const auto extra = crypto::FromBase64(line.substr(kExtra.size()));
    if (!extra.ok()) return base::Annotate(extra.status(), "line 2");
    proof.extra = *extra;
    number = 3;
    if (!TakeLine(text, line)) return base::InvalidArgument("line 3 is missing");
  }
  if (!line.starts_with(kIndex)) {
    return base::InvalidArgument("line {} does not start with '{}'", number, kIndex);
  }
  const auto index = ParseDecimal(line.substr(kIndex.size()));
  if (!index.ok()) return base::Annotate(index.status(), fmt::format("line {}", number));
  proof.index = *index;
  ASSIGN_OR_RETURN(proof.hashes, TakeHashes(text, number, kMaxProofHashes));
  proof.checkpoint = text;
  return proof;
}

base::StatusOr<AddCheckpoint> ParseRequest(std::string_view text) {
  RETURN_IF_ERROR(CheckLength(text));
  AddCheckpoint request;
  std::string_view line;
  if (!TakeLine(text, line) || !line.starts_with(kOld)) {
    return base::InvalidArgument("line 1 does not start with '{}'", kOld);
  }
  const auto size = ParseDecimal(line.substr(kOld.size()));
  if (!size.ok()) return base::Annotate(size.status(), "line 1");
  request.old_size = *size;
  ASSIGN_OR_RETURN(request.hashes, TakeHashes(text, 1, kMaxConsistencyHashes));
  request.checkpoint = text;
  return request;
}

}  // namespace

std::string FormatTlogProof(const TlogProof& proof) {
  std::string text = fmt::format("{}\n", kHeader);
  if (proof.extra) text += fmt::format("{}{}\n", kExtra, crypto::ToBase64(*proof.extra));
  text += fmt::format("{}{}\n", kIndex, proof.index);
  return text + FormatHashes(proof.hashes) + "\n" + proof.checkpoint;
}

base::StatusOr<TlogProof> ParseTlogProof(std::string_view text) {
  auto proof = Parse(text);
  if (!proof.ok()) return base::Annotate(proof.status(), "not a tlog-proof");
  return proof;
}

base::StatusOr<OpenedCheckpoint> VerifyTlogProof(const TlogProof& proof, std::string_view entry,
                                                 const NoteVerifier& log,
                                                 std::span<const NoteVerifier> witnesses) {
  ASSIGN_OR_RETURN(OpenedCheckpoint opened, OpenCheckpoint(proof.checkpoint, log, witnesses));
  RETURN_IF_ERROR(VerifyInclusion(LeafHash(entry), proof.index, opened.checkpoint.size,
                                  opened.checkpoint.root, proof.hashes));
  return opened;
}

std::string FormatAddCheckpoint(const AddCheckpoint& request) {
  return fmt::format("{}{}\n", kOld, request.old_size) + FormatHashes(request.hashes) + "\n" +
         request.checkpoint;
}

base::StatusOr<AddCheckpoint> ParseAddCheckpoint(std::string_view text) {
  auto request = ParseRequest(text);
  if (!request.ok()) return base::Annotate(request.status(), "not an add-checkpoint request");
  return request;
}

base::StatusOr<OpenedCheckpoint> VerifyGrowth(const AddCheckpoint& request, const Checkpoint& old,
                                              const NoteVerifier& log,
                                              std::span<const NoteVerifier> witnesses) {
  if (request.old_size != old.size) {
    return base::InvalidArgument("the proof starts at size {}, the earlier checkpoint has size {}",
                                 request.old_size, old.size);
  }
  ASSIGN_OR_RETURN(OpenedCheckpoint opened, OpenCheckpoint(request.checkpoint, log, witnesses));
  if (opened.checkpoint.origin != old.origin) {
    return base::InvalidArgument("the proof is of the log {}, the earlier checkpoint of {}",
                                 opened.checkpoint.origin, old.origin);
  }
  RETURN_IF_ERROR(VerifyConsistency(old.size, opened.checkpoint.size, old.root,
                                    opened.checkpoint.root, request.hashes));
  return opened;
}

}  // namespace belgrand::compliance
