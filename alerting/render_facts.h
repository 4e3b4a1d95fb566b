// What every rendering of an alert says, in words: private to the renderers.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <utility>
#include <vector>

#include "belgrand/alerting/v1/alerting.pb.h"

namespace belgrand::alerting {

std::string EventWords(const v1::AlertEvent& event);
std::string SeverityWord(detection::v1::Severity severity);
std::string StateWord(v1::AlertState state);
std::string KindWord(detection::v1::SignalKind kind);
std::string FormatTimestamp(const google::protobuf::Timestamp& timestamp);
// Three significant digits with thousands separators: "15,800", "0.0321".
std::string FormatQuantity(double value);
// The result of one sample: "15,800", "not detected (LOD 250)".
std::string SampleResult(const detection::v1::EvidenceSample& sample);

std::string Headline(const v1::AlertEvent& event);
// Label and sentence, in reading order.
std::vector<std::pair<std::string, std::string>> Facts(const v1::AlertEvent& event);
// Header, then rows; empty when there is nothing to show.
using Table = std::vector<std::vector<std::string>>;
Table SampleTable(const detection::v1::Evidence& evidence);
Table SiteTable(const detection::v1::Evidence& evidence);
// The command that acknowledges it; empty when nobody need.
std::string AcknowledgeCommand(const v1::AlertEvent& event);
// Empty unless the event is marked.
std::string RepeatNotice(const v1::AlertEvent& event);

}  // namespace belgrand::alerting
