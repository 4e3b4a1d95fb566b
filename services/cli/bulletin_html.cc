// The bulletin as a page: one sheet with map and table, one with curves, changes and caveats.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alerting/render.h"
#include "alerting/render_facts.h"
#include "platform/base/html.h"
#include "sample/target.h"
#include "services/cli/bulletin.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

using alerting::Language;
using alerting::Pick;
using alerting::Say;

// So many fit onto the second sheet, whatever they say (tests/integration/bulletin_test.cc).
constexpr std::size_t kMostChanges = 6;
constexpr std::size_t kMostSince = 3;  // each, where a version is replaced
constexpr std::size_t kMostCaveats = 5;
constexpr std::size_t kMostBytes = 180;
constexpr std::size_t kMostListed = 14;
constexpr std::size_t kMostNameBytes = 14;  // of a target in the table

constexpr std::string_view kStyle =
    "@page{size:A4;margin:11mm 12mm}"
    "html{font:9pt/1.3 'DejaVu Sans',system-ui,sans-serif;color:#111;background:#fff}"
    "body{margin:0 auto;max-width:186mm}"
    "section{height:273mm;overflow:hidden}"
    "section+section{break-before:page;page-break-before:always}"
    "@media screen{section{height:auto}}"
    "h1{font-size:15pt;margin:0}h2{font-size:10.5pt;margin:2.5mm 0 1mm}p{margin:1mm 0}"
    ".n{color:#333}.f{font-size:7.5pt;color:#333}"
    "table{border-collapse:collapse;width:100%;table-layout:fixed;font-size:8pt}"
    "caption{text-align:left;font-weight:bold;font-size:10.5pt;margin:0 0 1mm}"
    "td,th{padding:.7mm 1mm;border-bottom:.2mm solid #bbb;text-align:left;white-space:nowrap;"
    "overflow:hidden;text-overflow:ellipsis}"
    "td.r,th.r{text-align:right}"
    ".m{display:table;table-layout:fixed;width:100%}.m>div{display:table-cell;vertical-align:top}"
    ".m>.p{width:108mm}.m svg{width:104mm;height:60mm}"
    "p,li{overflow-wrap:anywhere;word-wrap:break-word}"
    "ul{margin:0;padding-left:4mm}li{margin:.4mm 0;font-size:8pt}"
    "ul.d{list-style:none;padding:0}ul.d li{white-space:nowrap;overflow:hidden;"
    "text-overflow:ellipsis;max-width:76mm}"
    "figure{display:inline-block;width:60mm;margin:0 1mm 1mm 0;vertical-align:top}"
    "figure svg{width:60mm;height:26.3mm}"
    "figcaption{font-size:8pt;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}"
    ".k{display:inline-block;min-width:6mm;font-weight:bold}";

std::string Esc(std::string_view text) { return base::EscapeHtml(text); }

// Whole characters; what is cut off stands in the JSON.
std::string Cut(std::string text) {
  if (text.size() <= kMostBytes) return text;
  std::size_t end = kMostBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "\u2026";
}

std::string Hour(base::Instant at, Language language) {
  const std::string text = base::FormatInstant(std::chrono::floor<std::chrono::minutes>(at));
  return Say(language, "{} {} UTC", "{} à {} UTC", text.substr(0, 10), text.substr(11, 5));
}

std::string Quantity(double log10, Language language) {
  return alerting::FormatQuantity(std::pow(10.0, log10), language);
}

std::string Title(const Bulletin& bulletin, Language language) {
  return Say(language, "Wastewater bulletin, week {}", "Bulletin des eaux usées, semaine {}",
             bulletin.span.name);
}

std::string Head(const Bulletin& bulletin, Language language) {
  const base::Day last = base::DayOf(bulletin.span.to) - std::chrono::days(1);
  std::string html = "<h1>" + Esc(Title(bulletin, language)) + "</h1>\n<p class=\"n\">";
  html += Say(language, "{} to {}. Data cut-off: {}. Version {}.",
              "Du {} au {}. Données arrêtées le {}. Version {}.",
              base::FormatDay(base::DayOf(bulletin.span.from)), base::FormatDay(last),
              Hour(bulletin.cutoff, language), bulletin.version);
  if (bulletin.cutoff < bulletin.span.to) {
    html += Pick(language, " <strong>The week is not over.</strong>",
                 " <strong>La semaine n'est pas terminée.</strong>");
  }
  if (bulletin.since) {
    html += Say(language, " <strong>It replaces version {}</strong>: see what changed overleaf.",
                " <strong>Elle remplace la version {}</strong> : les changements sont au verso.",
                bulletin.since->version);
  }
  html += "</p>\n<p class=\"n\"><strong>";
  html +=
      Pick(language, "For health officials. Not for publication: small groups are not hidden here.",
           "À l'usage des autorités sanitaires. Ne pas publier : les petits groupes n'y sont "
           "pas masqués.");
  return html + "</strong></p>\n";
}

std::string InShort(const Bulletin& bulletin, Language language) {
  std::size_t alarmed = 0;
  for (const auto& [district, severity] : bulletin.districts) alarmed += severity > 0 ? 1 : 0;
  const auto count = [&](Trend trend) {
    return std::ranges::count_if(bulletin.lines,
                                 [&](const DistrictLine& line) { return line.trend() == trend; });
  };
  return "<p>" +
         Say(language,
             "{} of {} districts have an alert that stands; {} are without a usable sample this "
             "week. Of {} series (district and target) {} rise and {} fall.",
             "{} districts sur {} ont une alerte en cours ; {} sont sans échantillon utilisable "
             "cette semaine. Sur {} séries (district et cible), {} montent et {} baissent.",
             alarmed, bulletin.districts.size(), bulletin.without_data.size(),
             bulletin.lines.size(), count(Trend::kRising), count(Trend::kFalling)) +
         "</p>\n";
}

bool IsDrawn(const Bulletin& bulletin, const std::string& district) {
  return std::ranges::any_of(
      bulletin.shapes, [&](const DistrictShape& shape) { return shape.district_id == district; });
}

// The map, and beside it every district in words: nobody needs the picture.
std::string Map(const Bulletin& bulletin, Language language) {
  std::string html = "<div class=\"m\"><div class=\"p\"><h2>";
  html += Pick(language, "Alerts by district", "Alertes par district");
  html += "</h2>\n" + MapSvg(bulletin, language);
  if (bulletin.shapes.empty()) {
    html += Pick(language,
                 "<p>No outline of a district is in the catalogue of sites: every one is named "
                 "beside.</p>",
                 "<p>Le catalogue des sites n'a le contour d'aucun district : tous sont nommés "
                 "ci-contre.</p>");
  }
  std::string licences;
  for (const std::string& licence : bulletin.licences) {
    licences += (licences.empty() ? "" : "; ") + licence;
  }
  if (!licences.empty()) {
    html += "<p class=\"f\">" + Say(language, "Outlines: {}", "Contours : {}", Esc(Cut(licences))) +
            "</p>";
  }
  html += "</div><div><h2>";
  html += Pick(language, "Districts", "Districts");
  html += "</h2><ul class=\"d\">\n";
  std::vector<std::pair<std::string, int>> districts(bulletin.districts.begin(),
                                                     bulletin.districts.end());
  std::ranges::stable_sort(districts,
                           [](const auto& a, const auto& b) { return a.second > b.second; });
  for (std::size_t i = 0; i < districts.size() && i < kMostListed; ++i) {
    const auto& [district, severity] = districts[i];
    const bool blank = severity == 0 && std::ranges::find(bulletin.without_data, district) !=
                                            bulletin.without_data.end();
    html +=
        fmt::format("<li><span class=\"k\" aria-hidden=\"true\">{}</span>{}: {}{}</li>\n",
                    blank ? "?" : SeverityMark(severity), Esc(district),
                    blank ? std::string(Pick(language, "no sample this week", "aucun échantillon"))
                          : AlertWord(severity, language),
                    bulletin.shapes.empty() || IsDrawn(bulletin, district)
                        ? ""
                        : std::string(Pick(language, " (not on the map)", " (hors de la carte)")));
  }
  if (districts.size() > kMostListed) {
    html += "<li>" +
            Say(language, "and {} more without a higher alert",
                "et {} autres, sans alerte plus grave", districts.size() - kMostListed) +
            "</li>";
  }
  return html + "</ul></div></div>\n";
}

std::string Row(const DistrictLine& line, Language language) {
  const auto cell = [](const std::string& text, bool right) {
    return fmt::format("<td{}>{}</td>", right ? " class=\"r\"" : "", text);
  };
  std::string html = "<tr><th scope=\"row\">" + Esc(line.district_id) + "</th>";
  html += cell(Esc(TargetName(line.target)), false);
  html += cell(Esc(LevelWord(line, language)), false);
  std::string level = "\u2013";
  if (line.state) {
    level = Say(
        language, "{} ({} to {})", "{} ({} à {})", Quantity(line.state->estimate_log10, language),
        Quantity(line.state->lower_log10, language), Quantity(line.state->upper_log10, language));
  }
  html += cell(Esc(level), true);
  html += cell(Esc(TrendWord(line, language)), false);
  html += cell(line.severity == 0
                   ? std::string("\u2013")
                   : SeverityMark(line.severity) + " " + Esc(AlertWord(line.severity, language)),
               false);
  html += cell(fmt::format("{} / {}", line.samples, line.samples_of_four_weeks), true);
  return html + cell(ConfidenceWord(line.confidence(), language), false) + "</tr>\n";
}

std::string Table(const Bulletin& bulletin, Language language) {
  std::string html = "<table><caption>";
  html += Pick(language, "Districts and targets, the most urgent first",
               "Districts et cibles, les plus urgents d'abord");
  html +=
      "</caption><colgroup><col style=\"width:33mm\"><col style=\"width:24mm\"><col "
      "style=\"width:17mm\"><col style=\"width:45mm\"><col style=\"width:18mm\"><col "
      "style=\"width:19mm\"><col style=\"width:15mm\"><col style=\"width:15mm\"></colgroup>"
      "<thead><tr>";
  const auto head = [&](std::string_view english, std::string_view french, bool right) {
    html += fmt::format("<th scope=\"col\"{}>{}</th>", right ? " class=\"r\"" : "",
                        Pick(language, english, french));
  };
  head("District", "District", false);
  head("Target", "Cible", false);
  head("Level", "Niveau", false);
  head("gc/L (95 % interval)", "gc/L (intervalle à 95 %)", true);
  head("Trend", "Tendance", false);
  head("Alert", "Alerte", false);
  head("n", "n", true);
  head("Sure", "Sûr", false);
  html += "</tr></thead><tbody>\n";
  for (std::size_t i = 0; i < bulletin.lines.size() && i < kMostTableLines; ++i) {
    html += Row(bulletin.lines[i], language);
  }
  html += "</tbody></table>\n<p class=\"f\">";
  if (bulletin.lines.size() > kMostTableLines) {
    html += Say(language, "{} more are in bulletin.json. ", "{} autres sont dans bulletin.json. ",
                bulletin.lines.size() - kMostTableLines);
  }
  html += Pick(
      language,
      "Level: CDC activity level, median of the sites. gc/L: detection's estimate at the end of "
      "the "
      "week. Trend: per week, where its direction is 95 % sure. n: usable results in the week / in "
      "four weeks. Sure: by n and the interval.",
      "Niveau : échelle d'activité du CDC, médiane des sites. gc/L : estimation de la détection à "
      "la "
      "fin de la semaine. Tendance : par semaine, où son sens est sûr à 95 %. n : résultats "
      "utilisables dans la semaine / en quatre semaines. Sûr : selon n et l'intervalle.");
  return html + "</p>\n";
}

std::string Curves(const Bulletin& bulletin, Language language) {
  std::string html = "<h2>";
  html += Pick(language, "The last half-year", "Les six derniers mois");
  html += "</h2>\n";
  for (std::size_t i = 0; i < bulletin.curves.size(); ++i) {
    const BulletinCurve& curve = bulletin.curves[i];
    html += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n",
                        CurveSvg(bulletin, curve, i, language),
                        Esc(curve.district_id + ", " + TargetName(curve.target)));
  }
  html += "<p class=\"f\">";
  html +=
      Pick(language,
           "gc/L on a log scale: dots are results, triangles results below a limit, the line "
           "the level smoothed with hindsight and its 95 % interval, the grey band the week.",
           "gc/L, échelle logarithmique : points, résultats ; triangles, résultats sous une "
           "limite ; ligne, niveau lissé a posteriori avec son intervalle à 95 % ; bande grise, "
           "la semaine.");
  return html + "</p>\n";
}

std::string ReasonOf(const AlertChange& change, Language language) {
  if (change.reason.empty()) {
    return std::string(Pick(language, " (by an official)", " (par un responsable)"));
  }
  return " (" + ReasonWords(change, language) + ")";
}

void AddAlerts(const std::vector<AlertChange>& alerts, Language language,
               std::vector<std::string>& entries) {
  for (const AlertChange& change : alerts) {
    const std::string day = base::FormatDay(base::DayOf(shared::ToInstant(change.event.at())));
    entries.push_back(day + " " + alerting::RenderSubject(change.event, language) +
                      ReasonOf(change, language));
  }
}

void AddValues(const std::vector<ValueChange>& values, Language language,
               std::vector<std::string>& entries) {
  for (const ValueChange& change : values) {
    const auto& row = change.after;
    entries.push_back(Say(language, "Amended: {} {} {} at {} ({}), collected {}: {} \u2192 {}",
                          "Corrigé : {} {} {}, {} ({}), prélevé le {} : {} \u2192 {}",
                          row.laboratory_id(), row.sample_id(), TargetName(row.target()),
                          row.site_id(), change.district_id,
                          base::FormatDay(base::DayOf(shared::ToInstant(row.collected_at()))),
                          ResultWords(change.before, language), ResultWords(row, language)));
  }
}

std::vector<std::string> Entries(const Changes& changes, Language language) {
  std::vector<std::string> entries;
  AddValues(changes.values, language, entries);
  AddAlerts(changes.opened, language, entries);
  AddAlerts(changes.ended, language, entries);
  AddAlerts(changes.revised, language, entries);
  for (const SiteEdit& edit : changes.sites) {
    std::string what;
    for (const FieldChange& field : edit.fields) {
      what += fmt::format("{}{} {} \u2192 {}", what.empty() ? "" : ", ",
                          FieldWords(field.field, language), field.before, field.after);
    }
    entries.push_back(edit.version <= 1 ? Say(language, "New site {} ({})", "Nouveau site {} ({})",
                                              edit.site_id, edit.district_id)
                                        : Say(language, "Site {} ({}): {}", "Site {} ({}) : {}",
                                              edit.site_id, edit.district_id, what));
  }
  for (const SetupChange& change : changes.setups) {
    std::string what;
    for (const FieldChange& field : change.fields) {
      what += fmt::format("{}{}: {} \u2192 {}", what.empty() ? "" : "; ", field.field,
                          field.before.empty() ? "\u2013" : field.before,
                          field.after.empty() ? "\u2013" : field.after);
    }
    entries.push_back(what + " (" + ReleaseWords(change, language) + ")");
  }
  return entries;
}

std::string List(const std::vector<std::string>& entries, std::size_t most, Language language) {
  std::string html = "<ul>\n";
  for (std::size_t i = 0; i < entries.size() && i < most; ++i) {
    html += "<li>" + Esc(Cut(entries[i])) + "</li>\n";
  }
  if (entries.size() > most) {
    html += "<li>" +
            Say(language, "and {} more: bulletin.json", "et {} autres : bulletin.json",
                entries.size() - most) +
            "</li>\n";
  }
  if (entries.empty()) {
    html += "<li>" + std::string(Pick(language, "nothing", "rien")) + "</li>\n";
  }
  return html + "</ul>\n";
}

std::string WhatChanged(const Bulletin& bulletin, Language language) {
  std::string html;
  std::size_t room = kMostChanges;
  if (bulletin.since) {
    html += "<h2>" +
            Say(language, "Since version {} (cut-off {})", "Depuis la version {} (données du {})",
                bulletin.since->version, Hour(bulletin.since->cutoff, language)) +
            "</h2>\n";
    std::vector<std::string> entries = Entries(bulletin.since->changes, language);
    for (const LineChange& line : bulletin.since->lines) {
      std::string what;
      for (const FieldChange& field : line.fields) {
        what += fmt::format("{}{} {} \u2192 {}", what.empty() ? "" : ", ", field.field,
                            field.before, field.after);
      }
      entries.push_back(fmt::format("{}, {}: {}", line.district_id, TargetName(line.target), what));
    }
    html += List(entries, kMostSince, language);
    room = kMostSince;
  }
  html += "<h2>" +
          std::string(Pick(language, "What changed this week", "Ce qui a changé cette semaine")) +
          "</h2>\n";
  return html + List(Entries(bulletin.changes, language), room, language);
}

std::vector<std::string> CaveatsOf(const Bulletin& bulletin, Language language) {
  std::vector<std::string> out;
  std::string few;
  std::size_t poor = 0;
  for (const DistrictLine& line : bulletin.lines) {
    if (line.samples >= 2) continue;
    ++poor;
    if (poor <= 6)
      few += (few.empty() ? "" : ", ") + line.district_id + " " + TargetName(line.target);
  }
  if (poor > 0) {
    out.push_back(Say(language,
                      "Fewer than two usable results this week in {} series ({}): interpret "
                      "week-to-week changes with caution",
                      "Moins de deux résultats utilisables cette semaine dans {} séries ({}) : "
                      "interpréter les variations avec prudence",
                      poor, few));
  }
  for (const HeldBack& held : bulletin.held_back) {
    out.push_back(Say(language, "{} results held back: {}", "{} résultats retenus : {}", held.rows,
                      held.why.empty()
                          ? std::string(Pick(language, "a limit or a control is missing",
                                             "une limite ou un contrôle manque"))
                          : held.why));
  }
  if (bulletin.voided > 0) {
    out.push_back(Say(language, "{} results of the week were taken back",
                      "{} résultats de la semaine ont été retirés", bulletin.voided));
  }
  for (const DataGap& gap : bulletin.gaps) {
    out.push_back(Say(language, "Data that have not come: {}, {}; {} to act",
                      "Données non arrivées : {}, {} ; à {} d'agir", gap.district_id, gap.rule,
                      gap.owner));
  }
  for (const Exclusion& exclusion : bulletin.changes.excluded) {
    out.push_back(Say(language, "Without site {} ({}) for {}: {}",
                      "Sans le site {} ({}) pour {} : {}", exclusion.site_id, exclusion.district_id,
                      TargetName(exclusion.target), CauseWords(exclusion, language)));
  }
  return out;
}

}  // namespace

std::string SeverityMark(int severity) {
  return severity <= 0 ? "\u2013"
                       : std::string(static_cast<std::size_t>(std::min(severity, 3)), '!');
}

std::string AlertWord(int severity, Language language) {
  switch (severity) {
    case 1:
      return std::string(Pick(language, "watch", "vigilance"));
    case 2:
      return std::string(Pick(language, "warning", "alerte"));
    case 3:
      return std::string(Pick(language, "critical", "critique"));
    default:
      return std::string(Pick(language, "no alert", "aucune alerte"));
  }
}

std::string LevelWord(const DistrictLine& line, Language language) {
  if (!line.wval) return "\u2013";
  switch (line.level) {
    case detection::ActivityLevel::kVeryLow:
      return std::string(Pick(language, "very low", "très faible"));
    case detection::ActivityLevel::kLow:
      return std::string(Pick(language, "low", "faible"));
    case detection::ActivityLevel::kModerate:
      return std::string(Pick(language, "moderate", "modéré"));
    case detection::ActivityLevel::kHigh:
      return std::string(Pick(language, "high", "élevé"));
    case detection::ActivityLevel::kVeryHigh:
      return std::string(Pick(language, "very high", "très élevé"));
  }
  return "";
}

std::string TrendWord(const DistrictLine& line, Language language) {
  switch (line.trend()) {
    case Trend::kUnknown:
      return "\u2013";
    case Trend::kNone:
      return std::string(Pick(language, "not clear", "pas nette"));
    case Trend::kRising:
    case Trend::kFalling:
      break;
  }
  const double percent = 100 * std::expm1(7 * line.state->growth_per_day);
  return fmt::format("{} {}{} %", line.trend() == Trend::kRising ? "\u2197" : "\u2198",
                     percent > 0 ? "+" : "", alerting::Decimal(language, percent, 0));
}

std::string ConfidenceWord(Confidence confidence, Language language) {
  switch (confidence) {
    case Confidence::kNone:
      return "\u2013";
    case Confidence::kLow:
      return std::string(Pick(language, "low", "peu"));
    case Confidence::kMedium:
      return std::string(Pick(language, "medium", "assez"));
    case Confidence::kHigh:
      return std::string(Pick(language, "high", "très"));
  }
  return "";
}

std::string TargetName(const std::string& target) {
  for (const sample::Target& known : sample::KnownTargets()) {
    if (known.code == target && known.name.size() <= kMostNameBytes) return std::string(known.name);
  }
  std::string code = target;
  std::ranges::transform(code, code.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return code;
}

std::string BulletinHtml(const Bulletin& bulletin, Language language) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><title>{}</title>"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>{}</style>"
      "</head>\n<body><main>\n<section>\n",
      Pick(language, "en", "fr"), Esc(Title(bulletin, language)), kStyle);
  html += Head(bulletin, language) + InShort(bulletin, language) + Map(bulletin, language) +
          Table(bulletin, language) + "</section>\n<section>\n" + Curves(bulletin, language) +
          WhatChanged(bulletin, language);
  html += "<h2>" + std::string(Pick(language, "Read it with care", "À lire avec prudence")) +
          "</h2>\n" + List(CaveatsOf(bulletin, language), kMostCaveats, language);
  return html + "</section>\n</main></body>\n</html>\n";
}

}  // namespace belgrand::cli
