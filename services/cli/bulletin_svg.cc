// The drawings of the bulletin: map and curves, as inline SVG.
//
// Styles stand on the elements, for not every program that prints a page applies its style sheet
// inside a drawing.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "platform/base/html.h"
#include "services/cli/bulletin.h"

namespace belgrand::cli {
namespace {

using alerting::Language;
using alerting::Pick;
using alerting::Say;

// No alert, watch, warning, critical: apart in lightness too, for printers and colour-blind eyes.
constexpr std::array<std::string_view, 4> kFill = {"#e8eef4", "#f7d774", "#e8853a", "#8f1d21"};
constexpr std::string_view kNoData = "#ffffff";

// Of more districts the names would cover each other: the list beside the map has them.
constexpr std::size_t kMostNames = 20;

constexpr double kMapWidth = 360;
constexpr double kMapHeight = 250;

struct Box {
  double left = std::numeric_limits<double>::infinity();
  double right = -left;
  double low = left;
  double high = -left;
  void Take(double x, double y) {
    left = std::min(left, x);
    right = std::max(right, x);
    low = std::min(low, y);
    high = std::max(high, y);
  }
};

// Degrees to pixels, as wide as it fits; a degree of longitude as long as it is in the middle.
struct Projection {
  explicit Projection(const Box& box) {
    constexpr double kDegree = 3.14159265358979323846 / 180;
    shrink = std::cos(0.5 * (box.low + box.high) * kDegree);
    scale = std::min((kMapWidth - 10) / std::max((box.right - box.left) * shrink, 1e-6),
                     (kMapHeight - 10) / std::max(box.high - box.low, 1e-6));
    left = box.left;
    high = box.high;
  }
  double X(double longitude) const { return 5 + (longitude - left) * shrink * scale; }
  double Y(double latitude) const { return 5 + (high - latitude) * scale; }
  double shrink = 1, scale = 1, left = 0, high = 0;
};

// Positions closer than half a pixel to the one before are left out.
std::string PathOf(const DistrictShape& shape, const Projection& projection, Box& pixels) {
  std::string path;
  for (const auto& ring : shape.rings) {
    double last_x = 0;
    double last_y = 0;
    bool first = true;
    for (const auto& [longitude, latitude] : ring) {
      const double x = projection.X(longitude);
      const double y = projection.Y(latitude);
      if (!first && std::hypot(x - last_x, y - last_y) < 0.5) continue;
      path += fmt::format("{}{:.1f} {:.1f}", first ? "M" : "L", x, y);
      pixels.Take(x, y);
      last_x = x;
      last_y = y;
      first = false;
    }
    if (!first) path += "Z";
  }
  return path;
}

int SeverityOf(const Bulletin& bulletin, const std::string& district) {
  const auto known = bulletin.districts.find(district);
  return known == bulletin.districts.end() ? 0 : std::clamp(known->second, 0, 3);
}

bool HasData(const Bulletin& bulletin, const std::string& district) {
  return std::ranges::find(bulletin.without_data, district) == bulletin.without_data.end();
}

std::string WordOf(const Bulletin& bulletin, const std::string& district, Language language) {
  const int severity = SeverityOf(bulletin, district);
  if (severity == 0 && !HasData(bulletin, district)) {
    return std::string(Pick(language, "no sample this week", "aucun échantillon cette semaine"));
  }
  return AlertWord(severity, language);
}

// Whole characters.
std::string ShortName(const std::string& name) {
  constexpr std::size_t kMost = 16;
  if (name.size() <= kMost) return name;
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U) --end;
  return name.substr(0, end) + "\u2026";
}

double Number(base::Day day) { return static_cast<double>(day.time_since_epoch().count()); }

// Days and levels to pixels of one small curve.
struct Frame {
  static constexpr double kWidth = 210, kHeight = 92, kLeft = 26, kTop = 6, kRight = 6,
                          kBottom = 16;
  double first = 0, last = 0, low = 0, high = 0;
  double X(double day) const {
    return kLeft + (kWidth - kLeft - kRight) * (day - first) / std::max(last - first, 1.0);
  }
  double Y(double level) const {
    return kTop + (kHeight - kTop - kBottom) * (high - std::clamp(level, low, high)) /
                      std::max(high - low, 0.1);
  }
};

Frame FrameOf(const Bulletin& bulletin, const BulletinCurve& curve) {
  Frame frame;
  frame.last = Number(base::DayOf(bulletin.span.to));
  frame.first = frame.last - 182;
  Box box;
  for (const CurveDot& dot : curve.dots) box.Take(0, dot.log10);
  for (const auto& piece : curve.pieces) {
    for (const auto& point : piece) box.Take(0, point.mean);
  }
  if (curve.dots.empty() && curve.pieces.empty()) box.Take(0, 3);
  frame.low = std::floor(2 * box.low) / 2;
  frame.high = std::max(std::ceil(2 * box.high) / 2, frame.low + 1);
  return frame;
}

std::string Axes(const Frame& frame) {
  std::string svg;
  for (double level = std::ceil(frame.low); level <= frame.high; level += 1) {
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"#ddd\" "
        "stroke-width=\"0.6\"/><text x=\"{3:.1f}\" y=\"{4:.1f}\" font-size=\"8\" "
        "text-anchor=\"end\" fill=\"#333\">10^{5:.0f}</text>",
        Frame::kLeft, Frame::kWidth - Frame::kRight, frame.Y(level), Frame::kLeft - 2,
        frame.Y(level) + 3, level);
  }
  const double bottom = Frame::kHeight - Frame::kBottom;
  std::chrono::year_month_day first(base::Day(std::chrono::days(static_cast<int>(frame.first))));
  for (auto month = first.year() / first.month() + std::chrono::months(1);;
       month += std::chrono::months(2)) {
    const double day = Number(base::Day(month / 1));
    if (day > frame.last) break;
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\" stroke=\"#ddd\" "
        "stroke-width=\"0.6\"/><text x=\"{0:.1f}\" y=\"{3:.1f}\" font-size=\"8\" "
        "text-anchor=\"middle\" fill=\"#333\">{4}</text>",
        frame.X(day), Frame::kTop, bottom, bottom + 10,
        base::FormatDay(base::Day(month / 1)).substr(0, 7));
  }
  return svg;
}

std::string LineOf(const Frame& frame, const std::vector<detection::LevelPoint>& piece) {
  std::string band;
  std::string line;
  for (const auto& point : piece) {
    band += fmt::format("{}{:.1f} {:.1f}", band.empty() ? "M" : "L", frame.X(Number(point.day)),
                        frame.Y(point.upper));
    line += fmt::format("{}{:.1f} {:.1f}", line.empty() ? "M" : "L", frame.X(Number(point.day)),
                        frame.Y(point.mean));
  }
  for (auto point = piece.rbegin(); point != piece.rend(); ++point) {
    band += fmt::format("L{:.1f} {:.1f}", frame.X(Number(point->day)), frame.Y(point->lower));
  }
  if (piece.empty()) return "";
  return fmt::format(
      "<path d=\"{}Z\" fill=\"#bcd3ea\" stroke=\"none\"/><path d=\"{}\" fill=\"none\" "
      "stroke=\"#1f5a92\" stroke-width=\"1.4\"/>",
      band, line);
}

std::string DotOf(const Frame& frame, const CurveDot& dot) {
  const double x = frame.X(Number(dot.day));
  const double y = frame.Y(dot.log10);
  if (dot.quantified) {
    return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"1.3\" fill=\"#333\"/>", x, y);
  }
  return fmt::format(
      "<path d=\"M{:.1f} {:.1f}h3.4l-1.7 3z\" fill=\"none\" stroke=\"#555\" "
      "stroke-width=\"0.6\"/>",
      x - 1.7, y - 1);
}

}  // namespace

std::string MapSvg(const Bulletin& bulletin, Language language) {
  Box box;
  for (const DistrictShape& shape : bulletin.shapes) {
    for (const auto& ring : shape.rings) {
      for (const auto& [longitude, latitude] : ring) box.Take(longitude, latitude);
    }
  }
  if (bulletin.shapes.empty()) return "";
  const Projection projection(box);
  std::string drawn;
  std::string said;
  for (const DistrictShape& shape : bulletin.shapes) {
    const std::string& district = shape.district_id;
    const int severity = SeverityOf(bulletin, district);
    const bool blank = severity == 0 && !HasData(bulletin, district);
    const std::string name =
        base::EscapeHtml(district + ": " + WordOf(bulletin, district, language));
    Box pixels;
    const std::string path = PathOf(shape, projection, pixels);
    drawn += fmt::format(
        "<g><title>{}</title><path d=\"{}\" fill=\"{}\" fill-rule=\"evenodd\" stroke=\"#333\" "
        "stroke-width=\"{}\"{}/><text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"11\" "
        "font-weight=\"bold\" text-anchor=\"middle\" fill=\"{}\">{}</text></g>\n",
        name, path, blank ? kNoData : kFill[static_cast<std::size_t>(severity)],
        0.6 + 0.4 * severity, blank ? " stroke-dasharray=\"3 2\"" : "",
        0.5 * (pixels.left + pixels.right), 0.5 * (pixels.low + pixels.high) + 4,
        severity == 3 ? "#fff" : "#111", blank ? "?" : SeverityMark(severity));
    if (bulletin.shapes.size() <= kMostNames) {
      drawn += fmt::format(
          "<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"8\" text-anchor=\"middle\" "
          "fill=\"{}\">{}</text>\n",
          0.5 * (pixels.left + pixels.right), 0.5 * (pixels.low + pixels.high) + 13,
          severity == 3 ? "#fff" : "#111", base::EscapeHtml(ShortName(district)));
    }
    said += (said.empty() ? "" : "; ") + name;
  }
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\" "
      "aria-labelledby=\"map-title map-words\"><title id=\"map-title\">{}</title>"
      "<desc id=\"map-words\">{}</desc>\n{}</svg>\n",
      kMapWidth, kMapHeight, Pick(language, "Alerts by district", "Alertes par district"), said,
      drawn);
}

std::string CurveSvg(const Bulletin& bulletin, const BulletinCurve& curve, std::size_t number,
                     Language language) {
  const Frame frame = FrameOf(bulletin, curve);
  std::string drawn = Axes(frame);
  for (const auto& piece : curve.pieces) drawn += LineOf(frame, piece);
  for (const CurveDot& dot : curve.dots) drawn += DotOf(frame, dot);
  const double week = Number(base::DayOf(bulletin.span.from));
  drawn += fmt::format(
      "<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" fill=\"#000\" "
      "fill-opacity=\"0.06\"/>",
      frame.X(week), Frame::kTop, frame.X(frame.last) - frame.X(week),
      Frame::kHeight - Frame::kTop - Frame::kBottom);
  const std::string title = base::EscapeHtml(curve.district_id + ", " + TargetName(curve.target));
  const std::size_t quantified = static_cast<std::size_t>(
      std::ranges::count_if(curve.dots, [](const CurveDot& dot) { return dot.quantified; }));
  std::string words = Say(language, "{} results in half a year, {} of them below a limit",
                          "{} résultats en six mois, dont {} sous une limite", curve.dots.size(),
                          curve.dots.size() - quantified);
  words += curve.pieces.empty()
               ? std::string(Pick(language, "; too few for a curve", " ; trop peu pour une courbe"))
               : std::string(Pick(language, "; smoothed level with its 95 % interval",
                                  " ; niveau lissé avec son intervalle à 95 %"));
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" role=\"img\" "
      "aria-labelledby=\"c{2}-title c{2}-words\"><title id=\"c{2}-title\">{3}</title>"
      "<desc id=\"c{2}-words\">{4}</desc>{5}</svg>",
      Frame::kWidth, Frame::kHeight, number, title, words, drawn);
}

}  // namespace belgrand::cli
