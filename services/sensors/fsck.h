// Checks that a sensors database keeps the invariants of docs/formats/sensors.md; repairs nothing.
//
// Every series is read once, and judged again from its first reading: its flags must come out the
// same. Memory is bounded by the open readings of one series.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "platform/storage/store.h"

namespace belgrand::sensors {

struct FsckReport {
  static constexpr std::size_t kMaxProblems = 100;

  std::uint64_t sensors = 0;
  std::uint64_t chunks = 0;
  std::uint64_t readings = 0;  // the open ones included
  std::uint64_t open_readings = 0;
  // The first kMaxProblems, each naming the key and what is wrong with it.
  std::vector<std::string> problems;
  std::uint64_t problem_count = 0;
  bool clean() const { return problem_count == 0; }
};

// The database in `directory` (data_dir/sensors). FailedPrecondition: a service has it open.
// NotFound: there is none. DataLoss: the engine cannot read it.
base::StatusOr<FsckReport> Fsck(const std::filesystem::path& directory);
base::StatusOr<FsckReport> Fsck(const storage::Store& store);

}  // namespace belgrand::sensors
