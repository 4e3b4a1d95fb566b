#include "platform/http/conditional.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string_view>
#include <utility>

namespace belgrand::http {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// The comparison is the weak one: a proxy may have weakened ours.
bool Lists(std::string_view header, std::string_view etag) {
  while (!header.empty()) {
    const std::size_t comma = header.find(',');
    std::string_view tag = header.substr(0, comma);
    header.remove_prefix(comma == header.npos ? header.size() : comma + 1);
    while (tag.starts_with(' ')) tag.remove_prefix(1);
    while (tag.ends_with(' ')) tag.remove_suffix(1);
    if (tag == "*") return true;
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"' &&
        tag.substr(1, tag.size() - 2) == etag) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string FormatHttpDate(base::Instant at) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(
                                  std::chrono::floor<std::chrono::seconds>(at).time_since_epoch())
                                  .count();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                     kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::optional<base::Instant> ParseHttpDate(const std::string& text) {
  std::tm utc{};
  std::array<char, 4> day{};
  std::array<char, 4> month{};
  int end = -1;
  if (std::sscanf(text.c_str(), "%3s, %2d %3s %4d %2d:%2d:%2d GMT%n", day.data(), &utc.tm_mday,
                  month.data(), &utc.tm_year, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &end) != 7 ||
      end != static_cast<int>(text.size())) {
    return std::nullopt;
  }
  utc.tm_year -= 1900;
  utc.tm_mon = -1;
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (kMonths.at(i) == month.data()) utc.tm_mon = static_cast<int>(i);
  }
  if (utc.tm_mon < 0) return std::nullopt;
  const std::time_t seconds = timegm(&utc);
  const auto at = base::FromMicros(static_cast<std::int64_t>(seconds) * 1'000'000);
  // What is not a date, such as 31 Feb, was moved to one.
  return FormatHttpDate(at) == text ? std::optional(at) : std::nullopt;
}

Response Conditional(const PageRequest& request, Response full, const std::string& etag,
                     base::Instant modified) {
  full.headers.emplace_back("ETag", fmt::format("\"{}\"", etag));
  full.headers.emplace_back("Last-Modified", FormatHttpDate(modified));
  bool has_it = false;
  if (!request.if_none_match.empty()) {
    has_it = Lists(request.if_none_match, etag);
  } else if (const auto since = ParseHttpDate(request.if_modified_since)) {
    has_it = std::chrono::floor<std::chrono::seconds>(modified) <= *since;
  }
  if (has_it) {
    full.code = 304;
    full.body.clear();
  }
  return full;
}

}  // namespace belgrand::http
