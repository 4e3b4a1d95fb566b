// What a test tells tests/support/fault_shim.cc, through a file that both map.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace belgrand::testing {

struct FaultControl {
  // Calls that still succeed; negative: none fail.
  std::atomic<int> calls_left;
  // errno of those that fail.
  std::atomic<int> error;
  // Number of a step of kKillSteps, from 1, or of kActSteps, from kFirstActStep; 0: none.
  std::atomic<int> kill_step;
  // How often the step passes before the process is killed at it.
  std::atomic<int> kill_passes;
  // How many were killed at a step.
  std::atomic<int> killed;
  std::atomic<int> clock_ahead_seconds;
};

// Processes that are started while it lives run with the shim; it does nothing until it is told.
class Faults {
 public:
  // `shim`: path of the library. Only files below `directory` are concerned.
  Faults(const std::filesystem::path& control, const std::filesystem::path& directory,
         const char* shim) {
    {
      std::ofstream out(control, std::ios::binary);
      const FaultControl idle{-1, 0, 0, 0, 0, 0};
      out.write(reinterpret_cast<const char*>(&idle), sizeof idle);
    }
    const int fd = ::open(control.c_str(), O_RDWR | O_CLOEXEC);
    control_ = static_cast<FaultControl*>(
        ::mmap(nullptr, sizeof(FaultControl), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    ::close(fd);
    ::setenv("BELGRAND_FAULT_CONTROL", control.c_str(), 1);
    ::setenv("BELGRAND_FAULT_DIR", directory.c_str(), 1);
    ::setenv("LD_PRELOAD", shim, 1);
  }
  ~Faults() {
    ::unsetenv("LD_PRELOAD");
    ::munmap(control_, sizeof(FaultControl));
  }
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  // From the call after `calls` more on, all fail.
  void Arm(int calls, int error) {
    control_->error = error;
    control_->calls_left = calls;
  }
  void Disarm() { control_->calls_left = -1; }
  bool struck() const { return control_->calls_left == 0; }

  // Kills at a step, when it is passed once more than `passes` times.
  void KillAt(int step, int passes) {
    control_->kill_passes = passes;
    control_->kill_step = step;
  }
  // False: the process was killed at the step, or is about to be.
  bool SpareIt() { return control_->kill_step.exchange(0) != 0; }
  int killed() const { return control_->killed; }
  void SetClockAhead(int seconds) { control_->clock_ahead_seconds = seconds; }

 private:
  FaultControl* control_ = nullptr;
};

}  // namespace belgrand::testing
