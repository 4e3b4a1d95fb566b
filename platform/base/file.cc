#include "platform/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace belgrand::base {
namespace {

Status FromErrno(std::string_view what, const std::filesystem::path& path) {
  const int error = errno;
  const std::string text = fmt::format("{} {}: {}", what, path.string(), std::strerror(error));
  if (error == ENOENT) return MakeStatus(StatusCode::kNotFound, text);
  if (error == EACCES || error == EPERM) return MakeStatus(StatusCode::kPermissionDenied, text);
  if (error == ENOSPC || error == EDQUOT) return MakeStatus(StatusCode::kResourceExhausted, text);
  return MakeStatus(StatusCode::kUnavailable, text);
}

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Status WriteAll(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return FromErrno("cannot write", path);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return OkStatus();
}

}  // namespace

StatusOr<std::string> ReadFile(const std::filesystem::path& path, std::size_t max_bytes) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return FromErrno("cannot open", path);
  std::string content;
  char buffer[1 << 16];
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0) {
      if (errno == EINTR) continue;
      return FromErrno("cannot read", path);
    }
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > max_bytes) {
      return ResourceExhausted("{} is larger than {} bytes", path.string(), max_bytes);
    }
  }
}

Status SyncDirectory(const std::filesystem::path& directory) {
  const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return FromErrno("cannot open directory", directory);
  if (::fsync(fd.get()) != 0) return FromErrno("cannot sync directory", directory);
  return OkStatus();
}

Status WriteFileAtomically(const std::filesystem::path& path, std::string_view content,
                           unsigned mode) {
  std::filesystem::path temporary = path;
  temporary += ".new";
  {
    const Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (fd.get() < 0) return FromErrno("cannot create", temporary);
    RETURN_IF_ERROR(WriteAll(fd.get(), content, temporary));
    if (::fsync(fd.get()) != 0) return FromErrno("cannot sync", temporary);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return FromErrno("cannot rename", temporary);
  return SyncDirectory(path.has_parent_path() ? path.parent_path() : ".");
}

}  // namespace belgrand::base
