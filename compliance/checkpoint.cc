#include "compliance/checkpoint.h"

#include "compliance/proof_text.h"

namespace belgrand::compliance {

std::string FormatCheckpoint(const Checkpoint& checkpoint) {
  return fmt::format("{}\n{}\n{}\n", checkpoint.origin, checkpoint.size,
                     FormatHash(checkpoint.root));
}

base::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text) {
  std::string_view origin;
  std::string_view size;
  std::string_view root;
  if (!TakeLine(text, origin) || !TakeLine(text, size) || !TakeLine(text, root)) {
    return base::InvalidArgument("checkpoint has fewer than 3 lines");
  }
  Checkpoint checkpoint;
  if (origin.empty()) return base::InvalidArgument("checkpoint line 1: the origin is empty");
  checkpoint.origin = origin;
  const auto entries = ParseDecimal(size);
  if (!entries.ok()) return base::Annotate(entries.status(), "checkpoint line 2");
  checkpoint.size = *entries;
  const auto hash = ParseHash(root);
  if (!hash.ok()) return base::Annotate(hash.status(), "checkpoint line 3");
  checkpoint.root = *hash;
  for (std::string_view extension; !text.empty();) {
    if (!TakeLine(text, extension) || extension.empty()) {
      return base::InvalidArgument("checkpoint has an empty or unfinished extension line");
    }
  }
  return checkpoint;
}

base::StatusOr<OpenedCheckpoint> OpenCheckpoint(std::string_view note, const NoteVerifier& log,
                                                std::span<const NoteVerifier> witnesses) {
  std::vector<NoteVerifier> verifiers(witnesses.begin(), witnesses.end());
  verifiers.push_back(log);
  ASSIGN_OR_RETURN(Note opened, OpenNote(note, verifiers));
  OpenedCheckpoint result;
  bool signed_by_log = false;
  for (NoteSignature& signature : opened.verified) {
    if (signature.name == log.name && signature.key_id == log.key_id) {
      signed_by_log = true;
      result.log_signature = std::move(signature);
    } else {
      result.cosignatures.push_back(std::move(signature));
    }
  }
  if (!signed_by_log) {
    return base::NotFound("the log {} did not sign this checkpoint", log.name);
  }
  ASSIGN_OR_RETURN(result.checkpoint, ParseCheckpoint(opened.text));
  if (result.checkpoint.origin != log.name) {
    return base::DataLoss("the checkpoint is of the log {}, its key of {}",
                          result.checkpoint.origin, log.name);
  }
  return result;
}

}  // namespace belgrand::compliance
