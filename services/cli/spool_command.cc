#include "services/cli/spool_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "platform/base/file.h"
#include "platform/base/time.h"
#include "services/cli/import_report.h"
#include "services/cli/spool_drain.h"
#include "services/cli/spool_flags.h"
#include "services/cli/verdicts_csv.h"

namespace belgrand::cli {
namespace {

struct Flags {
  SpoolFlags spool;
  std::uint64_t id = 0;
  bool unsent = false;
};

base::Status List(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto spool, OpenSpool(flags.spool, spool::SpoolOptions::Missing::kRefuse));
  ASSIGN_OR_RETURN(const auto queue, spool->Queue());
  std::uint64_t waiting = 0;
  std::uint64_t bytes = 0;
  std::string lines;
  for (const std::uint64_t id : queue) {
    const auto info = spool->Describe(id);
    if (info.status().code() == base::StatusCode::kNotFound) continue;  // delivered meanwhile
    if (!info.ok()) return info.status();
    if (!info->status.ok()) {
      lines += fmt::format("  {:>8}  {}\n", id, base::Message(info->status));
      continue;
    }
    waiting += info->rows - info->judged;
    bytes += info->bytes;
    lines += fmt::format("  {:>8}  {:>9}  {:>9}  {}  {}\n", id, Grouped(info->rows),
                         Grouped(info->judged), base::FormatInstant(info->spooled_at), info->name);
  }
  std::cout << fmt::format("{} in {}: {} without a verdict, {} of {} bytes\n",
                           Counted(queue.size(), "input waits", "inputs wait"),
                           spool->directory().string(), Counted(waiting, "row", "rows"),
                           Grouped(bytes), Grouped(flags.spool.limit_mib << 20U));
  if (!lines.empty()) {
    std::cout << "        id       rows     judged  spooled at                   file\n" << lines;
  }
  ASSIGN_OR_RETURN(const auto finished, spool->VerdictFiles());
  if (!finished.empty()) std::cout << "delivered, with the verdict of every row:\n";
  for (const auto& file : finished) std::cout << "  " << file.string() << "\n";
  return base::OkStatus();
}

base::Status Show(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto spool, OpenSpool(flags.spool, spool::SpoolOptions::Missing::kRefuse));
  const auto file = spool->VerdictFile(flags.id);
  if (file.ok()) {
    ASSIGN_OR_RETURN(const std::string text, base::ReadFile(*file));
    std::cout << text;
    return base::OkStatus();
  }
  const auto input = spool->Read(flags.id);
  if (input.status().code() == base::StatusCode::kNotFound) return file.status();
  if (!input.ok()) return input.status();
  std::cout << fmt::format("input {} ({}): {} rows, {} judged\n", flags.id, input->header().name(),
                           Grouped(input->header().rows()), Grouped(input->judged()));
  return input->ForEach([](const spool::v1::Row& row, const ingest::v1::Verdict* verdict) {
    const sample::Row shown = DescribeRow(row);
    std::cout << fmt::format("  row {}: sample \"{}\", site \"{}\", target \"{}\": {}\n",
                             shown.line, shown.sample_id, shown.site_id, shown.target,
                             verdict == nullptr ? "waits" : OutcomeName(verdict->outcome()));
  });
}

base::Status Drop(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto spool, OpenSpool(flags.spool, spool::SpoolOptions::Missing::kRefuse));
  if (const auto file = spool->VerdictFile(flags.id); file.ok()) {
    RETURN_IF_ERROR(spool->RemoveVerdictFile(flags.id));
    std::cout << fmt::format("removed {}\n", file->string());
    return base::OkStatus();
  }
  ASSIGN_OR_RETURN(auto drain, spool->BeginDrain());
  const auto info = spool->Describe(flags.id);
  if (info.ok() && !flags.unsent) {
    return base::FailedPrecondition(
        "input {} has {} rows without a verdict, which would be lost: --unsent drops them all the "
        "same",
        flags.id, info->status.ok() ? Grouped(info->rows - info->judged) : "unreadable");
  }
  RETURN_IF_ERROR(drain.Drop(flags.id));
  std::cout << fmt::format("dropped input {}\n", flags.id);
  return base::OkStatus();
}

void AddVerb(CLI::App& app, RunSlot& run, const std::shared_ptr<Flags>& flags,
             base::Status (*verb)(const Flags&)) {
  AddSpoolFlags(app, flags->spool);
  app.callback([flags, verb, &run] {
    run = [flags, verb] {
      const base::Status status = verb(*flags);
      if (status.ok()) return kExitOk;
      std::cerr << base::Message(status) << "\n";
      return kExitRuntime;
    };
  });
}

}  // namespace

void AddSpool(CLI::App& app, RunSlot& run) {
  app.require_subcommand(1);
  auto flags = std::make_shared<Flags>();
  AddVerb(*app.add_subcommand("list", "What waits, and the verdict files of what was delivered"),
          run, flags, List);
  CLI::App& show = *app.add_subcommand(
      "show", "The rows of an input that waits, or the verdicts of one that was delivered");
  show.add_option("id", flags->id, "number of the input")->required();
  AddVerb(show, run, flags, Show);
  CLI::App& drop =
      *app.add_subcommand("drop", "Remove the verdict file of an input, or the input itself");
  drop.add_option("id", flags->id, "number of the input")->required();
  drop.add_flag("--unsent", flags->unsent, "drop it although rows of it were never delivered");
  AddVerb(drop, run, flags, Drop);
}

}  // namespace belgrand::cli
