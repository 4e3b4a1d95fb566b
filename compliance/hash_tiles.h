// The hash tiles of a Merkle log on disk: read them, and append to them in place.
//
// Tile files are C2SP tiles that grow: a partial tile is a prefix of the full one, so a hash is
// appended to the file `tile/<level>/<n>` and never moved. Hashes of level L+1 are appended when a
// tile of level L is full. The files are derived from the entries: what a crash takes is rebuilt.
//
// Thread safety: HashTiles is externally synchronised; ReadNode may run beside it for nodes of
// leaves that were flushed and are never rolled back. Errors: DataLoss when a file holds fewer
// hashes than asked; I/O as in platform/base/append_file.h.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "compliance/merkle.h"
#include "compliance/tile.h"
#include "platform/base/append_file.h"
#include "platform/base/error.h"

namespace belgrand::compliance {

// The node over the leaves [index << level, (index + 1) << level), read from the tiles in
// `directory`.
base::StatusOr<Hash> ReadNode(const std::filesystem::path& directory, int level,
                              std::uint64_t index);
NodeReader TileNodeReader(std::filesystem::path directory);

// Root of a full tile of 256 hashes.
Hash TileRoot(const std::vector<Hash>& hashes);

class HashTiles {
 public:
  // Opens the tiles of a tree of `size` leaves and drops every hash after them. DataLoss when
  // hashes of the tree are missing.
  static base::StatusOr<HashTiles> Open(const std::filesystem::path& directory, std::uint64_t size,
                                        base::SyncFunction sync);

  std::uint64_t size() const { return frontier_.size(); }
  Hash Root() const { return frontier_.Root(); }

  // Adds a leaf; in the files after Flush. After a failure the object must be opened again.
  base::Status Append(const Hash& leaf);
  base::Status Flush();
  // Makes all that was flushed durable.
  base::Status Sync();

 private:
  struct Level {
    std::uint64_t count = 0;  // hashes at this level
    std::vector<Hash> tile;   // those of the current, partial tile
    std::string pending;      // not yet in the file
    base::AppendFile file;    // of the current tile; closed until its first write
    bool unsynced = false;
  };

  HashTiles(std::filesystem::path directory, base::SyncFunction sync)
      : directory_(std::move(directory)), sync_(sync) {}
  base::Status OpenLevel(int level, std::uint64_t count);
  base::Status AppendAt(int level, const Hash& hash);
  base::Status FlushLevel(int level);
  std::filesystem::path PathOf(int level, std::uint64_t index) const;

  std::filesystem::path directory_;
  base::SyncFunction sync_;
  std::array<Level, kMaxTileLevel + 1> levels_;
  Frontier frontier_;
};

}  // namespace belgrand::compliance
