// A backup folder: makes sets, lists, verifies, restores and forgets them.
//
//   <folder>/objects/...   services/backup/shelf.h
//   <folder>/sets/<id>.set services/backup/set.h, ids of at least eight digits, from 1
//
// Keys never come here: what roles hand over holds neither the keyring nor the seed of the audit
// log, so that who has a backup cannot open what is sealed, and a person whose key was dropped
// stays unreadable in every backup.
//
// Thread safety: one Maker at a time, over all processes (a lock on the folder); the functions that
// read may run beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "belgrand/storage/v1/backup.pb.h"
#include "platform/base/append_file.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "services/backup/set.h"
#include "services/backup/shelf.h"
#include "services/backup/sink.h"

namespace belgrand::backup {

struct Progress {
  std::string role;
  std::uint64_t bytes_done = 0;
  // Announced so far: grows from role to role.
  std::uint64_t bytes_total = 0;
};
// An error ends the work and is returned: the way to give up.
using OnProgress = std::function<base::Status(const Progress&)>;

class Maker final : public Sink {
 public:
  // FailedPrecondition: another backup is being made there. DataLoss: the newest set cannot be
  // read; verify the folder, or use another.
  static base::StatusOr<std::unique_ptr<Maker>> Open(const std::filesystem::path& folder,
                                                     OnProgress on_progress);

  // What follows belongs to this role.
  void BeginPart(const std::string& role);
  void Announce(std::uint64_t bytes) override;
  base::Status AddFile(const std::string& name, const std::filesystem::path& path,
                       std::uint64_t size, const std::string& identity) override;
  base::Status AddBytes(const std::string& name, std::string_view content) override;
  void AddMark(const std::string& name, std::uint64_t at_least, std::uint64_t at_most) override;

  // Writes the set; the backup is there when it returns.
  base::StatusOr<storage::v1::BackupSet> Finish(base::Instant now, const std::string& version);
  // Forgets all but the newest `keep` sets (at least one) and what only they held. DataLoss, and
  // nothing is removed from the shelf, when a set that is kept cannot be read.
  base::StatusOr<std::vector<std::uint64_t>> Prune(std::uint64_t keep);

  // Bytes that were not there before.
  std::uint64_t fresh_bytes() const { return fresh_bytes_; }

 private:
  Maker(std::filesystem::path folder, OnProgress on_progress, base::DirectoryLock lock)
      : folder_(std::move(folder)),
        on_progress_(std::move(on_progress)),
        lock_(std::move(lock)),
        shelf_(folder_) {}
  storage::v1::BackupPart& part() { return *set_.mutable_parts(set_.parts_size() - 1); }
  base::Status Done(std::uint64_t bytes);
  void Add(const std::string& name, std::uint64_t size, const Shelf::Object& object,
           const std::string& identity);

  const std::filesystem::path folder_;
  const OnProgress on_progress_;
  const base::DirectoryLock lock_;
  Shelf shelf_;
  // Identity to digest, of the newest set.
  std::map<std::string, std::string> known_;
  storage::v1::BackupSet set_;
  std::uint64_t fresh_bytes_ = 0;
  Progress progress_;
};

// Reads every object of the set. One line for each that is missing or damaged: which file of which
// role, and how. Empty: every byte is what was stored.
base::StatusOr<std::vector<std::string>> Verify(const std::filesystem::path& folder,
                                                const storage::v1::BackupSet& set,
                                                const OnProgress& on_progress);

// Lays the set out below `target`, every byte checked on the way. FailedPrecondition: `target` is
// there and not empty. After an error, and after a crash, `target` is as it was; what was laid out
// so far is beside it, as <target>.restoring, and is cleared by the next attempt.
base::Status Restore(const std::filesystem::path& folder, const storage::v1::BackupSet& set,
                     const std::filesystem::path& target, const OnProgress& on_progress);

}  // namespace belgrand::backup
