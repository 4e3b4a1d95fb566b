#include "compliance/audit_anew.h"

#include <system_error>

#include "compliance/audit_log.h"
#include "compliance/closed_logs.h"
#include "compliance/note.h"
#include "compliance/proof_text.h"
#include "platform/base/append_file.h"
#include "platform/base/file.h"

namespace belgrand::compliance {
namespace {

constexpr std::string_view kMark = "/anew-";

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
  const auto key = StoredVerifier(directory);
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
  ASSIGN_OR_RETURN(const NoteSigner signer, LoadSigner(seed_path, origin));
  ASSIGN_OR_RETURN(const std::string note,
                   SignNote(FormatCheckpoint({origin, 0, EmptyRoot()}), signer));
  RETURN_IF_ERROR(base::MakeDirectories({}, fresh));
  RETURN_IF_ERROR(
      base::WriteFileAtomically(fresh / kVerifierKeyFile, signer.verifier().Encode() + "\n", 0644));
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
  return origin.starts_with(configured + "/") ? origin : configured;
}

std::string NextOrigin(std::string_view origin) {
  const std::size_t mark = origin.rfind(kMark);
  if (mark != origin.npos) {
    const auto number = ParseDecimal(origin.substr(mark + kMark.size()));
    if (number.ok()) return fmt::format("{}{}{}", origin.substr(0, mark), kMark, *number + 1);
  }
  return fmt::format("{}{}2", origin, kMark);
}

std::string_view FirstOrigin(std::string_view origin) {
  if (const std::size_t mark = origin.rfind(kMark);
      mark != origin.npos && ParseDecimal(origin.substr(mark + kMark.size())).ok()) {
    origin = origin.substr(0, mark);
  }
  const std::size_t slash = origin.rfind('/');
  if (slash == origin.npos) return origin;
  const std::string_view last = origin.substr(slash + 1);
  const bool half_year = last.size() == 6 && last[4] == 'h' && (last[5] == '1' || last[5] == '2') &&
                         last.substr(0, 4).find_first_not_of("0123456789") == last.npos;
  return half_year ? origin.substr(0, slash) : origin;
}

std::string HalfYearOf(base::Instant at) {
  const std::string day = base::FormatInstant(at);
  return fmt::format("{}h{}", day.substr(0, 4), day.substr(5, 2) <= "06" ? 1 : 2);
}

std::string OriginOfHalfYear(const std::string& configured, const std::string& current,
                             const std::string& half_year) {
  std::string origin = fmt::format("{}/{}", configured, half_year);
  return current == origin || current.starts_with(origin + "/") ? NextOrigin(current) : origin;
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
    RETURN_IF_ERROR(LayOut(fresh, options.seed_path,
                           options.next_origin.empty() ? NextOrigin(origin) : options.next_origin));
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
