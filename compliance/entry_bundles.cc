#include "compliance/entry_bundles.h"

#include <algorithm>
#include <system_error>

#include "platform/base/file.h"

namespace belgrand::compliance {
namespace {

constexpr std::size_t kMaxBundleBytes = kTileWidth * (2 + kMaxEntryBytes);

std::string BundlePath(std::uint64_t bundle) {
  return TilePath({TileName::kEntries, bundle, kTileWidth});
}

}  // namespace

base::StatusOr<std::string> ReadBundleFile(const std::filesystem::path& directory,
                                           std::uint64_t index) {
  auto bytes = base::ReadFile(directory / BundlePath(index), kMaxBundleBytes);
  if (bytes.status().code() == base::StatusCode::kNotFound) return std::string();
  return bytes;
}

base::StatusOr<std::vector<std::string>> ReadEntries(const std::filesystem::path& directory,
                                                     std::uint64_t first, std::uint64_t count) {
  std::vector<std::string> entries;
  entries.reserve(count);
  while (entries.size() < count) {
    const std::uint64_t index = first + entries.size();
    ASSIGN_OR_RETURN(const std::string bytes, ReadBundleFile(directory, index / kTileWidth));
    const BundleContent content = ReadBundle(bytes);
    if (content.entries.size() <= index % kTileWidth) {
      return base::DataLoss("entry {} is missing: {} holds {} entries", index,
                            BundlePath(index / kTileWidth), content.entries.size());
    }
    for (auto at = static_cast<std::size_t>(index % kTileWidth);
         at < content.entries.size() && entries.size() < count; ++at) {
      entries.emplace_back(content.entries[at]);
    }
  }
  return entries;
}

base::StatusOr<EntryBundles> EntryBundles::Open(const std::filesystem::path& directory,
                                                Position position, base::SyncFunction sync) {
  EntryBundles bundles(directory, sync);
  bundles.position_ = position;
  const std::uint64_t current = position.index / kTileWidth;
  const bool started = position.index % kTileWidth > 0;
  if (position.index > 0) {
    const std::uint64_t last = (position.index - 1) / kTileWidth;
    ASSIGN_OR_RETURN(bundles.file_, base::AppendFile::Open(bundles.PathOf(last), sync));
    if (started && bundles.file_.size() < position.offset) {
      return base::DataLoss("{} has {} bytes, {} are needed", BundlePath(last),
                            bundles.file_.size(), position.offset);
    }
    if (started && bundles.file_.size() > position.offset) {
      RETURN_IF_ERROR(bundles.file_.Truncate(position.offset));
    }
    // Even unchanged: a killed process may have written, and not synced, what is now kept.
    RETURN_IF_ERROR(bundles.file_.Sync());
    RETURN_IF_ERROR(base::SyncDirectory(bundles.PathOf(last).parent_path()));
    if (!started) bundles.file_.Close();
  }
  std::error_code error;
  for (std::uint64_t next = current + (started ? 1 : 0);; ++next) {
    const std::filesystem::path path = bundles.PathOf(next);
    if (!std::filesystem::remove(path, error)) break;
    RETURN_IF_ERROR(base::SyncDirectory(path.parent_path()));
  }
  return bundles;
}

base::Status EntryBundles::Append(std::string_view entry) {
  AppendToBundle(pending_, entry);
  position_.offset += 2 + entry.size();
  ++position_.index;
  if (position_.index % kTileWidth != 0) return base::OkStatus();
  RETURN_IF_ERROR(Write());
  RETURN_IF_ERROR(Sync());
  file_.Close();
  position_.offset = 0;
  return base::OkStatus();
}

base::Status EntryBundles::Write() {
  if (pending_.empty()) return base::OkStatus();
  if (!file_.is_open()) {
    const std::filesystem::path path = PathOf((position_.index - 1) / kTileWidth);
    RETURN_IF_ERROR(base::MakeDirectories(directory_, path.parent_path()));
    ASSIGN_OR_RETURN(file_, base::AppendFile::Open(path, sync_));
    RETURN_IF_ERROR(base::SyncDirectory(path.parent_path()));
  }
  RETURN_IF_ERROR(file_.Append(pending_));
  pending_.clear();
  return base::OkStatus();
}

base::Status EntryBundles::Sync() { return file_.is_open() ? file_.Sync() : base::OkStatus(); }

std::filesystem::path EntryBundles::PathOf(std::uint64_t bundle) const {
  return directory_ / BundlePath(bundle);
}

}  // namespace belgrand::compliance
