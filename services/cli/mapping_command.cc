#include "services/cli/mapping_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "platform/base/clock.h"
#include "platform/base/file.h"
#include "sample/codes.h"
#include "sample/formats/mapping.h"
#include "sample/validate.h"
#include "services/cli/import_report.h"
#include "services/cli/sample_load.h"

namespace belgrand::cli {
namespace {

struct Flags {
  std::string mapping;
  std::string data;
  std::string sheet;
};

void Describe(const sample::Mapping& mapping) {
  std::cout << fmt::format("mapping \"{}\"\n", mapping.name);
  for (const auto& [column, field] : mapping.columns) {
    const auto unit = mapping.units.find(field);
    std::cout << fmt::format("  {} -> {}{}\n", column, field,
                             unit == mapping.units.end() ? "" : " in " + unit->second);
  }
  for (const auto& [field, text] : mapping.constants) {
    std::cout << fmt::format("  \"{}\" -> {}\n", text, field);
  }
  for (const sample::Mapping::Spelling& spelling : mapping.spellings) {
    std::cout << fmt::format("  value \"{}\" means {}\n", spelling.text,
                             sample::CensoringName(spelling.censoring));
  }
}

// The catalogue of sites is the service's, so nothing is said about sites here.
base::StatusOr<bool> TryData(const Flags& flags) {
  LoadOptions load;
  load.mapping = flags.mapping;
  load.sheet = flags.sheet;
  ASSIGN_OR_RETURN(const SampleFile file, LoadSamples(flags.data, load));
  const base::Instant now = base::Clock::System().Now();
  std::size_t good = 0;
  std::map<std::string_view, std::pair<std::size_t, std::size_t>> rules;
  for (const sample::Row& row : file.rows) {
    const sample::Validated judged = sample::Validate(row, nullptr, now);
    good += judged.ok();
    for (const sample::Violation& violation : judged.violations) {
      auto& [count, first] = rules[sample::RuleName(violation.rule())];
      if (count++ == 0) first = row.line;
    }
  }
  std::cout << fmt::format("{}: {} rows, {} would pass\n", flags.data, Grouped(file.rows.size()),
                           Grouped(good));
  ShowNotes(file.notes);
  for (const auto& [rule, found] : rules) {
    std::cout << fmt::format("  {} {}, first in row {}\n", Grouped(found.first), rule,
                             found.second);
  }
  return good == file.rows.size();
}

base::StatusOr<bool> Check(const Flags& flags) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(flags.mapping, sample::kMaxMappingBytes));
  const auto mapping = sample::Mapping::Parse(text);
  if (!mapping.ok()) return base::Annotate(mapping.status(), flags.mapping);
  Describe(*mapping);
  if (flags.data.empty()) return true;
  return TryData(flags);
}

int Run(const Flags& flags) {
  const auto fits = Check(flags);
  if (!fits.ok()) std::cerr << base::Message(fits.status()) << "\n";
  return fits.ok() && *fits ? kExitOk : kExitRuntime;
}

}  // namespace

void AddMapping(CLI::App& app, RunSlot& run) {
  app.require_subcommand(1);
  auto flags = std::make_shared<Flags>();
  auto* check = app.add_subcommand("check", "Read a mapping and try it on a file");
  check->add_option("mapping", flags->mapping, "mapping file (docs/formats/mapping.md)")
      ->required()
      ->check(CLI::ExistingFile);
  check->add_option("--data", flags->data, "a file of the laboratory to try it on")
      ->check(CLI::ExistingFile);
  check->add_option("--sheet", flags->sheet, "sheet of a workbook; the first one when not given");
  check->callback([flags, &run] { run = [flags] { return Run(*flags); }; });
}

}  // namespace belgrand::cli
