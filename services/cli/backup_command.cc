#include "services/cli/backup_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "belgrand/operations/v1/operations.grpc.pb.h"
#include "platform/base/time.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "services/backup/folder.h"
#include "services/cli/byte_progress.h"
#include "services/cli/client_flags.h"
#include "services/cli/drill.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;
using storage::v1::BackupSet;

struct FolderFlags {
  std::string folder;
  std::uint64_t backup = 0;  // 0: the newest
  std::string target;
};

int Fail(const base::Status& status) {
  std::cerr << base::Message(status) << "\n";
  return kExitRuntime;
}

int Create(const ClientFlags& flags) {
  const auto channel = Connect(flags);
  if (!channel.ok()) return Fail(channel.status());
  const auto stub = operations::v1::OperationsService::NewStub(*channel);
  grpc::ClientContext context;  // takes as long as it takes; keepalive notices a lost service
  const auto reader = stub->CreateBackup(&context, {});
  operations::v1::CreateBackupResponse response;
  std::optional<operations::v1::Backup> made;
  {
    ByteProgress progress("backing up");
    while (reader->Read(&response)) {
      if (response.has_backup()) {
        made = response.backup();
      } else {
        progress.Show({response.role(), response.bytes_done(), response.bytes_total()});
      }
    }
  }
  if (const grpc::Status status = reader->Finish(); !status.ok()) {
    return Fail(rpc::FromGrpc(status));
  }
  if (!made) return Fail(base::Internal("the service ended without a backup"));
  std::string roles;
  for (const std::string& role : made->roles()) roles += (roles.empty() ? "" : ", ") + role;
  std::cout << fmt::format("backup {}: {} files, {}, of which {} are new; {}\n", made->id(),
                           made->files(), FormatBytes(made->bytes()),
                           FormatBytes(made->fresh_bytes()), roles);
  for (const std::uint64_t id : made->forgotten()) std::cout << "forgot backup " << id << "\n";
  std::cout << "the keyring and the audit log's seed are not in it: see docs/runbook.md\n";
  return kExitOk;
}

std::string Line(const BackupSet& set) {
  const backup::SetSize size = backup::SizeOf(set);
  std::string roles;
  for (const auto& part : set.parts()) roles += (roles.empty() ? "" : ",") + part.role();
  return fmt::format("{:>8}  {}  {:>8} files  {:>10}  Belgrand {}  {}\n", set.id(),
                     base::FormatInstant(base::FromMicros(set.created_us())), size.files,
                     FormatBytes(size.bytes), set.version(), roles);
}

base::Status NoBackup(const fs::path& folder) {
  return base::NotFound("{} holds no backup", folder.string());
}

int List(const FolderFlags& flags) {
  const auto ids = backup::SetIds(flags.folder);
  if (!ids.ok()) return Fail(ids.status());
  if (ids->empty()) return Fail(NoBackup(flags.folder));
  int code = kExitOk;
  for (const std::uint64_t id : *ids) {
    const auto set = backup::ReadSet(flags.folder, id);
    if (set.ok()) {
      std::cout << Line(*set);
    } else {
      std::cout << fmt::format("{:>8}  DAMAGED: {}\n", id, base::Message(set.status()));
      code = kExitRuntime;
    }
  }
  return code;
}

base::StatusOr<BackupSet> Find(const FolderFlags& flags) {
  if (flags.backup != 0) return backup::ReadSet(flags.folder, flags.backup);
  ASSIGN_OR_RETURN(const auto ids, backup::SetIds(flags.folder));
  if (ids.empty()) return NoBackup(flags.folder);
  return backup::ReadSet(flags.folder, ids.back());
}

// Whether every byte of the set is what was stored; prints what is not.
base::StatusOr<bool> VerifySet(const fs::path& folder, const BackupSet& set) {
  ByteProgress progress("verifying");
  auto problems = backup::Verify(folder, set, progress.Callback());
  if (!problems.ok()) return problems.status();
  for (const std::string& problem : *problems) std::cout << "  " << problem << "\n";
  std::cout << fmt::format(
      "backup {}: {}\n", set.id(),
      problems->empty()
          ? "every byte is what was stored"
          : fmt::format("{} of {} files are damaged", problems->size(), backup::SizeOf(set).files));
  return problems->empty();
}

int VerifyAll(const FolderFlags& flags) {
  const auto all = backup::SetIds(flags.folder);
  if (!all.ok()) return Fail(all.status());
  const std::vector<std::uint64_t> ids =
      flags.backup != 0 ? std::vector<std::uint64_t>{flags.backup} : *all;
  if (ids.empty()) return Fail(NoBackup(flags.folder));
  bool good = true;
  for (const std::uint64_t id : ids) {
    const auto set = backup::ReadSet(flags.folder, id);
    const auto verified =
        set.ok() ? VerifySet(flags.folder, *set) : base::StatusOr<bool>(set.status());
    if (!verified.ok()) std::cout << base::Message(verified.status()) << "\n";
    good = good && verified.ok() && *verified;
  }
  return good ? kExitOk : kExitRuntime;
}

base::Status RestoreSet(const fs::path& folder, const BackupSet& set, const fs::path& target) {
  ByteProgress progress("restoring");
  return backup::Restore(folder, set, target, progress.Callback());
}

int Restore(const FolderFlags& flags) {
  const auto set = Find(flags);
  if (!set.ok()) return Fail(set.status());
  const base::Status restored = RestoreSet(flags.folder, *set, flags.target);
  if (!restored.ok()) return Fail(restored);
  std::cout
      << Line(*set)
      << fmt::format(
             "restored to {}. Before you serve it:\n"
             "  1. put the keyring and compliance/audit_log.seed in place: they are in no backup\n"
             "  2. belgrand fsck {}\n"
             "  3. serve it, and at once: belgrand retention plan, then apply; what had expired "
             "since the "
             "backup is back until then\n"
             "docs/runbook.md says more\n",
             flags.target, flags.target);
  return kExitOk;
}

// Removed with everything in it, whatever happens.
class Scratch {
 public:
  explicit Scratch(const fs::path& parent) : path_(parent / fmt::format("drill-{}", ::getpid())) {}
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    fs::remove_all(path_.string() + ".restoring", ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  const fs::path path_;
};

base::StatusOr<bool> DrillSet(const FolderFlags& flags, const BackupSet& set) {
  std::error_code error;
  const fs::path parent =
      flags.target.empty() ? fs::temp_directory_path(error) : fs::path(flags.target);
  if (error) return base::Unavailable("no temporary directory: give --scratch");
  const Scratch scratch(parent);
  RETURN_IF_ERROR(RestoreSet(flags.folder, set, scratch.path()));
  std::cout << fmt::format("restored {} files into {}; every byte is what was stored\n",
                           backup::SizeOf(set).files, scratch.path().string());
  ASSIGN_OR_RETURN(const DataReport report, CheckDataDirectory(scratch.path(), std::cout));
  return CompareWithSet(report, set, std::cout) && report.clean;
}

int Drill(const FolderFlags& flags) {
  const auto set = Find(flags);
  if (!set.ok()) return Fail(set.status());
  const auto good = DrillSet(flags, *set);
  if (!good.ok()) {
    std::cout << fmt::format("backup {} CANNOT BE RESTORED\n", set->id());
    return Fail(good.status());
  }
  if (*good) {
    std::cout << fmt::format(
        "backup {} of {} can be restored: all files, all stores clean, nothing missing that was "
        "there when it was made. Not proven: that the keyring and the seed are kept elsewhere.\n",
        set->id(), base::FormatInstant(base::FromMicros(set->created_us())));
    return kExitOk;
  }
  std::cout << fmt::format("backup {} IS NOT SOUND: see above\n", set->id());
  return kExitRuntime;
}

std::shared_ptr<FolderFlags> AddFolderFlags(CLI::App& app, const char* folder) {
  auto flags = std::make_shared<FolderFlags>();
  app.add_option(folder, flags->folder, "The backup folder (backup.directory)")->required();
  return flags;
}

void AddBackupId(CLI::App& app, FolderFlags& flags, const char* otherwise) {
  app.add_option("--backup", flags.backup, std::string("Its number; default: ") + otherwise)
      ->check(CLI::PositiveNumber);
}

}  // namespace

void AddBackup(CLI::App& app, RunSlot& run) {
  app.require_subcommand(1);
  auto* create = app.add_subcommand(
      "create", "Copy what a running service stores into its backup folder; it goes on serving");
  auto client = std::make_shared<ClientFlags>();
  AddClientFlags(*create, *client);
  create->callback([client, &run] { run = [client] { return Create(*client); }; });

  auto* list = app.add_subcommand("list", "List the backups in a folder");
  auto list_flags = AddFolderFlags(*list, "--dir");
  list->callback([list_flags, &run] { run = [list_flags] { return List(*list_flags); }; });

  auto* verify =
      app.add_subcommand("verify", "Read every byte of the backups and compare checksums");
  auto verify_flags = AddFolderFlags(*verify, "--dir");
  AddBackupId(*verify, *verify_flags, "all");
  verify->callback(
      [verify_flags, &run] { run = [verify_flags] { return VerifyAll(*verify_flags); }; });

  auto* drill = app.add_subcommand(
      "drill", "Restore a backup into a temporary directory and prove that it is whole");
  auto drill_flags = AddFolderFlags(*drill, "--dir");
  AddBackupId(*drill, *drill_flags, "the newest");
  drill->add_option("--scratch", drill_flags->target,
                    "Where the temporary directory is made; needs the room of the backup");
  drill->callback([drill_flags, &run] { run = [drill_flags] { return Drill(*drill_flags); }; });
}

void AddRestore(CLI::App& app, RunSlot& run) {
  auto flags = AddFolderFlags(app, "--from");
  AddBackupId(app, *flags, "the newest");
  app.add_option("--to", flags->target, "The new data_dir; must be empty or not there")->required();
  app.callback([flags, &run] { run = [flags] { return Restore(*flags); }; });
}

}  // namespace belgrand::cli
