// An alert event as a person, a mail client or a program reads it.
//
// Deterministic: the same event gives the same bytes (tests/golden/alert_event.*). Everything is
// said in the words of the contract; nothing is guessed that the evidence does not hold. Thread
// safety: pure functions.
#pragma once

#include <string>

#include "belgrand/alerting/v1/alerting.pb.h"

namespace belgrand::alerting {

// One line, without names of persons: "WARNING: SARS-CoV-2 rise in north: new alert".
std::string RenderSubject(const v1::AlertEvent& event);
// At most 96 characters a line (but for long identifiers), "\n" line ends.
std::string RenderText(const v1::AlertEvent& event);
// A complete document that needs nothing from elsewhere.
std::string RenderHtml(const v1::AlertEvent& event);
// The webhook's body; "version": 1. Fields are only ever added. `event_id` names the event across
// databases. Times are ISO 8601, UTC.
std::string RenderJson(const v1::AlertEvent& event, const std::string& event_id);
// "right 9 of 11 times here (1 false, 1 data fault)"; "not judged here yet".
std::string RecordWords(const v1::TrackRecord& record);
// One line of a list of alerts.
std::string RenderLine(const v1::Alert& alert);

}  // namespace belgrand::alerting
