#include "sample/formats/site_table.h"

#include <array>
#include <span>
#include <utility>

#include "sample/formats/columns.h"
#include "sample/text.h"

namespace belgrand::sample {
namespace {

constexpr std::array<std::string_view, 5> kIds = {"site_id", "siteID", "ARA_code", "Site", "name"};
constexpr std::array<std::string_view, 2> kNames = {"name", "ARA_name"};
constexpr std::array<std::string_view, 6> kDistricts = {
    "district_id", "district", "canton", "bundesland", "healthRegion", "Health_Board"};
constexpr std::array<std::string_view, 6> kPopulations = {
    "population", "population_served", "popServ", "catchment_area", "einwohner", "Population"};

// The first of the names that stands in the header.
base::StatusOr<Columns> FindAny(std::span<const std::string> header,
                                std::span<const std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) {
    const std::array<std::string_view, 1> one = {name};
    if (HasColumns(header, one)) return Columns::Find(header, one, 1, "sites");
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  return base::InvalidArgument("the table of sites has none of the columns {}", list);
}

}  // namespace

base::StatusOr<SiteTable> SiteTable::Read(RowSource& source) {
  std::vector<std::string> fields;
  ASSIGN_OR_RETURN(const bool any, source.Next(fields));
  if (!any) return base::InvalidArgument("the table of sites is empty");
  ASSIGN_OR_RETURN(const Columns id, FindAny(fields, kIds));
  ASSIGN_OR_RETURN(const Columns district, FindAny(fields, kDistricts));
  ASSIGN_OR_RETURN(const Columns population, FindAny(fields, kPopulations));
  const auto name = FindAny(fields, kNames);
  SiteTable table;
  for (;;) {
    ASSIGN_OR_RETURN(const bool more, source.Next(fields));
    if (!more) return table;
    Site site;
    site.site_id = IdentifierOf(id(fields, 0));
    site.name = name.ok() ? std::string((*name)(fields, 0)) : site.site_id;
    if (site.name.empty()) site.name = site.site_id;
    site.district_id = IdentifierOf(district(fields, 0));
    const Field<double> number = ParseNumberField(population(fields, 0));
    site.population_served = number.value.value_or(0);
    if (site.site_id.empty() || site.district_id.empty() || !(site.population_served > 0)) {
      return base::InvalidArgument(
          "row {} of the table of sites needs an identifier, a district and a population above 0: "
          "found \"{}\", \"{}\" and \"{}\"",
          source.row(), Printable(id(fields, 0)), Printable(district(fields, 0)),
          Printable(population(fields, 0)));
    }
    table.sites_.insert_or_assign(site.site_id, std::move(site));
  }
}

std::optional<Site> SiteTable::Find(std::string_view site_id) const {
  const auto found = sites_.find(site_id);
  if (found == sites_.end()) return std::nullopt;
  return found->second;
}

}  // namespace belgrand::sample
