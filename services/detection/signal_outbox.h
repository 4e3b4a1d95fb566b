// What detection keeps on disk: how far it has come, which signals it holds, and those that
// alerting does not have yet.
//
// All are written in one batch, so a crash leaves either the samples unread or their signals in
// the outbox and among the held ones. Layout: docs/formats/detection.md. Thread safety: safe (one
// writer of progress, one of gaps; one reader that deletes).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "belgrand/detection/v1/detection.pb.h"
#include "belgrand/detection/v1/setup.pb.h"
#include "belgrand/storage/v1/detection_record.pb.h"
#include "platform/base/error.h"
#include "platform/storage/store.h"
#include "services/backup/store_part.h"

namespace belgrand::detection {

// Signals that are held, as last told, without evidence; by district and signal key.
using Holds = std::map<std::pair<std::string, std::string>, v1::Signal>;
// Takes in what a signal says: raised and updated ones are held, cleared ones are not.
void Follow(Holds& holds, const v1::Signal& signal);

class SignalOutbox {
 public:
  static base::StatusOr<std::unique_ptr<SignalOutbox>> Open(const std::filesystem::path& directory);

  // Empty at the beginning.
  base::StatusOr<storage::v1::DetectionProgress> LoadProgress() const;
  base::StatusOr<Holds> LoadHolds() const;
  // Gaps of the data that alerting was told of, with their evidence.
  base::StatusOr<Holds> LoadGaps() const;
  // What has judged since when, oldest first.
  base::StatusOr<std::vector<v1::Setup>> LoadSetups() const;
  // On disk when it returns OK. REQUIRES: `since` is above that of those before.
  base::Status AddSetup(const v1::Setup& setup);
  // Signals of gaps, and what has been told after them; on disk when it returns OK. REQUIRES: the
  // same generation of all, above those before.
  base::Status CommitGaps(const std::vector<v1::Signal>& signals);
  // Progress, the signals and what is held after them; on disk when it returns OK.
  base::Status Commit(const storage::v1::DetectionProgress& progress,
                      const std::vector<v1::Signal>& signals);

  struct Entry {
    std::string key;
    v1::Signal signal;
  };
  // The oldest entries, in order of generation and feed number. DataLoss names a damaged entry by
  // its feed number.
  base::StatusOr<std::vector<Entry>> Oldest(std::size_t most) const;
  base::Status Remove(const std::vector<Entry>& entries);
  base::StatusOr<std::uint64_t> Depth() const;
  base::Status WriteStatus() const { return store_->WriteStatus(); }
  // Everything that was committed before the call is in it.
  base::Status BackUp(backup::Sink& sink) const { return backup::AddStore(*store_, sink); }

 private:
  explicit SignalOutbox(std::unique_ptr<storage::Store> store) : store_(std::move(store)) {}
  std::unique_ptr<storage::Store> store_;
};

}  // namespace belgrand::detection
