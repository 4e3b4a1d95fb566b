#include "services/compliance/backup_search.h"

#include "platform/base/log.h"
#include "platform/storage/search.h"
#include "services/backup/folder.h"

namespace belgrand::compliance {
namespace {

namespace fs = std::filesystem;

// Removed with everything in it, whatever happens.
class Scratch {
 public:
  explicit Scratch(fs::path path) : path_(std::move(path)) { Remove(); }
  ~Scratch() { Remove(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  void Remove() const {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    fs::remove_all(path_.string() + ".restoring", ignored);
  }
  const fs::path path_;
};

base::StatusOr<std::vector<v1::SearchLine>> SearchBackup(const fs::path& folder,
                                                         const fs::path& scratch_path,
                                                         const shared::PersonMatcher& matcher,
                                                         std::uint64_t id) {
  std::vector<v1::SearchLine> lines;
  const Scratch scratch(scratch_path);
  ASSIGN_OR_RETURN(const auto set, backup::ReadSet(folder, id));
  RETURN_IF_ERROR(backup::Restore(folder, set, scratch.path(), nullptr));
  for (const auto& part : set.parts()) {
    const std::string store = fmt::format("backup {}/{}", id, part.role());
    const fs::path laid_out = scratch.path() / part.role();
    std::error_code error;
    if (fs::exists(laid_out / "CURRENT", error)) {
      ASSIGN_OR_RETURN(const auto found, storage::Search(laid_out, shared::Sought(matcher)));
      for (auto& line : shared::ToLines(store, found, matcher)) lines.push_back(std::move(line));
    } else {
      storage::SearchCount count;
      RETURN_IF_ERROR(storage::SearchTree(laid_out, shared::Sought(matcher), count));
      lines.push_back(shared::ToLine(store, "files", count, matcher));
    }
  }
  return lines;
}

}  // namespace

base::StatusOr<std::vector<BackupFact>> ListBackups(const fs::path& folder, base::Instant gone) {
  std::vector<BackupFact> facts;
  ASSIGN_OR_RETURN(const auto ids, backup::SetIds(folder));
  for (const std::uint64_t id : ids) {
    const auto set = backup::ReadSet(folder, id);
    // A damaged backup must not keep anybody from being erased.
    if (!set.ok()) {
      facts.push_back({.id = id, .created = {}, .damaged = true});
      continue;
    }
    const base::Instant created = base::FromMicros(set->created_us());
    facts.push_back({.id = id, .created = created, .before = created <= gone});
  }
  return facts;
}

base::StatusOr<std::vector<v1::SearchLine>> SearchBackups(const fs::path& folder,
                                                          const fs::path& scratch_path,
                                                          const shared::PersonMatcher& matcher,
                                                          std::vector<BackupFact>& backups) {
  std::vector<v1::SearchLine> lines;
  for (BackupFact& fact : backups) {
    if (fact.before || fact.damaged) continue;
    const auto found = SearchBackup(folder, scratch_path, matcher, fact.id);
    // It stands in the certificate as not searched.
    if (!found.ok()) {
      base::Log(base::LogLevel::kWarning, "backup_not_searched",
                {{"id", fact.id}, {"reason", found.status()}});
      continue;
    }
    lines.insert(lines.end(), found->begin(), found->end());
    fact.searched = true;
  }
  return lines;
}

}  // namespace belgrand::compliance
