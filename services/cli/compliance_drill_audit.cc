#include "services/cli/compliance_drill_audit.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "compliance/audit_log.h"
#include "compliance/audit_verify.h"
#include "compliance/proof_text.h"
#include "compliance/tile.h"
#include "compliance/tlog_proof.h"
#include "compliance/witness.h"
#include "platform/base/clock.h"
#include "platform/base/file.h"

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;
using compliance::AuditLog;
using compliance::NoteKeyType;
using compliance::NoteSigner;
using Result = base::StatusOr<std::string>;

constexpr char kOrigin[] = "drill.example/audit";

compliance::AuditLogOptions Options(const fs::path& directory) {
  compliance::AuditLogOptions options;
  options.directory = directory;
  options.origin = kOrigin;
  options.seed_path = directory.string() + ".seed";
  return options;
}

base::StatusOr<std::unique_ptr<AuditLog>> Open(const fs::path& directory) {
  return AuditLog::Open(Options(directory), base::Clock::System());
}

std::vector<std::string> Entries(int first, int count) {
  std::vector<std::string> entries;
  for (int i = first; i < first + count; ++i) entries.push_back(fmt::format("entry {:05}", i));
  return entries;
}

base::Status Grow(const fs::path& directory, int count) {
  ASSIGN_OR_RETURN(auto log, Open(directory));
  RETURN_IF_ERROR(log->Append(Entries(static_cast<int>(log->size()), count)).status());
  return log->Close();
}

base::StatusOr<compliance::AuditReport> Verify(const fs::path& directory) {
  return compliance::VerifyAuditLog(directory, "");
}

base::Status Expect(bool holds, std::string_view what) {
  return holds ? base::OkStatus() : base::DataLoss("{}", what);
}

// The figures of RFC 6962 and C2SP that other programs produce for the same input.
Result Vectors(const std::string&) {
  constexpr std::string_view kText =
      "audit.belgrand.example/log1\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n";
  constexpr std::string_view kNote =
      "\n\xe2\x80\x94 audit.belgrand.example/log1 "
      "EiNigTz03CLrVZpeG+3jGMdp3XDoq84jmvR5so2HfSftAQW5KsWZb+OhCWoKliG8FZtIH3HNrfODop2b0Nd2E0vhbwA="
      "\n"
      "\xe2\x80\x94 witness.example/w1 "
      "3xwKNQAAAABpVbkAQ+VvELhKpRmcdbH+gy06qH0LQP1fDD10tZ52CgxpiDVnqmrFUNiFZ7ilE4sZGW47idbbtr1LxsjV"
      "s94bsHvkAg==\n";
  const std::string_view kLeaves[] = {
      "",
      std::string_view("\0", 1),
      "\x10",
      "\x20\x21",
      "\x30\x31",
      "\x40\x41\x42\x43",
      "\x50\x51\x52\x53\x54\x55\x56\x57",
      "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
  compliance::Frontier frontier;
  for (const std::string_view leaf : kLeaves) frontier.Append(compliance::LeafHash(leaf));
  const std::string text =
      compliance::FormatCheckpoint({"audit.belgrand.example/log1", 8, frontier.Root()});
  RETURN_IF_ERROR(Expect(text == kText, "the root is not the published one"));
  ASSIGN_OR_RETURN(const NoteSigner log,
                   NoteSigner::FromSeed("audit.belgrand.example/log1", std::string(32, '\x01')));
  ASSIGN_OR_RETURN(const NoteSigner witness,
                   NoteSigner::FromSeed("witness.example/w1", std::string(32, '\x02'),
                                        NoteKeyType::kCosignatureV1));
  ASSIGN_OR_RETURN(const std::string note, compliance::SignNote(text, log));
  ASSIGN_OR_RETURN(const std::string line,
                   compliance::CosignatureLine(text, witness, 1'767'225'600));
  RETURN_IF_ERROR(
      Expect(note + line == std::string(kText) + std::string(kNote), "a signature differs"));
  return "tree of 8 entries, checkpoint and cosignature equal the published ones byte for byte";
}

// Alters what `change` alters in a copy, and expects `named` among the problems.
base::Status ExpectFound(const fs::path& whole, const fs::path& copy,
                         const std::function<void(const fs::path&)>& change,
                         const std::string& named) {
  fs::remove_all(copy);
  fs::copy(whole, copy, fs::copy_options::recursive);
  change(copy);
  ASSIGN_OR_RETURN(const auto report, Verify(copy));
  for (const std::string& problem : report.problems) {
    if (problem.find(named) != std::string::npos) return base::OkStatus();
  }
  return base::DataLoss("what was altered is not named: expected '{}' of {} problems", named,
                        report.problem_count);
}

void Flip(const fs::path& file, std::size_t at) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(at));
  const int byte = stream.get();
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(static_cast<char>(byte ^ 1));
}

Result Tamper(const std::string& directory) {
  const fs::path whole = fs::path(directory) / "log";
  const fs::path copy = fs::path(directory) / "copy";
  RETURN_IF_ERROR(Grow(whole, 600));
  ASSIGN_OR_RETURN(const auto clean, Verify(whole));
  RETURN_IF_ERROR(Expect(clean.ok(), "the untouched log does not verify"));
  constexpr std::size_t kEntryBytes = 2 + 11;  // length, "entry 00000"
  RETURN_IF_ERROR(ExpectFound(
      whole, copy, [](const fs::path& at) { Flip(at / "tile/entries/000", 217 * kEntryBytes + 7); },
      "entry 217 was altered"));
  RETURN_IF_ERROR(ExpectFound(
      whole, copy, [](const fs::path& at) { Flip(at / "tile/0/001", 32 * 9); }, "tile/0/001"));
  RETURN_IF_ERROR(ExpectFound(
      whole, copy, [](const fs::path& at) { Flip(at / "checkpoint", 0); }, "checkpoint"));
  RETURN_IF_ERROR(ExpectFound(
      whole, copy,
      [](const fs::path& at) { fs::resize_file(at / "tile/entries/002", kEntryBytes * 87); },
      "entries 599 to 599 are missing"));
  return "600 entries: one bit of an entry, of a hash and of the checkpoint changed, the last "
         "entry "
         "removed: 4 of 4 found, the entry named; untouched: nothing found";
}

// Appends in a child process that is killed; the parent counts what was acknowledged to it.
base::StatusOr<std::uint64_t> KillWhileAppending(const fs::path& directory, int acknowledgements) {
  int ends[2];
  if (::pipe(ends) != 0) return base::Unavailable("no pipe");
  const pid_t child = ::fork();
  if (child < 0) return base::Unavailable("no process");
  if (child == 0) {
    ::close(ends[0]);
    auto log = Open(directory);
    if (!log.ok()) ::_exit(1);
    while (true) {
      if (!(*log)->Append(std::vector<std::string>{"entry under load"}).ok()) ::_exit(1);
      if (::write(ends[1], "a", 1) != 1) ::_exit(1);
    }
  }
  ::close(ends[1]);
  std::uint64_t seen = 0;
  char byte = 0;
  while (seen < static_cast<std::uint64_t>(acknowledgements) && ::read(ends[0], &byte, 1) == 1) {
    ++seen;
  }
  ::kill(child, SIGKILL);
  while (::read(ends[0], &byte, 1) == 1) ++seen;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFSIGNALED(status)) return base::DataLoss("the appending process failed by itself");
  return seen;
}

Result Kill(const std::string& directory) {
  const fs::path log_directory = fs::path(directory) / "log";
  std::uint64_t acknowledged = 0;
  constexpr int kKills = 10;
  for (int i = 0; i < kKills; ++i) {
    ASSIGN_OR_RETURN(const std::uint64_t seen, KillWhileAppending(log_directory, 5 + 7 * i));
    acknowledged += seen;
    ASSIGN_OR_RETURN(auto log, Open(log_directory));
    RETURN_IF_ERROR(Expect(log->size() >= acknowledged, "an acknowledged entry is gone"));
    RETURN_IF_ERROR(Expect(log->size() <= acknowledged + 1, "entries nobody appended"));
    acknowledged = log->size();
    RETURN_IF_ERROR(log->Close());
    ASSIGN_OR_RETURN(const auto report, Verify(log_directory));
    RETURN_IF_ERROR(Expect(report.ok(), "the log does not verify after a kill"));
  }
  return fmt::format(
      "{} times killed (SIGKILL) while appending: all {} acknowledged entries there, "
      "the log verifies each time",
      kKills, acknowledged);
}

Result DiskFull(const std::string& directory) {
  const fs::path log_directory = fs::path(directory) / "log";
  RETURN_IF_ERROR(Grow(log_directory, 10));
  const pid_t child = ::fork();
  if (child < 0) return base::Unavailable("no process");
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto log = Open(log_directory);
    const rlimit limit{200, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const bool refused = log.ok() && !(*log)->Append(Entries(10, 5)).ok();
    const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &none);
    const bool goes_on = log.ok() && (*log)->Append(Entries(10, 1)).ok();
    ::_exit(refused ? (goes_on ? 0 : 2) : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  RETURN_IF_ERROR(Expect(WIFEXITED(status) && WEXITSTATUS(status) != 1,
                         "an entry that could not be stored was acknowledged"));
  ASSIGN_OR_RETURN(const auto report, Verify(log_directory));
  RETURN_IF_ERROR(Expect(report.ok(), "the log does not verify"));
  return fmt::format("no room: the entry is refused, so the call gets no answer; {}",
                     WEXITSTATUS(status) == 0 ? "with room again it goes on"
                                              : "it refuses until it is opened again");
}

// Answers of a witness to a log that goes back, and to one that was rewritten.
Result Rollback(const std::string& directory) {
  const fs::path home = directory;
  RETURN_IF_ERROR(Grow(home / "log", 10));
  fs::copy(home / "log", home / "older", fs::copy_options::recursive);
  fs::copy_file(home / "log.seed", home / "older.seed");
  RETURN_IF_ERROR(Grow(home / "log", 10));
  ASSIGN_OR_RETURN(auto key, NoteSigner::FromSeed("drill.example/witness", std::string(32, 'w'),
                                                  NoteKeyType::kCosignatureV1));
  ASSIGN_OR_RETURN(auto log, Open(home / "log"));
  ASSIGN_OR_RETURN(auto fork, Open(home / "older"));
  // The same key, another history.
  RETURN_IF_ERROR(fork->Append(std::vector<std::string>(15, "another entry")).status());
  ASSIGN_OR_RETURN(auto witness, compliance::Witness::Open({home / "witness", {log->verifier()}},
                                                           std::move(key), base::Clock::System()));
  const auto ask = [&](AuditLog& of, std::uint64_t old_size) -> base::StatusOr<int> {
    compliance::AddCheckpoint request;
    request.old_size = old_size;
    if (old_size > 0) {
      ASSIGN_OR_RETURN(request.hashes, of.ProveConsistency(old_size, of.size()));
    }
    ASSIGN_OR_RETURN(request.checkpoint, of.Checkpoint());
    return witness->AddCheckpoint(compliance::FormatAddCheckpoint(request)).code;
  };
  ASSIGN_OR_RETURN(const int honest, ask(*log, 0));
  RETURN_IF_ERROR(Expect(honest == 200, "the honest log is not cosigned"));
  ASSIGN_OR_RETURN(const int back, ask(*fork, 10));
  ASSIGN_OR_RETURN(const int rewritten, ask(*fork, 20));
  RETURN_IF_ERROR(Expect(back == 409 && rewritten == 422, "a second history was cosigned"));
  return "20 entries cosigned; a copy of 10 that went its own way under the same key: refused as "
         "going back (409) and as rewritten (422)";
}

Result Proof(const std::string& directory) {
  ASSIGN_OR_RETURN(auto log, Open(fs::path(directory) / "log"));
  RETURN_IF_ERROR(log->Append(Entries(0, 100)).status());
  compliance::TlogProof proof;
  proof.index = 42;
  ASSIGN_OR_RETURN(proof.hashes, log->ProveInclusion(42, 100));
  ASSIGN_OR_RETURN(proof.checkpoint, log->Checkpoint());
  const compliance::NoteVerifier key = log->verifier();
  log.reset();
  const std::string text = compliance::FormatTlogProof(proof);
  const std::string entry = Entries(42, 1).front();
  ASSIGN_OR_RETURN(const auto whole, compliance::ParseTlogProof(text));
  RETURN_IF_ERROR(compliance::VerifyTlogProof(whole, entry, key, {}).status());
  std::size_t refused = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string edited = text;
    edited[i] = static_cast<char>(edited[i] ^ 1);
    const auto parsed = compliance::ParseTlogProof(edited);
    if (!parsed.ok() || !compliance::VerifyTlogProof(*parsed, entry, key, {}).ok()) ++refused;
  }
  RETURN_IF_ERROR(Expect(refused == text.size(), "an edited proof passes"));
  RETURN_IF_ERROR(Expect(!compliance::VerifyTlogProof(whole, "entry 00041", key, {}).ok(),
                         "another entry passes"));
  return fmt::format(
      "with the log closed, the proof of entry 42 of 100 holds; each of its {} bytes "
      "edited: {} refused",
      text.size(), refused);
}

}  // namespace

std::vector<DrillStep> AuditDrillSteps() {
  return {
      {"Others' programs can check the audit log", Vectors},
      {"An altered or removed entry of the audit log is found, and named", Tamper},
      {"What was acknowledged is in the log, whatever kills the service", Kill},
      {"Without room for the entry there is no answer", DiskFull},
      {"A log that was put back, or rewritten, is not cosigned", Rollback},
      {"A proof holds without the service, and only as it was issued", Proof},
  };
}

}  // namespace belgrand::cli
