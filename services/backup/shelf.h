// The objects of a backup folder: files named by the SHA-256 of their bytes, so that what did not
// change since an earlier backup lies there once.
//
//   objects/<first two hex digits>/<64 hex digits>
//   objects/incoming                     what is being written; left behind by a crash, replaced
//
// Thread safety: externally synchronised among writers; reading is safe beside one writer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::backup {

// Called with the number of bytes just processed; an error ends the work and is returned.
using OnBytes = std::function<base::Status(std::uint64_t)>;

class Shelf {
 public:
  explicit Shelf(std::filesystem::path folder) : objects_(std::move(folder) / "objects") {}

  struct Object {
    std::string sha256;  // 32 bytes
    bool fresh = false;  // it was not there before
  };
  // On disk when they return. DataLoss: the file is shorter than `size`. An object that is there
  // already is replaced, which mends one that was damaged.
  base::StatusOr<Object> AddFile(const std::filesystem::path& path, std::uint64_t size,
                                 const OnBytes& on_bytes);
  base::StatusOr<Object> AddBytes(std::string_view content);
  // Whether an object of this size is there; its bytes are not read.
  bool Holds(std::string_view sha256, std::uint64_t size) const;

  // Reads the whole object. NotFound: missing. DataLoss: it has another size or other bytes.
  base::Status Check(std::string_view sha256, std::uint64_t size, const OnBytes& on_bytes) const;
  // The same, writing it to `target`, which is on disk when it returns (its directory is not).
  base::Status Fetch(std::string_view sha256, std::uint64_t size,
                     const std::filesystem::path& target, const OnBytes& on_bytes) const;

  // Removes every object that is not named.
  base::Status Sweep(const std::set<std::string>& keep);

 private:
  std::filesystem::path PathOf(std::string_view sha256) const;
  base::StatusOr<Object> Settle(const std::string& sha256, std::uint64_t size);

  const std::filesystem::path objects_;
};

}  // namespace belgrand::backup
