#include "compliance/hash_tiles.h"

#include <algorithm>
#include <bit>
#include <system_error>

#include "platform/base/check.h"
#include "platform/base/file.h"

namespace belgrand::compliance {
namespace {

constexpr std::size_t kHashBytes = sizeof(Hash);

// `count` hashes from hash `first` of tile `name` on.
base::StatusOr<std::vector<Hash>> ReadHashes(const std::filesystem::path& directory,
                                             const TileName& name, std::uint64_t first,
                                             std::uint64_t count) {
  const std::string path = TilePath(name);
  auto bytes = base::ReadFileRange(directory / path, first * kHashBytes, count * kHashBytes);
  if (bytes.status().code() == base::StatusCode::kNotFound) bytes = std::string();
  if (!bytes.ok()) return bytes.status();
  if (bytes->size() != count * kHashBytes) {
    return base::DataLoss("{} is missing or truncated: hashes {} to {} are needed, {} are there",
                          path, first, first + count - 1, bytes->size() / kHashBytes);
  }
  std::vector<Hash> hashes(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* at = reinterpret_cast<const std::uint8_t*>(bytes->data()) + i * kHashBytes;
    std::copy_n(at, kHashBytes, hashes[i].begin());
  }
  return hashes;
}

Hash RootOf(std::vector<Hash> row) {
  BELGRAND_CHECK(std::has_single_bit(row.size()));
  while (row.size() > 1) {
    for (std::size_t i = 0; i < row.size() / 2; ++i) row[i] = NodeHash(row[2 * i], row[2 * i + 1]);
    row.resize(row.size() / 2);
  }
  return row.front();
}

}  // namespace

base::StatusOr<Hash> ReadNode(const std::filesystem::path& directory, int level,
                              std::uint64_t index) {
  const int height = level % 8;
  const std::uint64_t first = index << height;
  ASSIGN_OR_RETURN(std::vector<Hash> hashes,
                   ReadHashes(directory, {level / 8, first / kTileWidth, kTileWidth},
                              first % kTileWidth, std::uint64_t{1} << height));
  return RootOf(std::move(hashes));
}

NodeReader TileNodeReader(std::filesystem::path directory) {
  return [directory = std::move(directory)](int level, std::uint64_t index) {
    return ReadNode(directory, level, index);
  };
}

Hash TileRoot(const std::vector<Hash>& hashes) {
  BELGRAND_CHECK(hashes.size() == kTileWidth);
  return RootOf(hashes);
}

base::StatusOr<HashTiles> HashTiles::Open(const std::filesystem::path& directory,
                                          std::uint64_t size, base::SyncFunction sync) {
  HashTiles tiles(directory, sync);
  for (int level = 0; level <= kMaxTileLevel; ++level) {
    RETURN_IF_ERROR(tiles.OpenLevel(level, HashesAtLevel(size, level)));
  }
  ASSIGN_OR_RETURN(tiles.frontier_, Frontier::Of(TileNodeReader(directory), size));
  return tiles;
}

base::Status HashTiles::OpenLevel(int number, std::uint64_t count) {
  Level& level = levels_[static_cast<std::size_t>(number)];
  level.count = count;
  const std::uint64_t index = count / kTileWidth;
  const std::uint64_t width = count % kTileWidth;
  if (width > 0) {
    ASSIGN_OR_RETURN(level.tile, ReadHashes(directory_, {number, index, kTileWidth}, 0, width));
    ASSIGN_OR_RETURN(level.file, base::AppendFile::Open(PathOf(number, index), sync_));
    if (level.file.size() > width * kHashBytes) {
      RETURN_IF_ERROR(level.file.Truncate(width * kHashBytes));
    }
    level.unsynced = true;  // an earlier process may have flushed without syncing
  }
  // Files after the current one can only be leftovers of appends that were never committed.
  std::error_code error;
  for (std::uint64_t next = index + (width > 0 ? 1 : 0);; ++next) {
    if (!std::filesystem::remove(PathOf(number, next), error)) break;
  }
  return base::OkStatus();
}

base::Status HashTiles::Append(const Hash& leaf) {
  frontier_.Append(leaf);
  return AppendAt(0, leaf);
}

base::Status HashTiles::AppendAt(int number, const Hash& hash) {
  Level& level = levels_[static_cast<std::size_t>(number)];
  level.tile.push_back(hash);
  level.pending += crypto::View(hash);
  ++level.count;
  if (level.tile.size() < kTileWidth) return base::OkStatus();
  RETURN_IF_ERROR(FlushLevel(number));
  RETURN_IF_ERROR(level.file.Sync());
  level.file.Close();
  level.unsynced = false;
  const Hash root = TileRoot(level.tile);
  level.tile.clear();
  return AppendAt(number + 1, root);
}

base::Status HashTiles::FlushLevel(int number) {
  Level& level = levels_[static_cast<std::size_t>(number)];
  if (level.pending.empty()) return base::OkStatus();
  if (!level.file.is_open()) {
    const std::filesystem::path path = PathOf(number, (level.count - 1) / kTileWidth);
    RETURN_IF_ERROR(base::MakeDirectories(directory_, path.parent_path()));
    ASSIGN_OR_RETURN(level.file, base::AppendFile::Open(path, sync_));
    RETURN_IF_ERROR(base::SyncDirectory(path.parent_path()));
  }
  RETURN_IF_ERROR(level.file.Append(level.pending));
  level.pending.clear();
  level.unsynced = true;
  return base::OkStatus();
}

base::Status HashTiles::Flush() {
  for (int level = 0; level <= kMaxTileLevel; ++level) RETURN_IF_ERROR(FlushLevel(level));
  return base::OkStatus();
}

base::Status HashTiles::Sync() {
  for (Level& level : levels_) {
    if (!level.unsynced) continue;
    RETURN_IF_ERROR(level.file.Sync());
    level.unsynced = false;
  }
  return base::OkStatus();
}

std::filesystem::path HashTiles::PathOf(int level, std::uint64_t index) const {
  return directory_ / TilePath({level, index, kTileWidth});
}

}  // namespace belgrand::compliance
