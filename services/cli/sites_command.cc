#include "services/cli/sites_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sample/csv.h"
#include "sample/institution.h"
#include "sample/table_mapper.h"
#include "sample/text.h"
#include "services/cli/client_flags.h"
#include "services/cli/client_verb.h"
#include "services/cli/import_report.h"
#include "services/cli/sites_client.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

namespace v1 = timeseries::v1;

struct Flags {
  ClientFlags client;
  std::vector<std::string> files;
  sample::GeoJsonDefaults defaults;
  bool dry_run = false;
  std::string district;
  std::string site;
  std::string as_of;
  bool geojson = false;
  // Of an edit.
  std::string name;
  double population = 0;
  std::vector<std::string> shares;
  std::string from;
  std::string institution;
  bool drop_population = false;
  bool drop_shares = false;
  bool drop_catchment = false;
};

// As files write it: midnight UTC as a date; empty for an absent one.
template <typename Entry>
std::string FromText(const Entry& entry) {
  if (!entry.has_valid_from()) return "";
  const base::Instant at = shared::ToInstant(entry.valid_from());
  const base::Day day = base::DayOf(at);
  return at == base::Instant(day) ? base::FormatDay(day) : base::FormatInstant(at);
}

template <typename Entry>
std::string Dated(const Entry& entry, const std::string& text) {
  const std::string from = FromText(entry);
  return from.empty() ? text : fmt::format("from {}: {}", from, text);
}

std::string PopulationsText(const v1::Site& site) {
  std::string text;
  for (const auto& dated : site.populations()) {
    text += (text.empty() ? "" : "; ") + Dated(dated, fmt::format("{}", dated.persons()));
  }
  return text;
}

std::string DistrictsText(const v1::Site& site) {
  std::string text;
  for (const auto& dated : site.districts()) {
    std::string shares;
    for (const auto& share : dated.shares()) {
      shares +=
          fmt::format("{}{} {}", shares.empty() ? "" : ", ", share.district_id(), share.share());
    }
    text += (text.empty() ? "" : "; ") + Dated(dated, shares);
  }
  return text;
}

std::string_view InstitutionText(const v1::Site& site) {
  const int number = static_cast<int>(site.institution());
  return number < sample::kInstitutions
             ? sample::InstitutionName(static_cast<sample::Institution>(number))
             : "of a newer release";
}

std::string RecordedText(const v1::Site& site) {
  return base::FormatInstant(shared::ToInstant(site.recorded_at()));
}

base::StatusOr<SitesClient> Open(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto channel, Connect(flags.client));
  return SitesClient(channel);
}

base::Status Send(const Flags& flags, const std::vector<v1::Site>& sites) {
  ASSIGN_OR_RETURN(SitesClient client, Open(flags));
  ASSIGN_OR_RETURN(const v1::PutSitesResponse response,
                   client.Put(sites, flags.dry_run ? SitesMode::kCheckOnly : SitesMode::kStore));
  std::cout << fmt::format("{} added, {} changed, {} unchanged{}\n", Grouped(response.added()),
                           Grouped(response.changed()), Grouped(response.unchanged()),
                           flags.dry_run ? "; dry run: nothing was stored" : "");
  return base::OkStatus();
}

// All files are read, and all sites checked, before anything is stored.
base::Status Load(const Flags& flags) {
  std::vector<sample::SiteEntry> entries;
  for (const std::string& path : flags.files) {
    ASSIGN_OR_RETURN(sample::SiteFile file, ReadSiteFile(path, flags.defaults));
    std::cout << fmt::format("{}: {}\n", path, Counted(file.sites.size(), "site", "sites"));
    if (file.turned_rings > 0) {
      std::cout << fmt::format("  {} rings ran the wrong way and were turned\n",
                               Grouped(file.turned_rings));
    }
    ShowNotes(file.notes);
    RETURN_IF_ERROR(JoinSites(path, std::move(file.sites), entries));
  }
  std::vector<v1::Site> sites;
  for (const sample::SiteEntry& entry : entries) sites.push_back(ToProto(entry));
  if (sites.empty()) return base::InvalidArgument("the files name no site: nothing to load");
  return Send(flags, sites);
}

// "north=0.25".
base::StatusOr<sample::DistrictShare> ParseShare(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  const auto share = sample::ParseNumberField(
      equals == std::string::npos ? std::string_view() : std::string_view(text).substr(equals + 1));
  if (share.value.has_value()) return sample::DistrictShare{text.substr(0, equals), *share.value};
  return base::InvalidArgument("--share \"{}\": write DISTRICT=PART, such as north=0.25",
                               sample::Printable(text));
}

base::Status FillDates(const Flags& flags, v1::Site& site) {
  if (flags.from.empty()) {
    if (flags.drop_population || flags.drop_shares) {
      return base::InvalidArgument(
          "--drop-population and --drop-shares need --from: the date to "
          "take out, as `belgrand sites show` tells it");
    }
    site.set_population_served(flags.population);
  } else {
    const auto from = base::ParseInstant(flags.from);
    if (!from.ok()) return base::Annotate(from.status(), "--from");
    if (flags.population != 0 || flags.drop_population) {
      auto& dated = *site.add_populations();
      *dated.mutable_valid_from() = shared::ToTimestamp(*from);
      dated.set_persons(flags.population);
    }
    if (!flags.shares.empty() || flags.drop_shares) {
      *site.add_districts()->mutable_valid_from() = shared::ToTimestamp(*from);
    }
  }
  for (const std::string& text : flags.shares) {
    ASSIGN_OR_RETURN(const sample::DistrictShare share, ParseShare(text));
    auto& dated = site.districts().empty() ? *site.add_districts() : *site.mutable_districts(0);
    auto& part = *dated.add_shares();
    part.set_district_id(share.district_id);
    part.set_share(share.share);
  }
  return base::OkStatus();
}

base::Status Set(const Flags& flags) {
  v1::Site site;
  site.set_site_id(flags.site);
  site.set_name(flags.name);
  site.set_district_id(flags.district);
  RETURN_IF_ERROR(FillDates(flags, site));
  if (!flags.institution.empty()) {
    const auto institution = sample::ParseInstitution(flags.institution);
    if (!institution.has_value()) {
      return base::InvalidArgument("--institution \"{}\" is not known; known: {}",
                                   sample::Printable(flags.institution), sample::InstitutionList());
    }
    site.set_institution(static_cast<v1::InstitutionClass>(*institution));
  }
  if (flags.drop_catchment) site.mutable_catchment();
  return Send(flags, {site});
}

base::StatusOr<v1::ListSitesResponse> Ask(const Flags& flags) {
  v1::ListSitesRequest request;
  request.set_district_id(flags.district);
  request.set_site_id(flags.site);
  request.set_with_catchments(flags.geojson);
  if (!flags.as_of.empty()) {
    const auto instant = base::ParseInstant(flags.as_of);
    if (!instant.ok()) return base::Annotate(instant.status(), "--as-of");
    *request.mutable_as_of() = shared::ToTimestamp(*instant);
  }
  ASSIGN_OR_RETURN(SitesClient client, Open(flags));
  return client.List(request);
}

base::Status List(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto response, Ask(flags));
  std::cout << "site_id,name,district_id,population,institution,catchment_positions,license,"
               "version,recorded_at\n";
  for (const v1::Site& site : response.sites()) {
    std::cout << fmt::format(
        "{},{},{},{},{},{},{},{},{}\n", sample::CsvField(site.site_id()),
        sample::CsvField(site.name()), sample::CsvField(site.district_id()),
        site.population_served(), InstitutionText(site), site.catchment().position_count(),
        sample::CsvField(site.catchment().license()), site.version(), RecordedText(site));
  }
  return base::OkStatus();
}

nlohmann::json FeatureOf(const v1::Site& site) {
  using Json = nlohmann::json;
  Json feature = {{"type", "Feature"}, {"geometry", nullptr}};
  feature["properties"] = {{"site_id", site.site_id()},
                           {"name", site.name()},
                           {"district_id", site.district_id()},
                           {"population", site.population_served()}};
  if (!InstitutionText(site).empty()) feature["properties"]["institution"] = InstitutionText(site);
  if (!site.has_catchment()) return feature;
  feature["properties"]["license"] = site.catchment().license();
  feature["properties"]["attribution"] = site.catchment().attribution();
  Json polygons = Json::array();
  for (const auto& polygon : site.catchment().polygons()) {
    Json rings = Json::array();
    for (const auto& ring : polygon.rings()) {
      Json positions = Json::array();
      for (int i = 0; i + 1 < ring.positions_size(); i += 2) {
        positions.push_back({ring.positions(i), ring.positions(i + 1)});
      }
      rings.push_back(std::move(positions));
    }
    polygons.push_back(std::move(rings));
  }
  feature["geometry"] = {{"type", "MultiPolygon"}, {"coordinates", std::move(polygons)}};
  return feature;
}

base::Status Show(const Flags& flags) {
  ASSIGN_OR_RETURN(const auto response, Ask(flags));
  const v1::Site& site = response.sites(0);
  if (flags.geojson) {
    std::cout << FeatureOf(site).dump() << "\n";
    return base::OkStatus();
  }
  const auto line = [](std::string_view name, std::string_view text) {
    if (!text.empty()) std::cout << fmt::format("{:<14} {}\n", name, text);
  };
  line("site", site.site_id());
  line("name", site.name());
  line("district", site.district_id());
  line("shares", DistrictsText(site));
  line("persons", fmt::format("{}", site.population_served()));
  line("by date", PopulationsText(site));
  line("institution", InstitutionText(site));
  if (site.has_catchment()) {
    line("catchment", fmt::format("{} positions, licence {}", site.catchment().position_count(),
                                  site.catchment().license()));
    line("attribution", site.catchment().attribution());
  }
  line("version", fmt::format("{}, recorded {}", site.version(), RecordedText(site)));
  return base::OkStatus();
}

base::Status History(const Flags& flags) {
  ASSIGN_OR_RETURN(SitesClient client, Open(flags));
  ASSIGN_OR_RETURN(const auto response, client.History(flags.site));
  std::cout << "version,recorded_at,catalogue_version,name,district_id,population,"
               "populations_by_date,shares,institution,catchment_positions,license\n";
  for (const v1::Site& site : response.versions()) {
    std::cout << fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", site.version(),
                             RecordedText(site), site.catalogue_version(),
                             sample::CsvField(site.name()), sample::CsvField(site.district_id()),
                             site.population_served(), sample::CsvField(PopulationsText(site)),
                             sample::CsvField(DistrictsText(site)), InstitutionText(site),
                             site.catchment().position_count(),
                             sample::CsvField(site.catchment().license()));
  }
  return base::OkStatus();
}

}  // namespace

void AddSites(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  app.require_subcommand(1);

  auto* load = AddClientVerb(app, run, flags, "load",
                             "Add or change sites from tables (CSV, .xlsx) and GeoJSON", Load);
  load->add_option("file", flags->files, "one or more; docs/formats/sites.md")
      ->required()
      ->check(CLI::ExistingFile);
  load->add_option("--license", flags->defaults.license,
                   "licence of polygons that do not name theirs, such as CC-BY-4.0");
  load->add_option("--attribution", flags->defaults.attribution,
                   "whom to name beside polygons that do not say it");

  auto* set = AddClientVerb(app, run, flags, "set",
                            "Edit one site, or add it; what is not given stays as it is", Set);
  set->add_option("--name", flags->name, "its name");
  set->add_option("--district", flags->district, "the district whose officials act on it");
  set->add_option("--population", flags->population, "persons that it serves");
  set->add_option("--share", flags->shares,
                  "which part of its persons lives in a district, such as north=0.25; repeat it "
                  "for each district");
  set->add_option("--from", flags->from,
                  "the day or instant from which --population and --share hold; without it the "
                  "population corrects the newest, and the shares hold from the beginning");
  set->add_option("--institution", flags->institution, "what it stands for, such as k12");
  set->add_flag("--drop-population", flags->drop_population,
                "take out the population of the date of --from")
      ->excludes("--population");
  set->add_flag("--drop-shares", flags->drop_shares, "take out the shares of the date of --from")
      ->excludes("--share");
  set->add_flag("--drop-catchment", flags->drop_catchment, "take out its catchment");
  for (auto* verb : {load, set}) {
    verb->add_flag("--dry-run", flags->dry_run, "check and count, and store nothing");
  }

  auto* list = AddClientVerb(app, run, flags, "list", "List the sites as CSV", List);
  list->add_option("--district", flags->district, "only of this district");

  auto* show = AddClientVerb(app, run, flags, "show", "Show all of one site", Show);
  show->add_flag("--geojson", flags->geojson, "as a GeoJSON feature with its catchment");
  auto* history = AddClientVerb(app, run, flags, "history",
                                "Show every version of one site as CSV, oldest first", History);
  for (auto* verb : {show, history, set}) {
    verb->add_option("site", flags->site, "site_id, as listed")->required();
  }
  for (auto* verb : {list, show}) {
    verb->add_option("--as-of", flags->as_of, "as the catalogue was on that day or instant");
  }
}

}  // namespace belgrand::cli
