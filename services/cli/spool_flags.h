// How every command that touches a spool finds it: --spool, --key-file and --limit-mib.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "platform/base/error.h"
#include "services/spool/spool.h"

namespace CLI {
class App;
}

namespace belgrand::cli {

struct SpoolFlags {
  std::string directory;
  std::string key_file;
  std::uint64_t limit_mib = 1024;
};

void AddSpoolFlags(CLI::App& app, SpoolFlags& flags);
base::StatusOr<std::unique_ptr<spool::Spool>> OpenSpool(const SpoolFlags& flags,
                                                        spool::SpoolOptions::Missing missing);

}  // namespace belgrand::cli
