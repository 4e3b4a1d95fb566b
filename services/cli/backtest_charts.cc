#include "services/cli/backtest_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "platform/base/html.h"

namespace belgrand::cli {
namespace {

using detection::ComparedDetector;
using detection::CurvePoint;
using detection::Trial;
using detection::TrialKind;

constexpr std::array<std::string_view, 12> kColours = {"#7a5195", "#2f7ebc", "#59a14f", "#b07aa1",
                                                       "#f28e2b", "#76b7b2", "#8c6d31", "#e377c2",
                                                       "#9c755f", "#4e79a7", "#bab0ac", "#637939"};
constexpr std::string_view kOwnColour = "#c1121f";

// The frame of a curve: false alerts from 0 to `most` to the right, caught from 0 to 1 upwards.
struct Frame {
  double left, top, width, height, most;
  double X(double rate) const { return left + width * std::min(rate, most) / most; }
  double Y(double sensitivity) const { return top + height * (1 - sensitivity); }
};

std::string Axes(const Frame& f, double budget, bool labels) {
  std::string svg;
  for (int i = 0; i <= 4; ++i) {
    const double y = f.Y(i / 4.0);
    svg += fmt::format("<line class=g x1='{:.1f}' x2='{:.1f}' y1='{:.1f}' y2='{:.1f}'/>", f.left,
                       f.left + f.width, y, y);
    if (labels) {
      svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor=end>{} %</text>", f.left - 6,
                         y + 4, 25 * i);
    }
  }
  for (int i = 0; labels && i <= static_cast<int>(f.most); ++i) {
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor=middle>{}</text>", f.X(i),
                       f.top + f.height + 16, i);
  }
  svg += fmt::format("<line class=b x1='{0:.1f}' x2='{0:.1f}' y1='{1:.1f}' y2='{2:.1f}'/>",
                     f.X(budget), f.top, f.top + f.height);
  return svg;
}

// The best that any threshold catches at no more than each rate: what a chooser can have.
std::string Envelope(const Frame& f, const ComparedDetector& detector, std::string_view colour,
                     double stroke) {
  std::vector<std::pair<double, double>> points;
  for (const CurvePoint& p : detector.curve) {
    points.emplace_back(p.tally.false_rate(), p.tally.sensitivity());
  }
  std::sort(points.begin(), points.end());
  std::string path = fmt::format("M{:.1f} {:.1f}", f.X(0), f.Y(0));
  double best = 0;
  for (const auto& [rate, sensitivity] : points) {
    if (rate > f.most || sensitivity <= best) continue;
    path += fmt::format("H{:.1f}V{:.1f}", f.X(rate), f.Y(sensitivity));
    best = sensitivity;
  }
  path += fmt::format("H{:.1f}", f.left + f.width);
  return fmt::format("<path d='{}' fill=none stroke='{}' stroke-width='{}'/>", path, colour,
                     stroke);
}

std::string Marks(const Frame& f, const ComparedDetector& detector, std::string_view colour,
                  const Say& say) {
  const auto& own = detector.curve[detector.own].tally;
  std::string svg;
  if (own.false_rate() <= f.most) {
    svg += fmt::format(
        "<circle cx='{:.1f}' cy='{:.1f}' r=4 fill='{}'><title>{}: {}"
        "</title></circle>",
        f.X(own.false_rate()), f.Y(own.sensitivity()), colour, detector.name,
        say("own threshold", "limite usuelle"));
  }
  const auto& held = detector.held_out;
  svg += fmt::format(
      "<circle cx='{:.1f}' cy='{:.1f}' r=6 fill=none stroke='{}' stroke-width=2><title>{}: {}"
      "</title></circle>",
      f.X(held.false_rate()), f.Y(held.sensitivity()), colour, detector.name,
      say("held out", "autre moitié"));
  return svg;
}

double DayNumber(base::Day day) { return static_cast<double>(day.time_since_epoch().count()); }

struct Dot {
  double day = 0;
  double value = 0;
  bool quantified = true;
};

std::vector<Dot> DotsOf(const BacktestReport& report, const Trial& trial, const std::string& area,
                        const std::string& target) {
  std::vector<Dot> dots;
  for (const detection::Observation& o : report.observations) {
    const std::string& name =
        trial.kind == TrialKind::kWaves ? o.district_id : o.measurement.site_id;
    if (name != area || o.measurement.target != target) continue;
    const auto value = detection::ToLogValue(o.measurement);
    if (!value) continue;
    const double shown = std::isinf(value->low)    ? value->high
                         : std::isinf(value->high) ? value->low
                                                   : (value->low + value->high) / 2;
    dots.push_back(
        {DayNumber(base::DayOf(o.measurement.collected_at)), shown, value->quantified()});
  }
  return dots;
}

// Days and levels to pixels.
struct Plot {
  double first = 0, last = 0, low = 0, high = 0;
  static constexpr double kLeft = 130, kWidth = 800, kTop = 8, kHeight = 130, kRow = 12;
  double X(double day) const {
    return kLeft + kWidth * (std::clamp(day, first, last) - first) / std::max(last - first, 1.0);
  }
  double Y(double value) const {
    return kTop + kHeight * (high - value) / std::max(high - low, 0.1);
  }
};

Plot PlotOf(const std::vector<Dot>& dots) {
  Plot plot{dots[0].day, dots[0].day, dots[0].value, dots[0].value};
  for (const Dot& dot : dots) {
    plot.first = std::min(plot.first, dot.day);
    plot.last = std::max(plot.last, dot.day);
    plot.low = std::min(plot.low, dot.value);
    plot.high = std::max(plot.high, dot.value);
  }
  return plot;
}

std::string Band(const Plot& plot, base::Day from, base::Day to, std::string_view colour,
                 const std::string& title) {
  const double x = plot.X(DayNumber(from));
  return fmt::format(
      "<rect x='{:.1f}' y='{}' width='{:.1f}' height='{}' fill='{}'><title>{}</title></rect>", x,
      Plot::kTop, std::max(plot.X(DayNumber(to)) - x, 3.0), Plot::kHeight, colour,
      base::EscapeHtml(title));
}

std::string Events(const BacktestReport& report, const Trial& trial, const Plot& plot,
                   const std::string& area, const std::string& target, const Say& say) {
  std::string svg;
  if (trial.kind == TrialKind::kWaves) {
    base::Day judged_to = base::Day::min();
    for (const detection::Wave& w : report.waves) {
      judged_to = std::max(judged_to, w.peak + detection::kAfterLastPeak);
      if (w.area_id != area || w.target != target || DayNumber(w.peak) < plot.first) continue;
      svg += Band(plot, w.onset, w.peak, "#f6dcc0",
                  fmt::format(fmt::runtime(say("wave, {} to {}", "vague, {} à {}")),
                              base::FormatDay(w.onset), base::FormatDay(w.peak)));
    }
    if (DayNumber(judged_to) < plot.last) {
      svg += Band(plot, judged_to, base::Day(std::chrono::days(static_cast<int>(plot.last))),
                  "#f0f0f0",
                  say("not judged: no waves are known from here on",
                      "non jugé : aucune vague n'est connue au-delà"));
    }
    return svg;
  }
  for (const detection::InjectedSpike& s : report.spikes) {
    if (s.site_id != area || s.target != target) continue;
    svg += Band(plot, s.first, s.last, "#f3b6b6",
                fmt::format(fmt::runtime(say("injected, x {:g}, {} samples from {}",
                                             "ajouté, x {:g}, {} prélèvements à partir du {}")),
                            s.factor, s.samples, base::FormatDay(s.first)));
  }
  return svg;
}

std::string Months(const Plot& plot) {
  std::string svg;
  const auto first = base::Day(std::chrono::days(static_cast<int>(plot.first)));
  std::chrono::year_month month =
      std::chrono::year_month_day(first).year() / std::chrono::year_month_day(first).month();
  const int step = plot.last - plot.first > 1000 ? 12 : plot.last - plot.first > 500 ? 4 : 2;
  for (int i = 0; i < 400; ++i, month += std::chrono::months(1)) {
    const double day = DayNumber(base::Day(month / 1));
    if (day > plot.last) break;
    if (day < plot.first ||
        (static_cast<unsigned>(month.month()) - 1) % static_cast<unsigned>(step) != 0)
      continue;
    svg += fmt::format(
        "<line class=g x1='{0:.1f}' x2='{0:.1f}' y1='{1}' y2='{2}'/><text x='{0:.1f}' y='{3}' "
        "text-anchor=middle>{4}</text>",
        plot.X(day), Plot::kTop, Plot::kTop + Plot::kHeight, Plot::kTop + Plot::kHeight + 14,
        base::FormatDay(base::Day(month / 1)).substr(0, 7));
  }
  return svg;
}

}  // namespace

std::string_view ColourOf(const Trial& trial, std::size_t detector) {
  const std::string& name = trial.detectors[detector].name;
  if (name == detection::OwnDetector(trial.kind)) return kOwnColour;
  return kColours[detector % kColours.size()];
}

std::string CurveChart(const Trial& trial, const Say& say) {
  const Frame frame{60, 14, 640, 300, std::max(4.0, 4 * trial.budget)};
  std::string svg =
      fmt::format("<svg viewBox='0 0 930 350' role=img aria-label='{}'>",
                  say("caught against false alerts", "trouvé contre fausses alertes"));
  svg += Axes(frame, trial.budget, true);
  for (std::size_t d = 0; d < trial.detectors.size(); ++d) {
    const ComparedDetector& detector = trial.detectors[d];
    const std::string_view colour = ColourOf(trial, d);
    svg += Envelope(frame, detector, colour,
                    detector.name == detection::OwnDetector(trial.kind) ? 3 : 1.5);
    svg += Marks(frame, detector, colour, say);
    const double y = 24 + 18 * static_cast<double>(d);
    svg += fmt::format(
        "<rect x=720 y='{:.0f}' width=14 height=4 fill='{}'/><text x=740 y='{:.0f}'>"
        "{}</text>",
        y - 4, colour, y + 2, base::EscapeHtml(detector.name));
  }
  svg += fmt::format("<text x=380 y=346 text-anchor=middle>{}</text></svg>",
                     say("false alerts an area-year", "fausses alertes par lieu et par an"));
  return svg;
}

std::string SmallCurve(const Trial& trial, std::size_t detector, const Say& say) {
  const Frame frame{4, 4, 200, 90, std::max(4.0, 4 * trial.budget)};
  const std::string_view colour = ColourOf(trial, detector);
  return fmt::format(
      "<figure><svg viewBox='0 0 210 100'>{}{}{}</svg><figcaption>{}</figcaption>"
      "</figure>",
      Axes(frame, trial.budget, false), Envelope(frame, trial.detectors[detector], colour, 2),
      Marks(frame, trial.detectors[detector], colour, say),
      base::EscapeHtml(trial.detectors[detector].name));
}

std::string TimeLine(const BacktestReport& report, const Trial& trial, const std::string& area,
                     const std::string& target, const Say& say) {
  const std::vector<Dot> dots = DotsOf(report, trial, area, target);
  if (dots.empty()) return "";
  const Plot plot = PlotOf(dots);
  double y = Plot::kTop + Plot::kHeight + 26;
  std::string svg = Events(report, trial, plot, area, target, say) + Months(plot);
  for (const double level : {std::ceil(plot.low), std::floor(plot.high)}) {
    svg += fmt::format("<text x='{}' y='{:.1f}' text-anchor=end>10^{:.0f} gc/L</text>",
                       Plot::kLeft - 6, plot.Y(level) + 4, level);
  }
  for (const Dot& dot : dots) {
    svg += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r=1.6 {}/>", plot.X(dot.day),
                       plot.Y(dot.value), dot.quantified ? "fill='#333'" : "class=c");
  }
  for (std::size_t d = 0; d < trial.detectors.size(); ++d, y += Plot::kRow) {
    svg += fmt::format("<text class=s x='{}' y='{:.1f}' text-anchor=end>{}</text>", Plot::kLeft - 6,
                       y + 8, base::EscapeHtml(trial.detectors[d].name));
    for (const detection::AlertRow& alert : trial.detectors[d].held_out_alerts) {
      if (alert.area_id != area || alert.target != target) continue;
      const double from = plot.X(DayNumber(alert.opened_on));
      const double to = alert.closed_on ? plot.X(DayNumber(*alert.closed_on)) : plot.X(plot.last);
      svg += fmt::format(
          "<rect x='{:.1f}' y='{:.1f}' width='{:.1f}' height=9 fill='{}'><title>{} – "
          "{}</title></rect>",
          from, y, std::max(to - from, 2.0), ColourOf(trial, d), base::FormatDay(alert.opened_on),
          alert.closed_on ? base::FormatDay(*alert.closed_on) : say("the end", "la fin"));
    }
  }
  return fmt::format("<h3>{} · {}</h3><svg viewBox='0 0 940 {:.0f}'>{}</svg>",
                     base::EscapeHtml(area), base::EscapeHtml(target), y + 4, svg);
}

}  // namespace belgrand::cli
