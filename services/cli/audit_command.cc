#include "services/cli/audit_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "belgrand/compliance/v1/compliance.grpc.pb.h"
#include "belgrand/storage/v1/audit_entry.pb.h"
#include "compliance/audit_log.h"
#include "compliance/audit_verify.h"
#include "compliance/policy.h"
#include "platform/base/time.h"
#include "platform/crypto/encoding.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/cli/audit_line.h"
#include "services/cli/audit_proof.h"
#include "services/cli/client_flags.h"

namespace belgrand::cli {
namespace {

constexpr base::Duration kTimeout = std::chrono::seconds(30);
constexpr std::uint32_t kEntriesPerCall = 1'000;

struct VerifyFlags {
  std::string directory = "data";
  std::string verifier_key;
};

struct ShowFlags {
  ClientFlags client;
  std::uint64_t first = 0;
  std::uint64_t count = 20;
  std::uint32_t closed_log = 0;
};

// The log of a data directory, where that is what was named.
std::filesystem::path LogDirectory(const std::filesystem::path& named) {
  std::error_code ignored;
  for (const char* below : {"compliance/audit", "audit"}) {
    if (!std::filesystem::exists(named / compliance::kCheckpointFile, ignored) &&
        std::filesystem::exists(named / below / compliance::kCheckpointFile, ignored)) {
      return named / below;
    }
  }
  return named;
}

// A data directory with all its logs, or the one log that was named.
base::StatusOr<bool> VerifyNamed(const std::filesystem::path& named, const std::string& key,
                                 std::ostream& out) {
  const std::filesystem::path log = LogDirectory(named);
  if (log != named) return VerifyLine(log, key, out);
  ASSIGN_OR_RETURN(const auto report, compliance::VerifyAuditLog(log, key));
  out << compliance::FormatAuditReport(report);
  return report.ok();
}

int Fail(std::ostream& err, const base::Status& status) {
  err << base::Message(status) << "\n";
  return kExitRuntime;
}

int ShowCheckpoint(const ClientFlags& flags) {
  const auto channel = Connect(flags);
  if (!channel.ok()) return Fail(std::cerr, channel.status());
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  compliance::v1::GetCheckpointResponse response;
  const grpc::Status status =
      compliance::v1::ComplianceService::NewStub(*channel)->GetCheckpoint(&context, {}, &response);
  if (!status.ok()) return Fail(std::cerr, rpc::FromGrpc(status));
  std::cout << response.checkpoint() << "\nverifier key: " << response.verifier_key() << "\n";
  if (!response.cosigned_checkpoint().empty()) {
    std::cout << "\nthe newest that witnesses cosigned:\n\n" << response.cosigned_checkpoint();
  }
  return kExitOk;
}

template <typename Name>
std::string EnumName(const Name& name, int number) {
  return name.empty() ? fmt::format("{}", number) : name;
}

// One line; entries hold references, no names.
std::string FormatEntry(std::uint64_t index, const std::string& bytes) {
  storage::v1::AuditEntry entry;
  if (!entry.ParseFromString(bytes)) return fmt::format("{}  (cannot be read)", index);
  const auto role = static_cast<privacy::v1::Role>(entry.role());
  const auto decision = static_cast<compliance::v1::Decision>(entry.decision());
  std::string object = entry.object_kind();
  if (!entry.object_ref().empty()) object += ":" + entry.object_ref();
  return fmt::format(
      "{}  {}  actor {}  {}  {}  {}  status {}  {}  n={}  purpose {}  request {}", index,
      base::FormatInstant(base::FromMicros(entry.at_us())), crypto::ToHex(entry.actor_ref()),
      entry.role() == 0 ? "-" : EnumName(privacy::v1::Role_Name(role), entry.role()),
      entry.method(), EnumName(compliance::v1::Decision_Name(decision), entry.decision()),
      entry.status_code(), object.empty() ? "-" : object, entry.record_count(),
      entry.purpose() == 0
          ? "-"
          : compliance::PurposeName(static_cast<privacy::v1::Purpose>(entry.purpose())),
      entry.request_id().empty() ? "-" : entry.request_id());
}

int ShowEntries(const ShowFlags& flags) {
  const auto channel = Connect(flags.client);
  if (!channel.ok()) return Fail(std::cerr, channel.status());
  const auto stub = compliance::v1::ComplianceService::NewStub(*channel);
  std::uint64_t index = flags.first;
  std::uint64_t left = flags.count;
  while (left > 0) {
    compliance::v1::ReadAuditRequest request;
    request.set_first_index(index);
    request.set_closed_log(flags.closed_log);
    request.set_count(static_cast<std::uint32_t>(std::min<std::uint64_t>(left, kEntriesPerCall)));
    grpc::ClientContext context;
    rpc::SetTimeout(context, kTimeout);
    compliance::v1::ReadAuditResponse response;
    const grpc::Status status = stub->ReadAudit(&context, request, &response);
    if (!status.ok()) return Fail(std::cerr, rpc::FromGrpc(status));
    for (const std::string& entry : response.entries()) {
      std::cout << FormatEntry(index++, entry) << "\n";
    }
    if (response.entries().empty()) break;
    left -= std::min<std::uint64_t>(left, static_cast<std::uint64_t>(response.entries_size()));
  }
  return kExitOk;
}

}  // namespace

int VerifyAudit(const std::filesystem::path& directory, const std::string& verifier_key,
                std::ostream& out, std::ostream& err) {
  const auto key = KeyText(verifier_key);
  if (!key.ok()) return Fail(err, key.status());
  const auto good = VerifyNamed(directory, *key, out);
  if (!good.ok()) {
    err << "cannot verify: " << base::Message(good.status()) << "\n";
    return kExitRuntime;
  }
  if (verifier_key.empty()) {
    out << "checked with the key found beside the log; with --key from a trusted place it would "
           "also show who signed it\n";
  }
  return *good ? kExitOk : kExitRuntime;
}

void AddAudit(CLI::App& app, RunSlot& run) {
  app.require_subcommand(1);

  auto* verify = app.add_subcommand(
      "verify", "Check every entry, the tree and the signature of a copy of the log, offline");
  auto verify_flags = std::make_shared<VerifyFlags>();
  verify
      ->add_option("directory", verify_flags->directory,
                   "Data directory, with every closed log, or the directory of one log")
      ->capture_default_str();
  verify->add_option("--key", verify_flags->verifier_key,
                     "Verifier key (name+hash+base64) or a file that holds it");
  verify->callback([verify_flags, &run] {
    run = [verify_flags] {
      return VerifyAudit(verify_flags->directory, verify_flags->verifier_key, std::cout, std::cerr);
    };
  });

  AddProofCommands(app, run);

  auto* checkpoint = app.add_subcommand("checkpoint", "Print the signed checkpoint of the log");
  auto checkpoint_flags = std::make_shared<ClientFlags>();
  AddClientFlags(*checkpoint, *checkpoint_flags);
  checkpoint->callback([checkpoint_flags, &run] {
    run = [checkpoint_flags] { return ShowCheckpoint(*checkpoint_flags); };
  });

  auto* show = app.add_subcommand("show", "Print entries of the log; reading is logged too");
  auto show_flags = std::make_shared<ShowFlags>();
  AddClientFlags(*show, show_flags->client);
  show->add_option("--first", show_flags->first, "Index of the first entry, from 0")
      ->capture_default_str();
  show->add_option("--count", show_flags->count, "How many")->capture_default_str();
  show->add_option("--closed-log", show_flags->closed_log,
                   "Number of a closed log, as audit verify lists them; the open one by default");
  show->callback([show_flags, &run] { run = [show_flags] { return ShowEntries(*show_flags); }; });
}

}  // namespace belgrand::cli
