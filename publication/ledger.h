// The folder of all releases ever made: record-000001.json, record-000002.json, ...
//
// Held under a lock while it is open: two releases at once could each be safe and together not.
// A record is on disk before the public sees anything of its release; a crash in between leaves a
// record of numbers that nobody saw, which is the safe side.
//
// Thread safety: externally synchronised.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "platform/base/append_file.h"
#include "platform/base/error.h"
#include "publication/record.h"

namespace belgrand::publication {

class Ledger {
 public:
  // Creates the folder where it is missing. FailedPrecondition: another release is under way.
  // DataLoss: a record is missing, unreadable, or not the one that its successor names.
  static base::StatusOr<Ledger> Open(const std::filesystem::path& folder);

  const std::vector<Record>& records() const { return records_; }
  // Of the newest record, in hexadecimal; empty: none.
  const std::string& newest_sha256() const { return newest_sha256_; }
  std::uint32_t next_number() const { return static_cast<std::uint32_t>(records_.size()) + 1; }

  // Sets number and previous_sha256, and makes it durable.
  base::Status Append(Record record);

 private:
  Ledger(std::filesystem::path folder, base::DirectoryLock lock)
      : folder_(std::move(folder)), lock_(std::move(lock)) {}

  std::filesystem::path folder_;
  base::DirectoryLock lock_;
  std::vector<Record> records_;
  std::string newest_sha256_;
};

// Of the budget of the data of a year, over all records: each period of a target that was drawn
// costs its epsilon once. The year is that of the period, so no clock refills a budget.
std::int64_t SpentMicroEpsilon(const std::vector<Record>& records, std::chrono::year year);

}  // namespace belgrand::publication
