// What `belgrand fsck` checks of the keys: that the keyring directory is the one the data was
// written with, that its files can be read whole and unwrapped by the epoch's key file, that the
// erasure ledger follows from frame to frame, and that the seed of the audit log is that of the
// log.
#pragma once

#include <filesystem>
#include <iosfwd>

namespace belgrand::cli {

// Prints what it found, and changes nothing. False: something is damaged, missing or of another
// installation.
bool CheckKeyFiles(const std::filesystem::path& data_dir, const std::filesystem::path& keyring_dir,
                   std::ostream& out);

}  // namespace belgrand::cli
