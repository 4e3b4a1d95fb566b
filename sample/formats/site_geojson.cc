// GeoJSON (RFC 7946): a FeatureCollection whose features are the catchments of sites.
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "sample/findings.h"
#include "sample/formats/columns.h"
#include "sample/formats/site_file.h"
#include "sample/text.h"
#include "sample/validate.h"

namespace belgrand::sample {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxProblems = 20;
constexpr double kMostPersons = 1e8;

class Reader {
 public:
  explicit Reader(const GeoJsonDefaults& defaults) : defaults_(defaults) {}

  base::StatusOr<SiteFile> Run(std::string_view text) {
    if (text.size() > kMaxGeoJsonBytes) {
      return base::InvalidArgument("{} bytes, at most {} are read: split the file", text.size(),
                                   kMaxGeoJsonBytes);
    }
    bool too_deep = false;
    const Json json = Json::parse(
        text,
        [&too_deep](int depth, Json::parse_event_t, Json&) {
          too_deep = too_deep || depth > static_cast<int>(kMaxGeoJsonDepth);
          return !too_deep;
        },
        /*allow_exceptions=*/false);
    if (too_deep) {
      return base::InvalidArgument("the file is nested deeper than {} levels: it is no GeoJSON",
                                   kMaxGeoJsonDepth);
    }
    if (!json.is_object() || !json.contains("type")) {
      return base::InvalidArgument("the file is no GeoJSON: an object with a \"type\" is expected");
    }
    RETURN_IF_ERROR(CheckCrs(json));
    const Json& type = json["type"];
    if (type == "FeatureCollection" && json.contains("features") && json["features"].is_array()) {
      std::size_t number = 0;
      for (const Json& feature : json["features"]) ReadFeature(++number, feature);
    } else if (type == "Feature") {
      ReadFeature(1, json);
    } else {
      return base::InvalidArgument(
          "the file holds \"type\": {}; a FeatureCollection or a Feature is expected, for a bare "
          "geometry does not say its site",
          Printable(type.dump(-1, ' ', false, Json::error_handler_t::replace)));
    }
    return Result();
  }

 private:
  base::StatusOr<SiteFile> Result() {
    for (const std::string& name : unread_) {
      file_.notes.unread_columns.push_back("property " + name);
    }
    if (problem_count_ == 0) return std::move(file_);
    std::string text;
    for (const std::string& problem : problems_) text += "\n  " + problem;
    if (problem_count_ > problems_.size()) {
      text += fmt::format("\n  and {} more", problem_count_ - problems_.size());
    }
    return base::InvalidArgument("{} problem(s) in the GeoJSON:{}", problem_count_, text);
  }

  // RFC 7946 knows WGS 84 only; older files name another system.
  static base::Status CheckCrs(const Json& json) {
    const auto crs = json.find("crs");
    if (crs == json.end() || crs->is_null()) return base::OkStatus();
    const std::string text = crs->dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.find("CRS84") != std::string::npos || text.find("4326") != std::string::npos) {
      return base::OkStatus();
    }
    return base::InvalidArgument(
        "\"crs\": {} is not WGS 84: reproject the file (ogr2ogr -t_srs EPSG:4326 -lco "
        "RFC7946=YES)",
        Printable(text));
  }

  template <typename... Args>
  void Problem(fmt::format_string<Args...> format, Args&&... args) {
    ++problem_count_;
    if (problems_.size() >= kMaxProblems) return;
    problems_.push_back(where_ + ": " + fmt::format(format, std::forward<Args>(args)...));
  }

  static std::string Text(const Json& json) {
    if (json.is_string()) return json.get<std::string>();
    if (json.is_null()) return "";
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  void ReadFeature(std::size_t number, const Json& feature) {
    where_ = fmt::format("feature {}", number);
    if (!feature.is_object() || feature.value("type", Json()) != "Feature") {
      Problem("is no Feature: every member of \"features\" has \"type\": \"Feature\"");
      return;
    }
    SiteEntry entry;
    license_ = defaults_.license;
    attribution_ = defaults_.attribution;
    const auto properties = feature.find("properties");
    if (properties != feature.end() && properties->is_object()) ReadProperties(*properties, entry);
    if (entry.site.site_id.empty() && feature.contains("id")) {
      entry.site.site_id = IdentifierOf(Text(feature["id"]));
    }
    if (!IsIdentifier(entry.site.site_id)) {
      Problem("has no property site_id (nor an \"id\") that is an identifier: found \"{}\"",
              Printable(entry.site.site_id));
      return;
    }
    where_ += fmt::format(", site {}", entry.site.site_id);
    if (!seen_.insert(entry.site.site_id).second) {
      Problem("is named by an earlier feature too: join them into one MultiPolygon");
      return;
    }
    ReadCatchment(feature, entry);
    file_.sites.push_back(std::move(entry));
  }

  void ReadProperties(const Json& properties, SiteEntry& entry) {
    for (const auto& [name, value] : properties.items()) {
      const std::string text = Text(value);
      if (name == "site_id") {
        entry.site.site_id = IdentifierOf(text);
      } else if (name == "name") {
        entry.site.name = text;
      } else if (name == "district_id") {
        entry.site.district_id = IdentifierOf(text);
      } else if (name == "population") {
        ReadPopulation(value, entry);
      } else if (name == "institution") {
        const auto institution = ParseInstitution(text);
        if (institution.has_value()) entry.institution = *institution;
        if (!institution.has_value() && !text.empty()) {
          Problem("property institution: \"{}\" is not known; known: {}", Printable(text),
                  InstitutionList());
        }
      } else if (name == "license") {
        license_ = text;
      } else if (name == "attribution") {
        attribution_ = text;
      } else if (!text.empty()) {
        unread_.insert(Printable(name));
      }
    }
  }

  void ReadPopulation(const Json& value, SiteEntry& entry) {
    if (value.is_null()) return;
    const double persons = value.is_number() ? value.get<double>() : 0;
    if (persons > 0 && persons <= kMostPersons) {
      entry.site.population_served = persons;
    } else {
      Problem(
          "property population: {} is not a number above 0 and at most {:.0f}: correct it or leave "
          "it out",
          Printable(Text(value)), kMostPersons);
    }
  }

  void ReadCatchment(const Json& feature, SiteEntry& entry) {
    const auto geometry = feature.find("geometry");
    if (geometry == feature.end() || geometry->is_null()) return;
    const Json type = geometry->is_object() ? geometry->value("type", Json()) : Json();
    const auto coordinates =
        geometry->is_object() ? geometry->find("coordinates") : geometry->end();
    const bool polygon = type == "Polygon";
    if ((!polygon && type != "MultiPolygon") || coordinates == geometry->end() ||
        !coordinates->is_array()) {
      Problem("geometry {} is no area: send a Polygon or MultiPolygon with coordinates",
              Printable(Text(type)));
      return;
    }
    Catchment catchment{.polygons = {}, .license = license_, .attribution = attribution_};
    bool read = true;
    if (polygon) {
      read = ReadPolygon(*coordinates, catchment);
    } else {
      for (const Json& one : *coordinates) read = read && ReadPolygon(one, catchment);
    }
    if (!read) return;
    file_.turned_rings += TurnRings(catchment);
    for (const auto& [where, what] : CheckCatchment(catchment)) Problem("{} {}", where, what);
    entry.catchment = std::move(catchment);
  }

  bool ReadPolygon(const Json& rings, Catchment& catchment) {
    Polygon& polygon = catchment.polygons.emplace_back();
    if (!rings.is_array()) {
      Problem("coordinates of a polygon are no list of rings");
      return false;
    }
    for (const Json& positions : rings) {
      Ring& ring = polygon.rings.emplace_back();
      if (!positions.is_array()) {
        Problem("a ring is no list of positions");
        return false;
      }
      for (const Json& position : positions) {
        const bool pair = position.is_array() && position.size() >= 2 && position[0].is_number() &&
                          position[1].is_number();
        if (!pair) {
          Problem("position {} of a ring is no pair of numbers: longitude, latitude", ring.size());
          return false;
        }
        if (position.size() > 2) ++file_.notes.left_out["altitude of a position"];
        ring.push_back({position[0].get<double>(), position[1].get<double>()});
      }
    }
    return true;
  }

  const GeoJsonDefaults& defaults_;
  std::string license_;
  std::string attribution_;
  std::string where_;
  SiteFile file_;
  std::set<std::string> seen_;
  std::set<std::string> unread_;
  std::vector<std::string> problems_;
  std::size_t problem_count_ = 0;
};

}  // namespace

base::StatusOr<SiteFile> ReadSiteGeoJson(std::string_view text, const GeoJsonDefaults& defaults) {
  return Reader(defaults).Run(text);
}

}  // namespace belgrand::sample
