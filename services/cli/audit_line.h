// Checks the audit log of a data directory with every log that was closed before it: each for
// itself, and that each begins with what the one before it ended with.
#pragma once

#include <filesystem>
#include <ostream>
#include <string>

#include "platform/base/error.h"

namespace belgrand::cli {

// `log` is the open log's directory; the closed ones are looked for beside it. Writes a report of
// each to `out`. False: something is wrong with one of them, said in the report. Errors of
// compliance::VerifyAuditLog.
base::StatusOr<bool> VerifyLine(const std::filesystem::path& log, const std::string& verifier_key,
                                std::ostream& out);

}  // namespace belgrand::cli
