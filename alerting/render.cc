#include "alerting/render.h"

#include <fmt/format.h>

#include <algorithm>

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

constexpr std::string_view kSamplesTitle = "Samples that carried the decision, newest last";
constexpr std::string_view kSitesTitle = "Sites behind the district's level";

}  // namespace

std::string RenderSubject(const v1::AlertEvent& event) {
  const v1::Alert& alert = event.alert();
  return fmt::format("{}{}: {} {} in {}: {}", event.repeat() ? "(repeat) " : "",
                     SeverityWord(alert.severity()), alert.target(),
                     alert.alert_class() == v1::OPERATIONS ? "operations" : KindWord(alert.kind()),
                     alert.district_id(), EventWords(event));
}

std::string RenderText(const v1::AlertEvent& event) {
  std::string out = Headline(event) + "\n";
  if (const std::string notice = RepeatNotice(event); !notice.empty()) out += notice + "\n";
  out += "\n";
  for (const auto& [label, sentence] : Facts(event)) {
    out += Padded(label, kLabelWidth) +
           Wrap(sentence, kWidth - kLabelWidth, std::string(kLabelWidth, ' ')) + "\n";
  }
  const auto& evidence = event.alert().evidence();
  out += TextTable(std::string(kSamplesTitle), SampleTable(evidence));
  out += TextTable(std::string(kSitesTitle), SiteTable(evidence));
  if (const std::string command = AcknowledgeCommand(event); !command.empty()) {
    out += "\nTo take responsibility:\n  " + command + "\n";
  }
  out += "\nAlert " + event.alert().alert_id() + "\n";
  return out;
}

std::string RenderHtml(const v1::AlertEvent& event) {
  const std::string headline = base::EscapeHtml(Headline(event));
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>" +
                    headline + "</title></head>\n<body>\n<h1>" + headline + "</h1>\n";
  if (const std::string notice = RepeatNotice(event); !notice.empty()) {
    out += "<p><strong>" + base::EscapeHtml(notice) + "</strong></p>\n";
  }
  out += "<dl>\n";
  for (const auto& [label, sentence] : Facts(event)) {
    out += fmt::format("<dt><strong>{}</strong></dt><dd>{}</dd>\n", base::EscapeHtml(label),
                       base::EscapeHtml(sentence));
  }
  out += "</dl>\n";
  const auto& evidence = event.alert().evidence();
  out += HtmlTable(std::string(kSamplesTitle), SampleTable(evidence));
  out += HtmlTable(std::string(kSitesTitle), SiteTable(evidence));
  if (const std::string command = AcknowledgeCommand(event); !command.empty()) {
    out += "<p>To take responsibility:</p>\n<pre>" + base::EscapeHtml(command) + "</pre>\n";
  }
  return out + "<p>Alert " + base::EscapeHtml(event.alert().alert_id()) +
         "</p>\n</body>\n</html>\n";
}

std::string RenderLine(const v1::Alert& alert) {
  return fmt::format("{:<8}  {:<12}  {}  {}", SeverityWord(alert.severity()),
                     StateWord(alert.state()), FormatTimestamp(alert.opened_at()),
                     alert.alert_id());
}

}  // namespace belgrand::alerting
