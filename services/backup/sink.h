// What a role hands over when it is backed up.
//
// Thread safety: one role at a time uses a sink.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "platform/base/error.h"

namespace belgrand::backup {

class Sink {
 public:
  virtual ~Sink() = default;
  // How much is going to come, for whoever watches the progress.
  virtual void Announce(std::uint64_t bytes) = 0;
  // The first `size` bytes of `path`, to be restored as `name` in the role's folder. A file whose
  // bytes never change may have an `identity`: what was copied under the same identity and size
  // before is not copied again.
  virtual base::Status AddFile(const std::string& name, const std::filesystem::path& path,
                               std::uint64_t size, const std::string& identity) = 0;
  virtual base::Status AddBytes(const std::string& name, std::string_view content) = 0;
  // A number of the role that only grows: its value before the copy was begun, and after. What is
  // restored must lie between, ends included, or something is missing.
  virtual void AddMark(const std::string& name, std::uint64_t at_least, std::uint64_t at_most) = 0;
};

}  // namespace belgrand::backup
