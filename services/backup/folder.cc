#include "services/backup/folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <utility>

#include "platform/base/file.h"
#include "platform/base/log.h"

namespace belgrand::backup {
namespace {

namespace fs = std::filesystem;
using storage::v1::BackupFile;
using storage::v1::BackupPart;
using storage::v1::BackupSet;

base::Status MakePrivate(const fs::path& folder) {
  std::error_code error;
  const bool fresh = !fs::exists(folder, error);
  RETURN_IF_ERROR(base::MakeDirectories({}, folder));
  if (fresh) ::chmod(folder.c_str(), 0700);
  return base::OkStatus();
}

// Counts what passes and tells it.
class Teller {
 public:
  Teller(const BackupSet& set, const OnProgress& tell) : tell_(tell) {
    progress_.bytes_total = SizeOf(set).bytes;
  }
  OnBytes For(const std::string& role) {
    progress_.role = role;
    return [this](std::uint64_t bytes) {
      progress_.bytes_done += bytes;
      return tell_ ? tell_(progress_) : base::OkStatus();
    };
  }

 private:
  const OnProgress& tell_;
  Progress progress_;
};

bool IsDamage(const base::Status& status) {
  return status.code() == base::StatusCode::kNotFound ||
         status.code() == base::StatusCode::kDataLoss;
}

base::Status CheckEmpty(const fs::path& target) {
  std::error_code error;
  if (!fs::exists(target, error) ||
      (fs::is_directory(target, error) && fs::is_empty(target, error))) {
    return base::OkStatus();
  }
  return base::FailedPrecondition(
      "{} is not empty: restore into a new directory, then point data_dir at it", target.string());
}

base::Status LayOut(const Shelf& shelf, const BackupPart& part, const fs::path& root,
                    const OnBytes& on_bytes) {
  std::set<fs::path> directories;
  for (const BackupFile& file : part.files()) {
    const fs::path path = root / part.role() / file.name();
    RETURN_IF_ERROR(base::MakeDirectories({}, path.parent_path()));
    base::Status fetched = shelf.Fetch(file.sha256(), file.size(), path, on_bytes);
    if (!fetched.ok()) {
      return base::Annotate(fetched, fmt::format("{}/{}", part.role(), file.name()));
    }
    directories.insert(path.parent_path());
  }
  for (const fs::path& directory : directories) {
    ::chmod(directory.c_str(), 0700);
    RETURN_IF_ERROR(base::SyncDirectory(directory));
  }
  return base::OkStatus();
}

}  // namespace

base::StatusOr<std::unique_ptr<Maker>> Maker::Open(const fs::path& folder, OnProgress on_progress) {
  RETURN_IF_ERROR(MakePrivate(folder));
  ASSIGN_OR_RETURN(base::DirectoryLock lock, base::DirectoryLock::Acquire(folder));
  std::unique_ptr<Maker> maker(new Maker(folder, std::move(on_progress), std::move(lock)));
  ASSIGN_OR_RETURN(const std::vector<std::uint64_t> ids, SetIds(folder));
  maker->set_.set_format(1);
  maker->set_.set_id(ids.empty() ? 1 : ids.back() + 1);
  if (!ids.empty()) {
    ASSIGN_OR_RETURN(const BackupSet newest, ReadSet(folder, ids.back()));
    for (const BackupPart& part : newest.parts()) {
      for (const BackupFile& file : part.files()) {
        if (!file.identity().empty()) {
          maker->known_[part.role() + '/' + file.identity()] = file.sha256();
        }
      }
    }
  }
  return maker;
}

void Maker::BeginPart(const std::string& role) {
  set_.add_parts()->set_role(role);
  progress_.role = role;
}

void Maker::Announce(std::uint64_t bytes) { progress_.bytes_total += bytes; }

base::Status Maker::Done(std::uint64_t bytes) {
  progress_.bytes_done += bytes;
  return on_progress_ ? on_progress_(progress_) : base::OkStatus();
}

void Maker::Add(const std::string& name, std::uint64_t size, const Shelf::Object& object,
                const std::string& identity) {
  BackupFile& file = *part().add_files();
  file.set_name(name);
  file.set_size(size);
  file.set_sha256(object.sha256);
  file.set_identity(identity);
  if (object.fresh) fresh_bytes_ += size;
}

base::Status Maker::AddFile(const std::string& name, const fs::path& path, std::uint64_t size,
                            const std::string& identity) {
  if (!identity.empty()) {
    const auto known = known_.find(part().role() + '/' + identity);
    if (known != known_.end() && shelf_.Holds(known->second, size)) {
      Add(name, size, {known->second, false}, identity);
      return Done(size);
    }
  }
  ASSIGN_OR_RETURN(const Shelf::Object object,
                   shelf_.AddFile(path, size, [this](std::uint64_t bytes) { return Done(bytes); }));
  Add(name, size, object, identity);
  return base::OkStatus();
}

base::Status Maker::AddBytes(const std::string& name, std::string_view content) {
  ASSIGN_OR_RETURN(const Shelf::Object object, shelf_.AddBytes(content));
  Add(name, content.size(), object, "");
  return Done(content.size());
}

void Maker::AddMark(const std::string& name, std::uint64_t at_least, std::uint64_t at_most) {
  auto& mark = *part().add_marks();
  mark.set_name(name);
  mark.set_at_least(at_least);
  mark.set_at_most(at_most);
}

base::StatusOr<BackupSet> Maker::Finish(base::Instant now, const std::string& version) {
  set_.set_created_us(base::ToMicros(now));
  set_.set_version(version);
  const fs::path path = SetPath(folder_, set_.id());
  RETURN_IF_ERROR(base::MakeDirectories({}, path.parent_path()));
  RETURN_IF_ERROR(base::WriteFileAtomically(path, EncodeSet(set_)));
  return set_;
}

base::StatusOr<std::vector<std::uint64_t>> Maker::Prune(std::uint64_t keep) {
  ASSIGN_OR_RETURN(std::vector<std::uint64_t> ids, SetIds(folder_));
  const std::size_t kept = std::min<std::size_t>(std::max<std::uint64_t>(keep, 1), ids.size());
  const std::vector<std::uint64_t> forgotten(ids.begin(),
                                             ids.end() - static_cast<std::ptrdiff_t>(kept));
  ids.erase(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(forgotten.size()));
  std::set<std::string> needed;
  for (const std::uint64_t id : ids) {
    ASSIGN_OR_RETURN(const BackupSet set, ReadSet(folder_, id));
    for (const BackupPart& part : set.parts()) {
      for (const BackupFile& file : part.files()) needed.insert(file.sha256());
    }
  }
  for (const std::uint64_t id : forgotten) {
    std::error_code error;
    fs::remove(SetPath(folder_, id), error);
    if (error) {
      return base::Unavailable("cannot remove backup {}: {}", id, error.message());
    }
  }
  if (!forgotten.empty()) RETURN_IF_ERROR(base::SyncDirectory(folder_ / "sets"));
  RETURN_IF_ERROR(shelf_.Sweep(needed));
  return forgotten;
}

base::StatusOr<std::vector<std::string>> Verify(const fs::path& folder, const BackupSet& set,
                                                const OnProgress& on_progress) {
  const Shelf shelf(folder);
  Teller teller(set, on_progress);
  std::vector<std::string> problems;
  for (const BackupPart& part : set.parts()) {
    for (const BackupFile& file : part.files()) {
      const base::Status status = shelf.Check(file.sha256(), file.size(), teller.For(part.role()));
      if (status.ok()) continue;
      if (!IsDamage(status)) return status;
      problems.push_back(fmt::format("{}/{}: {}", part.role(), file.name(), base::Message(status)));
    }
  }
  return problems;
}

base::Status Restore(const fs::path& folder, const BackupSet& set, const fs::path& named,
                     const OnProgress& on_progress) {
  const fs::path target = named.has_filename() ? named : named.parent_path();  // "a/" is "a"
  RETURN_IF_ERROR(CheckEmpty(target));
  const fs::path work = target.string() + ".restoring";
  std::error_code error;
  fs::remove_all(work, error);
  RETURN_IF_ERROR(MakePrivate(work));
  const Shelf shelf(folder);
  Teller teller(set, on_progress);
  for (const BackupPart& part : set.parts()) {
    RETURN_IF_ERROR(LayOut(shelf, part, work, teller.For(part.role())));
  }
  RETURN_IF_ERROR(base::SyncDirectory(work));
  fs::remove(target, error);  // empty, or not there
  fs::rename(work, target, error);
  if (error) {
    return base::Unavailable("cannot rename {} to {}: {}", work.string(), target.string(),
                             error.message());
  }
  return base::SyncDirectory(target.has_parent_path() ? target.parent_path() : ".");
}

}  // namespace belgrand::backup
