// Reads a store that nobody has open, whole and without changing a byte: what it holds, and whether
// the engine can read all of it. Needs no knowledge of its families.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "platform/base/error.h"

namespace belgrand::storage {

struct StoreFacts {
  // As Store::LastWrite.
  std::uint64_t last_write = 0;
  // How many, by family.
  std::map<std::string, std::uint64_t> keys;
};

// NotFound: there is no store. FailedPrecondition: somebody has it open. DataLoss: a file is
// missing or damaged.
base::StatusOr<StoreFacts> Inspect(const std::filesystem::path& directory);

}  // namespace belgrand::storage
