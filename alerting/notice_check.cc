// What can be wrong with the configuration of public notices.
#include <fmt/format.h>

#include <set>
#include <string>

#include "alerting/lifecycle.h"
#include "alerting/notice.h"
#include "alerting/text.h"

namespace belgrand::alerting {
namespace {

constexpr base::Duration kShortestExpiry = std::chrono::hours(1);
constexpr base::Duration kShortestWait = std::chrono::minutes(1);
constexpr base::Duration kLongest = std::chrono::days(30);
constexpr std::size_t kMaxText = 4'000;

void CheckWait(const char* field, const google::protobuf::Duration& wait, base::Duration least,
               std::vector<std::string>& problems) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  if (wait.nanos() == 0 && wait.seconds() >= duration_cast<seconds>(least).count() &&
      wait.seconds() <= duration_cast<seconds>(kLongest).count()) {
    return;
  }
  problems.push_back(fmt::format("notices.{}: {} s is outside {} s to {} s", field, wait.seconds(),
                                 duration_cast<seconds>(least).count(),
                                 duration_cast<seconds>(kLongest).count()));
}

void CheckAreas(const config::v1::Notices& config, std::vector<std::string>& problems) {
  std::set<std::string> districts;
  for (int i = 0; i < config.areas_size(); ++i) {
    const auto& area = config.areas(i);
    const std::string where = fmt::format("notices.areas[{}]", i);
    if (area.district_id().empty()) problems.push_back(where + ".district_id is empty");
    if (!districts.insert(area.district_id()).second) {
      problems.push_back(
          fmt::format("{}: district '{}' is named before", where, area.district_id()));
    }
    CapOptions options;
    options.sender = "sender";
    options.area_name = area.name();
    options.area_name_fr = area.name_fr();
    for (const std::string& text : area.polygons()) {
      const auto polygon = ParseCapPolygon(text);
      if (!polygon.ok()) {
        problems.push_back(where + ".polygons: " + base::Message(polygon.status()));
        continue;
      }
      options.polygons.push_back(*polygon);
    }
    if (const auto status = CheckCapOptions(options); !status.ok()) {
      problems.push_back(where + ": " + base::Message(status));
    }
  }
}

}  // namespace

std::vector<std::string> CheckNotices(const config::v1::Notices& config) {
  std::vector<std::string> problems;
  if (config.propose().empty()) {
    problems.emplace_back(
        "notices.propose is empty: say which alerts the public is told of, such as "
        "{ min_severity: CRITICAL }");
  }
  for (int i = 0; i < config.propose_size(); ++i) {
    const auto& match = config.propose(i);
    const std::string where = fmt::format("notices.propose[{}]", i);
    if (!match.windows().empty()) {
      problems.push_back(where + ".windows: what the public is told does not depend on the hour");
    }
    for (const int kind : match.kinds()) {
      if (kind == config::v1::SPIKE || kind == config::v1::RISE) continue;
      problems.push_back(where + ".kinds: only SPIKE and RISE are for the public");
    }
  }
  const CapOptions options{.sender = config.sender(),
                           .sender_name = config.sender_name(),
                           .contact = config.contact(),
                           .instruction = config.instruction(),
                           .instruction_fr = config.instruction_fr()};
  if (const auto status = CheckCapOptions(options); !status.ok()) {
    problems.push_back("notices: " + base::Message(status));
  }
  if (config.instruction().empty() != config.instruction_fr().empty()) {
    problems.emplace_back(
        "notices.instruction and notices.instruction_fr come together or not at all");
  }
  for (const std::string* text : {&config.sender_name(), &config.contact(), &config.instruction(),
                                  &config.instruction_fr()}) {
    if (text->size() > kMaxText || !IsPrintableUtf8(*text)) {
      problems.push_back(fmt::format(
          "notices: a text is not UTF-8 without control characters of at most {} bytes", kMaxText));
    }
  }
  if (config.owner().size() > kMaxOwnerBytes || !IsPrintableUtf8(config.owner())) {
    problems.push_back(
        fmt::format("notices.owner is not UTF-8 without control characters of at most {} bytes",
                    kMaxOwnerBytes));
  }
  if (config.has_expires_after()) {
    CheckWait("expires_after", config.expires_after(), kShortestExpiry, problems);
  }
  if (config.has_decide_within()) {
    CheckWait("decide_within", config.decide_within(), kShortestWait, problems);
  }
  CheckAreas(config, problems);
  return problems;
}

}  // namespace belgrand::alerting
