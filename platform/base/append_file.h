// A file that only grows, and the lock that keeps a directory to one writer.
//
// Why: logs append and sync many times an hour; whole-file replacement (file.h) would cost the
// whole file each time. Truncate exists only to take back a tail that was never acknowledged.
//
// Thread safety: externally synchronised.
// Errors: as FromErrno in file.cc: NotFound, PermissionDenied, ResourceExhausted (disk full or file
// too large), else Unavailable; each names the path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::base {

// The system call behind Sync; tests pass one that fails.
using SyncFunction = int (*)(int fd);

class AppendFile {
 public:
  AppendFile() = default;
  ~AppendFile() { Close(); }
  AppendFile(AppendFile&& other) noexcept { *this = std::move(other); }
  AppendFile& operator=(AppendFile&& other) noexcept;
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  // Opens the file, creating it (mode 0600) where it does not exist; the directory entry is NOT
  // synced.
  static StatusOr<AppendFile> Open(const std::filesystem::path& path,
                                   SyncFunction sync = nullptr /* fdatasync */);

  bool is_open() const { return fd_ >= 0; }
  // Bytes in the file as far as this object wrote them; after a failed Append, before the torn
  // part.
  std::uint64_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }

  // Writes at size(). On failure part of `bytes` may be in the file: Truncate(size()) takes it
  // back.
  Status Append(std::string_view bytes);
  // Makes what was appended durable. Unavailable for every failure, a full disk too: nothing is
  // known about the unsynced part then, and syncing again may falsely succeed.
  Status Sync();
  Status Truncate(std::uint64_t size);
  // Writes over the start of the file, which is at least that long: how a key file is destroyed.
  Status Overwrite(std::string_view bytes);
  void Close();

 private:
  Status WriteAt(std::uint64_t offset, std::string_view bytes);

  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::filesystem::path path_;
  SyncFunction sync_ = nullptr;
};

// Reads up to `count` bytes at `offset`; fewer at the end of the file.
StatusOr<std::string> ReadFileRange(const std::filesystem::path& path, std::uint64_t offset,
                                    std::size_t count);

// Creates the missing directories of `path` below `root` (which exists) and syncs each parent.
Status MakeDirectories(const std::filesystem::path& root, const std::filesystem::path& path);

// An advisory lock (flock) on a directory, held until destruction. FailedPrecondition when another
// process, or another object of this one, holds it.
class DirectoryLock {
 public:
  DirectoryLock() = default;
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  DirectoryLock& operator=(DirectoryLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

  static StatusOr<DirectoryLock> Acquire(const std::filesystem::path& directory);

 private:
  int fd_ = -1;
};

}  // namespace belgrand::base
