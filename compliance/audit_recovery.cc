#include "compliance/audit_recovery.h"

#include <algorithm>
#include <span>
#include <system_error>

#include "compliance/audit_log.h"
#include "compliance/hash_tiles.h"
#include "compliance/tile.h"
#include "platform/base/file.h"
#include "platform/crypto/secret.h"

namespace belgrand::compliance {
namespace {

constexpr std::size_t kMaxSeedFileBytes = 4096;

std::string BundlePath(std::uint64_t bundle) {
  return TilePath({TileName::kEntries, bundle, kTileWidth});
}

bool Exists(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// Size claimed by the stored checkpoint, whoever signed it; 0 where there is none to read.
std::uint64_t ClaimedSize(const std::filesystem::path& directory) {
  const auto text = base::ReadFile(directory / kCheckpointFile, kMaxNoteBytes);
  if (!text.ok()) return 0;
  const auto checkpoint =
      ParseCheckpoint(std::string_view(*text).substr(0, text->find("\n\n") + 1));
  return checkpoint.ok() ? checkpoint->size : 0;
}

base::StatusOr<NoteSigner> CreateLog(const std::filesystem::path& directory,
                                     const std::filesystem::path& seed_path,
                                     std::string_view origin) {
  std::string seed = crypto::RandomBytes(32);
  ASSIGN_OR_RETURN(NoteSigner signer, NoteSigner::FromSeed(origin, seed));
  ASSIGN_OR_RETURN(const std::string note,
                   SignNote(FormatCheckpoint({std::string(origin), 0, EmptyRoot()}), signer));
  RETURN_IF_ERROR(base::WriteFileAtomically(directory / kVerifierKeyFile,
                                            signer.verifier().Encode() + "\n", 0644));
  RETURN_IF_ERROR(base::WriteFileAtomically(directory / kCheckpointFile, note, 0644));
  RETURN_IF_ERROR(base::WriteFileAtomically(seed_path, seed, 0600));
  crypto::Cleanse(seed);
  return signer;
}

// An entry is never empty, so a zero length in the tail is space that a filesystem had reserved
// when the power went: the entry before it is the last. Anything else after it is damage.
base::Status DropZeroTail(std::string_view bytes, BundleContent& content, std::uint64_t first) {
  const auto empty = std::find_if(content.entries.begin(), content.entries.end(),
                                  [](std::string_view entry) { return entry.empty(); });
  if (empty == content.entries.end()) return base::OkStatus();
  const auto end = static_cast<std::size_t>(empty->data() - bytes.data()) - 2;
  if (bytes.find_first_not_of('\0', end) != bytes.npos) {
    return base::DataLoss("entry {} is empty, yet bytes follow it: the bundle is damaged",
                          first + static_cast<std::uint64_t>(empty - content.entries.begin()));
  }
  content.entries.erase(empty, content.entries.end());
  content.whole_bytes = end;
  return base::OkStatus();
}

// Adds one bundle's entries to `recovered`; entries below `signed_size` must match their hash
// tiles, for a damaged length must not pass for a torn tail.
base::Status TakeBundle(const std::filesystem::path& directory, std::uint64_t bundle,
                        std::string_view bytes, std::uint64_t signed_size,
                        RecoveredEntries& recovered) {
  BundleContent content = ReadBundle(bytes);
  RETURN_IF_ERROR(DropZeroTail(bytes, content, bundle * kTileWidth));
  recovered.torn_bytes = bytes.size() - content.whole_bytes;
  const bool full = content.entries.size() == kTileWidth;
  if (content.entries.size() > kTileWidth || (full && recovered.torn_bytes > 0)) {
    return base::DataLoss("{} has bytes after its last entry: it is damaged", BundlePath(bundle));
  }
  std::uint64_t index = bundle * kTileWidth;
  for (const std::string_view entry : content.entries) {
    const Hash leaf = LeafHash(entry);
    if (index >= signed_size) {
      recovered.leaves.push_back(leaf);
    } else {
      ASSIGN_OR_RETURN(const Hash stored, ReadNode(directory, 0, index));
      if (stored != leaf) {
        return base::DataLoss("entry {} was altered: its hash is not the one under the checkpoint",
                              index);
      }
    }
    ++index;
  }
  recovered.end = {index, full ? 0 : content.whole_bytes};
  return base::OkStatus();
}

}  // namespace

base::StatusOr<NoteSigner> LoadOrCreateKey(const std::filesystem::path& directory,
                                           const std::filesystem::path& seed_path,
                                           std::string_view origin) {
  auto seed = base::ReadFile(seed_path, kMaxSeedFileBytes);
  if (seed.ok()) {
    auto signer = NoteSigner::FromSeed(origin, *seed);
    crypto::Cleanse(*seed);
    if (signer.ok()) return signer;
    return base::Annotate(signer.status(), fmt::format("signing seed {}", seed_path.string()));
  }
  if (seed.status().code() != base::StatusCode::kNotFound) return seed.status();
  if (Exists(directory / BundlePath(0)) || ClaimedSize(directory) > 0) {
    return base::FailedPrecondition(
        "the audit log {} has entries but its signing seed {} is missing: restore the seed, or "
        "keep "
        "this log aside and start one in another directory",
        directory.string(), seed_path.string());
  }
  return CreateLog(directory, seed_path, origin);
}

base::StatusOr<Checkpoint> LoadCheckpoint(const std::filesystem::path& directory,
                                          const NoteVerifier& verifier) {
  const auto text = base::ReadFile(directory / kCheckpointFile, kMaxNoteBytes);
  if (text.status().code() == base::StatusCode::kNotFound) {
    return base::DataLoss(
        "checkpoint {} is missing: the log was emptied, or only its seed restored",
        (directory / kCheckpointFile).string());
  }
  if (!text.ok()) return text.status();
  const auto note = OpenNote(*text, std::span(&verifier, 1));
  if (!note.ok()) {
    return base::DataLoss("checkpoint of {} under key {}: {}", directory.string(), verifier.name,
                          base::Message(note.status()));
  }
  const auto checkpoint = ParseCheckpoint(note->text);
  if (!checkpoint.ok()) return base::DataLoss("{}", base::Message(checkpoint.status()));
  if (checkpoint->origin != verifier.name) {
    return base::DataLoss("checkpoint is of the log {}, its key of {}", checkpoint->origin,
                          verifier.name);
  }
  return checkpoint;
}

base::StatusOr<RecoveredEntries> RecoverEntries(const std::filesystem::path& directory,
                                                const Checkpoint& checkpoint) {
  ASSIGN_OR_RETURN(const Hash root, TreeRoot(TileNodeReader(directory), checkpoint.size));
  if (root != checkpoint.root) {
    return base::DataLoss(
        "the hash tiles give another root for {} entries than the signed checkpoint: they were "
        "altered, or files of another copy were restored",
        checkpoint.size);
  }
  const std::uint64_t first = checkpoint.size / kTileWidth;
  for (std::uint64_t bundle = 0; bundle < first; ++bundle) {
    if (!Exists(directory / BundlePath(bundle))) {
      return base::DataLoss("{} is missing: entries {} to {} were removed", BundlePath(bundle),
                            bundle * kTileWidth, (bundle + 1) * kTileWidth - 1);
    }
  }
  RecoveredEntries recovered;
  recovered.end = {first * kTileWidth, 0};
  for (std::uint64_t bundle = first;; ++bundle) {
    ASSIGN_OR_RETURN(const std::string bytes, ReadBundleFile(directory, bundle));
    RETURN_IF_ERROR(TakeBundle(directory, bundle, bytes, checkpoint.size, recovered));
    if (recovered.end.index == (bundle + 1) * kTileWidth) continue;
    if (Exists(directory / BundlePath(bundle + 1))) {
      return base::DataLoss("{} holds {} entries, yet {} exists: entries were removed",
                            BundlePath(bundle), recovered.end.index - bundle * kTileWidth,
                            BundlePath(bundle + 1));
    }
    break;
  }
  if (recovered.end.index < checkpoint.size) {
    return base::DataLoss(
        "the log holds {} entries, its signed checkpoint {}: entries were removed, or an older "
        "copy "
        "was restored",
        recovered.end.index, checkpoint.size);
  }
  return recovered;
}

}  // namespace belgrand::compliance
