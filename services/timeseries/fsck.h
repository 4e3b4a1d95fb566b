// Checks that a time series database keeps the invariants of docs/formats/timeseries.md; repairs
// nothing.
//
// The oracle of the kill tests and of `belgrand fsck`. The log is walked once, the series and the
// identities are compared with it by sums, and histories are judged in parts of the identities.
// Memory: 1 bit a version, about 64 MiB for a part, and some bytes for each amendment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "platform/base/error.h"
#include "platform/storage/store.h"

namespace belgrand::timeseries {

struct FsckReport {
  static constexpr std::size_t kMaxProblems = 100;

  std::uint64_t versions = 0;  // real ones
  std::uint64_t marks = 0;     // moved-away marks
  std::uint64_t rows = 0;
  std::uint64_t feed_entries = 0;  // the expired ones included
  std::uint64_t sites = 0;
  // The first kMaxProblems, each naming the key and what is wrong with it.
  std::vector<std::string> problems;
  std::uint64_t problem_count = 0;
  bool clean() const { return problem_count == 0; }
};

// What is under way and how far it is: called now and then.
using FsckProgress =
    std::function<void(std::string_view what, std::uint64_t done, std::uint64_t of)>;

// The database in `directory` (data_dir/timeseries). FailedPrecondition: a service has it open.
// or it is of format 1. NotFound: there is none. DataLoss: the engine cannot read it.
base::StatusOr<FsckReport> Fsck(const std::filesystem::path& directory,
                                const FsckProgress& progress = nullptr);
// The same for a store that is open, with the families of LayoutOptions.
base::StatusOr<FsckReport> Fsck(const storage::Store& store,
                                const FsckProgress& progress = nullptr);

}  // namespace belgrand::timeseries
