// What detection keeps on disk: how far it has come, and the signals that alerting does not have
// yet.
//
// Both are written in one batch, so a crash leaves either the samples unread or their signals in
// the outbox. Layout: docs/formats/detection.md. Thread safety: safe (one writer of progress; one
// reader that deletes).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "belgrand/detection/v1/detection.pb.h"
#include "platform/base/error.h"
#include "platform/storage/store.h"

namespace belgrand::detection {

class SignalOutbox {
 public:
  static base::StatusOr<std::unique_ptr<SignalOutbox>> Open(const std::filesystem::path& directory);

  // Newest feed number that is processed; 0 at the beginning.
  base::StatusOr<std::uint64_t> LoadProgress() const;
  // On disk when it returns OK.
  base::Status Commit(std::uint64_t processed_sequence, const std::vector<v1::Signal>& signals);

  struct Entry {
    std::string key;
    v1::Signal signal;
  };
  // The oldest entries, in order of feed number. DataLoss names a damaged entry by its feed number.
  base::StatusOr<std::vector<Entry>> Oldest(std::size_t most) const;
  base::Status Remove(const std::vector<Entry>& entries);
  base::StatusOr<std::uint64_t> Depth() const;

 private:
  explicit SignalOutbox(std::unique_ptr<storage::Store> store) : store_(std::move(store)) {}
  std::unique_ptr<storage::Store> store_;
};

}  // namespace belgrand::detection
