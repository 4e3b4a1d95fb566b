// Any bytes at all as the requests that laboratories and gateways send: nothing may crash, what is
// said of a row can go on the wire, and what is accepted survives being stored and read again.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "belgrand/ingest/v1/ingest.pb.h"
#include "belgrand/sensor/v1/sensor.pb.h"
#include "platform/base/check.h"
#include "sample/text.h"
#include "sample/validate.h"
#include "services/sensors/convert.h"
#include "services/shared/content_hash.h"
#include "services/shared/sample_convert.h"

namespace belgrand {
namespace {

const base::Instant kNow = *base::ParseInstant("2026-06-01");

// Serializing fails where a string is not UTF-8, and the client would get no answer at all.
template <typename Message>
void CheckSendable(const Message& message) {
  std::string bytes;
  BELGRAND_CHECK(message.SerializeToString(&bytes));
  BELGRAND_CHECK(Message().ParseFromString(bytes));
}

void CheckAccepted(const sample::Validated& judged) {
  const sample::Measurement& measurement = *judged.measurement;
  BELGRAND_CHECK(!measurement.value ||
                 (*measurement.value > 0 && std::isfinite(*measurement.value)));
  const timeseries::v1::SampleVersion version = shared::ToVersion(measurement);
  CheckSendable(version);
  const auto again = shared::ToMeasurement(version);
  BELGRAND_CHECK(again.ok());
  // The hash covers every field of a measurement.
  BELGRAND_CHECK(shared::ContentHash(*again, "", "", "") ==
                 shared::ContentHash(measurement, "", "", ""));
}

void CheckSample(const ingest::v1::Sample& sent) {
  const sample::Row row = shared::ToRow(sent);
  const sample::Validated judged = sample::Validate(row, nullptr, kNow);
  BELGRAND_CHECK(judged.measurement.has_value() == judged.violations.empty());
  for (const auto* findings : {&judged.violations, &judged.warnings}) {
    for (const sample::Violation& finding : *findings) {
      CheckSendable(shared::ToProto(finding, sample::Language::kEnglish));
      CheckSendable(shared::ToProto(finding, sample::Language::kFrench));
    }
  }
  if (judged.ok()) CheckAccepted(judged);
  if (const auto resent = shared::ToProto(row); resent.ok()) {
    // What a client reads from a file and sends is judged as it would be here.
    const sample::Validated twice = sample::Validate(shared::ToRow(*resent), nullptr, kNow);
    BELGRAND_CHECK(twice.violations.size() == judged.violations.size());
  }
}

void CheckReadings(const sensor::v1::ReadingBatch& batch) {
  sensors::SensorInfo info;
  info.quantity = sensor::Quantity::kPh;
  info.record.set_sensor_id(batch.sensor_id());
  sensors::Arrival arrival;
  sensor::v1::BatchAcknowledgement answer;
  const bool taken = sensors::CheckBatch(batch, &info, "", kNow, arrival, answer);
  CheckSendable(answer);
  BELGRAND_CHECK(taken || answer.problems_size() > 0);
  if (!taken) return;
  BELGRAND_CHECK(arrival.readings.size() == static_cast<std::size_t>(batch.values_size()));
  std::uint32_t rejected = 0;
  for (const auto& reading : arrival.readings) {
    rejected += reading ? 0 : 1;
    BELGRAND_CHECK(!reading || std::isfinite(reading->value));
  }
  BELGRAND_CHECK(rejected == answer.rejected());
}

}  // namespace
}  // namespace belgrand

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int length = static_cast<int>(size);
  belgrand::ingest::v1::SubmitSamplesRequest samples;
  if (samples.ParseFromArray(data, length)) {
    for (const auto& sample : samples.samples()) belgrand::CheckSample(sample);
  }
  belgrand::sensor::v1::StreamReadingsRequest readings;
  if (readings.ParseFromArray(data, length)) {
    for (const auto& batch : readings.batches()) belgrand::CheckReadings(batch);
  }
  return 0;
}
