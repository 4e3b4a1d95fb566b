#include "alerting/plot.h"

#include <cairo/cairo.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <numbers>
#include <optional>
#include <vector>

#include "alerting/render_facts.h"
#include "platform/base/time.h"

namespace belgrand::alerting {
namespace {

using detection::v1::Evidence;
using detection::v1::EvidenceSample;

constexpr double kScale = 2;
constexpr double kLeft = 84;
constexpr double kRight = 20;
constexpr double kTop = 34;
constexpr double kBottom = 58;
constexpr double kStroke = 7;
constexpr double kDay = 86'400;

struct Color {
  double red;
  double green;
  double blue;
};
// Told apart by people who do not see colours alike (Okabe and Ito), and by shape.
constexpr Color kInk = {0.15, 0.15, 0.15};
constexpr Color kGrid = {0.85, 0.85, 0.85};
constexpr Color kMeasuredColor = {0.00, 0.45, 0.70};
constexpr Color kExpectedColor = {0.45, 0.45, 0.45};
constexpr Color kEstimateColor = {0.84, 0.37, 0.00};

struct Point {
  double seconds;
  double log10;
  enum class Kind { kMeasured, kLimit } kind;
  std::optional<double> expected_log10;
};

std::optional<Point> PointOf(const EvidenceSample& sample) {
  Point point{static_cast<double>(sample.collected_at().seconds()), 0, Point::Kind::kMeasured,
              std::nullopt};
  if (sample.expected_log10() != 0 && std::isfinite(sample.expected_log10())) {
    point.expected_log10 = sample.expected_log10();
  }
  const bool detected = sample.censoring() == ingest::v1::NONE ||
                        sample.censoring() == ingest::v1::CENSORING_UNSPECIFIED;
  double level = sample.has_value() ? sample.value() : 0;
  if (!detected) {
    point.kind = Point::Kind::kLimit;
    level = sample.censoring() == ingest::v1::BELOW_LOQ && sample.has_loq() ? sample.loq()
                                                                            : sample.lod();
  }
  if (!(level > 0) || !std::isfinite(level)) return std::nullopt;
  point.log10 = std::log10(level);
  return point;
}

// What is drawn, and the ranges that hold all of it.
struct Scene {
  std::vector<Point> points;
  double from = 0;  // seconds
  double to = 0;
  double low = 0;  // log10
  double high = 0;
};

Scene SceneOf(const Evidence& evidence) {
  Scene scene;
  for (const EvidenceSample& sample : evidence.samples()) {
    if (const auto point = PointOf(sample)) scene.points.push_back(*point);
  }
  if (scene.points.empty()) return scene;
  std::ranges::stable_sort(scene.points, {}, &Point::seconds);
  scene.from = scene.points.front().seconds;
  scene.to = scene.points.back().seconds;
  const double margin = std::max(kDay, (scene.to - scene.from) * 0.05);
  scene.from -= margin;
  scene.to += margin;
  scene.low = scene.high = scene.points.front().log10;
  const auto include = [&](double value) {
    if (value == 0 || !std::isfinite(value)) return;
    scene.low = std::min(scene.low, value);
    scene.high = std::max(scene.high, value);
  };
  for (const Point& point : scene.points) {
    include(point.log10);
    include(point.expected_log10.value_or(0));
  }
  for (const double value : {evidence.baseline_log10(), evidence.estimate_log10(),
                             evidence.lower_log10(), evidence.upper_log10()}) {
    include(value);
  }
  const double room = std::max(0.15, (scene.high - scene.low) * 0.1);
  scene.low -= room;
  scene.high += room;
  return scene;
}

class Canvas {
 public:
  Canvas(cairo_t* cairo, const Scene& scene, Language language)
      : cairo_(cairo), scene_(scene), language_(language) {
    cairo_scale(cairo_, kScale, kScale);
    SetColor({1, 1, 1});
    cairo_paint(cairo_);
    cairo_select_font_face(cairo_, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo_, 11);
  }

  void Draw(const v1::AlertEvent& event) {
    const Evidence& evidence = event.alert().evidence();
    SetColor(kInk);
    Text(kLeft, 20, event.alert().target() + ", " + event.alert().district_id() + ", gc/L");
    DrawLevels();
    DrawDays();
    DrawExpected();
    for (const Point& point : scene_.points)
      DrawPoint(X(point.seconds), Y(point.log10), point.kind);
    DrawEstimate(evidence);
    DrawLegend(evidence.estimate_log10() != 0);
  }

 private:
  void SetColor(Color color) { cairo_set_source_rgb(cairo_, color.red, color.green, color.blue); }
  double X(double seconds) const {
    return kLeft +
           (seconds - scene_.from) / (scene_.to - scene_.from) * (kPlotWidth - kLeft - kRight);
  }
  double Y(double log10) const {
    return kPlotHeight - kBottom -
           (log10 - scene_.low) / (scene_.high - scene_.low) * (kPlotHeight - kBottom - kTop);
  }
  void Line(double x1, double y1, double x2, double y2, double width) {
    cairo_set_line_width(cairo_, width);
    cairo_move_to(cairo_, x1, y1);
    cairo_line_to(cairo_, x2, y2);
    cairo_stroke(cairo_);
  }
  double Width(const std::string& text) {
    cairo_text_extents_t extents;
    cairo_text_extents(cairo_, text.c_str(), &extents);
    return extents.x_advance;
  }
  void Text(double x, double y, const std::string& text) {
    cairo_move_to(cairo_, x, y);
    cairo_show_text(cairo_, text.c_str());
  }

  // Powers of ten; where the range holds few of them, 2 and 5 times these too.
  void DrawLevels() {
    const bool fine = scene_.high - scene_.low < 2.5;
    for (int power = static_cast<int>(std::floor(scene_.low)); power <= scene_.high; ++power) {
      for (const double step : {1.0, 2.0, 5.0}) {
        if (step > 1 && !fine) break;
        const double log10 = power + std::log10(step);
        if (log10 < scene_.low || log10 > scene_.high) continue;
        SetColor(kGrid);
        Line(kLeft, Y(log10), kPlotWidth - kRight, Y(log10), 1);
        SetColor(kInk);
        const std::string label = FormatQuantity(std::pow(10.0, log10), language_);
        Text(kLeft - 8 - Width(label), Y(log10) + 4, label);
      }
    }
  }

  void DrawDays() {
    constexpr double kSpacing = 86;
    double free_from = 0;
    double last = -1;
    SetColor(kInk);
    for (const Point& point : scene_.points) {
      const double x = X(point.seconds);
      if (point.seconds == last || x < free_from) continue;
      last = point.seconds;
      free_from = x + kSpacing;
      const auto at = base::FromMicros(static_cast<std::int64_t>(point.seconds) * 1'000'000);
      const std::string label = base::FormatInstant(at).substr(0, 10);
      Line(x, kPlotHeight - kBottom, x, kPlotHeight - kBottom + 4, 1);
      Text(std::min(x - Width(label) / 2, kPlotWidth - Width(label) - 2),
           kPlotHeight - kBottom + 18, label);
    }
    Line(kLeft, kPlotHeight - kBottom, kPlotWidth - kRight, kPlotHeight - kBottom, 1);
  }

  // A stroke for each sample: every site has a level of its own, no line goes through them.
  void DrawExpected() {
    SetColor(kExpectedColor);
    for (const Point& point : scene_.points) {
      if (!point.expected_log10) continue;
      const double x = X(point.seconds);
      const double y = Y(*point.expected_log10);
      Line(x - kStroke, y, x + kStroke, y, 2);
    }
  }

  void DrawPoint(double x, double y, Point::Kind kind) {
    SetColor(kMeasuredColor);
    cairo_new_path(cairo_);
    if (kind == Point::Kind::kMeasured) {
      cairo_arc(cairo_, x, y, 4, 0, 2 * std::numbers::pi);
      cairo_fill(cairo_);
      return;
    }
    cairo_move_to(cairo_, x - 5, y - 4);
    cairo_line_to(cairo_, x + 5, y - 4);
    cairo_line_to(cairo_, x, y + 5);
    cairo_close_path(cairo_);
    cairo_set_line_width(cairo_, 1.5);
    cairo_stroke(cairo_);
  }

  void DrawEstimate(const Evidence& evidence) {
    if (evidence.estimate_log10() == 0) return;
    const double x = X(scene_.points.back().seconds) + 9;
    SetColor(kEstimateColor);
    if (evidence.lower_log10() < evidence.upper_log10()) {
      Line(x, Y(evidence.lower_log10()), x, Y(evidence.upper_log10()), 2);
    }
    Line(x - 4, Y(evidence.estimate_log10()), x + 4, Y(evidence.estimate_log10()), 3);
  }

  void DrawLegend(bool with_estimate) {
    double x = kLeft;
    const double y = kPlotHeight - 18;
    const auto label = [&](std::string_view english, std::string_view french) {
      const std::string text(Pick(language_, english, french));
      SetColor(kInk);
      Text(x + 12, y + 4, text);
      x += 12 + Width(text) + 22;
    };
    DrawPoint(x + 2, y, Point::Kind::kMeasured);
    label("measured", "mesuré");
    DrawPoint(x + 2, y, Point::Kind::kLimit);
    label("below limit", "sous la limite");
    SetColor(kExpectedColor);
    Line(x + 2 - kStroke, y, x + 2 + kStroke, y, 2);
    label("expected", "attendu");
    if (!with_estimate) return;
    SetColor(kEstimateColor);
    Line(x + 2, y - 6, x + 2, y + 6, 2);
    label("estimate, 95 %", "estimation, 95 %");
  }

  cairo_t* const cairo_;
  const Scene& scene_;
  const Language language_;
};

cairo_status_t AppendPng(void* out, const unsigned char* data, unsigned int size) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(data), size);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

std::string DrawPlot(const v1::AlertEvent& event, Language language) {
  const Scene scene = SceneOf(event.alert().evidence());
  if (scene.points.empty()) return "";
  const std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(kPlotWidth * kScale),
                                 static_cast<int>(kPlotHeight * kScale)),
      &cairo_surface_destroy);
  const std::unique_ptr<cairo_t, decltype(&cairo_destroy)> cairo(cairo_create(surface.get()),
                                                                 &cairo_destroy);
  Canvas(cairo.get(), scene, language).Draw(event);
  if (cairo_status(cairo.get()) != CAIRO_STATUS_SUCCESS) return "";
  std::string png;
  if (cairo_surface_write_to_png_stream(surface.get(), &AppendPng, &png) != CAIRO_STATUS_SUCCESS) {
    return "";
  }
  return png;
}

}  // namespace belgrand::alerting
