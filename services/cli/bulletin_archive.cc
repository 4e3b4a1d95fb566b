#include "services/cli/bulletin_archive.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "platform/base/file.h"

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kMode = 0644;

int VersionOf(const std::string& name) {
  int version = 0;
  if (name.size() < 2 || name[0] != 'v') return 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), version);
  return error == std::errc() && end == name.data() + name.size() ? version : 0;
}

base::Status Failed(const fs::path& path, const std::error_code& error) {
  return base::Unavailable("{}: {}", path.string(), error.message());
}

}  // namespace

base::StatusOr<std::optional<ArchivedBulletin>> BulletinArchive::Newest() const {
  std::error_code error;
  if (!fs::exists(folder_, error)) return std::optional<ArchivedBulletin>();
  ArchivedBulletin newest;
  for (fs::directory_iterator entry(folder_, error), end; entry != end; entry.increment(error)) {
    if (error) break;
    const int version = VersionOf(entry->path().filename().string());
    if (version <= newest.version) continue;
    newest.version = version;
    newest.folder = entry->path();
  }
  if (error) return Failed(folder_, error);
  if (newest.version == 0) return std::optional<ArchivedBulletin>();
  ASSIGN_OR_RETURN(newest.json, base::ReadFile(newest.folder / "bulletin.json"));
  return std::optional(std::move(newest));
}

base::StatusOr<fs::path> BulletinArchive::Add(
    int version, const std::map<std::string, std::string>& files) const {
  const fs::path place = folder_ / fmt::format("v{}", version);
  const fs::path beside = folder_ / fmt::format(".v{}.new", version);
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return Failed(folder_, error);
  fs::remove_all(beside, error);
  fs::create_directory(beside, error);
  if (error) return Failed(beside, error);
  for (const auto& [name, content] : files) {
    RETURN_IF_ERROR(base::WriteFileAtomically(beside / name, content, kMode));
  }
  if (fs::exists(place)) {
    return base::MakeStatus(base::StatusCode::kAlreadyExists,
                            place.string() + " was written meanwhile: run it again");
  }
  fs::rename(beside, place, error);
  if (error) return Failed(place, error);
  RETURN_IF_ERROR(base::SyncDirectory(folder_));
  return place;
}

}  // namespace belgrand::cli
