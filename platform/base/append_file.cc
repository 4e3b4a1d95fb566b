#include "platform/base/append_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "platform/base/check.h"
#include "platform/base/file.h"

namespace belgrand::base {
namespace {

Status FromErrno(std::string_view what, const std::filesystem::path& path, int error) {
  const std::string text = fmt::format("{} {}: {}", what, path.string(), std::strerror(error));
  switch (error) {
    case ENOENT:
      return MakeStatus(StatusCode::kNotFound, text);
    case EACCES:
    case EPERM:
      return MakeStatus(StatusCode::kPermissionDenied, text);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return MakeStatus(StatusCode::kResourceExhausted, text);
    default:
      return MakeStatus(StatusCode::kUnavailable, text);
  }
}

}  // namespace

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  std::swap(path_, other.path_);
  std::swap(sync_, other.sync_);
  return *this;
}

StatusOr<AppendFile> AppendFile::Open(const std::filesystem::path& path, SyncFunction sync) {
  AppendFile file;
  file.fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file.fd_ < 0) return FromErrno("cannot open", path, errno);
  const off_t end = ::lseek(file.fd_, 0, SEEK_END);
  if (end < 0) return FromErrno("cannot seek in", path, errno);
  file.size_ = static_cast<std::uint64_t>(end);
  file.path_ = path;
  file.sync_ = sync != nullptr ? sync : ::fdatasync;
  return file;
}

Status AppendFile::WriteAt(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return FromErrno("cannot write", path_, errno);
    }
    offset += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return OkStatus();
}

Status AppendFile::Append(std::string_view bytes) {
  RETURN_IF_ERROR(WriteAt(size_, bytes));
  size_ += bytes.size();
  return OkStatus();
}

Status AppendFile::Overwrite(std::string_view bytes) {
  BELGRAND_CHECK(bytes.size() <= size_);
  return WriteAt(0, bytes);
}

Status AppendFile::Sync() {
  if (sync_(fd_) == 0) return OkStatus();
  return Unavailable("cannot sync {}: {}", path_.string(), std::strerror(errno));
}

Status AppendFile::Truncate(std::uint64_t size) {
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
    return FromErrno("cannot truncate", path_, errno);
  }
  size_ = size;
  return OkStatus();
}

void AppendFile::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

StatusOr<std::string> ReadFileRange(const std::filesystem::path& path, std::uint64_t offset,
                                    std::size_t count) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno("cannot open", path, errno);
  std::string bytes(count, '\0');
  std::size_t got = 0;
  int error = 0;
  while (got < count) {
    const ssize_t n =
        ::pread(fd, bytes.data() + got, count - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) error = errno;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  ::close(fd);
  if (error != 0) return FromErrno("cannot read", path, error);
  bytes.resize(got);
  return bytes;
}

Status MakeDirectories(const std::filesystem::path& root, const std::filesystem::path& path) {
  std::vector<std::filesystem::path> missing;
  std::error_code error;
  for (auto at = path; at != root && !std::filesystem::exists(at, error); at = at.parent_path()) {
    missing.push_back(at);
    if (!at.has_relative_path()) break;
  }
  for (auto it = missing.rbegin(); it != missing.rend(); ++it) {
    std::filesystem::create_directory(*it, error);
    if (error) return FromErrno("cannot create directory", *it, error.value());
    RETURN_IF_ERROR(SyncDirectory(it->has_parent_path() ? it->parent_path() : "."));
  }
  return OkStatus();
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) ::close(fd_);
}

StatusOr<DirectoryLock> DirectoryLock::Acquire(const std::filesystem::path& directory) {
  DirectoryLock lock;
  lock.fd_ = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock.fd_ < 0) return FromErrno("cannot open directory", directory, errno);
  if (::flock(lock.fd_, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return FromErrno("cannot lock", directory, errno);
  return FailedPrecondition("{} is in use by another process: stop it, or use another directory",
                            directory.string());
}

}  // namespace belgrand::base
