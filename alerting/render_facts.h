// What every rendering of an alert says, in words: private to the renderers.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alerting/language.h"
#include "belgrand/alerting/v1/alerting.pb.h"

namespace belgrand::alerting {

std::string EventWords(const v1::AlertEvent& event, Language language = Language::kEnglish);
std::string SeverityWord(detection::v1::Severity severity, Language language = Language::kEnglish);
std::string StateWord(v1::AlertState state, Language language = Language::kEnglish);
std::string KindWord(detection::v1::SignalKind kind, Language language = Language::kEnglish);
std::string FormatTimestamp(const google::protobuf::Timestamp& timestamp);
// Three significant digits with thousands separators: "15,800", "0.0321"; in French "15 800" (with
// narrow no-break spaces), "0,0321".
std::string FormatQuantity(double value, Language language = Language::kEnglish);
// The result of one sample: "15,800", "not detected (LOD 250)".
std::string SampleResult(const detection::v1::EvidenceSample& sample,
                         Language language = Language::kEnglish);

// "EXERCISE: " and the sentence that explains it; empty for a real alert.
std::string ExercisePrefix(const v1::Alert& alert, Language language = Language::kEnglish);
std::string ExerciseNotice(const v1::AlertEvent& event, Language language = Language::kEnglish);
std::string Headline(const v1::AlertEvent& event, Language language = Language::kEnglish);
// What it asks of the reader, by severity: "Act within the working day."
std::string AdviceOf(detection::v1::Severity severity, Language language = Language::kEnglish);
// Label and sentence, in reading order.
std::vector<std::pair<std::string, std::string>> Facts(const v1::AlertEvent& event,
                                                       Language language = Language::kEnglish);
// What a normalised value is in, for a person: loads in thousands of millions, ratios to PMMoV in
// parts of a million. ReadableScale: what the stored number is multiplied with.
std::string_view NormalisationWord(detection::v1::Normalisation way,
                                   Language language = Language::kEnglish);
double ReadableScale(detection::v1::Normalisation way);
// "no flow".
std::string_view MissingInputWord(detection::v1::MissingInput missing,
                                  Language language = Language::kEnglish);
// Header, then rows; empty when there is nothing to show.
using Table = std::vector<std::vector<std::string>>;
Table SampleTable(const detection::v1::Evidence& evidence, Language language = Language::kEnglish);
Table SiteTable(const detection::v1::Evidence& evidence, Language language = Language::kEnglish);
// Where the series changes how it is measured, and the offset that bridges it.
Table SeamTable(const detection::v1::Evidence& evidence, Language language = Language::kEnglish);
// The samples normalised, in the ways that some of them allow; what is missing where one does not.
Table NormalisedTable(const detection::v1::Evidence& evidence,
                      Language language = Language::kEnglish);
// The command that acknowledges it; empty when nobody need.
std::string AcknowledgeCommand(const v1::AlertEvent& event, Language language = Language::kEnglish);
// Empty unless the event is marked.
std::string RepeatNotice(const v1::AlertEvent& event, Language language = Language::kEnglish);

}  // namespace belgrand::alerting
