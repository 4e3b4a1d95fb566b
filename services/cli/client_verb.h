// A verb of a client command that does one thing: `belgrand alerts list`, `belgrand sensors put`.
#pragma once

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "platform/base/error.h"
#include "services/cli/client_flags.h"
#include "services/cli/command.h"

namespace belgrand::cli {

// `Flags` has a member `client` (ClientFlags). A failure is printed and ends with kExitRuntime.
template <typename Flags>
CLI::App* AddClientVerb(CLI::App& app, RunSlot& run, const std::shared_ptr<Flags>& flags,
                        const char* name, const char* summary,
                        base::Status (*action)(const Flags&)) {
  CLI::App* verb = app.add_subcommand(name, summary);
  AddClientFlags(*verb, flags->client);
  verb->callback([flags, &run, action] {
    run = [flags, action] {
      const base::Status status = action(*flags);
      if (status.ok()) return kExitOk;
      std::cerr << base::Message(status) << "\n";
      return kExitRuntime;
    };
  });
  return verb;
}

}  // namespace belgrand::cli
