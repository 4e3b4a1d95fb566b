#include "services/cli/spool_flags.h"

#include <CLI/CLI.hpp>

#include "platform/base/clock.h"

namespace belgrand::cli {

void AddSpoolFlags(CLI::App& app, SpoolFlags& flags) {
  app.add_option("--spool", flags.directory, "directory of the spool (docs/formats/spool.md)")
      ->envname("BELGRAND_SPOOL")
      ->required();
  app.add_option("--key-file", flags.key_file,
                 "32 bytes that seal the spool; without it a key is kept in the spool itself");
  app.add_option("--limit-mib", flags.limit_mib, "size of the queue at most")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
}

base::StatusOr<std::unique_ptr<spool::Spool>> OpenSpool(const SpoolFlags& flags,
                                                        spool::SpoolOptions::Missing missing) {
  spool::SpoolOptions options;
  options.directory = flags.directory;
  options.key_file = flags.key_file;
  options.missing = missing;
  options.limit_bytes = flags.limit_mib << 20U;
  return spool::Spool::Open(options, base::Clock::System());
}

}  // namespace belgrand::cli
