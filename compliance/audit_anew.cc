#include "compliance/audit_anew.h"

#include <system_error>

#include "compliance/audit_log.h"
#include "compliance/note.h"
#include "compliance/proof_text.h"
#include "platform/base/append_file.h"
#include "platform/base/file.h"
#include "platform/crypto/secret.h"

namespace belgrand::compliance {
namespace {

constexpr std::string_view kMark = "/anew-";
constexpr std::size_t kMaxSeedFileBytes = 4096;

bool Exists(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

base::Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) {
    return base::Unavailable("cannot move {} to {}: {}", from.string(), to.string(),
                             error.message());
  }
  RETURN_IF_ERROR(base::SyncDirectory(from.parent_path()));
  return base::SyncDirectory(to.parent_path());
}

std::string OriginOf(const std::filesystem::path& directory) {
  auto text = base::ReadFile(directory / kVerifierKeyFile, kMaxNoteBytes);
  if (!text.ok()) return "";
  while (text->ends_with('\n')) text->pop_back();
  const auto key = NoteVerifier::Parse(*text);
  return key.ok() ? key->name : "";
}

Checkpoint ClaimedCheckpoint(const std::filesystem::path& directory) {
  const auto note = base::ReadFile(directory / kCheckpointFile, kMaxNoteBytes);
  if (!note.ok()) return {};
  return ParseCheckpoint(note->substr(0, note->rfind("\n\n") + 1)).value_or(Checkpoint{});
}

// An empty log with its key and its checkpoint, in a directory beside the one it will replace.
base::Status LayOut(const std::filesystem::path& fresh, const std::filesystem::path& seed_path,
                    const std::string& origin) {
  auto seed = base::ReadFile(seed_path, kMaxSeedFileBytes);
  if (seed.status().code() == base::StatusCode::kNotFound) {
    return base::FailedPrecondition("the signing seed {} is missing: restore it",
                                    seed_path.string());
  }
  RETURN_IF_ERROR(seed.status());
  const auto signer = NoteSigner::FromSeed(origin, *seed);
  crypto::Cleanse(*seed);
  RETURN_IF_ERROR(signer.status());
  ASSIGN_OR_RETURN(const std::string note,
                   SignNote(FormatCheckpoint({origin, 0, EmptyRoot()}), *signer));
  RETURN_IF_ERROR(base::MakeDirectories({}, fresh));
  RETURN_IF_ERROR(base::WriteFileAtomically(fresh / kVerifierKeyFile,
                                            signer->verifier().Encode() + "\n", 0644));
  RETURN_IF_ERROR(base::WriteFileAtomically(fresh / kCheckpointFile, note, 0644));
  std::filesystem::permissions(fresh, std::filesystem::perms::owner_all);
  return base::OkStatus();
}

std::filesystem::path Numbered(const std::filesystem::path& closed, bool next) {
  int number = 1;
  while (Exists(closed / fmt::format("{}", number))) ++number;
  if (!next && number > 1) --number;
  return closed / fmt::format("{}", number);
}

}  // namespace

std::string OriginInUse(const std::filesystem::path& directory, const std::string& configured) {
  const std::string origin = OriginOf(directory);
  return origin.starts_with(configured + std::string(kMark)) ? origin : configured;
}

std::string NextOrigin(std::string_view origin) {
  const std::size_t mark = origin.rfind(kMark);
  if (mark != origin.npos) {
    const auto number = ParseDecimal(origin.substr(mark + kMark.size()));
    if (number.ok()) return fmt::format("{}{}{}", origin.substr(0, mark), kMark, *number + 1);
  }
  return fmt::format("{}{}2", origin, kMark);
}

base::StatusOr<AnewReport> BeginAnew(const AnewOptions& options) {
  std::filesystem::path fresh = options.directory;
  fresh += ".anew";
  std::error_code error;
  // A start between two steps of an interrupted run leaves an empty directory.
  if (Exists(fresh / kCheckpointFile) && !Exists(options.directory / kVerifierKeyFile)) {
    std::filesystem::remove(options.directory, error);
  }
  AnewReport report;
  if (Exists(options.directory)) {
    // Held over the rename: a lock is on the directory, not on its name.
    ASSIGN_OR_RETURN(const base::DirectoryLock lock,
                     base::DirectoryLock::Acquire(options.directory));
    const std::string origin = OriginOf(options.directory);
    if (origin.empty()) {
      return base::NotFound("{} holds no audit log with a readable {}", options.directory.string(),
                            kVerifierKeyFile);
    }
    std::filesystem::remove_all(fresh, error);
    RETURN_IF_ERROR(LayOut(fresh, options.seed_path, NextOrigin(origin)));
    RETURN_IF_ERROR(base::MakeDirectories({}, options.closed));
    RETURN_IF_ERROR(Rename(options.directory, Numbered(options.closed, true)));
  } else if (!Exists(fresh / kCheckpointFile)) {
    return base::NotFound("there is no audit log {}", options.directory.string());
  }
  report.closed = Numbered(options.closed, false);
  report.before = ClaimedCheckpoint(report.closed);
  if (Exists(options.anchor)) {
    // Another file system perhaps: copied, then removed.
    ASSIGN_OR_RETURN(const std::string anchor, base::ReadFile(options.anchor, kMaxNoteBytes));
    RETURN_IF_ERROR(base::WriteFileAtomically(report.closed / "cosigned", anchor, 0644));
    std::filesystem::remove(options.anchor, error);
    RETURN_IF_ERROR(base::SyncDirectory(options.anchor.parent_path()));
  }
  report.origin = OriginOf(fresh);
  RETURN_IF_ERROR(Rename(fresh, options.directory));
  return report;
}

}  // namespace belgrand::compliance
