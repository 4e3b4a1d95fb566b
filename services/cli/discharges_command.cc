#include "services/cli/discharges_command.h"

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <optional>

#include "platform/base/file.h"
#include "sample/csv.h"
#include "sensor/discharge.h"
#include "sensor/sewer_simulator.h"
#include "services/cli/client_verb.h"
#include "services/cli/sensors_client.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

namespace v1 = sensor::v1;

struct FindFlags {
  ClientFlags client;
  std::string site;
  std::string from;
  std::string to;
  bool words = false;
};

base::StatusOr<sensor::Points> Read(SensorsClient& client, const std::string& sensor_id,
                                    const FindFlags& flags) {
  v1::ReadReadingsRequest request;
  request.set_sensor_id(sensor_id);
  if (!flags.from.empty()) {
    ASSIGN_OR_RETURN(const base::Instant from, base::ParseInstant(flags.from));
    *request.mutable_from() = shared::ToTimestamp(from);
  }
  if (!flags.to.empty()) {
    ASSIGN_OR_RETURN(const base::Instant to, base::ParseInstant(flags.to));
    *request.mutable_to() = shared::ToTimestamp(to);
  }
  sensor::Points points;
  RETURN_IF_ERROR(client.Read(request, [&](const v1::ReadReadingsResponse& part) {
    for (int i = 0; i < part.values_size(); ++i) {
      points.push_back({part.measured_at_us(i),
                        part.values(i),
                        {static_cast<sensor::Flag>(part.flags(i)),
                         static_cast<std::uint8_t>(part.failed_tests(i))}});
    }
  }));
  return points;
}

std::string Parameters(const sensor::Discharge& discharge) {
  std::string text;
  for (const auto& [quantity, departure] : discharge.worst) {
    text += fmt::format("{}{} {:.4g} for {:.4g}", text.empty() ? "" : "; ",
                        sensor::Describe(quantity).name, departure.value, departure.expected);
  }
  return text;
}

void Print(const std::string& site, const std::vector<sensor::Discharge>& found,
           const FindFlags& flags) {
  if (flags.words) {
    const auto language = VerdictLanguage(flags.client) == ingest::v1::FRENCH
                              ? sensor::Language::kFrench
                              : sensor::Language::kEnglish;
    for (const sensor::Discharge& discharge : found) {
      std::cout << sensor::Describe(site, discharge, language) << "\n";
    }
    return;
  }
  std::cout << "site_id,from,to,known_at,signature,in_rain,parameters\n";
  for (const sensor::Discharge& discharge : found) {
    const auto instant = [](std::int64_t us) { return base::FormatInstant(base::FromMicros(us)); };
    std::cout << fmt::format(
        "{},{},{},{},{},{},{}\n", sample::CsvField(site), instant(discharge.from_us),
        discharge.to_us ? instant(*discharge.to_us) : "", instant(discharge.known_us),
        sensor::NameOf(discharge.signature()), discharge.in_rain ? "yes" : "no",
        sample::CsvField(Parameters(discharge)));
  }
}

base::Status Find(const FindFlags& flags) {
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  SensorsClient client(channel);
  ASSIGN_OR_RETURN(const auto listed, client.List(flags.site));
  if (listed.sensors().empty()) {
    return base::NotFound("--site {}: no sensor of the catalogue hangs there", flags.site);
  }
  std::vector<std::pair<sensor::Quantity, sensor::Points>> series;
  for (const v1::Sensor& listed_sensor : listed.sensors()) {
    const auto quantity = sensor::QuantityOf(static_cast<int>(listed_sensor.quantity()));
    if (!quantity) continue;
    ASSIGN_OR_RETURN(auto points, Read(client, listed_sensor.sensor_id(), flags));
    series.emplace_back(*quantity, std::move(points));
  }
  Print(flags.site, sensor::FindDischarges(sensor::SlotsOf(series)), flags);
  return base::OkStatus();
}

struct SimulateFlags {
  sensor::SewerOptions options;
  std::string site = "site-1";
  std::string first_day = "2021-01-01";
  std::string sensors;
  std::string readings;
  std::string truth;
};

std::string EventLines(std::string_view kind, const std::vector<sensor::SewerEvent>& events) {
  std::string text;
  for (const sensor::SewerEvent& event : events) {
    text += fmt::format("{},{},{},{},{:.3g}\n", kind,
                        base::FormatInstant(base::FromMicros(event.from_us)),
                        base::FormatInstant(base::FromMicros(event.to_us)),
                        kind == "discharge" ? sensor::NameOf(event.kind) : "", event.strength);
  }
  return text;
}

base::Status Simulate(SimulateFlags flags) {
  ASSIGN_OR_RETURN(const base::Day first, base::ParseDay(flags.first_day));
  flags.options.from_us = base::ToMicros(base::Instant(first));
  const sensor::SewerSimulation sewer = sensor::SimulateSewer(flags.options);
  std::string sensors = "sensor_id,site_id,quantity,sampling_interval_s\n";
  std::string readings = "sensor_id,measured_at,value\n";
  for (const auto& [quantity, points] : sewer.series) {
    const std::string id = fmt::format("{}-{}", flags.site, sensor::Describe(quantity).name);
    sensors += fmt::format("{},{},{},{}\n", sample::CsvField(id), sample::CsvField(flags.site),
                           sensor::Describe(quantity).name, flags.options.interval_s);
    for (const sensor::Point& point : points) {
      readings += fmt::format("{},{},{:.6g}\n", sample::CsvField(id),
                              base::FormatInstant(base::FromMicros(point.time_us)), point.value);
    }
  }
  RETURN_IF_ERROR(base::WriteFileAtomically(flags.sensors, sensors, 0644));
  RETURN_IF_ERROR(base::WriteFileAtomically(flags.readings, readings, 0644));
  if (!flags.truth.empty()) {
    RETURN_IF_ERROR(base::WriteFileAtomically(
        flags.truth,
        "event,from,to,kind,strength\n" + EventLines("discharge", sewer.discharges) +
            EventLines("storm", sewer.storms) + EventLines("fault", sewer.faults),
        0644));
  }
  fmt::print("{} sensors, {} discharges, {} storms, {} faults: {}\n", sewer.series.size(),
             sewer.discharges.size(), sewer.storms.size(), sewer.faults.size(), flags.readings);
  return base::OkStatus();
}

}  // namespace

void AddDischarges(CLI::App& sensors, RunSlot& run) {
  auto find = std::make_shared<FindFlags>();
  auto* discharges = AddClientVerb(
      sensors, run, find, "discharges",
      "Find what departs from the daily and weekly profile of a site's sensors", Find);
  discharges->add_option("--site", find->site, "site")->required();
  discharges->add_option("--from", find->from,
                         "ISO 8601, inclusive; two weeks before what is looked for, to learn from");
  discharges->add_option("--to", find->to, "ISO 8601, exclusive");
  discharges->add_flag("--words", find->words, "a paragraph for each, instead of CSV");

  auto flags = std::make_shared<SimulateFlags>();
  auto* simulate = sensors.add_subcommand(
      "simulate", "Write made-up readings of one place in a sewer, with known discharges");
  simulate->add_option("--readings", flags->readings, "CSV of readings to write")->required();
  simulate->add_option("--sensors", flags->sensors, "CSV of the sensors to write")->required();
  simulate->add_option("--truth", flags->truth, "CSV of discharges, storms and faults to write");
  simulate->add_option("--site", flags->site, "Site")->capture_default_str();
  simulate->add_option("--seed", flags->options.seed, "The same seed gives the same bytes")
      ->capture_default_str();
  simulate->add_option("--first-day", flags->first_day, "First day")->capture_default_str();
  simulate->add_option("--days", flags->options.days, "Days")
      ->check(CLI::Range(1, 3660))
      ->capture_default_str();
  simulate->add_option("--interval", flags->options.interval_s, "Seconds between readings")
      ->check(CLI::Range(1, 300))
      ->capture_default_str();
  simulate->add_option("--discharges", flags->options.discharges, "Discharges")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  simulate->add_option("--storms", flags->options.storms, "Storms")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  simulate->add_option("--faults", flags->options.faults, "Faults of sensors")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  simulate->callback([flags, &run] {
    run = [flags] {
      const base::Status status = Simulate(*flags);
      if (status.ok()) return kExitOk;
      std::cerr << base::Message(status) << "\n";
      return status.code() == base::StatusCode::kInvalidArgument ? kExitUsage : kExitRuntime;
    };
  });
}

}  // namespace belgrand::cli
