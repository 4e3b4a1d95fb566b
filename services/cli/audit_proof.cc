#include "services/cli/audit_proof.h"

#include <iostream>
#include <memory>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "compliance/note.h"
#include "compliance/tlog_proof.h"
#include "platform/base/file.h"
#include "platform/base/time.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/client_flags.h"
#include "services/cli/client_verb.h"

namespace belgrand::cli {
namespace {

using compliance::NoteVerifier;
using compliance::OpenedCheckpoint;

constexpr base::Duration kTimeout = std::chrono::seconds(30);
constexpr std::size_t kMaxEntryFileBytes = 65'535;

struct ProveFlags {
  ClientFlags client;
  std::uint64_t index = 0;
  std::string out;
};

struct GrownFlags {
  ClientFlags client;
  std::string since;
  std::string out;
};

base::StatusOr<NoteVerifier> KeyOf(const std::string& text) {
  ASSIGN_OR_RETURN(const std::string key, KeyText(text));
  return NoteVerifier::Parse(key);
}

// The body of a checkpoint that somebody kept; whoever signed it.
base::StatusOr<compliance::Checkpoint> ReadCheckpoint(const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(const std::string note, base::ReadFile(file, compliance::kMaxNoteBytes));
  const auto checkpoint = compliance::ParseCheckpoint(note.substr(0, note.rfind("\n\n") + 1));
  return checkpoint.ok() ? checkpoint
                         : base::Annotate(checkpoint.status(), fmt::format("{}", file.string()));
}

std::string TimeOf(const compliance::NoteSignature& signature) {
  const auto seconds = static_cast<std::int64_t>(compliance::CosignatureTime(signature));
  // Beyond the year 9999 it is nobody's clock.
  if (seconds < 0 || seconds > 253'402'300'799) return fmt::format("{} s", seconds);
  return base::FormatInstant(base::FromMicros(seconds * 1'000'000));
}

base::Status Prove(const ProveFlags& flags) {
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  compliance::v1::ProveAuditEntryRequest request;
  request.set_index(flags.index);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  compliance::v1::ProveAuditEntryResponse response;
  RETURN_IF_ERROR(
      rpc::FromGrpc(compliance::v1::ComplianceService::NewStub(channel)->ProveAuditEntry(
          &context, request, &response)));
  const std::string name = flags.out.empty() ? fmt::format("entry-{}", flags.index) : flags.out;
  RETURN_IF_ERROR(base::WriteFileAtomically(name + ".tlog-proof", response.proof(), 0644));
  RETURN_IF_ERROR(base::WriteFileAtomically(name + ".entry", response.entry(), 0600));
  std::cout << fmt::format(
      "wrote {0}.tlog-proof and {0}.entry; check them anywhere with\n  belgrand audit verify-proof "
      "{0}.tlog-proof --key LOG_KEY [--witness WITNESS_KEY]\n",
      name);
  return base::OkStatus();
}

base::Status Grown(const GrownFlags& flags) {
  ASSIGN_OR_RETURN(const compliance::Checkpoint since, ReadCheckpoint(flags.since));
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  compliance::v1::ProveAuditConsistencyRequest request;
  request.set_old_size(since.size);
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  compliance::v1::ProveAuditConsistencyResponse response;
  RETURN_IF_ERROR(
      rpc::FromGrpc(compliance::v1::ComplianceService::NewStub(channel)->ProveAuditConsistency(
          &context, request, &response)));
  RETURN_IF_ERROR(base::WriteFileAtomically(flags.out, response.proof(), 0644));
  std::cout << fmt::format(
      "wrote {}; check it anywhere with\n  belgrand audit verify-proof {} --since {} --key "
      "LOG_KEY\n",
      flags.out, flags.out, flags.since);
  return base::OkStatus();
}

base::StatusOr<OpenedCheckpoint> Check(const VerifyProofFlags& flags,
                                       const std::vector<NoteVerifier>& witnesses) {
  ASSIGN_OR_RETURN(const NoteVerifier log, KeyOf(flags.log_key));
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(flags.proof, compliance::kMaxNoteBytes));
  if (!flags.since.empty()) {
    ASSIGN_OR_RETURN(const compliance::Checkpoint since, ReadCheckpoint(flags.since));
    // The earlier one must be the log's too, or anybody could have made it up.
    ASSIGN_OR_RETURN(const std::string note,
                     base::ReadFile(flags.since, compliance::kMaxNoteBytes));
    RETURN_IF_ERROR(
        base::Annotate(compliance::OpenCheckpoint(note, log).status(), flags.since.string()));
    ASSIGN_OR_RETURN(const auto request, compliance::ParseAddCheckpoint(text));
    return compliance::VerifyGrowth(request, since, log, witnesses);
  }
  ASSIGN_OR_RETURN(const auto proof, compliance::ParseTlogProof(text));
  std::filesystem::path entry_file = flags.entry;
  if (entry_file.empty())
    entry_file = std::filesystem::path(flags.proof).replace_extension("entry");
  ASSIGN_OR_RETURN(const std::string entry, base::ReadFile(entry_file, kMaxEntryFileBytes));
  return compliance::VerifyTlogProof(proof, entry, log, witnesses);
}

}  // namespace

base::StatusOr<std::string> KeyText(const std::string& text) {
  // No key has a path separator at its start and every key has two '+'.
  std::error_code ignored;
  if (text.empty() || !std::filesystem::is_regular_file(text, ignored)) return text;
  ASSIGN_OR_RETURN(std::string key, base::ReadFile(text, 4096));
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  return key;
}

int VerifyProof(const VerifyProofFlags& flags, std::ostream& out, std::ostream& err) {
  std::vector<NoteVerifier> witnesses;
  for (const std::string& text : flags.witness_keys) {
    const auto key = KeyOf(text);
    if (!key.ok()) {
      err << base::Message(key.status()) << "\n";
      return kExitUsage;
    }
    witnesses.push_back(*key);
  }
  const auto opened = Check(flags, witnesses);
  if (!opened.ok()) {
    err << "FAILED: " << base::Message(opened.status()) << "\n";
    return kExitRuntime;
  }
  const auto& checkpoint = opened->checkpoint;
  out << fmt::format("log       {}\nentries   {}\n", checkpoint.origin, checkpoint.size);
  for (const auto& signature : opened->cosignatures) {
    out << fmt::format("cosigned  {} by {}\n", TimeOf(signature), signature.name);
  }
  if (opened->cosignatures.size() < flags.quorum) {
    err << fmt::format("FAILED: {} of the named witnesses cosigned, {} are demanded\n",
                       opened->cosignatures.size(), flags.quorum);
    return kExitRuntime;
  }
  out << (flags.since.empty() ? "OK: the entry is in the log\n"
                              : "OK: the log only grew since the earlier checkpoint\n");
  if (opened->cosignatures.empty()) {
    out << "no named witness vouches for it: the log may have shown others another history\n";
  }
  return kExitOk;
}

void AddProofCommands(CLI::App& audit, RunSlot& run) {
  auto prove = std::make_shared<ProveFlags>();
  CLI::App* verb =
      AddClientVerb(audit, run, prove, "prove",
                    "Write the proof that an entry is in the log, and the entry", &Prove);
  verb->add_option("--index", prove->index, "Index of the entry, as audit show prints it")
      ->required();
  verb->add_option("--out", prove->out, "Name of the files without ending; default entry-<index>");

  auto grown = std::make_shared<GrownFlags>();
  verb =
      AddClientVerb(audit, run, grown, "grown-since",
                    "Write the proof that the log only grew since an earlier checkpoint", &Grown);
  verb->add_option("--since", grown->since, "File of the earlier checkpoint")->required();
  verb->add_option("--out", grown->out, "File to write")->required();

  auto flags = std::make_shared<VerifyProofFlags>();
  CLI::App* verify = audit.add_subcommand(
      "verify-proof", "Check a proof offline: that an entry is in the log, or that it only grew");
  verify->add_option("proof", flags->proof, "The .tlog-proof, or what grown-since wrote")
      ->required();
  verify->add_option("--key", flags->log_key, "Verifier key of the log, or a file that holds it")
      ->required();
  verify->add_option("--entry", flags->entry,
                     "The entry's bytes; default: beside the proof, ending in .entry");
  verify->add_option("--since", flags->since, "The earlier checkpoint, for a proof of growth");
  verify->add_option("--witness", flags->witness_keys,
                     "Verifier key of a witness, or a file that holds it; once for each");
  verify->add_option("--quorum", flags->quorum, "How many of the witnesses must have cosigned");
  verify->callback(
      [flags, &run] { run = [flags] { return VerifyProof(*flags, std::cout, std::cerr); }; });
}

}  // namespace belgrand::cli
