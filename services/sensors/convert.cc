#include "services/sensors/convert.h"

#include <algorithm>
#include <cmath>

#include "services/shared/timestamp.h"

namespace belgrand::sensors {
namespace {

namespace v1 = sensor::v1;

constexpr int kMaxProblems = 20;
constexpr std::uint64_t kLastSequence = std::uint64_t{1} << 62;
// 2000-01-01: what is older comes from a clock that was never set.
constexpr std::int64_t kEarliestUs = 946'684'800'000'000;
constexpr std::int64_t kDayUs = std::int64_t{24} * 3600 * sensor::kSecondUs;
// A longer one is refused by its own check; this keeps the arithmetic whole.
constexpr std::int64_t kLongestSeconds = 1'000'000'000;

std::int64_t ToMicros(const google::protobuf::Duration& duration) {
  return std::clamp(duration.seconds(), -kLongestSeconds, kLongestSeconds) * sensor::kSecondUs +
         duration.nanos() / 1000;
}

void SetMicros(google::protobuf::Duration& duration, std::int64_t us) {
  duration.set_seconds(us / sensor::kSecondUs);
  duration.set_nanos(static_cast<std::int32_t>(us % sensor::kSecondUs) * 1000);
}

sensor::TestLimits ToLimits(const v1::TestLimits& sent, std::int64_t interval_us) {
  sensor::TestLimits limits;
  const auto take = [](bool has, double value) {
    return has ? std::optional<double>(value) : std::nullopt;
  };
  limits.fail_low = take(sent.has_fail_low(), sent.fail_low());
  limits.fail_high = take(sent.has_fail_high(), sent.fail_high());
  limits.suspect_low = take(sent.has_suspect_low(), sent.suspect_low());
  limits.suspect_high = take(sent.has_suspect_high(), sent.suspect_high());
  limits.spike_suspect = take(sent.has_spike_suspect(), sent.spike_suspect());
  limits.spike_fail = take(sent.has_spike_fail(), sent.spike_fail());
  limits.rate_suspect = take(sent.has_rate_suspect(), sent.rate_suspect());
  limits.flat_tolerance = take(sent.has_flat_tolerance(), sent.flat_tolerance());
  limits.flat_suspect_us = ToMicros(sent.flat_suspect());
  limits.flat_fail_us = ToMicros(sent.flat_fail());
  limits.attenuated_suspect = take(sent.has_attenuated_suspect(), sent.attenuated_suspect());
  limits.attenuated_fail = take(sent.has_attenuated_fail(), sent.attenuated_fail());
  limits.attenuated_over_us = ToMicros(sent.attenuated_over());
  limits.max_gap_us = ToMicros(sent.max_gap());
  if (!sent.has_max_gap()) {
    limits.max_gap_us = sensor::DefaultLimits(sensor::Quantity::kFlow, interval_us).max_gap_us;
  }
  for (const v1::Season& season : sent.seasons()) {
    limits.seasons.push_back({static_cast<int>(season.first_month()),
                              static_cast<int>(season.last_month()), season.low(), season.high()});
  }
  return limits;
}

v1::TestLimits ToProto(const sensor::TestLimits& limits) {
  v1::TestLimits sent;
  if (limits.fail_low) sent.set_fail_low(*limits.fail_low);
  if (limits.fail_high) sent.set_fail_high(*limits.fail_high);
  if (limits.suspect_low) sent.set_suspect_low(*limits.suspect_low);
  if (limits.suspect_high) sent.set_suspect_high(*limits.suspect_high);
  if (limits.spike_suspect) sent.set_spike_suspect(*limits.spike_suspect);
  if (limits.spike_fail) sent.set_spike_fail(*limits.spike_fail);
  if (limits.rate_suspect) sent.set_rate_suspect(*limits.rate_suspect);
  if (limits.flat_tolerance) sent.set_flat_tolerance(*limits.flat_tolerance);
  if (limits.flat_suspect_us > 0) SetMicros(*sent.mutable_flat_suspect(), limits.flat_suspect_us);
  if (limits.flat_fail_us > 0) SetMicros(*sent.mutable_flat_fail(), limits.flat_fail_us);
  if (limits.attenuated_suspect) sent.set_attenuated_suspect(*limits.attenuated_suspect);
  if (limits.attenuated_fail) sent.set_attenuated_fail(*limits.attenuated_fail);
  if (limits.attenuated_over_us > 0) {
    SetMicros(*sent.mutable_attenuated_over(), limits.attenuated_over_us);
  }
  SetMicros(*sent.mutable_max_gap(), limits.max_gap_us);
  for (const sensor::Season& season : limits.seasons) {
    auto& added = *sent.add_seasons();
    added.set_first_month(static_cast<std::uint32_t>(season.first_month));
    added.set_last_month(static_cast<std::uint32_t>(season.last_month));
    added.set_low(season.low);
    added.set_high(season.high);
  }
  return sent;
}

void AddProblem(int index, std::string_view rule, std::string message,
                v1::BatchAcknowledgement& out) {
  if (out.problems_size() >= kMaxProblems) return;
  auto& problem = *out.add_problems();
  problem.set_index(index);
  problem.set_rule(std::string(rule));
  problem.set_message(std::move(message));
}

}  // namespace

Record ToRecord(const v1::Sensor& sensor) {
  Record record;
  record.set_sensor_id(sensor.sensor_id());
  record.set_site_id(sensor.site_id());
  record.set_quantity(static_cast<std::int32_t>(sensor.quantity()));
  record.set_unit(sensor.unit());
  record.set_interval_us(ToMicros(sensor.sampling_interval()));
  record.set_device_id(sensor.device_id());
  record.set_metric(sensor.metric());
  record.set_gateway_id(sensor.gateway_id());
  const auto quantity = sensor::QuantityOf(record.quantity());
  if (quantity && record.unit().empty()) {
    record.set_unit(std::string(sensor::Describe(*quantity).unit));
  }
  const sensor::TestLimits limits = sensor.has_limits() || !quantity
                                        ? ToLimits(sensor.limits(), record.interval_us())
                                        : sensor::DefaultLimits(*quantity, record.interval_us());
  *record.add_limits() = ToRecord(limits);
  return record;
}

v1::Sensor ToProto(const SensorInfo& info, const std::optional<sensor::Point>& newest) {
  const Record& record = info.record;
  v1::Sensor sensor;
  sensor.set_sensor_id(record.sensor_id());
  sensor.set_site_id(record.site_id());
  sensor.set_quantity(static_cast<v1::Quantity>(record.quantity()));
  sensor.set_unit(record.unit());
  SetMicros(*sensor.mutable_sampling_interval(), record.interval_us());
  sensor.set_device_id(record.device_id());
  sensor.set_metric(record.metric());
  sensor.set_gateway_id(record.gateway_id());
  *sensor.mutable_limits() = ToProto(ToLimits(*record.limits().rbegin()));
  if (newest) {
    *sensor.mutable_newest_at() = shared::ToTimestamp(base::FromMicros(newest->time_us));
    sensor.set_newest_value(newest->value);
    sensor.set_newest_flag(static_cast<v1::QualityFlag>(newest->mark.flag));
  }
  return sensor;
}

v1::Bucket ToProto(const sensor::Bucket& bucket) {
  v1::Bucket out;
  *out.mutable_from() = shared::ToTimestamp(base::FromMicros(bucket.from_us));
  out.set_count(bucket.count);
  if (bucket.count > 0) {
    out.set_min(bucket.lowest);
    out.set_max(bucket.highest);
    out.set_mean(bucket.mean);
    out.set_last(bucket.last);
    *out.mutable_last_at() = shared::ToTimestamp(base::FromMicros(bucket.last_time_us));
  }
  for (std::size_t flag = 0; flag < bucket.by_flag.size(); ++flag) {
    if (bucket.by_flag[flag] == 0) continue;
    auto& count = *out.add_flags();
    count.set_flag(static_cast<v1::QualityFlag>(flag));
    count.set_count(bucket.by_flag[flag]);
  }
  return out;
}

void AppendReading(const sensor::Point& point, v1::ReadReadingsResponse& response) {
  response.add_measured_at_us(point.time_us);
  response.add_values(point.value);
  response.add_flags(static_cast<v1::QualityFlag>(point.mark.flag));
  response.add_failed_tests(point.mark.tests);
}

namespace {

bool CheckWhole(const v1::ReadingBatch& batch, const SensorInfo* info,
                std::string_view actor_gateway, v1::BatchAcknowledgement& out) {
  const auto refuse = [&](std::string_view rule, std::string message) {
    AddProblem(-1, rule, std::move(message), out);
    out.set_rejected(static_cast<std::uint32_t>(batch.values_size()));
    return false;
  };
  if (info == nullptr) {
    return refuse("unknown_sensor", "the sensor is not in the catalogue: register it first");
  }
  const std::string& gateway = info->record.gateway_id();
  if (!actor_gateway.empty() && !gateway.empty() && gateway != actor_gateway) {
    return refuse("other_gateway", fmt::format("only gateway {} may send for it", gateway));
  }
  const auto size = static_cast<std::uint64_t>(batch.values_size());
  if (batch.first_sequence() == 0 || batch.first_sequence() > kLastSequence - size) {
    return refuse("sequence_out_of_range", "numbers of an epoch go from 1 to 2^62");
  }
  if (const auto unit = sensor::FindUnit(info->quantity, batch.unit()); !unit.ok()) {
    return refuse("unknown_unit", base::Message(unit.status()));
  }
  return true;
}

}  // namespace

bool CheckBatch(const v1::ReadingBatch& batch, const SensorInfo* info,
                std::string_view actor_gateway, base::Instant now, Arrival& arrival,
                v1::BatchAcknowledgement& out) {
  out.set_sensor_id(batch.sensor_id());
  out.set_epoch(batch.epoch());
  if (!CheckWhole(batch, info, actor_gateway, out)) return false;
  const std::string& name = batch.unit().empty() ? info->record.unit() : batch.unit();
  const sensor::Unit& unit = **sensor::FindUnit(info->quantity, name);
  const std::int64_t latest = base::ToMicros(now) + kDayUs;
  arrival.epoch = batch.epoch();
  arrival.first_sequence = batch.first_sequence();
  arrival.readings.resize(static_cast<std::size_t>(batch.values_size()));
  std::vector<bool> missing(arrival.readings.size());
  for (const std::uint32_t index : batch.missing()) missing[index] = true;
  std::uint32_t rejected = 0;
  for (int i = 0; i < batch.values_size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::int64_t time = batch.measured_at_us(i);
    const auto reject = [&](std::string_view rule, std::string message) {
      ++rejected;
      AddProblem(i, rule, std::move(message), out);
    };
    if (time > latest) {
      reject("time_in_future", "more than a day after the service's clock: set the device's");
    } else if (time < kEarliestUs) {
      reject("time_too_early", "before 2000: set the device's clock");
    } else if (missing[at]) {
      arrival.readings[at] = sensor::Point{time, 0, {sensor::Flag::kMissing, 0}};
    } else if (!std::isfinite(batch.values(i)) ||
               !std::isfinite(sensor::ToStored(unit, batch.values(i)))) {
      reject("value_not_finite", "no number: send it as missing");
    } else {
      arrival.readings[at] = sensor::Point{time, sensor::ToStored(unit, batch.values(i)), {}};
    }
  }
  out.set_rejected(rejected);
  return true;
}

void FillAcknowledgement(const Receipt& receipt, v1::BatchAcknowledgement& out) {
  out.set_acknowledged_through(receipt.acknowledged_through);
  if (receipt.too_many_gaps) {
    AddProblem(-1, "sequence_gaps",
               fmt::format("the epoch has more than {} gaps: send again from {}",
                           sensor::SequenceWindow::kMaxIslands, receipt.acknowledged_through + 1),
               out);
    out.set_rejected(0);
    return;
  }
  out.set_stored(receipt.stored);
  out.set_duplicate(receipt.duplicate);
  out.set_conflicting(receipt.conflicting);
  for (std::size_t flag = 0; flag < receipt.by_flag.size(); ++flag) {
    if (receipt.by_flag[flag] == 0) continue;
    auto& count = *out.add_flags();
    count.set_flag(static_cast<v1::QualityFlag>(flag));
    count.set_count(receipt.by_flag[flag]);
  }
}

}  // namespace belgrand::sensors
