#include "compliance/tile_reader.h"

#include "compliance/audit_log.h"
#include "compliance/entry_bundles.h"
#include "compliance/merkle.h"
#include "compliance/tile.h"
#include "platform/base/append_file.h"
#include "platform/base/file.h"

namespace belgrand::compliance {

base::StatusOr<std::string> ReadLogResource(const std::filesystem::path& directory,
                                            std::uint64_t size, std::string_view path) {
  if (path == kCheckpointFile) return base::ReadFile(directory / kCheckpointFile, kMaxNoteBytes);
  ASSIGN_OR_RETURN(const TileName name, ParseTilePath(path));
  const bool entries = name.level == TileName::kEntries;
  const std::uint64_t held = entries ? size : HashesAtLevel(size, name.level);
  // Compared without adding: the index comes from the network and may be any number of 64 bits.
  if (name.index > held / kTileWidth || held - name.index * kTileWidth < name.width) {
    return base::NotFound("{} is past the log's {} entries", path, size);
  }
  if (entries) {
    ASSIGN_OR_RETURN(std::string bytes, ReadBundleFile(directory, name.index));
    const BundleContent content = ReadBundle(bytes);
    if (content.entries.size() < name.width) {
      return base::DataLoss("{} holds {} entries, {} are needed", path, content.entries.size(),
                            name.width);
    }
    const std::string_view last = content.entries[name.width - 1];
    bytes.resize(static_cast<std::size_t>(last.data() - bytes.data()) + last.size());
    return bytes;
  }
  const std::size_t wanted = name.width * sizeof(Hash);
  const std::string file = TilePath({name.level, name.index, kTileWidth});
  ASSIGN_OR_RETURN(std::string bytes, base::ReadFileRange(directory / file, 0, wanted));
  if (bytes.size() != wanted) {
    return base::DataLoss("{} has {} bytes, {} are needed", file, bytes.size(), wanted);
  }
  return bytes;
}

}  // namespace belgrand::compliance
