// A sensors database in a directory of its own, on a clock that tests move.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "platform/base/check.h"
#include "platform/base/clock.h"
#include "services/sensors/fsck.h"
#include "services/sensors/layout.h"
#include "services/sensors/sensor_store.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace belgrand::sensors {

inline constexpr std::int64_t kStartUs = 1'700'000'000'000'000;

inline Record PhSensor(const std::string& id, const std::string& site = "site-1") {
  Record record;
  record.set_sensor_id(id);
  record.set_site_id(site);
  record.set_quantity(static_cast<int>(sensor::Quantity::kPh));
  record.set_unit("pH");
  record.set_interval_us(60 * sensor::kSecondUs);
  *record.add_limits() =
      ToRecord(sensor::DefaultLimits(sensor::Quantity::kPh, record.interval_us()));
  return record;
}

class SensorsTest : public ::testing::Test {
 protected:
  SensorsTest() { Reopen(); }

  void Reopen() {
    store_.reset();
    auto opened = SensorStore::Open(LayoutOptions(directory_.path() / "sensors"), limits_, clock_);
    ASSERT_OK(opened);
    store_ = std::move(*opened);
  }

  void Register(const std::vector<Record>& records) {
    std::vector<std::pair<std::string, std::string>> violations;
    ASSERT_OK(store_->Put(records, violations));
  }

  Receipt Send(const std::string& id, std::uint64_t epoch, std::uint64_t first,
               const sensor::Points& points) {
    Arrival arrival;
    arrival.epoch = epoch;
    arrival.first_sequence = first;
    for (const sensor::Point& point : points) arrival.readings.emplace_back(point);
    std::vector<SensorStore::Request> requests = {{store_->Find(id), arrival, {}}};
    EXPECT_OK(store_->Append(requests));
    return requests.front().receipt;
  }

  sensor::Points ReadAll(const std::string& id) {
    using Limits = std::numeric_limits<std::int64_t>;
    return ReadSpan(id, Limits::min(), Limits::max());
  }
  sensor::Points ReadSpan(const std::string& id, std::int64_t from, std::int64_t to) {
    sensor::Points all;
    EXPECT_OK(store_->Read(*store_->Find(id), from, to, [&](const sensor::Points& part) {
      all.insert(all.end(), part.begin(), part.end());
      return base::OkStatus();
    }));
    return all;
  }

  // Closes the store for the check, and opens it again.
  void ExpectClean() {
    store_.reset();
    const auto report = Fsck(directory_.path() / "sensors");
    ASSERT_OK(report);
    for (const std::string& problem : report->problems) ADD_FAILURE() << problem;
    Reopen();
  }

  static sensor::Point At(std::int64_t minute, double value) {
    return {kStartUs + minute * 60 * sensor::kSecondUs, value, {}};
  }

  const testing::TempDir directory_;
  base::FakeClock clock_{base::FromMicros(kStartUs)};
  SensorStore::Limits limits_;
  std::unique_ptr<SensorStore> store_;
};

}  // namespace belgrand::sensors
