// A library that makes file writes fail, for LD_PRELOAD: EIO, ENOSPC and EROFS as the kernel would
// give them, below everything that a process is linked with.
//
// BELGRAND_FAULT_DIR: only files below it. BELGRAND_FAULT_CONTROL: a file of two int32, mapped
// shared with the test: {calls that still succeed, negative while disarmed; errno to give}.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

struct Control {
  std::atomic<int> calls_left;
  std::atomic<int> error;
};

Control* Map() {
  const char* const path = ::getenv("BELGRAND_FAULT_CONTROL");
  if (path == nullptr) return nullptr;
  const int fd = ::open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* memory = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  return memory == MAP_FAILED ? nullptr : static_cast<Control*>(memory);
}

bool IsWatched(int fd) {
  static const char* const directory = ::getenv("BELGRAND_FAULT_DIR");
  if (directory == nullptr) return false;
  char link[64];
  char path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = ::readlink(link, path, sizeof path - 1);
  if (size <= 0) return false;
  path[size] = '\0';
  return std::strncmp(path, directory, std::strlen(directory)) == 0;
}

// True with errno set when this call is to fail.
bool Fails(int fd) {
  static Control* const control = Map();
  if (control == nullptr || control->calls_left.load() < 0 || !IsWatched(fd)) return false;
  int left = control->calls_left.load();
  while (left > 0 && !control->calls_left.compare_exchange_weak(left, left - 1)) {
  }
  if (left != 0) return false;
  errno = control->error.load();
  return true;
}

}  // namespace

extern "C" {
ssize_t write(int fd, const void* data, size_t size) {
  return Fails(fd) ? -1 : ::syscall(SYS_write, fd, data, size);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return Fails(fd) ? -1 : ::syscall(SYS_pwrite64, fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return Fails(fd) ? -1 : ::syscall(SYS_pwrite64, fd, data, size, offset);
}
int fdatasync(int fd) { return Fails(fd) ? -1 : static_cast<int>(::syscall(SYS_fdatasync, fd)); }
int fsync(int fd) { return Fails(fd) ? -1 : static_cast<int>(::syscall(SYS_fsync, fd)); }
}
