#include "alerting/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "alerting/lifecycle.h"
#include "alerting/render_facts.h"
#include "alerting/text.h"
#include "platform/base/html.h"

namespace belgrand::alerting {
namespace {

constexpr std::size_t kWidth = 96;
constexpr std::size_t kLabelWidth = 10;

std::string Padded(const std::string& text, std::size_t width) {
  const std::size_t length = CountCharacters(text);
  return text + std::string(length < width ? width - length : 0, ' ');
}

std::string TextTable(const std::string& title, const Table& table) {
  if (table.empty()) return "";
  std::vector<std::size_t> widths(table.front().size(), 0);
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], CountCharacters(row[i]));
    }
  }
  std::string out = "\n" + title + "\n";
  for (const auto& row : table) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) line += " " + Padded(row[i], widths[i] + 1);
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string HtmlTable(const std::string& title, const Table& table) {
  if (table.empty()) return "";
  std::string out =
      "<h2>" + base::EscapeHtml(title) + "</h2>\n<table border=\"1\" cellpadding=\"4\">\n";
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::string_view tag = row == 0 ? "th" : "td";
    out += "<tr>";
    for (const std::string& cell : table[row]) {
      out += fmt::format("<{0}>{1}</{0}>", tag, base::EscapeHtml(cell));
    }
    out += "</tr>\n";
  }
  return out + "</table>\n";
}

std::string SamplesTitle(Language language) {
  return std::string(Pick(language, "Samples that carried the decision, newest last",
                          "Échantillons qui ont emporté la décision, le plus récent en dernier"));
}

std::string SitesTitle(Language language) {
  return std::string(
      Pick(language, "Sites behind the district's level", "Sites derrière le niveau du district"));
}

std::string SeamsTitle(Language language) {
  return std::string(Pick(language, "Changes of measurement in this series, and what bridges them",
                          "Changements de mesure dans cette série, et ce qui les relie"));
}

std::string NormalisedTitle(Language language) {
  return std::string(Pick(language, "The same samples normalised, to read beside the raw values",
                          "Les mêmes échantillons normalisés, à lire à côté des valeurs brutes"));
}

struct Link {
  std::string label;
  std::string url;
};

// What the reader may do about the event by following a link.
std::vector<Link> LinksOf(const v1::AlertEvent& event, const Rendering& rendering) {
  std::vector<Link> links;
  const v1::AlertState state = event.alert().state();
  if (NeedsPerson(state) && !rendering.acknowledge_url.empty()) {
    links.push_back({std::string(Pick(rendering.language, "Acknowledge: I take responsibility",
                                      "Prendre en charge : j'en suis responsable")),
                     rendering.acknowledge_url});
  }
  if (!IsClosed(state) && !rendering.dismiss_url.empty()) {
    links.push_back({std::string(Pick(rendering.language, "Dismiss: this is not real",
                                      "Écarter : ce n'est pas réel")),
                     rendering.dismiss_url});
  }
  return links;
}

std::string LinksNotice(const Rendering& rendering) {
  return Say(rendering.language,
             "Each link opens a page with a button, is yours alone, works once and ends at {}.",
             "Chaque lien ouvre une page avec un bouton, n'est destiné qu'à vous, sert une fois et "
             "expire le {}.",
             rendering.links_until);
}

std::string ResponsibilityTitle(Language language) {
  return std::string(
      Pick(language, "To take responsibility:", "Pour prendre l'alerte en charge :"));
}

std::string TextActions(const v1::AlertEvent& event, const Rendering& rendering) {
  std::string out;
  if (const auto links = LinksOf(event, rendering); !links.empty()) {
    for (const Link& link : links) out += fmt::format("\n{}\n  {}\n", link.label, link.url);
    out += "\n" + Wrap(LinksNotice(rendering), kWidth, "") + "\n";
  } else if (const std::string command = AcknowledgeCommand(event, rendering.language);
             !command.empty()) {
    out += "\n" + ResponsibilityTitle(rendering.language) + "\n  " + command + "\n";
  }
  return out;
}

std::string HtmlActions(const v1::AlertEvent& event, const Rendering& rendering) {
  std::string out;
  if (const auto links = LinksOf(event, rendering); !links.empty()) {
    for (const Link& link : links) {
      out += fmt::format("<p><a href=\"{}\">{}</a></p>\n", base::EscapeHtml(link.url),
                         base::EscapeHtml(link.label));
    }
    out += "<p>" + base::EscapeHtml(LinksNotice(rendering)) + "</p>\n";
  } else if (const std::string command = AcknowledgeCommand(event, rendering.language);
             !command.empty()) {
    out += "<p>" + base::EscapeHtml(ResponsibilityTitle(rendering.language)) + "</p>\n<pre>" +
           base::EscapeHtml(command) + "</pre>\n";
  }
  return out;
}

}  // namespace

std::string RenderSubject(const v1::AlertEvent& event, Language language) {
  const v1::Alert& alert = event.alert();
  const std::string kind = alert.alert_class() == v1::OPERATIONS
                               ? std::string(Pick(language, "operations", "exploitation"))
                               : KindWord(alert.kind(), language);
  const bool french = language == Language::kFrench;
  return ExercisePrefix(alert, language) +
         Say(language, "{}{}: {} {} in {}: {}", "{}{}\u00a0: {} {}, {}\u00a0: {}",
             event.repeat() ? Pick(language, "(repeat) ", "(répétition) ") : std::string_view(),
             SeverityWord(alert.severity(), language), french ? kind : alert.target(),
             french ? alert.target() : kind, alert.district_id(), EventWords(event, language));
}

std::string RenderText(const v1::AlertEvent& event, const Rendering& rendering) {
  const Language language = rendering.language;
  std::string out = Headline(event, language) + "\n";
  for (const std::string& notice :
       {ExerciseNotice(event, language), RepeatNotice(event, language)}) {
    if (!notice.empty()) out += notice + "\n";
  }
  out += "\n";
  for (const auto& [label, sentence] : Facts(event, language)) {
    out += Padded(label, kLabelWidth) +
           Wrap(sentence, kWidth - kLabelWidth, std::string(kLabelWidth, ' ')) + "\n";
  }
  const auto& evidence = event.alert().evidence();
  out += TextTable(SamplesTitle(language), SampleTable(evidence, language));
  out += TextTable(NormalisedTitle(language), NormalisedTable(evidence, language));
  out += TextTable(SeamsTitle(language), SeamTable(evidence, language));
  out += TextTable(SitesTitle(language), SiteTable(evidence, language));
  out += TextActions(event, rendering);
  out += Say(language, "\nAlert {}\n", "\nAlerte {}\n", event.alert().alert_id());
  return out;
}

std::string RenderHtml(const v1::AlertEvent& event, const Rendering& rendering) {
  const Language language = rendering.language;
  const std::string headline = base::EscapeHtml(Headline(event, language));
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"{0}\">\n<head><meta charset=\"utf-8\"><title>{1}</title>"
      "</head>\n<body>\n<h1>{1}</h1>\n",
      Pick(language, "en", "fr"), headline);
  for (const std::string& notice :
       {ExerciseNotice(event, language), RepeatNotice(event, language)}) {
    if (!notice.empty()) out += "<p><strong>" + base::EscapeHtml(notice) + "</strong></p>\n";
  }
  out += "<dl>\n";
  for (const auto& [label, sentence] : Facts(event, language)) {
    out += fmt::format("<dt><strong>{}</strong></dt><dd>{}</dd>\n", base::EscapeHtml(label),
                       base::EscapeHtml(sentence));
  }
  out += "</dl>\n";
  if (!rendering.plot_id.empty()) {
    out += fmt::format("<p><img src=\"cid:{}\" width=\"640\" height=\"280\" alt=\"{}\"></p>\n",
                       base::EscapeHtml(rendering.plot_id),
                       base::EscapeHtml(PlotDescription(event, language)));
  }
  const auto& evidence = event.alert().evidence();
  out += HtmlTable(SamplesTitle(language), SampleTable(evidence, language));
  out += HtmlTable(NormalisedTitle(language), NormalisedTable(evidence, language));
  out += HtmlTable(SeamsTitle(language), SeamTable(evidence, language));
  out += HtmlTable(SitesTitle(language), SiteTable(evidence, language));
  out += HtmlActions(event, rendering);
  return out + Say(language, "<p>Alert {}</p>\n</body>\n</html>\n",
                   "<p>Alerte {}</p>\n</body>\n</html>\n",
                   base::EscapeHtml(event.alert().alert_id()));
}

std::string PlotDescription(const v1::AlertEvent& event, Language language) {
  const v1::Alert& alert = event.alert();
  const auto& evidence = alert.evidence();
  return Say(language, "{} in {}: {} samples, expected and estimated level, gc/L on a log scale",
             "{}, {}\u00a0: {} échantillons, niveau attendu et estimé, gc/L, échelle logarithmique",
             alert.target(), alert.district_id(), evidence.samples_size());
}

std::string RenderLine(const v1::Alert& alert, Language language) {
  return fmt::format("{}  {}  {}  {}{}", Padded(SeverityWord(alert.severity(), language), 9),
                     Padded(StateWord(alert.state(), language), 16),
                     FormatTimestamp(alert.opened_at()), ExercisePrefix(alert, language),
                     alert.alert_id());
}

}  // namespace belgrand::alerting
