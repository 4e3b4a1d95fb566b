#include "publication/render.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>
#include <vector>

namespace belgrand::publication {
namespace {

using Json = nlohmann::ordered_json;

// RFC 4180; a cell that a spreadsheet would read as a formula begins with an apostrophe.
std::string Field(std::string_view text) {
  std::string field;
  if (!text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos) {
    field = "'";
  }
  field += text;
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string_view StatusOf(const Cell& cell) {
  switch (cell.verdict) {
    case Verdict::kReleased:
      return "released";
    case Verdict::kTooEarly:
      return "delayed";
    default:
      return "suppressed";
  }
}

Json ClassJson(const ClassRules& rules) {
  return {{"delay_days", rules.delay_days}, {"significant_digits", rules.significant_digits}};
}

Json RulesJson(const Rules& rules) {
  return {{"minimum_population_to_stand_alone", rules.minimum_population},
          {"large_population", rules.large_population},
          {"minimum_sites_not_seen_alone", rules.minimum_sites},
          {"largest_site_percent_of_persons", rules.dominance_percent},
          {"protection_percent", rules.protection_percent},
          {"large_site", ClassJson(rules.large)},
          {"medium_site", ClassJson(rules.medium)},
          {"with_protected_sites", ClassJson(rules.shielded)}};
}

Json Caveats(const ReleaseOptions& options) {
  Json caveats = {
      "A value is the mean of the sites' weekly mean concentrations, weighted with the persons "
      "they "
      "serve; it is raw, not normalised by flow or population markers.",
      "A result under its limit of detection or quantification counts as zero: a mean is a lower "
      "bound. Zero says that no site behind the number quantified the target.",
      "Weighted means compare with themselves over time only while the same sites report; see the "
      "column sites.",
      "Laboratories and methods differ; a change of method is not marked here.",
      "Suppressed numbers exist and are not published, because they or numbers beside them would "
      "tell of a small group; delayed ones are not due yet. Sites that are never published alone "
      "do "
      "not occur.",
      "Values are rounded; differences of rounded values are coarser than they look."};
  if (options.noise.has_value()) {
    caveats.push_back(
        "Counts carry random noise and are cut off at zero; a single count may be far from the "
        "truth. The guarantee of the noise holds for the counts, not for the means beside them.");
  }
  return caveats;
}

Json NoiseJson(const NoiseOptions& noise) {
  return {
      {"mechanism", "discrete Laplace on whole numbers, sampled exactly"},
      {"unit", "what one site says of one target in one period"},
      {"epsilon_each_period_and_target", FormatEpsilon(noise.epsilon)},
      {"budget_epsilon_each_year_of_data", static_cast<double>(noise.budget_micro_epsilon) / 1e6}};
}

}  // namespace

std::string ReleaseCsv(const Release& release, const ReleaseOptions& options) {
  std::vector<const Cell*> cells;
  for (const Cell& cell : release.plan.cells) cells.push_back(&cell);
  std::sort(cells.begin(), cells.end(), [](const Cell* a, const Cell* b) {
    return std::tie(a->target, a->level, a->area_id, a->period_start) <
           std::tie(b->target, b->level, b->area_id, b->period_start);
  });
  std::string csv =
      "target,level,area_id,period_start,period_weeks,status,value_gc_per_l,sites,persons\n";
  for (const Cell* cell : cells) {
    csv += fmt::format("{},{},{},{},{},{}", Field(cell->target), NameOf(cell->level),
                       Field(cell->area_id), base::FormatDay(cell->period_start),
                       options.plan.period_weeks, StatusOf(*cell));
    if (cell->verdict == Verdict::kReleased) {
      const int digits = options.plan.rules.Of(cell->site_class).significant_digits;
      csv += fmt::format(",{},{},{}\n", RoundedText(MeanOf(*cell, release.plan.unknowns), digits),
                         cell->sites, cell->persons);
    } else {
      csv += ",,,\n";
    }
  }
  return csv;
}

std::string CountsCsv(const Release& release, const ReleaseOptions& options) {
  std::string csv = "target,district_id,period_start,period_weeks,sites_detecting_with_noise\n";
  for (const NoisyCount& count : release.counts) {
    csv += fmt::format("{},{},{},{},{}\n", Field(count.target), Field(count.district_id),
                       base::FormatDay(count.period_start), options.plan.period_weeks, count.count);
  }
  return csv;
}

std::string ReleaseMetadata(const Release& release, const ReleaseOptions& options,
                            const MetadataFacts& facts) {
  std::map<std::string_view, std::size_t> statuses{
      {"released", 0}, {"suppressed", 0}, {"delayed", 0}};
  for (const Cell& cell : release.plan.cells) ++statuses[StatusOf(cell)];
  Json json;
  json["title"] = facts.title;
  json["release"] = facts.number;
  json["created"] = base::FormatInstant(options.created);
  json["publication_day"] = base::FormatDay(options.plan.publication_day);
  json["files"] = {{{"name", facts.csv_name}, {"sha256", facts.csv_sha256}}};
  if (!facts.counts_name.empty()) {
    json["files"].push_back({{"name", facts.counts_name}, {"sha256", facts.counts_sha256}});
  }
  json["unit"] = "gene copies per litre (gc/L)";
  json["numbers"] = {{"released", statuses["released"]},
                     {"suppressed", statuses["suppressed"]},
                     {"delayed", statuses["delayed"]}};
  json["rules"] = RulesJson(options.plan.rules);
  json["attacker"] = {
      {"method",
       "exact linear programming over non-negative contributions with one insider, against the "
       "unrounded numbers of this release and of all before it"},
      {"numbers", release.attack.equations},
      {"earlier_numbers", release.attack.earlier_equations},
      {"protected_contributions", release.attack.protected_contributions},
      {"disclosed_by_earlier_numbers", release.attack.won_before},
      {"left_out_for_their_sake", release.attack.frozen}};
  if (options.noise.has_value()) json["noise"] = NoiseJson(*options.noise);
  json["caveats"] = Caveats(options);
  json["record_sha256"] = facts.record_sha256;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace belgrand::publication
