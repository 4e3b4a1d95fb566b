// An alert event as a person, a mail client or a program reads it.
//
// Deterministic: the same event gives the same bytes (tests/golden/alert_event.*). Everything is
// said in the words of the contract; nothing is guessed that the evidence does not hold. Thread
// safety: pure functions.
#pragma once

#include <string>

#include "alerting/language.h"
#include "belgrand/alerting/v1/alerting.pb.h"

namespace belgrand::alerting {

// How one reader gets it.
struct Rendering {
  Language language = Language::kEnglish;
  // Addresses at which this reader acts; empty: the command is shown instead. Shown while the alert
  // is open (acknowledge) or not resolved (dismiss).
  std::string acknowledge_url = {};
  std::string dismiss_url = {};
  // When they expire, as it is shown.
  std::string links_until = {};
  // Content-ID of the plot that travels with an HTML mail; empty: none.
  std::string plot_id = {};
};

// One line, without names of persons: "WARNING: SARS-CoV-2 rise in north: new alert".
std::string RenderSubject(const v1::AlertEvent& event, Language language = Language::kEnglish);
// At most 96 characters a line (but for long identifiers), "\n" line ends.
std::string RenderText(const v1::AlertEvent& event, const Rendering& rendering = {});
// A complete document that needs nothing from elsewhere but the plot.
std::string RenderHtml(const v1::AlertEvent& event, const Rendering& rendering = {});
// The webhook's body; "version": 1. Fields are only ever added. `event_id` names the event across
// databases. Times are ISO 8601, UTC.
std::string RenderJson(const v1::AlertEvent& event, const std::string& event_id);
// "right 9 of 11 times here (1 false, 1 data fault)"; "not judged here yet".
std::string RecordWords(const v1::TrackRecord& record, Language language = Language::kEnglish);
// One line of a list of alerts.
std::string RenderLine(const v1::Alert& alert, Language language = Language::kEnglish);
// What the plot shows, for readers who do not see it.
std::string PlotDescription(const v1::AlertEvent& event, Language language);

}  // namespace belgrand::alerting
