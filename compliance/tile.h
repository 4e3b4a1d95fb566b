// Names and content of C2SP tlog-tiles (v0.1.0): how a Merkle log lies in files.
//
// A hash tile of level L holds up to 256 hashes of nodes of tree level 8*L; an entry bundle holds
// the entries under one level-0 tile, each as u16 big-endian length || bytes. The path of number N
// is in groups of three digits, all but the last prefixed with x; a partial one ends in
// ".p/<width>". docs/formats/audit_log.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"

namespace belgrand::compliance {

inline constexpr std::uint64_t kTileWidth = 256;
inline constexpr std::size_t kMaxEntryBytes = 65'535;
inline constexpr int kMaxTileLevel = 7;  // 256^8 = 2^64

struct TileName {
  // Level of a hash tile; kEntries for a bundle.
  static constexpr int kEntries = -1;
  int level = 0;
  std::uint64_t index = 0;
  // Hashes or entries in it, 1 to 256.
  std::uint64_t width = kTileWidth;

  bool operator==(const TileName&) const = default;
};

// "tile/0/x001/234", "tile/entries/000.p/12".
std::string TilePath(const TileName& name);
// InvalidArgument for every text that TilePath would not have written.
base::StatusOr<TileName> ParseTilePath(std::string_view path);

// Hashes at tile level `level` of a tree of `size` entries.
constexpr std::uint64_t HashesAtLevel(std::uint64_t size, int level) { return size >> (8 * level); }

// REQUIRES: entry.size() <= kMaxEntryBytes (checked).
void AppendToBundle(std::string& bundle, std::string_view entry);

// What a bundle holds: views into `bytes`.
struct BundleContent {
  std::vector<std::string_view> entries;
  // Bytes of whole entries; less than bytes.size() when the last one is cut off.
  std::size_t whole_bytes = 0;
};
BundleContent ReadBundle(std::string_view bytes);

}  // namespace belgrand::compliance
