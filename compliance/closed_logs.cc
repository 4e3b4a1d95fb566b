#include "compliance/closed_logs.h"

#include <algorithm>
#include <array>
#include <span>
#include <system_error>

#include "compliance/audit_log.h"
#include "compliance/audit_recovery.h"
#include "compliance/proof_text.h"
#include "platform/base/append_file.h"
#include "platform/base/file.h"
#include "platform/crypto/secret.h"

namespace belgrand::compliance {
namespace {

// No origin: a mark can never pass for a checkpoint of the same key.
constexpr std::string_view kMarkTitle = "belgrand audit log pruned v1";
constexpr char kEntriesDirectory[] = "tile/entries";
constexpr std::size_t kMaxSeedFileBytes = 4096;

bool Exists(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

ClosedLog Look(const std::filesystem::path& directory, std::uint32_t number) {
  ClosedLog log;
  log.directory = directory;
  log.number = number;
  const auto verifier = StoredVerifier(directory);
  const auto checkpoint = verifier.ok() ? LoadCheckpoint(directory, *verifier)
                                        : base::StatusOr<Checkpoint>(verifier.status());
  if (!checkpoint.ok()) {
    log.state = checkpoint.status();
    return log;
  }
  auto mark = ReadPruneMark(directory, *verifier);
  if (!mark.ok()) {
    log.state = mark.status();
    return log;
  }
  log.checkpoint = *checkpoint;
  log.pruned = *std::move(mark);
  return log;
}

}  // namespace

v1::AuditEvent FollowsEvent(const Checkpoint& before) {
  v1::AuditEvent event;
  event.set_decision(v1::ALLOWED);
  event.set_object_kind("audit_log");
  event.set_object_ref(
      fmt::format("{} {} {}", before.origin, before.size, FormatHash(before.root)));
  return event;
}

std::string FormatPruneMark(const PruneMark& mark) {
  return fmt::format("{}\n{}\nminimum index {}\npruned at {}\nretention {}\n", kMarkTitle,
                     mark.origin, mark.minimum_index, base::FormatInstant(mark.pruned_at),
                     mark.retention);
}

base::StatusOr<PruneMark> ParsePruneMark(std::string_view text) {
  constexpr std::array<std::string_view, 5> kBeginnings = {"", "", "minimum index ", "pruned at ",
                                                           "retention "};
  std::array<std::string_view, kBeginnings.size()> values;
  std::string_view rest = text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t end = rest.find('\n');
    if (end == rest.npos || !rest.substr(0, end).starts_with(kBeginnings[i])) {
      return base::InvalidArgument("line {} of a prune mark is not '{}...'", i + 1, kBeginnings[i]);
    }
    values[i] = rest.substr(kBeginnings[i].size(), end - kBeginnings[i].size());
    rest.remove_prefix(end + 1);
  }
  if (values[0] != kMarkTitle) {
    return base::InvalidArgument("line 1 of a prune mark is not '{}'", kMarkTitle);
  }
  if (!rest.empty()) return base::InvalidArgument("a prune mark has more than 5 lines");
  PruneMark mark;
  mark.origin = values[1];
  ASSIGN_OR_RETURN(mark.minimum_index, ParseDecimal(values[2]));
  ASSIGN_OR_RETURN(mark.pruned_at, base::ParseInstant(values[3]));
  mark.retention = values[4];
  return mark;
}

base::StatusOr<std::optional<PruneMark>> ReadPruneMark(const std::filesystem::path& directory,
                                                       const NoteVerifier& verifier) {
  const std::filesystem::path path = directory / kPruneMarkFile;
  const auto text = base::ReadFile(path, kMaxNoteBytes);
  if (text.status().code() == base::StatusCode::kNotFound) return std::optional<PruneMark>();
  RETURN_IF_ERROR(text.status());
  const auto note = OpenNote(*text, std::span(&verifier, 1));
  if (!note.ok()) {
    return base::DataLoss("{} under the key {}: {}", path.string(), verifier.name,
                          base::Message(note.status()));
  }
  auto mark = ParsePruneMark(note->text);
  if (!mark.ok()) return base::DataLoss("{}: {}", path.string(), base::Message(mark.status()));
  if (mark->origin != verifier.name) {
    return base::DataLoss("{} is of the log {}, its key of {}", path.string(), mark->origin,
                          verifier.name);
  }
  return std::optional(*std::move(mark));
}

base::StatusOr<NoteVerifier> StoredVerifier(const std::filesystem::path& directory) {
  ASSIGN_OR_RETURN(std::string text, base::ReadFile(directory / kVerifierKeyFile, kMaxNoteBytes));
  while (text.ends_with('\n')) text.pop_back();
  return NoteVerifier::Parse(text);
}

base::StatusOr<NoteSigner> LoadSigner(const std::filesystem::path& seed_path,
                                      std::string_view origin) {
  auto seed = base::ReadFile(seed_path, kMaxSeedFileBytes);
  if (seed.status().code() == base::StatusCode::kNotFound) {
    return base::FailedPrecondition("the signing seed {} is missing: restore it",
                                    seed_path.string());
  }
  RETURN_IF_ERROR(seed.status());
  auto signer = NoteSigner::FromSeed(origin, *seed);
  crypto::Cleanse(*seed);
  return signer;
}

base::StatusOr<std::vector<ClosedLog>> ListClosedLogs(const std::filesystem::path& root) {
  std::vector<ClosedLog> logs;
  std::error_code error;
  std::filesystem::directory_iterator it(root, error);
  if (error == std::errc::no_such_file_or_directory) return logs;
  for (const std::filesystem::directory_iterator end; !error && it != end; it.increment(error)) {
    const auto number = ParseDecimal(it->path().filename().string());
    if (!number.ok() || *number == 0 || *number > UINT32_MAX) continue;
    logs.push_back(Look(it->path(), static_cast<std::uint32_t>(*number)));
  }
  if (error) return base::Unavailable("cannot list {}: {}", root.string(), error.message());
  std::sort(logs.begin(), logs.end(),
            [](const ClosedLog& a, const ClosedLog& b) { return a.number < b.number; });
  return logs;
}

base::Status PruneEntries(const ClosedLog& log, const std::filesystem::path& seed_path,
                          const std::string& retention, base::Instant now) {
  if (!log.state.ok()) {
    return base::FailedPrecondition("{} is kept whole as evidence: {}", log.directory.string(),
                                    base::Message(log.state));
  }
  if (!log.pruned) {
    ASSIGN_OR_RETURN(const NoteSigner signer, LoadSigner(seed_path, log.checkpoint.origin));
    ASSIGN_OR_RETURN(const NoteVerifier stored, StoredVerifier(log.directory));
    if (signer.verifier().key != stored.key) {
      return base::FailedPrecondition("the seed {} is not that of the log {}: restore its own",
                                      seed_path.string(), log.checkpoint.origin);
    }
    const PruneMark mark{log.checkpoint.origin, log.checkpoint.size, now, retention};
    ASSIGN_OR_RETURN(const std::string note, SignNote(FormatPruneMark(mark), signer));
    RETURN_IF_ERROR(base::WriteFileAtomically(log.directory / kPruneMarkFile, note, 0644));
  }
  const std::filesystem::path entries = log.directory / kEntriesDirectory;
  if (!Exists(entries)) return base::OkStatus();
  std::error_code error;
  std::filesystem::remove_all(entries, error);
  if (error) {
    return base::Unavailable("cannot delete {}: {}", entries.string(), error.message());
  }
  return base::SyncDirectory(entries.parent_path());
}

}  // namespace belgrand::compliance
