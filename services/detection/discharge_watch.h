// Watches the sensors of every site for discharges, and tells alerting of them as of any other
// signal.
//
// Of a site with two sensors or more it reads what is newer than what it has read, finds discharges
// (sensor/discharge.h) and reports RAISED when one begins and CLEARED when it ends: a SPIKE at a
// site, detector "site-discharge", target "sewer". At a start it reads the last three weeks, of
// which the first two only teach the profile. It keeps nothing on disk: the signals follow from the
// readings, and what alerting has heard before it drops (signals of one key are ordered by
// generation, recorded_at and feed_sequence). A report that alerting does not take is sent again at
// the next look.
//
// Limits: a slot counts once it is kSettling old; what arrives later is not seen by the watch
// (`belgrand sensors discharges` sees it). A discharge that was raised before a restart and would
// not be found again stays open until an official closes it. Looks every kEvery.
//
// Thread safety: Run on one thread; Stop from any. LookOnce is for Run and tests.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "belgrand/alerting/v1/alerting.grpc.pb.h"
#include "belgrand/sensor/v1/sensor.grpc.pb.h"
#include "belgrand/timeseries/v1/timeseries.grpc.pb.h"
#include "platform/base/clock.h"
#include "sensor/discharge.h"
#include "services/detection/backoff.h"
#include "services/detection/discharge_book.h"
#include "services/detection/site_directory.h"

namespace belgrand::detection {

class DischargeWatch {
 public:
  static constexpr std::string_view kDetector = "site-discharge";
  static constexpr std::string_view kDetectorVersion = "1";
  static constexpr std::string_view kTarget = "sewer";
  static constexpr base::Duration kSettling = std::chrono::minutes(10);
  static constexpr base::Duration kEvery = std::chrono::minutes(1);
  static constexpr base::Duration kHistory = std::chrono::days(21);
  static constexpr base::Duration kLearning = std::chrono::days(14);

  struct Stubs {
    sensor::v1::SensorService::StubInterface& sensors;
    timeseries::v1::SiteService::StubInterface& sites;
    alerting::v1::AlertingService::StubInterface& alerting;
  };
  // Borrows both; notes in the book what it finds, told of or not.
  DischargeWatch(const base::Clock& clock, DischargeBook& book) : clock_(clock), book_(book) {}

  // Until Stop. The stubs must outlive it.
  void Run(const Stubs& stubs);
  void Stop() { stop_.Stop(); }

  // Reads, finds and reports once; what could not be reported stays for the next look.
  base::Status LookOnce(const Stubs& stubs);

 private:
  struct Site {
    sensor::DischargeDetector detector;
    // Slots before this were taken.
    std::int64_t read_to_us = 0;
    // Nothing is told of what was known before.
    std::int64_t silent_until_us = 0;
  };

  base::Status ReadSite(const std::string& site_id, const std::vector<sensor::v1::Sensor>& sensors,
                        const std::string& district_id, const Stubs& stubs);
  base::StatusOr<sensor::Points> ReadSeries(const std::string& sensor_id, std::int64_t from_us,
                                            std::int64_t to_us,
                                            sensor::v1::SensorService::StubInterface& sensors);
  base::Status Report(alerting::v1::AlertingService::StubInterface& alerting);

  const base::Clock& clock_;
  DischargeBook& book_;
  StopSignal stop_;
  std::unique_ptr<SiteDirectory> directory_;
  std::map<std::string, Site> sites_;
  std::vector<v1::Signal> to_report_;
};

// What is told of a change. Exposed for tests.
v1::Signal DischargeSignal(const std::string& site_id, const std::string& district_id,
                           const sensor::DischargeDetector::Change& change, std::int64_t known_us);

}  // namespace belgrand::detection
