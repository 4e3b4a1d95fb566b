// Tables of sites: rows of one site are its dated populations and its shares in districts.
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "sample/findings.h"
#include "sample/formats/columns.h"
#include "sample/formats/site_file.h"
#include "sample/formats/site_table.h"
#include "sample/sample_file.h"
#include "sample/text.h"
#include "sample/validate.h"

namespace belgrand::sample {
namespace {

constexpr std::size_t kMaxProblems = 20;
constexpr double kShareSlack = 1e-6;

enum Column : std::size_t { kId, kName, kDistrict, kPopulation, kValidFrom, kShare, kInstitution };
constexpr std::size_t kColumns = 7;

// The names that a column has in the wild; the first is the project's own.
constexpr std::array<std::array<std::string_view, 6>, kColumns> kNames = {{
    {"site_id", "siteID", "ARA_code", "Site", ""},
    {"name", "ARA_name", "", "", ""},
    {"district_id", "district", "canton", "bundesland", "healthRegion", "Health_Board"},
    {"population", "population_served", "popServ", "catchment_area", "einwohner"},
    {"valid_from", "", "", "", ""},
    {"share", "weight", "", "", ""},
    {"institution", "institution_type", "", "", ""},
}};

constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
using Positions = std::array<std::size_t, kColumns>;

std::size_t PositionOf(std::span<const std::string> header, Column column) {
  for (const std::string_view name : kNames[column]) {
    if (name.empty()) continue;
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (Lower(Trim(header[i])) == Lower(name)) return i;
    }
  }
  return kAbsent;
}

class Reader {
 public:
  explicit Reader(RowSource& source) : source_(source) {}

  base::StatusOr<SiteFile> Run() {
    RETURN_IF_ERROR(ReadHeader());
    for (;;) {
      ASSIGN_OR_RETURN(const bool more, source_.Next(fields_));
      if (!more) break;
      if (fields_.size() != header_.size()) {
        if (fields_.size() < header_.size() && source_.ended_without_line_break()) {
          return base::InvalidArgument("row {}: the file is cut off: export it again",
                                       source_.row());
        }
        Problem("has {} columns, the header {}: quote fields that hold the separator",
                fields_.size(), header_.size());
        continue;
      }
      ReadRow();
    }
    for (SiteEntry& entry : file_.sites) Finish(entry);
    for (const std::string& column : unread_) file_.notes.unread_columns.push_back(column);
    if (problem_count_ == 0) return std::move(file_);
    std::string text;
    for (const std::string& problem : problems_) text += "\n  " + problem;
    if (problem_count_ > problems_.size()) {
      text += fmt::format("\n  and {} more", problem_count_ - problems_.size());
    }
    return base::InvalidArgument("{} problem(s) in the table of sites:{}", problem_count_, text);
  }

 private:
  template <typename... Args>
  void Problem(fmt::format_string<Args...> format, Args&&... args) {
    ++problem_count_;
    if (problems_.size() >= kMaxProblems) return;
    problems_.push_back(fmt::format("row {} ", source_.row()) +
                        fmt::format(format, std::forward<Args>(args)...));
  }

  base::Status ReadHeader() {
    ASSIGN_OR_RETURN(const bool any, source_.Next(header_));
    if (!any) return base::InvalidArgument("the table of sites is empty: not even a header row");
    for (std::size_t i = 0; i < kColumns; ++i) {
      positions_[i] = PositionOf(header_, static_cast<Column>(i));
    }
    // Swiss lists identify a site by its name alone.
    if (positions_[kId] == kAbsent) positions_[kId] = positions_[kName];
    if (positions_[kId] != kAbsent) return base::OkStatus();
    return base::InvalidArgument(
        "the table of sites has no column site_id (nor siteID, ARA_code, Site or name)");
  }

  std::string_view Cell(Column column) const {
    if (positions_[column] == kAbsent) return {};
    const std::string_view text = Trim(fields_[positions_[column]]);
    return text == "NA" ? std::string_view() : text;
  }

  void NoteUnread() {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const std::string_view text = Trim(fields_[i]);
      if (text.empty() || text == "NA" || std::ranges::find(positions_, i) != positions_.end()) {
        continue;
      }
      const std::string_view name = Trim(header_[i]);
      const std::string shown = name.empty() ? fmt::format("column {}", i + 1) : Printable(name);
      if (std::ranges::find(unread_, shown) == unread_.end()) unread_.push_back(shown);
    }
  }

  // A cell that holds a number above zero; absent when it is empty or wrong.
  std::optional<double> Positive(Column column, double most) {
    const Field<double> field = ParseNumberField(Cell(column));
    if (field.absent()) return std::nullopt;
    if (field.value.has_value() && *field.value > 0 && *field.value <= most) return field.value;
    Problem(
        "column {}: \"{}\" is not a number above 0 and at most {:.0f}: correct it or leave it "
        "empty",
        kNames[column][0], Printable(Cell(column)), most);
    return std::nullopt;
  }

  void ReadRow() {
    NoteUnread();
    const std::string id = IdentifierOf(Cell(kId));
    if (!IsIdentifier(id)) {
      Problem("column site_id: \"{}\" is not an identifier: write letters, digits and . _ : / -",
              Printable(Cell(kId)));
      return;
    }
    const auto [at, fresh] = index_.try_emplace(id, file_.sites.size());
    if (fresh) file_.sites.emplace_back().site.site_id = id;
    SiteEntry& entry = file_.sites[at->second];
    Set(kName, std::string(Cell(kName)), entry.site.name);
    const Field<base::Instant> from = ParseTimeField(Cell(kValidFrom));
    if (!from.text.empty()) {
      Problem("column valid_from: \"{}\" is not a date: write 2024-01-31", Printable(from.text));
      return;
    }
    ReadInstitution(entry);
    ReadPopulation(from.value, entry);
    ReadDistrict(from.value, entry);
  }

  // Rows of one site agree on what has no date.
  void Set(Column column, const std::string& value, std::string& out) {
    if (value.empty() || value == out) return;
    if (!out.empty()) {
      Problem("column {}: \"{}\", an earlier row of the site says \"{}\": say one of them",
              kNames[column][0], Printable(value), Printable(out));
      return;
    }
    out = value;
  }

  void ReadInstitution(SiteEntry& entry) {
    const std::string_view text = Cell(kInstitution);
    if (text.empty()) return;
    const auto institution = ParseInstitution(text);
    if (!institution.has_value()) {
      Problem("column institution: \"{}\" is not known; known: {}", Printable(text),
              InstitutionList());
    } else if (entry.institution != Institution::kNotSaid && entry.institution != *institution) {
      Problem("column institution: \"{}\", an earlier row of the site says \"{}\": say one of them",
              Printable(text), InstitutionName(entry.institution));
    } else {
      entry.institution = *institution;
    }
  }

  void ReadPopulation(const std::optional<base::Instant>& from, SiteEntry& entry) {
    constexpr double kMostPersons = 1e8;
    const auto persons = Positive(kPopulation, kMostPersons);
    if (!persons.has_value()) return;
    auto& populations = entry.site.populations;
    const auto same = std::ranges::find(populations, from, &DatedPopulation::valid_from);
    if (same == populations.end()) {
      populations.push_back({from, *persons});
    } else if (same->persons != *persons) {
      Problem(
          "column population: {}, an earlier row of the same site and date says {}: say one "
          "of them",
          *persons, same->persons);
    }
  }

  void ReadDistrict(const std::optional<base::Instant>& from, SiteEntry& entry) {
    const std::string district = IdentifierOf(Cell(kDistrict));
    if (district.empty()) {
      if (!Cell(kShare).empty()) {
        Problem("column share: \"{}\" without a district_id: name the district",
                Printable(Cell(kShare)));
      }
      return;
    }
    const auto share = Positive(kShare, 1);
    if (Cell(kShare).empty()) {
      Set(kDistrict, district, entry.site.district_id);
      return;
    }
    if (!share.has_value()) return;
    auto& dated = entry.site.districts;
    auto at = std::ranges::find(dated, from, &DatedDistricts::valid_from);
    if (at == dated.end()) at = dated.insert(dated.end(), DatedDistricts{from, {}});
    for (const DistrictShare& known : at->shares) {
      if (known.district_id != district) continue;
      Problem("column share: district {} has one already from that date: name it once",
              Printable(district));
      return;
    }
    at->shares.push_back({district, *share});
  }

  // In order of date; the district that acts is the one with most persons.
  void Finish(SiteEntry& entry) {
    Site& site = entry.site;
    std::ranges::stable_sort(site.populations, {}, &DatedPopulation::valid_from);
    std::ranges::stable_sort(site.districts, {}, &DatedDistricts::valid_from);
    if (site.populations.size() == 1 && !site.populations[0].valid_from) {
      site.population_served = site.populations[0].persons;
      site.populations.clear();
    }
    for (const DatedDistricts& dated : site.districts) {
      double sum = 0;
      for (const DistrictShare& share : dated.shares) sum += share.share;
      if (sum > 1 + kShareSlack) {
        ++problem_count_;
        problems_.push_back(
            fmt::format("site {}: the shares add up to {}: at most 1", site.site_id, sum));
      }
    }
    if (site.district_id.empty() && !site.districts.empty()) {
      const auto& newest = site.districts.back().shares;
      site.district_id = std::ranges::max_element(newest, {}, &DistrictShare::share)->district_id;
    }
  }

  RowSource& source_;
  std::vector<std::string> header_;
  std::vector<std::string> fields_;
  Positions positions_{};
  std::map<std::string, std::size_t> index_;
  SiteFile file_;
  std::vector<std::string> unread_;
  std::vector<std::string> problems_;
  std::size_t problem_count_ = 0;
};

}  // namespace

base::StatusOr<SiteFile> ReadSiteCsv(RowSource& source) { return Reader(source).Run(); }

}  // namespace belgrand::sample
