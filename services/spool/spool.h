// The directory in which a client keeps rows until the service has judged them.
//
//   <directory>/queue/<id>.spool       inputs with rows that have no verdict yet, in order of id
//   <directory>/verdicts/<id>-<name>.csv   the verdict of every row of a finished input
//   <directory>/incoming/              inputs being written, and the last id given
//   <directory>/key                    the key that seals the queue, unless another file is named
//
// Crash-safe at every point: an input appears in the queue whole and synced or not at all; a
// verdict counts once it is synced; an input leaves the queue after its verdict file is synced.
// Any number of processes may add; one at a time drains. Layout: docs/formats/spool.md.
//
// Thread safety: externally synchronised.
// Errors: ResourceExhausted: over the limit, or the disk is full; FailedPrecondition: somebody else
// drains, another key, or permissions that let others read; DataLoss: a damaged input.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "platform/base/append_file.h"
#include "platform/base/clock.h"
#include "platform/base/error.h"
#include "platform/crypto/secret.h"
#include "services/spool/input_file.h"

namespace belgrand::spool {

struct SpoolOptions {
  std::filesystem::path directory;
  // 32 bytes, not readable by others. Empty: <directory>/key, made when there is none.
  std::filesystem::path key_file;
  // What becomes of a directory that is not there yet.
  enum class Missing { kCreate, kRefuse } missing = Missing::kCreate;
  // Of all files in the queue together.
  std::uint64_t limit_bytes = std::uint64_t{1} << 30;
  base::SyncFunction sync = nullptr;
};

struct InputInfo {
  std::uint64_t id = 0;
  std::string name;
  std::uint64_t rows = 0;
  std::uint64_t judged = 0;
  std::uint64_t bytes = 0;
  base::Instant spooled_at;
  // Why the rest is unknown, where the file cannot be read.
  base::Status status;
};

class Spool {
 public:
  // Creates what is missing, with mode 0700. NotFound: there is no spool, and none is to be made.
  static base::StatusOr<std::unique_ptr<Spool>> Open(const SpoolOptions& options,
                                                     const base::Clock& clock);

  // The id; the rows survive a crash from here on. On an error nothing of them was kept.
  base::StatusOr<std::uint64_t> Add(const std::string& name, std::span<const v1::Row> rows);

  // Inputs with something left to do, in the order in which they are sent.
  base::StatusOr<std::vector<std::uint64_t>> Queue() const;
  // Reads and checks all of it.
  base::StatusOr<InputInfo> Describe(std::uint64_t id) const;
  base::StatusOr<InputFile> Read(std::uint64_t id) const;
  // NotFound: the input is not finished, or is unknown.
  base::StatusOr<std::filesystem::path> VerdictFile(std::uint64_t id) const;
  base::StatusOr<std::vector<std::filesystem::path>> VerdictFiles() const;
  base::Status RemoveVerdictFile(std::uint64_t id);

  const std::filesystem::path& directory() const { return options_.directory; }

  // The right to send and to remove, held by one process at a time.
  class Drain {
   public:
    base::StatusOr<InputFile> Open(std::uint64_t id) const;
    // Writes the verdict file and takes the input out of the queue. REQUIRES: all rows are judged.
    base::StatusOr<std::filesystem::path> Finish(std::uint64_t id, const std::string& name,
                                                 std::string_view verdicts_csv);
    // Takes the input out of the queue whatever it holds.
    base::Status Drop(std::uint64_t id);

   private:
    friend class Spool;
    Drain(Spool& spool, base::DirectoryLock lock) : spool_(&spool), lock_(std::move(lock)) {}
    Spool* spool_;
    base::DirectoryLock lock_;
  };
  // FailedPrecondition: another process drains.
  base::StatusOr<Drain> BeginDrain();

 private:
  Spool(SpoolOptions options, const base::Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  std::filesystem::path Folder(const char* name) const { return options_.directory / name; }
  std::filesystem::path QueueFile(std::uint64_t id) const;
  base::Status LoadKey();
  base::StatusOr<std::uint64_t> NextId() const;
  base::StatusOr<std::uint64_t> QueueBytes() const;
  base::Status Destroy(std::uint64_t id);

  SpoolOptions options_;
  const base::Clock& clock_;
  crypto::Key256 key_;
};

}  // namespace belgrand::spool
