// A real file system of a few MiB that a test can fill and make read-only, as tmpfs in a mount
// namespace of the test's own: gone with the process, seen by the services it starts.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "platform/base/error.h"

namespace belgrand::testing {

class SmallDisk {
 public:
  // Mounts it at `path`, which is created. PermissionDenied: this machine does not let tests mount;
  // skip the test with that reason.
  base::Status Mount(const std::filesystem::path& path, int mebibytes) {
    static const bool own = ::unshare(CLONE_NEWNS) == 0 &&
                            ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    std::filesystem::create_directories(path);
    const std::string size = "size=" + std::to_string(mebibytes) + "m";
    if (!own || ::mount("tmpfs", path.c_str(), "tmpfs", 0, size.c_str()) != 0) {
      return base::PermissionDenied("needs the right to mount a small tmpfs: {}",
                                    std::strerror(errno));
    }
    path_ = path;
    return base::OkStatus();
  }
  ~SmallDisk() {
    if (!path_.empty()) ::umount2(path_.c_str(), MNT_DETACH);
  }

  // Takes what is free, as another program's files would.
  void Fill() {
    const int fd = ::open(Filler().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    for (std::size_t size = std::size_t{1} << 20; size > 0;) {
      const std::vector<char> bytes(size, 'x');
      const ssize_t written = ::write(fd, bytes.data(), bytes.size());
      if (written <= 0) size /= 2;
    }
    ::close(fd);
  }
  void Free() { std::filesystem::remove(Filler()); }
  // EBUSY while a process has a file there open for writing, as with every file system.
  bool Remount(bool read_only) {
    return ::mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | (read_only ? MS_RDONLY : 0),
                   nullptr) == 0;
  }

 private:
  std::filesystem::path Filler() const { return path_ / "filler"; }
  std::filesystem::path path_;
};

}  // namespace belgrand::testing
