#include "services/cli/sensors_command.h"

#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>

#include "platform/base/clock.h"
#include "sample/csv.h"
#include "services/cli/client_verb.h"
#include "services/cli/discharges_command.h"
#include "services/cli/sensors_client.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

namespace v1 = sensor::v1;

struct Flags {
  ClientFlags client;
  std::string site;
  std::string file;
  std::string sensor_id;
  std::string from;
  std::string to;
  std::int64_t bucket_seconds = 0;
  std::size_t batch = 500;
};

base::StatusOr<SensorsClient> Open(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  return SensorsClient(channel);
}

base::Status List(const Flags& flags) {
  ASSIGN_OR_RETURN(auto client, Open(flags));
  ASSIGN_OR_RETURN(const auto response, client.List(flags.site));
  std::cout << "sensor_id,site_id,quantity,unit,sampling_interval_s,device_id,metric,gateway_id,"
               "newest_at,newest_value,newest_flag\n";
  for (const v1::Sensor& sensor : response.sensors()) {
    std::cout << fmt::format(
        "{},{},{},{},{},{},{},{},{},{},{}\n", sensor.sensor_id(), sensor.site_id(),
        v1::Quantity_Name(sensor.quantity()), sample::CsvField(sensor.unit()),
        sensor.sampling_interval().seconds(), sample::CsvField(sensor.device_id()),
        sample::CsvField(sensor.metric()), sample::CsvField(sensor.gateway_id()),
        sensor.has_newest_at() ? base::FormatInstant(shared::ToInstant(sensor.newest_at())) : "",
        sensor.has_newest_at() ? fmt::format("{}", sensor.newest_value()) : "",
        sensor.has_newest_at() ? v1::QualityFlag_Name(sensor.newest_flag()) : "");
  }
  return base::OkStatus();
}

base::Status Put(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto sensors, ReadSensorFile(flags.file));
  ASSIGN_OR_RETURN(auto client, Open(flags));
  ASSIGN_OR_RETURN(const auto response, client.Put(sensors));
  std::cout << fmt::format("{} added, {} changed, {} unchanged\n", response.added(),
                           response.changed(), response.unchanged());
  return base::OkStatus();
}

base::Status Send(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto columns, ReadReadingFile(flags.file));
  ASSIGN_OR_RETURN(auto client, Open(flags));
  const auto epoch = static_cast<std::uint64_t>(base::ToMicros(base::Clock::System().Now()));
  ASSIGN_OR_RETURN(const SendTotals totals, client.Send(columns, epoch, flags.batch));
  std::cout << fmt::format("{} stored, {} duplicate, {} conflicting, {} rejected\n", totals.stored,
                           totals.duplicate, totals.conflicting, totals.rejected);
  for (const auto& [rule, count] : totals.problems) {
    std::cout << fmt::format("  {:<24} {}\n", rule, count);
  }
  return totals.rejected == 0 ? base::OkStatus()
                              : base::InvalidArgument("some readings were rejected");
}

base::StatusOr<std::optional<base::Instant>> InstantOf(const std::string& text) {
  if (text.empty()) return std::optional<base::Instant>();
  ASSIGN_OR_RETURN(const base::Instant instant, base::ParseInstant(text));
  return std::optional<base::Instant>(instant);
}

template <typename Request>
base::StatusOr<Request> RequestOf(const Flags& flags) {
  Request request;
  request.set_sensor_id(flags.sensor_id);
  ASSIGN_OR_RETURN(const auto from, InstantOf(flags.from));
  ASSIGN_OR_RETURN(const auto to, InstantOf(flags.to));
  if (from) *request.mutable_from() = shared::ToTimestamp(*from);
  if (to) *request.mutable_to() = shared::ToTimestamp(*to);
  return request;
}

void Show(const v1::ReadReadingsResponse& part) {
  for (int i = 0; i < part.values_size(); ++i) {
    const bool missing = part.flags(i) == v1::MISSING;
    std::cout << fmt::format("{},{},{},{}\n",
                             base::FormatInstant(base::FromMicros(part.measured_at_us(i))),
                             missing ? "" : fmt::format("{}", part.values(i)),
                             static_cast<int>(part.flags(i)), part.failed_tests(i));
  }
}

base::Status Read(const Flags& flags) {
  ASSIGN_OR_RETURN(auto client, Open(flags));
  if (flags.bucket_seconds == 0) {
    ASSIGN_OR_RETURN(const auto request, RequestOf<v1::ReadReadingsRequest>(flags));
    std::cout << "measured_at,value,flag,failed_tests\n";
    return client.Read(request, Show);
  }
  ASSIGN_OR_RETURN(auto request, RequestOf<v1::ReadDownsampledRequest>(flags));
  request.mutable_bucket()->set_seconds(flags.bucket_seconds);
  std::cout << "from,count,min,max,mean,last\n";
  return client.ReadDownsampled(request, [](const v1::Bucket& bucket) {
    const std::string from = base::FormatInstant(shared::ToInstant(bucket.from()));
    if (bucket.count() == 0) {
      std::cout << from << ",0,,,,\n";
      return;
    }
    std::cout << fmt::format("{},{},{},{},{},{}\n", from, bucket.count(), bucket.min(),
                             bucket.max(), bucket.mean(), bucket.last());
  });
}

// Asks every second for what is newer than the newest shown: late readings are not shown.
base::Status Tail(const Flags& flags) {
  ASSIGN_OR_RETURN(auto client, Open(flags));
  v1::ReadReadingsRequest request;
  request.set_sensor_id(flags.sensor_id);
  base::Instant from = base::Clock::System().Now() - std::chrono::hours(1);
  std::cout << "measured_at,value,flag,failed_tests\n";
  for (;;) {
    *request.mutable_from() = shared::ToTimestamp(from);
    RETURN_IF_ERROR(client.Read(request, [&](const v1::ReadReadingsResponse& part) {
      Show(part);
      from = base::FromMicros(*part.measured_at_us().rbegin() + 1);
    }));
    std::cout << std::flush;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace

void AddSensors(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  app.require_subcommand(1);

  auto* list =
      AddClientVerb(app, run, flags, "list", "List the sensors and their newest readings", List);
  list->add_option("--site", flags->site, "only of this site");

  auto* put = AddClientVerb(app, run, flags, "put", "Add or change the sensors of a CSV file", Put);
  put->add_option("file", flags->file,
                  "columns sensor_id, site_id, quantity, sampling_interval_s; unit, device_id, "
                  "metric, gateway_id and thresholds if wanted (docs/formats/sensors.md)")
      ->required();

  auto* send = AddClientVerb(app, run, flags, "send", "Send the readings of a CSV file", Send);
  send->add_option("file", flags->file, "columns sensor_id, measured_at, value; unit if wanted")
      ->required();
  send->add_option("--batch", flags->batch, "readings sent together")
      ->check(CLI::Range(1, 50'000))
      ->capture_default_str();

  auto* read = AddClientVerb(app, run, flags, "read", "Print readings as CSV", Read);
  read->add_option("--from", flags->from, "ISO 8601, inclusive");
  read->add_option("--to", flags->to, "ISO 8601, exclusive");
  read->add_option("--bucket", flags->bucket_seconds,
                   "sum up in spans of so many seconds: count, min, max, mean, last");
  auto* tail = AddClientVerb(app, run, flags, "tail",
                             "Print the readings of the last hour, then each as it comes", Tail);
  for (auto* verb : {read, tail}) {
    verb->add_option("sensor", flags->sensor_id, "id of the sensor, as listed")->required();
  }
  AddDischarges(app, run);
}

}  // namespace belgrand::cli
