#include "publication/ledger.h"

#include <set>
#include <system_error>
#include <tuple>

#include "platform/base/file.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"

namespace belgrand::publication {
namespace {

std::string FileName(std::uint32_t number) { return fmt::format("record-{:06}.json", number); }

std::string DigestOf(std::string_view bytes) {
  return crypto::ToHex(crypto::View(crypto::Sha256(bytes)));
}

// How many files of the folder bear the name of a record.
base::StatusOr<std::uint32_t> CountRecords(const std::filesystem::path& folder) {
  std::uint32_t count = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    count += name.starts_with("record-") && name.ends_with(".json");
  }
  if (error) return base::Unavailable("{}: {}", folder.string(), error.message());
  return count;
}

}  // namespace

base::StatusOr<Ledger> Ledger::Open(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return base::Unavailable("{}: {}", folder.string(), error.message());
  ASSIGN_OR_RETURN(auto lock, base::DirectoryLock::Acquire(folder));
  Ledger ledger(folder, std::move(lock));
  ASSIGN_OR_RETURN(const std::uint32_t count, CountRecords(folder));
  for (std::uint32_t number = 1; number <= count; ++number) {
    const std::filesystem::path path = folder / FileName(number);
    const auto bytes = base::ReadFile(path, kMaxRecordBytes);
    if (!bytes.ok()) {
      return base::DataLoss(
          "{}: record {} of {} cannot be read ({}): nothing is published while what was published "
          "before is not known",
          folder.string(), number, count, base::Message(bytes.status()));
    }
    auto record = ParseRecord(*bytes);
    if (!record.ok()) {
      return base::DataLoss("{}: {}", path.string(), base::Message(record.status()));
    }
    if (record->number != number || record->previous_sha256 != ledger.newest_sha256_) {
      return base::DataLoss("{}: it does not follow the record before it: one of them was changed",
                            path.string());
    }
    ledger.records_.push_back(*std::move(record));
    ledger.newest_sha256_ = DigestOf(*bytes);
  }
  return ledger;
}

base::Status Ledger::Append(Record record) {
  record.number = next_number();
  record.previous_sha256 = newest_sha256_;
  const std::string bytes = FormatRecord(record);
  RETURN_IF_ERROR(base::WriteFileAtomically(folder_ / FileName(record.number), bytes));
  newest_sha256_ = DigestOf(bytes);
  records_.push_back(std::move(record));
  return base::OkStatus();
}

std::int64_t SpentMicroEpsilon(const std::vector<Record>& records, std::chrono::year year) {
  std::int64_t spent = 0;
  for (const Record& record : records) {
    std::set<std::tuple<std::string, base::Day, int>> drawn;
    for (const NoisyCount& count : record.counts) {
      if (std::chrono::year_month_day(count.period_start).year() != year) continue;
      drawn.emplace(count.target, count.period_start, count.period_weeks);
    }
    spent += static_cast<std::int64_t>(drawn.size()) * MicroEpsilon(record.epsilon);
  }
  return spent;
}

}  // namespace belgrand::publication
