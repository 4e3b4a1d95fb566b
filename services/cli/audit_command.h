// `belgrand audit`: verify a copy of the audit log offline, fetch its checkpoint, read entries.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>

#include "services/cli/command.h"

namespace belgrand::cli {

void AddAudit(CLI::App& app, RunSlot& run);

// `audit verify`: prints the report on `out`; kExitRuntime when anything is wrong with the log,
// kExitUsage when there is no log or no usable key. `verifier_key` is a key, the path of a file
// that holds one, or empty for the key beside the log.
int VerifyAudit(const std::filesystem::path& directory, const std::string& verifier_key,
                std::ostream& out, std::ostream& err);

}  // namespace belgrand::cli
