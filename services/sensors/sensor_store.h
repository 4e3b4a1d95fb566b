// All sensors and their readings: the database of the sensors role.
//
// Thread safety: safe. Requests for different sensors share one sync of the disk; those for one
// sensor come one after another.
//
// Durability: Append returns OK only after everything that its receipts acknowledge is on disk.
//
// Limits: 100,000 sensors; open readings as in Limits, beyond which those with more than the
// average are sealed early.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "belgrand/compliance/v1/compliance.pb.h"
#include "belgrand/storage/v1/sensor_record.pb.h"
#include "compliance/holds.h"
#include "platform/base/clock.h"
#include "platform/base/mutex.h"
#include "platform/storage/store.h"
#include "sensor/quantity.h"
#include "services/backup/store_part.h"
#include "services/sensors/series.h"

namespace belgrand::sensors {

using Record = storage::v1::SensorRecord;

inline constexpr std::size_t kMaxSensors = 100'000;
// Versions of the limits of one sensor.
inline constexpr int kMaxLimits = 100;

// A sensor as it is known now. Does not change; a change of the catalogue makes another one.
struct SensorInfo {
  Record record;
  sensor::Quantity quantity = sensor::Quantity::kFlow;
  std::shared_ptr<Series> series;
};

struct PutOutcome {
  std::uint32_t added = 0;
  std::uint32_t changed = 0;
  std::uint32_t unchanged = 0;
};

class SensorStore {
 public:
  struct Limits {
    std::uint64_t max_open_readings = 4'000'000;
  };
  // FailedPrecondition: another opener, or another format. DataLoss: damaged.
  static base::StatusOr<std::unique_ptr<SensorStore>> Open(const storage::StoreOptions& options,
                                                           const Limits& limits,
                                                           const base::Clock& clock);

  std::shared_ptr<const SensorInfo> Find(const std::string& sensor_id) const;
  // In order of id; of one site, or of all when it is empty.
  std::vector<std::shared_ptr<const SensorInfo>> List(const std::string& site_id) const;
  std::optional<sensor::Point> NewestOf(const SensorInfo& info) const;

  // Records with exactly one version of limits, its from_us ignored. All or nothing. Problems go
  // into `violations` (pairs of "sensors[i].field" and what is wrong) and make it InvalidArgument.
  base::StatusOr<PutOutcome> Put(const std::vector<Record>& records,
                                 std::vector<std::pair<std::string, std::string>>& violations);

  struct Request {
    std::shared_ptr<const SensorInfo> sensor;
    Arrival arrival;
    Receipt receipt;  // the answer
  };
  // InvalidArgument: late readings reach too far (Weaver). Unavailable, ResourceExhausted: the disk
  // refused. Nothing is acknowledged then.
  base::Status Append(std::vector<Request>& requests);

  // Readings of [from, to) in order of time, none twice, a part at a time: everything that was
  // acknowledged before the call; a late reading that comes meanwhile may be among them. Stops at
  // the first error of `take`.
  base::Status Read(const SensorInfo& info, std::int64_t from_us, std::int64_t to_us,
                    const std::function<base::Status(const sensor::Points&)>& take) const;

  base::StatusOr<std::vector<compliance::v1::ExpiryLine>> PlanExpiry(
      base::Instant now, const compliance::HoldScopes& holds = {}) const;
  base::StatusOr<std::vector<compliance::v1::ExpiryLine>> ApplyExpiry(
      base::Instant now, const compliance::HoldScopes& holds = {});

  base::Status WriteStatus() const { return store_->WriteStatus(); }
  // Everything that was acknowledged before the call is in it.
  base::Status BackUp(backup::Sink& sink) const { return backup::AddStore(*store_, sink); }
  storage::StoreStatistics Statistics() const { return store_->Statistics(); }
  // Seals what is open and compacts: for measuring the space that readings take.
  base::Status SealAll();
  base::Status CompactAll() { return store_->CompactAll(); }
  std::size_t sensor_count() const;
  std::uint64_t open_readings() const { return open_readings_; }
  // Sensors whose newest reading is older than three sampling intervals, or that have none.
  std::size_t silent_sensors() const;

 private:
  SensorStore(std::unique_ptr<storage::Store> store, const Limits& limits, const base::Clock& clock)
      : store_(std::move(store)), limits_(limits), clock_(clock) {}
  base::Status LoadAll();
  using Violations = std::vector<std::pair<std::string, std::string>>;
  void CheckPut(const Record& record, std::size_t index, Violations& violations) const;
  base::Status CheckAll(const std::vector<Record>& records, Violations& violations) const;
  std::shared_ptr<SensorInfo> Change(const Record& wanted, PutOutcome& outcome);
  base::Status SealWhatIsFull(Series& series);

  const std::unique_ptr<storage::Store> store_;
  const Limits limits_;
  const base::Clock& clock_;
  base::Mutex put_mutex_;  // one change of the catalogue at a time; before every other lock
  mutable base::Mutex mutex_;
  std::map<std::string, std::shared_ptr<const SensorInfo>> sensors_ GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> open_readings_ = 0;
};

// The limits of a record, as the domain wants them.
sensor::LimitsHistory HistoryOf(const Record& record);
storage::v1::SensorLimitsRecord ToRecord(const sensor::TestLimits& limits);
sensor::TestLimits ToLimits(const storage::v1::SensorLimitsRecord& record);

}  // namespace belgrand::sensors
