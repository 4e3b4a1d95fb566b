#include "services/cli/simulate_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <sstream>

#include "detection/simulate.h"
#include "platform/base/file.h"
#include "sample/sample_csv.h"
#include "sample/target.h"

namespace belgrand::cli {
namespace {

struct SimulateFlags {
  detection::SimulationOptions options;
  std::string out;
  std::string truth;
  std::string first_day = "2021-01-01";
};

template <typename T>
sample::Field<T> FieldOf(const std::optional<T>& value) {
  sample::Field<T> field;
  field.value = value;
  return field;
}

sample::Row ToRow(const sample::Measurement& m) {
  sample::Row row;
  row.sample_id = m.sample_id;
  row.laboratory_id = m.laboratory_id;
  row.site_id = m.site_id;
  row.collected_at = FieldOf<base::Instant>(m.collected_at);
  row.known_at = FieldOf(m.known_at);
  row.target = m.target;
  row.value = FieldOf(m.value);
  row.unit = "gc/L";
  row.censoring = FieldOf<sample::Censoring>(m.censoring);
  row.lod = FieldOf(m.lod);
  row.loq = FieldOf(m.loq);
  row.flow.number = FieldOf(m.flow_m3_per_day);
  row.method_id = m.method_id;
  return row;
}

base::Status WriteSimulation(SimulateFlags flags) {
  const auto target = sample::CanonicalTarget(flags.options.target);
  if (!target.has_value()) {
    return base::InvalidArgument(
        "--target \"{}\" is not known, and no service would take it; known: {}",
        flags.options.target, sample::TargetList());
  }
  flags.options.target = *target;
  ASSIGN_OR_RETURN(flags.options.first_day, base::ParseDay(flags.first_day));
  ASSIGN_OR_RETURN(const detection::Simulation simulation, detection::Simulate(flags.options));
  std::ostringstream csv;
  sample::SampleCsvWriter writer(csv);
  for (const detection::SimulatedSample& sample : simulation.samples) {
    const sample::Site& site = simulation.sites[sample.site];
    sample::Row row = ToRow(sample.measurement);
    row.district_id = site.district_id;
    writer.Write(row, site);
  }
  RETURN_IF_ERROR(base::WriteFileAtomically(flags.out, csv.str(), 0644));
  if (!flags.truth.empty()) {
    RETURN_IF_ERROR(
        base::WriteFileAtomically(flags.truth, detection::EventsCsv(simulation.events), 0644));
  }
  fmt::print("{} samples of {} sites, {} waves and spikes: {}\n", simulation.samples.size(),
             simulation.sites.size(), simulation.events.size(), flags.out);
  return base::OkStatus();
}

}  // namespace

void AddSimulate(CLI::App& app, RunSlot& run) {
  app.description("Write a sample CSV of simulated cities with injected waves and spikes.");
  auto flags = std::make_shared<SimulateFlags>();
  detection::SimulationOptions& options = flags->options;
  app.add_option("--out", flags->out, "Sample CSV to write")->required();
  app.add_option("--truth", flags->truth, "CSV of the injected waves and spikes to write");
  app.add_option("--seed", options.seed, "The same seed gives the same bytes")
      ->capture_default_str();
  app.add_option("--districts", options.districts, "Districts")->capture_default_str();
  app.add_option("--sites", options.sites, "Sites in each district")->capture_default_str();
  app.add_option("--days", options.days, "Days")->capture_default_str();
  app.add_option("--first-day", flags->first_day, "First day")->capture_default_str();
  app.add_option("--waves", options.waves, "Waves in each district")->capture_default_str();
  app.add_option("--spikes", options.spikes, "Spikes in each district")->capture_default_str();
  app.add_option("--target", options.target, "Target")->capture_default_str();
  app.callback([flags, &run] {
    run = [flags] {
      const base::Status status = WriteSimulation(*flags);
      if (status.ok()) return kExitOk;
      std::cerr << base::Message(status) << "\n";
      return status.code() == base::StatusCode::kInvalidArgument ? kExitUsage : kExitRuntime;
    };
  });
}

}  // namespace belgrand::cli
