// `belgrand audit prove`, `verify-proof`, `grown-since`: evidence about the audit log that is
// checked offline, with keys and nothing else.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "services/cli/command.h"

namespace belgrand::cli {

struct VerifyProofFlags {
  // A .tlog-proof file, or what grown-since wrote.
  std::filesystem::path proof;
  // The entry that is proven: its exact bytes. Empty: the proof's name with .entry.
  std::filesystem::path entry;
  // The earlier checkpoint, where the proof says that the log grew.
  std::filesystem::path since;
  // Each a key ("name+hash+base64") or a file that holds it.
  std::string log_key;
  std::vector<std::string> witness_keys;
  // How many of the witnesses must have cosigned.
  std::size_t quorum = 0;
};

// 0 when the proof holds, under the keys given; prints what is proven, and when who vouched for it.
int VerifyProof(const VerifyProofFlags& flags, std::ostream& out, std::ostream& err);

// A key, or the content of the file that `text` names.
base::StatusOr<std::string> KeyText(const std::string& text);

void AddProofCommands(CLI::App& audit, RunSlot& run);

}  // namespace belgrand::cli
