// The entries of a Merkle log on disk: bundles of 256, appended in place.
//
// A bundle is a concatenation of u16 big-endian length || entry, so a partial bundle is a prefix of
// the full one and an append is a write at its end. Bundle n + 1 is created only after bundle n is
// durable.
//
// Thread safety: EntryBundles is externally synchronised; ReadEntries may run beside it for entries
// that were committed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "compliance/tile.h"
#include "platform/base/append_file.h"
#include "platform/base/error.h"

namespace belgrand::compliance {

// The whole bundle `index`; empty when there is no such file. At most 256 * (2 + 65,535) bytes.
base::StatusOr<std::string> ReadBundleFile(const std::filesystem::path& directory,
                                           std::uint64_t index);

// Entries [first, first + count). DataLoss when one of them is not there.
base::StatusOr<std::vector<std::string>> ReadEntries(const std::filesystem::path& directory,
                                                     std::uint64_t first, std::uint64_t count);

class EntryBundles {
 public:
  // Where the next entry goes: its index, and its offset in the bundle index / 256.
  struct Position {
    std::uint64_t index = 0;
    std::uint64_t offset = 0;
  };

  // Opens for appending at `position`; what lies after it is dropped, durably.
  static base::StatusOr<EntryBundles> Open(const std::filesystem::path& directory,
                                           Position position, base::SyncFunction sync);

  // Adds an entry (at most 65,535 bytes, checked); in the files after Write. After a failure the
  // object must be opened again.
  base::Status Append(std::string_view entry);
  // Writes what was appended; Sync makes it durable.
  base::Status Write();
  base::Status Sync();

  // After the last entry appended.
  const Position& position() const { return position_; }

 private:
  EntryBundles(std::filesystem::path directory, base::SyncFunction sync)
      : directory_(std::move(directory)), sync_(sync) {}
  std::filesystem::path PathOf(std::uint64_t bundle) const;

  std::filesystem::path directory_;
  base::SyncFunction sync_;
  Position position_;
  std::string pending_;
  base::AppendFile file_;  // of the current bundle; closed until its first write
};

}  // namespace belgrand::compliance
