#include "compliance/audit_verify.h"

#include <algorithm>
#include <optional>
#include <span>
#include <system_error>

#include "compliance/audit_anew.h"
#include "compliance/audit_log.h"
#include "compliance/audit_recovery.h"
#include "compliance/checkpoint.h"
#include "compliance/entry_bundles.h"
#include "compliance/hash_tiles.h"
#include "compliance/merkle.h"
#include "compliance/tile.h"
#include "platform/base/file.h"
#include "platform/crypto/encoding.h"

namespace belgrand::compliance {
namespace {

constexpr std::size_t kHashBytes = sizeof(Hash);

std::string BundlePath(std::uint64_t bundle) {
  return TilePath({TileName::kEntries, bundle, kTileWidth});
}
std::string HashTilePath(int level, std::uint64_t index) {
  return TilePath({level, index, kTileWidth});
}

// The whole hashes in a tile file; none where there is no file.
base::StatusOr<std::vector<Hash>> ReadTileFile(const std::filesystem::path& directory, int level,
                                               std::uint64_t index) {
  auto bytes =
      base::ReadFileRange(directory / HashTilePath(level, index), 0, kTileWidth * kHashBytes);
  if (bytes.status().code() == base::StatusCode::kNotFound) bytes = std::string();
  if (!bytes.ok()) return bytes.status();
  std::vector<Hash> hashes(bytes->size() / kHashBytes);
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const auto* at = reinterpret_cast<const std::uint8_t*>(bytes->data()) + i * kHashBytes;
    std::copy_n(at, kHashBytes, hashes[i].begin());
  }
  return hashes;
}

// One pass over the bundles, another over the tiles above them.
class Verification {
 public:
  Verification(const std::filesystem::path& directory, const NoteVerifier& verifier)
      : directory_(directory), verifier_(verifier) {}

  base::StatusOr<AuditReport> Run() {
    report_.origin = verifier_.name;
    // Read before the entries: in a log that is being written the entries can then only be more.
    const auto checkpoint = LoadCheckpoint(directory_, verifier_);
    if (checkpoint.ok()) {
      checkpoint_ = *checkpoint;
      report_.signed_entries = checkpoint->size;
    } else {
      Problem(base::Message(checkpoint.status()));
    }
    auto mark = ReadPruneMark(directory_, verifier_);
    if (mark.ok()) {
      report_.pruned = *std::move(mark);
    } else {
      Problem(base::Message(mark.status()));
    }
    for (std::uint64_t bundle = 0;; ++bundle) {
      ASSIGN_OR_RETURN(const bool more, report_.pruned ? CheckPruned(bundle) : CheckBundle(bundle));
      if (!more) break;
    }
    for (int level = 0; level < kMaxTileLevel; ++level) {
      ASSIGN_OR_RETURN(const bool any, CheckLevel(level));
      if (!any) break;
    }
    Judge();
    return report_;
  }

 private:
  // An entry whose hash is not the stored one, or a run of them in one bundle.
  struct Mismatch {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
  };

  void Problem(std::string text) {
    if (report_.problems.size() < kMaxProblems) report_.problems.push_back(std::move(text));
    ++report_.problem_count;
  }

  // True when there may be another bundle.
  base::StatusOr<bool> CheckBundle(std::uint64_t bundle) {
    // Asked before the bundle is read: the next one is created only when this one is whole, so a
    // log that is being written never looks as if it had a gap.
    std::error_code error;
    const bool later = std::filesystem::exists(directory_ / BundlePath(bundle + 1), error);
    ASSIGN_OR_RETURN(const std::string bytes, ReadBundleFile(directory_, bundle));
    ASSIGN_OR_RETURN(const std::vector<Hash> stored, ReadTileFile(directory_, 0, bundle));
    const BundleContent content = ReadBundle(bytes);
    const std::uint64_t first = bundle * kTileWidth;
    std::uint64_t count = content.entries.size();
    if (count > kTileWidth || (count == kTileWidth && content.whole_bytes < bytes.size())) {
      Problem(fmt::format("{} has bytes after its 256th entry", BundlePath(bundle)));
      count = kTileWidth;
    }
    Mismatch mismatch;
    for (std::uint64_t i = 0; i < count; ++i) {
      const Hash leaf = LeafHash(content.entries[i]);
      AddLeaf(first + i, leaf);
      if (i < stored.size() && stored[i] != leaf) {
        if (mismatch.count++ == 0) mismatch.first = first + i;
      }
    }
    if (mismatch.count > 0) mismatches_.push_back(mismatch);
    report_.entries += count;
    const bool missing = CheckCount(bundle, count, stored.size(), later);
    if (!missing && count < kTileWidth) report_.torn_bytes = bytes.size() - content.whole_bytes;
    AddStored(first, stored);
    return later || count == kTileWidth || first + kTileWidth < report_.signed_entries;
  }

  // As CheckBundle, of the hashes alone.
  base::StatusOr<bool> CheckPruned(std::uint64_t bundle) {
    const std::uint64_t first = bundle * kTileWidth;
    if (first >= report_.signed_entries) return false;
    ASSIGN_OR_RETURN(const std::vector<Hash> stored, ReadTileFile(directory_, 0, bundle));
    CheckHashes(bundle, stored.size());
    AddStored(first, stored);
    return true;
  }

  std::uint64_t SignedIn(std::uint64_t bundle) const {
    const std::uint64_t first = bundle * kTileWidth;
    return std::min(kTileWidth, report_.signed_entries - std::min(report_.signed_entries, first));
  }

  void CheckHashes(std::uint64_t bundle, std::uint64_t stored) {
    if (stored >= SignedIn(bundle)) return;
    Problem(
        fmt::format("{} is missing or truncated: it holds {} hashes, {} are under the checkpoint",
                    HashTilePath(0, bundle), stored, SignedIn(bundle)));
  }

  // Are all entries and hashes there that the checkpoint, or a later bundle, says there are? True
  // when entries are missing.
  bool CheckCount(std::uint64_t bundle, std::uint64_t count, std::uint64_t stored, bool later) {
    const std::uint64_t first = bundle * kTileWidth;
    const std::uint64_t needed = later ? kTileWidth : SignedIn(bundle);
    if (count < needed) {
      Problem(fmt::format("entries {} to {} are missing: {} holds {} whole entries, {} are needed",
                          first + count, first + needed - 1, BundlePath(bundle), count, needed));
      entries_whole_ = entries_whole_ && first + count >= report_.signed_entries;
    }
    CheckHashes(bundle, stored);
    return count < needed;
  }

  void AddLeaf(std::uint64_t index, const Hash& leaf) {
    // After a gap the entries no longer stand at their index: their root would mean nothing.
    if (index < report_.signed_entries && from_entries_.size() == index) from_entries_.Append(leaf);
  }

  void AddStored(std::uint64_t first, const std::vector<Hash>& stored) {
    for (std::uint64_t i = 0; i < stored.size() && first + i < report_.signed_entries; ++i) {
      if (from_tiles_.size() == first + i) from_tiles_.Append(stored[i]);
    }
  }

  // Each full tile's root must be the hash one level up. True when the level has a full tile.
  base::StatusOr<bool> CheckLevel(int level) {
    const std::uint64_t full = HashesAtLevel(report_.signed_entries, level + 1);
    std::vector<Hash> above;
    for (std::uint64_t tile = 0; tile < full; ++tile) {
      if (tile % kTileWidth == 0) {
        ASSIGN_OR_RETURN(above, ReadTileFile(directory_, level + 1, tile / kTileWidth));
      }
      ASSIGN_OR_RETURN(const std::vector<Hash> hashes, ReadTileFile(directory_, level, tile));
      const std::uint64_t at = tile % kTileWidth;
      if (hashes.size() < kTileWidth) {
        // Reported by CheckCount for level 0.
        if (level > 0) Problem(fmt::format("{} is truncated", HashTilePath(level, tile)));
      } else if (at >= above.size()) {
        Problem(fmt::format("{} is missing or truncated: hash {} is not there",
                            HashTilePath(level + 1, tile / kTileWidth), at));
      } else if (above[at] != TileRoot(hashes)) {
        Problem(fmt::format("hash {} of {} is not the root of {} (entries {} to {})", at,
                            HashTilePath(level + 1, tile / kTileWidth), HashTilePath(level, tile),
                            tile << (8 * (level + 1)), ((tile + 1) << (8 * (level + 1))) - 1));
      }
    }
    return full > 0;
  }

  // Which side of a mismatch was altered follows from which side has the signed root.
  void Judge() {
    const bool know_root = checkpoint_.has_value();
    const bool entries_good = know_root && entries_whole_ &&
                              from_entries_.size() == checkpoint_->size &&
                              from_entries_.Root() == checkpoint_->root;
    const bool tiles_good = know_root && from_tiles_.size() == checkpoint_->size &&
                            from_tiles_.Root() == checkpoint_->root;
    if (report_.pruned) return JudgePruned(tiles_good);
    if (entries_whole_ && from_entries_.size() == report_.signed_entries) {
      report_.root = crypto::ToBase64(crypto::View(from_entries_.Root()));
    }
    std::vector<std::string> named;
    for (const Mismatch& mismatch : mismatches_) {
      named.push_back(Describe(mismatch, entries_good, tiles_good));
    }
    if (know_root && !entries_good && mismatches_.empty() && entries_whole_) {
      named.push_back(fmt::format(
          "the root of the {} signed entries is {}, the checkpoint says {}: entries and hash tiles "
          "were altered together",
          checkpoint_->size, report_.root, crypto::ToBase64(crypto::View(checkpoint_->root))));
    }
    // The altered entry is what the reader came for: first.
    report_.problem_count += named.size();
    report_.problems.insert(report_.problems.begin(), named.begin(), named.end());
    if (report_.problems.size() > kMaxProblems) report_.problems.resize(kMaxProblems);
  }

  void JudgePruned(bool tiles_good) {
    if (report_.pruned->minimum_index != report_.signed_entries) {
      Problem(fmt::format("the mark of pruning is of {} entries, the checkpoint of {}",
                          report_.pruned->minimum_index, report_.signed_entries));
    }
    if (tiles_good) {
      report_.root = crypto::ToBase64(crypto::View(from_tiles_.Root()));
    } else if (report_.problem_count == 0) {
      Problem(fmt::format("the hash tiles give another root for {} entries than the checkpoint",
                          report_.signed_entries));
    }
  }

  std::string Describe(const Mismatch& mismatch, bool entries_good, bool tiles_good) const {
    const std::string tile = HashTilePath(0, mismatch.first / kTileWidth);
    const std::string more = mismatch.count == 1
                                 ? ""
                                 : fmt::format(" ({} entries of {} differ in all)", mismatch.count,
                                               BundlePath(mismatch.first / kTileWidth));
    if (mismatch.first >= report_.signed_entries) {
      return fmt::format(
          "entry {} was altered, or its hash in {} was: they differ, and no "
          "checkpoint covers them yet{}",
          mismatch.first, tile, more);
    }
    if (entries_good) {
      return fmt::format(
          "hash {} of {} was altered: entry {} itself is what the checkpoint covers{}",
          mismatch.first % kTileWidth, tile, mismatch.first, more);
    }
    return fmt::format("entry {} was altered: its hash is not the one in {}{}{}", mismatch.first,
                       tile, tiles_good ? ", which the signed checkpoint covers" : "", more);
  }

  const std::filesystem::path& directory_;
  const NoteVerifier& verifier_;
  AuditReport report_;
  std::optional<Checkpoint> checkpoint_;
  std::vector<Mismatch> mismatches_;
  Frontier from_entries_;  // over the signed entries, as hashed here
  Frontier from_tiles_;    // over the same hashes, as stored
  bool entries_whole_ = true;
};

}  // namespace

base::StatusOr<AuditReport> VerifyAuditLog(const std::filesystem::path& directory,
                                           std::string_view verifier_key) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) {
    return base::NotFound("{} is not a directory: give the audit log's", directory.string());
  }
  std::string key(verifier_key);
  if (key.empty()) {
    auto stored = base::ReadFile(directory / kVerifierKeyFile, kMaxNoteBytes);
    if (!stored.ok()) {
      return base::Annotate(stored.status(), "no verifier key was given, and none is stored");
    }
    key = *std::move(stored);
  }
  while (key.ends_with('\n')) key.pop_back();
  ASSIGN_OR_RETURN(NoteVerifier verifier, NoteVerifier::Parse(key));
  // Logs that follow one another have one key under several names: whoever has that of one can
  // check them all.
  const auto stored = StoredVerifier(directory);
  if (stored.ok() && FirstOrigin(stored->name) == FirstOrigin(verifier.name)) {
    ASSIGN_OR_RETURN(verifier, verifier.Renamed(stored->name));
  }
  return Verification(directory, verifier).Run();
}

std::string FormatAuditReport(const AuditReport& report) {
  std::string text = fmt::format("log      {}\nentries  {}\nsigned   {}\n", report.origin,
                                 report.entries, report.signed_entries);
  if (report.unsigned_entries() > 0) {
    text += fmt::format("unsigned {} (after the checkpoint: counted, not yet protected)\n",
                        report.unsigned_entries());
  }
  if (!report.root.empty()) text += fmt::format("root     {}\n", report.root);
  if (report.pruned) {
    text += fmt::format("pruned   {}, kept for {} after its last entry\n",
                        base::FormatInstant(report.pruned->pruned_at), report.pruned->retention);
  }
  if (report.torn_bytes > 0) {
    text +=
        fmt::format("note: {} bytes of an unfinished entry at the end; it was never acknowledged\n",
                    report.torn_bytes);
  }
  for (const std::string& problem : report.problems) {
    text += fmt::format("PROBLEM: {}\n", problem);
  }
  if (report.problem_count > report.problems.size()) {
    text += fmt::format("PROBLEM: and {} more\n", report.problem_count - report.problems.size());
  }
  if (!report.ok()) return text + "FAILED: do not rely on this log\n";
  return text + (report.pruned ? "OK: every hash tile, the root and the signatures agree; the "
                                 "entries were deleted by the log itself\n"
                               : "OK: every entry, hash tile, the root and the signature agree\n");
}

}  // namespace belgrand::compliance
