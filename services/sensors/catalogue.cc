// The half of SensorStore that changes the catalogue.
#include <algorithm>
#include <set>

#include "platform/base/utf8.h"
#include "services/sensors/layout.h"
#include "services/sensors/sensor_store.h"

namespace belgrand::sensors {
namespace {

constexpr std::size_t kMaxIdBytes = 64;
constexpr std::size_t kMaxNameBytes = 256;
constexpr std::int64_t kDayUs = std::int64_t{24} * 3600 * sensor::kSecondUs;

using Violations = std::vector<std::pair<std::string, std::string>>;

bool IsIdentifier(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._:/- ").find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= kMaxIdBytes && text.front() != ' ' && text.back() != ' ' &&
         std::all_of(text.begin(), text.end(), plain);
}

bool IsName(std::string_view text) {
  return text.size() <= kMaxNameBytes && base::IsUtf8(text) &&
         std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; });
}

// Everything but the history of limits and the instant of recording.
bool SameSettings(const Record& a, const Record& b) {
  return a.site_id() == b.site_id() && a.quantity() == b.quantity() && a.unit() == b.unit() &&
         a.interval_us() == b.interval_us() && a.device_id() == b.device_id() &&
         a.metric() == b.metric() && a.gateway_id() == b.gateway_id();
}

void CheckRecord(const Record& record, const std::string& where, Violations& violations) {
  const auto report = [&](std::string_view field, const std::string& what) {
    violations.emplace_back(where + "." + std::string(field), what);
  };
  for (const auto& [field, id] :
       {std::pair("sensor_id", record.sensor_id()), std::pair("site_id", record.site_id())}) {
    if (!IsIdentifier(id)) {
      report(field, "is 1 to 64 of A-Z a-z 0-9 . _ : / - and spaces inside");
    }
  }
  if (!record.gateway_id().empty() && !IsIdentifier(record.gateway_id())) {
    report("gateway_id", "is at most 64 of A-Z a-z 0-9 . _ : / - and spaces inside");
  }
  for (const auto& [field, name] :
       {std::pair("device_id", record.device_id()), std::pair("metric", record.metric())}) {
    if (!IsName(name)) report(field, "is at most 256 bytes of text without control characters");
  }
  if (record.device_id().empty() != record.metric().empty()) {
    report("metric", "device_id and metric go together: give both, or neither");
  }
  if (record.interval_us() < sensor::kSecondUs || record.interval_us() > kDayUs) {
    report("sampling_interval", "is between 1 s and 1 day");
    return;
  }
  const auto quantity = sensor::QuantityOf(record.quantity());
  if (!quantity) return report("quantity", "is missing: say what is measured");
  if (const auto unit = sensor::FindUnit(*quantity, record.unit()); !unit.ok()) {
    report("unit", base::Message(unit.status()));
  }
  for (const auto& [field, what] :
       sensor::CheckLimits(ToLimits(record.limits(0)), record.interval_us())) {
    report("limits." + field, what);
  }
}

}  // namespace

sensor::TestLimits ToLimits(const storage::v1::SensorLimitsRecord& record) {
  sensor::TestLimits limits;
  if (record.has_fail_low()) limits.fail_low = record.fail_low();
  if (record.has_fail_high()) limits.fail_high = record.fail_high();
  if (record.has_suspect_low()) limits.suspect_low = record.suspect_low();
  if (record.has_suspect_high()) limits.suspect_high = record.suspect_high();
  for (const auto& season : record.seasons()) {
    limits.seasons.push_back({static_cast<int>(season.first_month()),
                              static_cast<int>(season.last_month()), season.low(), season.high()});
  }
  if (record.has_spike_suspect()) limits.spike_suspect = record.spike_suspect();
  if (record.has_spike_fail()) limits.spike_fail = record.spike_fail();
  if (record.has_rate_suspect()) limits.rate_suspect = record.rate_suspect();
  if (record.has_flat_tolerance()) limits.flat_tolerance = record.flat_tolerance();
  limits.flat_suspect_us = record.flat_suspect_us();
  limits.flat_fail_us = record.flat_fail_us();
  if (record.has_attenuated_suspect()) limits.attenuated_suspect = record.attenuated_suspect();
  if (record.has_attenuated_fail()) limits.attenuated_fail = record.attenuated_fail();
  limits.attenuated_over_us = record.attenuated_over_us();
  limits.max_gap_us = record.max_gap_us();
  return limits;
}

storage::v1::SensorLimitsRecord ToRecord(const sensor::TestLimits& limits) {
  storage::v1::SensorLimitsRecord record;
  if (limits.fail_low) record.set_fail_low(*limits.fail_low);
  if (limits.fail_high) record.set_fail_high(*limits.fail_high);
  if (limits.suspect_low) record.set_suspect_low(*limits.suspect_low);
  if (limits.suspect_high) record.set_suspect_high(*limits.suspect_high);
  for (const sensor::Season& season : limits.seasons) {
    auto& stored = *record.add_seasons();
    stored.set_first_month(static_cast<std::uint32_t>(season.first_month));
    stored.set_last_month(static_cast<std::uint32_t>(season.last_month));
    stored.set_low(season.low);
    stored.set_high(season.high);
  }
  if (limits.spike_suspect) record.set_spike_suspect(*limits.spike_suspect);
  if (limits.spike_fail) record.set_spike_fail(*limits.spike_fail);
  if (limits.rate_suspect) record.set_rate_suspect(*limits.rate_suspect);
  if (limits.flat_tolerance) record.set_flat_tolerance(*limits.flat_tolerance);
  record.set_flat_suspect_us(limits.flat_suspect_us);
  record.set_flat_fail_us(limits.flat_fail_us);
  if (limits.attenuated_suspect) record.set_attenuated_suspect(*limits.attenuated_suspect);
  if (limits.attenuated_fail) record.set_attenuated_fail(*limits.attenuated_fail);
  record.set_attenuated_over_us(limits.attenuated_over_us);
  record.set_max_gap_us(limits.max_gap_us);
  return record;
}

sensor::LimitsHistory HistoryOf(const Record& record) {
  sensor::LimitsHistory history;
  for (const auto& limits : record.limits()) {
    history.push_back({limits.from_us(), ToLimits(limits)});
  }
  return history;
}

void SensorStore::CheckPut(const Record& record, std::size_t index, Violations& violations) const {
  const std::string where = fmt::format("sensors[{}]", index);
  CheckRecord(record, where, violations);
  const auto known = Find(record.sensor_id());
  if (known == nullptr) return;
  if (known->record.site_id() != record.site_id()) {
    violations.emplace_back(where + ".site_id",
                            fmt::format("sensor {} hangs at {}: what moves is a new sensor",
                                        record.sensor_id(), known->record.site_id()));
  }
  if (known->record.quantity() != record.quantity()) {
    violations.emplace_back(
        where + ".quantity",
        fmt::format("sensor {} measures {}: another quantity is a new sensor", record.sensor_id(),
                    sensor::Describe(known->quantity).name));
  }
  if (known->record.limits_size() >= kMaxLimits) {
    violations.emplace_back(
        where + ".limits", fmt::format("were changed {} times: register a new sensor", kMaxLimits));
  }
}

base::Status SensorStore::CheckAll(const std::vector<Record>& records,
                                   Violations& violations) const {
  std::set<std::string> ids;
  std::map<std::pair<std::string, std::string>, std::string> sources;
  for (const auto& info : List("")) {
    if (info->record.device_id().empty()) continue;
    sources[{info->record.device_id(), info->record.metric()}] = info->record.sensor_id();
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i];
    CheckPut(record, i, violations);
    const std::string where = fmt::format("sensors[{}]", i);
    if (!ids.insert(record.sensor_id()).second) {
      violations.emplace_back(where + ".sensor_id", "is in this request twice");
    }
    if (record.device_id().empty()) continue;
    const auto [source, fresh] =
        sources.try_emplace({record.device_id(), record.metric()}, record.sensor_id());
    if (!fresh && source->second != record.sensor_id()) {
      violations.emplace_back(where + ".metric",
                              fmt::format("of device {} is that of sensor {} already",
                                          record.device_id(), source->second));
    }
  }
  if (sensor_count() + ids.size() > kMaxSensors) {
    violations.emplace_back("sensors", fmt::format("would be more than {}", kMaxSensors));
  }
  if (violations.empty()) return base::OkStatus();
  return base::InvalidArgument("the sensors have {} problems: {}: {}", violations.size(),
                               violations.front().first, violations.front().second);
}

// nullptr: nothing changes. REQUIRES: the lock of a known series.
std::shared_ptr<SensorInfo> SensorStore::Change(const Record& wanted, PutOutcome& outcome) {
  auto info = std::make_shared<SensorInfo>();
  info->quantity = *sensor::QuantityOf(wanted.quantity());
  Record& record = info->record;
  record = wanted;
  record.set_recorded_at_us(base::ToMicros(clock_.Now()));
  const auto known = Find(wanted.sensor_id());
  if (known == nullptr) {
    record.mutable_limits(0)->set_from_us(0);
    info->series = std::make_shared<Series>(
        *store_, SeriesPrefix(record.site_id(), record.sensor_id()), HistoryOf(record));
    ++outcome.added;
    return info;
  }
  const auto& newest = *known->record.limits().rbegin();
  const bool same_limits = ToLimits(newest) == ToLimits(wanted.limits(0));
  if (same_limits && SameSettings(known->record, wanted)) {
    ++outcome.unchanged;
    return nullptr;
  }
  *record.mutable_limits() = known->record.limits();
  if (!same_limits) {
    // After everything that was judged by the old ones.
    const sensor::Points& open = known->series->open();
    auto& limits = *record.add_limits();
    limits = wanted.limits(0);
    limits.set_from_us(std::max({record.recorded_at_us(), newest.from_us() + 1,
                                 open.empty() ? 0 : open.back().time_us + 1}));
  }
  info->series = known->series;
  ++outcome.changed;
  return info;
}

base::StatusOr<PutOutcome> SensorStore::Put(const std::vector<Record>& records,
                                            Violations& violations) {
  const base::MutexLock one_at_a_time(put_mutex_);
  RETURN_IF_ERROR(CheckAll(records, violations));
  std::set<std::shared_ptr<Series>> known;
  for (const Record& record : records) {
    if (const auto info = Find(record.sensor_id())) known.insert(info->series);
  }
  const SeriesLocks locks(known);
  PutOutcome outcome;
  storage::Batch batch;
  std::vector<std::shared_ptr<SensorInfo>> changes;
  for (const Record& wanted : records) {
    auto info = Change(wanted, outcome);
    if (info == nullptr) continue;
    batch.Put(kSensorsFamily, SensorKey(info->record.sensor_id()),
              info->record.SerializeAsString());
    changes.push_back(std::move(info));
  }
  if (batch.empty()) return outcome;
  RETURN_IF_ERROR(store_->Write(batch));
  for (const auto& info : changes) {
    RETURN_IF_ERROR(info->series->SetLimits(HistoryOf(info->record)));
    const base::MutexLock lock(mutex_);
    sensors_[info->record.sensor_id()] = info;
  }
  return outcome;
}

}  // namespace belgrand::sensors
