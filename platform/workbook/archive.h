// The parts of a zip archive in memory, with limits against archives made to fill the memory.
// Owns libzip.
//
// Thread safety: externally synchronised.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "platform/base/error.h"

struct zip;

namespace belgrand::workbook {

class Archive {
 public:
  // Borrows `bytes`. InvalidArgument: no zip archive, or a damaged one.
  static base::StatusOr<Archive> Open(std::string_view bytes);

  // NotFound; InvalidArgument: encrypted or damaged; ResourceExhausted: unpacked it is larger than
  // `max_bytes`, whatever the archive says of itself.
  base::StatusOr<std::string> Read(const std::string& name, std::size_t max_bytes) const;

 private:
  struct Closer {
    void operator()(zip* archive) const;
  };
  explicit Archive(zip* archive) : archive_(archive) {}

  std::unique_ptr<zip, Closer> archive_;
};

}  // namespace belgrand::workbook
