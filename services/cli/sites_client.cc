#include "services/cli/sites_client.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <utility>

#include "platform/base/file.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/status.h"
#include "sample/text.h"
#include "services/cli/sample_load.h"
#include "services/shared/sample_convert.h"

namespace belgrand::cli {
namespace {

namespace v1 = timeseries::v1;

constexpr base::Duration kTimeout = std::chrono::seconds(60);
constexpr int kSitesPerCall = 5'000;
constexpr std::size_t kBytesPerCall = std::size_t{8} << 20;
constexpr std::string_view kSitesField = "sites[";

// JSON begins with a brace; a byte order mark and white space may stand before it.
bool IsJson(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string start(64, '\0');
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(in.gcount()));
  if (start.starts_with("\xef\xbb\xbf")) start.erase(0, 3);
  const std::size_t first = start.find_first_not_of(" \t\r\n");
  return first != std::string::npos && start[first] == '{';
}

base::StatusOr<sample::SiteFile> Read(const std::string& path,
                                      const sample::GeoJsonDefaults& defaults) {
  if (IsJson(path)) {
    ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path, sample::kMaxGeoJsonBytes));
    return sample::ReadSiteGeoJson(text, defaults);
  }
  ASSIGN_OR_RETURN(const auto source, OpenTable(path, ""));
  return sample::ReadSiteCsv(*source);
}

// What the service found, by the names of the sites instead of their places in the request.
base::Status NamingSites(const base::Status& status, const v1::PutSitesRequest& request) {
  const auto violations = rpc::FieldViolations(status);
  if (violations.empty()) return status;
  std::string text = base::Message(status);
  // "2 violation(s), nothing was stored; the first: ..." stays up to the first.
  text = text.substr(0, text.find(';')) + ":";
  for (const auto& [field, what] : violations) {
    int number = -1;
    std::string_view rest = field;
    if (rest.starts_with(kSitesField)) {
      rest.remove_prefix(kSitesField.size());
      const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
      rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
      if (rest.starts_with("].")) rest.remove_prefix(2);
    }
    const bool known = number >= 0 && number < request.sites_size();
    text += known ? fmt::format("\n  site {}, {}: {}",
                                sample::Printable(request.sites(number).site_id()), rest, what)
                  : fmt::format("\n  {}: {}", field, what);
  }
  return base::MakeStatus(status.code(), text);
}

// Takes `more` where nothing was said; the two must not differ. `show` tells a value.
template <typename Value, typename Show>
base::Status Join(const std::string& where, std::string_view field, const Value& more, Value& value,
                  Show show) {
  if (more == Value() || more == value) return base::OkStatus();
  if (value == Value()) {
    value = more;
    return base::OkStatus();
  }
  return base::InvalidArgument("{}, {}: {}, an earlier file says {}: say one of them", where, field,
                               show(more), show(value));
}

std::string Quoted(const std::string& text) {
  return fmt::format("\"{}\"", sample::Printable(text));
}
template <typename List>
std::string CountOf(const List& list) {
  return fmt::format("{} dates", list.size());
}

double NewestPopulation(const sample::Site& site) {
  return site.populations.empty() ? site.population_served : site.populations.back().persons;
}

base::Status JoinPopulations(const std::string& where, const sample::Site& more,
                             sample::Site& site) {
  const double said = NewestPopulation(site);
  const double newest = NewestPopulation(more);
  if (said != 0 && newest != 0 && said != newest) {
    return base::InvalidArgument("{}, population: {}, an earlier file says {}: say one of them",
                                 where, newest, said);
  }
  RETURN_IF_ERROR(Join(where, "population by date", more.populations, site.populations,
                       CountOf<std::vector<sample::DatedPopulation>>));
  if (site.populations.empty()) site.population_served = std::max(said, newest);
  return base::OkStatus();
}

}  // namespace

base::Status JoinSites(const std::string& path, std::vector<sample::SiteEntry> more,
                       std::vector<sample::SiteEntry>& all) {
  std::map<std::string, std::size_t, std::less<>> index;
  for (std::size_t i = 0; i < all.size(); ++i) index.emplace(all[i].site.site_id, i);
  for (sample::SiteEntry& entry : more) {
    const auto at = index.find(entry.site.site_id);
    if (at == index.end()) {
      all.push_back(std::move(entry));
      continue;
    }
    sample::SiteEntry& known = all[at->second];
    const std::string where = fmt::format("{}: site {}", path, entry.site.site_id);
    RETURN_IF_ERROR(Join(where, "name", entry.site.name, known.site.name, Quoted));
    RETURN_IF_ERROR(
        Join(where, "district_id", entry.site.district_id, known.site.district_id, Quoted));
    RETURN_IF_ERROR(JoinPopulations(where, entry.site, known.site));
    RETURN_IF_ERROR(Join(where, "share", entry.site.districts, known.site.districts,
                         CountOf<std::vector<sample::DatedDistricts>>));
    RETURN_IF_ERROR(
        Join(where, "institution", entry.institution, known.institution, sample::InstitutionName));
    RETURN_IF_ERROR(
        Join(where, "catchment", entry.catchment, known.catchment, [](const auto& area) {
          return fmt::format("an area of {} positions", area->position_count());
        }));
  }
  return base::OkStatus();
}

base::StatusOr<sample::SiteFile> ReadSiteFile(const std::string& path,
                                              const sample::GeoJsonDefaults& defaults) {
  auto file = Read(path, defaults);
  if (!file.ok()) return base::Annotate(file.status(), path);
  return file;
}

v1::Site ToProto(const sample::SiteEntry& entry) {
  v1::Site site = shared::ToProto(entry.site);
  site.set_institution(static_cast<v1::InstitutionClass>(entry.institution));
  if (!entry.catchment.has_value()) return site;
  v1::Catchment& catchment = *site.mutable_catchment();
  catchment.set_license(entry.catchment->license);
  catchment.set_attribution(entry.catchment->attribution);
  for (const sample::Polygon& polygon : entry.catchment->polygons) {
    auto& rings = *catchment.add_polygons()->mutable_rings();
    for (const sample::Ring& ring : polygon.rings) {
      auto& positions = *rings.Add()->mutable_positions();
      for (const sample::Position& position : ring) {
        positions.Add(position.longitude);
        positions.Add(position.latitude);
      }
    }
  }
  return site;
}

base::Status SitesClient::PutAll(const std::vector<v1::Site>& sites, SitesMode mode,
                                 v1::PutSitesResponse& total) {
  for (std::size_t at = 0; at < sites.size();) {
    v1::PutSitesRequest request;
    request.set_dry_run(mode == SitesMode::kCheckOnly);
    std::size_t bytes = 0;
    for (; at < sites.size() && request.sites_size() < kSitesPerCall; ++at) {
      bytes += sites[at].ByteSizeLong();
      if (!request.sites().empty() && bytes > kBytesPerCall) break;
      *request.add_sites() = sites[at];
    }
    grpc::ClientContext context;
    rpc::SetTimeout(context, kTimeout);
    v1::PutSitesResponse response;
    const base::Status status = rpc::FromGrpc(stub_->PutSites(&context, request, &response));
    if (!status.ok()) return NamingSites(status, request);
    total.set_added(total.added() + response.added());
    total.set_changed(total.changed() + response.changed());
    total.set_unchanged(total.unchanged() + response.unchanged());
  }
  return base::OkStatus();
}

base::StatusOr<v1::PutSitesResponse> SitesClient::Put(const std::vector<v1::Site>& sites,
                                                      SitesMode mode) {
  v1::PutSitesResponse checked;
  RETURN_IF_ERROR(PutAll(sites, SitesMode::kCheckOnly, checked));
  if (mode == SitesMode::kCheckOnly) return checked;
  v1::PutSitesResponse total;
  const base::Status status = PutAll(sites, SitesMode::kStore, total);
  if (status.ok()) return total;
  return base::Annotate(
      status, fmt::format("{} of {} sites were taken in, send them all again",
                          total.added() + total.changed() + total.unchanged(), sites.size()));
}

base::StatusOr<v1::ListSitesResponse> SitesClient::List(const v1::ListSitesRequest& request) {
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  v1::ListSitesResponse response;
  RETURN_IF_ERROR(rpc::FromGrpc(stub_->ListSites(&context, request, &response)));
  return response;
}

base::StatusOr<v1::GetSiteHistoryResponse> SitesClient::History(const std::string& site_id) {
  grpc::ClientContext context;
  rpc::SetTimeout(context, kTimeout);
  v1::GetSiteHistoryRequest request;
  request.set_site_id(site_id);
  v1::GetSiteHistoryResponse response;
  RETURN_IF_ERROR(rpc::FromGrpc(stub_->GetSiteHistory(&context, request, &response)));
  return response;
}

}  // namespace belgrand::cli
