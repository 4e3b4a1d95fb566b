// A library for LD_PRELOAD, below everything that a process is linked with: it makes file writes
// fail as the kernel would (EIO, ENOSPC, EROFS), sets the clock of the day ahead, and kills the
// process at a step of delivering an alert (kill_steps.h). The program itself holds none of this.
//
// BELGRAND_FAULT_DIR: only files below it. BELGRAND_FAULT_CONTROL: a file of FaultControl, mapped
// shared with the test; while it is absent nothing is done.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>

#include "tests/support/fault_control.h"
#include "tests/support/kill_steps.h"

namespace {

using belgrand::testing::FaultControl;
using belgrand::testing::kActSteps;
using belgrand::testing::kEndOfLetter;
using belgrand::testing::kFirstActStep;
using belgrand::testing::KillStep;
using belgrand::testing::kKillSteps;
using belgrand::testing::StepCall;

FaultControl* Map() {
  const char* const path = ::getenv("BELGRAND_FAULT_CONTROL");
  if (path == nullptr) return nullptr;
  const int fd = ::open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* memory = ::mmap(nullptr, sizeof(FaultControl), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  return memory == MAP_FAILED ? nullptr : static_cast<FaultControl*>(memory);
}

FaultControl* Control() {
  static FaultControl* const control = Map();
  return control;
}

// The file's path below BELGRAND_FAULT_DIR; empty: another file.
std::string_view WatchedPath(int fd, char* buffer, std::size_t size) {
  static const char* const directory = ::getenv("BELGRAND_FAULT_DIR");
  if (directory == nullptr) return {};
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = ::readlink(link, buffer, size);
  if (length <= 0) return {};
  const std::string_view path(buffer, static_cast<std::size_t>(length));
  return path.starts_with(directory) ? path.substr(std::strlen(directory)) : std::string_view();
}

bool IsWatched(int fd) {
  char buffer[4096];
  return !WatchedPath(fd, buffer, sizeof buffer).empty();
}

// True with errno set when this call is to fail.
bool Fails(int fd) {
  FaultControl* const control = Control();
  if (control == nullptr || control->calls_left.load() < 0 || !IsWatched(fd)) return false;
  int left = control->calls_left.load();
  while (left > 0 && !control->calls_left.compare_exchange_weak(left, left - 1)) {
  }
  if (left != 0) return false;
  errno = control->error.load();
  return true;
}

// The step that the test waits for; null: none.
const KillStep* Armed() {
  FaultControl* const control = Control();
  if (control == nullptr) return nullptr;
  const int step = control->kill_step.load();
  const auto at = [](const auto& steps, int index) -> const KillStep* {
    return index < 0 || index >= static_cast<int>(steps.size())
               ? nullptr
               : &steps[static_cast<std::size_t>(index)];
  };
  return step >= kFirstActStep ? at(kActSteps, step - kFirstActStep) : at(kKillSteps, step - 1);
}

void DieHere() {
  FaultControl* const control = Control();
  if (control->kill_passes.fetch_sub(1) > 0) return;
  if (control->kill_step.exchange(0) == 0) return;  // another thread was first
  control->killed.fetch_add(1);
  ::syscall(SYS_kill, ::getpid(), SIGKILL);
}

bool Holds(const KillStep& step, const void* data, std::size_t size) {
  const std::string_view bytes(static_cast<const char*>(data), size);
  // Sent by itself, without the line end that the letter has already.
  if (step.text == kEndOfLetter) return bytes.ends_with(kEndOfLetter) || bytes == ".\r\n";
  if (bytes.find(step.text) == bytes.npos) return false;
  return step.not_text.empty() || bytes.find(step.not_text) == bytes.npos;
}

// What this thread did last that an armed step waits for the end of.
thread_local bool synced_soon = false;
thread_local bool answered_soon = false;

bool IsStepWrite(const KillStep* step, int fd, const void* data, std::size_t size) {
  if (step == nullptr || step->call > StepCall::kAfterSync || !Holds(*step, data, size)) {
    return false;
  }
  char buffer[4096];
  const std::string_view path = WatchedPath(fd, buffer, sizeof buffer);
  return path.find("/alerting/") != path.npos && path.ends_with(".log");
}

ssize_t Send(int fd, const void* data, std::size_t size, int flags) {
  const KillStep* const step = Armed();
  const bool ours =
      step != nullptr && step->call >= StepCall::kBeforeSend && Holds(*step, data, size);
  if (ours && step->call == StepCall::kBeforeSend) DieHere();
  const ssize_t sent = ::syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
  if (ours && sent > 0 && step->call == StepCall::kAfterSend) DieHere();
  if (ours && sent > 0 && step->call == StepCall::kAfterReceive) answered_soon = true;
  return sent;
}

ssize_t Received(ssize_t size) {
  if (size > 0 && answered_soon) {
    answered_soon = false;
    if (const KillStep* const step = Armed();
        step != nullptr && step->call == StepCall::kAfterReceive) {
      DieHere();
    }
  }
  return size;
}

}  // namespace

extern "C" {
ssize_t write(int fd, const void* data, size_t size) {
  if (Fails(fd)) return -1;
  const KillStep* const step = Armed();
  const bool ours = IsStepWrite(step, fd, data, size);
  if (ours && step->call == StepCall::kBeforeWrite) DieHere();
  const ssize_t written = ::syscall(SYS_write, fd, data, size);
  if (ours && step->call == StepCall::kAfterWrite) DieHere();
  if (ours && step->call == StepCall::kAfterSync) synced_soon = true;
  return written;
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return Fails(fd) ? -1 : ::syscall(SYS_pwrite64, fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return Fails(fd) ? -1 : ::syscall(SYS_pwrite64, fd, data, size, offset);
}
int fdatasync(int fd) {
  if (Fails(fd)) return -1;
  const int result = static_cast<int>(::syscall(SYS_fdatasync, fd));
  if (synced_soon) {
    synced_soon = false;
    DieHere();
  }
  return result;
}
int fsync(int fd) { return Fails(fd) ? -1 : static_cast<int>(::syscall(SYS_fsync, fd)); }

int connect(int fd, const sockaddr* address, socklen_t size) {
  const KillStep* const step = address->sa_family == AF_INET ? Armed() : nullptr;
  if (step != nullptr && step->call == StepCall::kBeforeConnect) DieHere();
  const long result = ::syscall(SYS_connect, fd, address, size);
  const int error = errno;
  if (step != nullptr && step->call == StepCall::kAfterConnect) DieHere();
  errno = error;
  return static_cast<int>(result);
}
ssize_t send(int fd, const void* data, size_t size, int flags) {
  return Send(fd, data, size, flags);
}
ssize_t recv(int fd, void* data, size_t size, int flags) {
  return Received(::syscall(SYS_recvfrom, fd, data, size, flags, nullptr, nullptr));
}

int clock_gettime(clockid_t clock, timespec* at) {
  using Real = int (*)(clockid_t, timespec*);
  static const Real real = reinterpret_cast<Real>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(clock, at);
  if (clock == CLOCK_REALTIME && result == 0) {
    if (FaultControl* const control = Control(); control != nullptr) {
      at->tv_sec += control->clock_ahead_seconds.load();
    }
  }
  return result;
}
}
