#include "services/backup/shelf.h"

#include <algorithm>

#include "platform/base/append_file.h"
#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"

namespace belgrand::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunk = std::size_t{4} << 20;
constexpr char kIncoming[] = "incoming";

base::Status ForEachChunk(const fs::path& path, std::uint64_t size, const OnBytes& on_bytes,
                          const std::function<base::Status(std::string_view)>& take) {
  for (std::uint64_t at = 0; at < size;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, size - at));
    ASSIGN_OR_RETURN(const std::string chunk, base::ReadFileRange(path, at, wanted));
    if (chunk.size() != wanted) {
      return base::DataLoss("{} ends after {} of {} bytes", path.string(), at + chunk.size(), size);
    }
    RETURN_IF_ERROR(take(chunk));
    at += wanted;
    if (on_bytes) RETURN_IF_ERROR(on_bytes(wanted));
  }
  return base::OkStatus();
}

base::StatusOr<base::AppendFile> OpenEmpty(const fs::path& path) {
  ASSIGN_OR_RETURN(base::AppendFile file, base::AppendFile::Open(path));
  if (file.size() > 0) RETURN_IF_ERROR(file.Truncate(0));
  return file;
}

base::Status CheckSize(const fs::path& path, std::uint64_t size) {
  std::error_code error;
  const std::uintmax_t found = fs::file_size(path, error);
  if (error) {
    return base::NotFound("object {} is missing from the backup folder", path.filename().string());
  }
  if (found == size) return base::OkStatus();
  return base::DataLoss("object {} has {} bytes instead of {}: it is {}", path.filename().string(),
                        found, size, found < size ? "cut off" : "too long");
}

base::Status CheckDigest(const fs::path& path, std::string_view wanted,
                         const crypto::Digest& found) {
  if (crypto::View(found) == wanted) return base::OkStatus();
  return base::DataLoss("object {} holds other bytes than were stored: it is damaged",
                        path.filename().string());
}

}  // namespace

fs::path Shelf::PathOf(std::string_view sha256) const {
  const std::string hex = crypto::ToHex(sha256);
  return objects_ / hex.substr(0, 2) / hex;
}

base::StatusOr<Shelf::Object> Shelf::Settle(const std::string& sha256, std::uint64_t size) {
  const bool fresh = !Holds(sha256, size);
  const fs::path path = PathOf(sha256);
  RETURN_IF_ERROR(base::MakeDirectories({}, path.parent_path()));
  std::error_code error;
  fs::rename(objects_ / kIncoming, path, error);
  if (error) return base::Unavailable("cannot rename to {}: {}", path.string(), error.message());
  RETURN_IF_ERROR(base::SyncDirectory(path.parent_path()));
  return Object{sha256, fresh};
}

base::StatusOr<Shelf::Object> Shelf::AddFile(const fs::path& path, std::uint64_t size,
                                             const OnBytes& on_bytes) {
  RETURN_IF_ERROR(base::MakeDirectories({}, objects_));
  ASSIGN_OR_RETURN(base::AppendFile out, OpenEmpty(objects_ / kIncoming));
  crypto::Sha256Stream hash;
  RETURN_IF_ERROR(ForEachChunk(path, size, on_bytes, [&](std::string_view chunk) {
    hash.Update(chunk);
    return out.Append(chunk);
  }));
  RETURN_IF_ERROR(out.Sync());
  out.Close();
  return Settle(std::string(crypto::View(hash.Finish())), size);
}

base::StatusOr<Shelf::Object> Shelf::AddBytes(std::string_view content) {
  RETURN_IF_ERROR(base::MakeDirectories({}, objects_));
  const std::string sha256(crypto::View(crypto::Sha256(content)));
  // Most of these are there already: reading is cheaper than another sync.
  if (Check(sha256, content.size(), {}).ok()) return Object{sha256, false};
  ASSIGN_OR_RETURN(base::AppendFile out, OpenEmpty(objects_ / kIncoming));
  RETURN_IF_ERROR(out.Append(content));
  RETURN_IF_ERROR(out.Sync());
  out.Close();
  return Settle(sha256, content.size());
}

bool Shelf::Holds(std::string_view sha256, std::uint64_t size) const {
  return CheckSize(PathOf(sha256), size).ok();
}

base::Status Shelf::Check(std::string_view sha256, std::uint64_t size,
                          const OnBytes& on_bytes) const {
  const fs::path path = PathOf(sha256);
  RETURN_IF_ERROR(CheckSize(path, size));
  crypto::Sha256Stream hash;
  RETURN_IF_ERROR(ForEachChunk(path, size, on_bytes, [&](std::string_view chunk) {
    hash.Update(chunk);
    return base::OkStatus();
  }));
  return CheckDigest(path, sha256, hash.Finish());
}

base::Status Shelf::Fetch(std::string_view sha256, std::uint64_t size, const fs::path& target,
                          const OnBytes& on_bytes) const {
  const fs::path path = PathOf(sha256);
  RETURN_IF_ERROR(CheckSize(path, size));
  ASSIGN_OR_RETURN(base::AppendFile out, OpenEmpty(target));
  crypto::Sha256Stream hash;
  RETURN_IF_ERROR(ForEachChunk(path, size, on_bytes, [&](std::string_view chunk) {
    hash.Update(chunk);
    return out.Append(chunk);
  }));
  RETURN_IF_ERROR(CheckDigest(path, sha256, hash.Finish()));
  return out.Sync();
}

base::Status Shelf::Sweep(const std::set<std::string>& keep) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(objects_, error), end; !error && it != end;
       it.increment(error)) {
    if (!it->is_regular_file(error) || error) continue;
    const auto sha256 = crypto::FromHex(it->path().filename().string());
    if (sha256.ok() && keep.contains(*sha256)) continue;
    fs::remove(it->path(), error);
    if (error) break;
  }
  if (!error || error == std::errc::no_such_file_or_directory) return base::OkStatus();
  return base::Unavailable("cannot clear {}: {}", objects_.string(), error.message());
}

}  // namespace belgrand::backup
