// The machine-readable rendering.
#include <cctype>
#include <nlohmann/json.hpp>

#include "alerting/render.h"
#include "alerting/render_facts.h"

namespace belgrand::alerting {
namespace {

// Keeps the order of insertion: the same event gives the same bytes.
using Json = nlohmann::ordered_json;

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Json NormalisedJson(const detection::v1::NormalisedValue& value) {
  Json json = {{"normalisation", Lower(detection::v1::Normalisation_Name(value.normalisation()))}};
  if (value.has_value()) json["value"] = value.value();
  if (value.has_lod()) json["lod"] = value.lod();
  if (value.has_loq()) json["loq"] = value.loq();
  for (const int missing : value.missing()) {
    json["missing"].push_back(
        Lower(detection::v1::MissingInput_Name(static_cast<detection::v1::MissingInput>(missing))));
  }
  return json;
}

Json SampleJson(const detection::v1::EvidenceSample& sample) {
  Json json = {{"laboratory_id", sample.laboratory_id()},
               {"sample_id", sample.sample_id()},
               {"site_id", sample.site_id()},
               {"collected_at", FormatTimestamp(sample.collected_at())},
               {"censoring", Lower(ingest::v1::Censoring_Name(sample.censoring()))}};
  if (sample.has_value()) json["value_gc_per_l"] = sample.value();
  if (sample.has_lod()) json["lod_gc_per_l"] = sample.lod();
  if (sample.has_loq()) json["loq_gc_per_l"] = sample.loq();
  json["expected_log10"] = sample.expected_log10();
  json["residual"] = sample.residual();
  for (const int doubt : sample.doubts()) {
    json["doubts"].push_back(
        Lower(detection::v1::Doubt_Name(static_cast<detection::v1::Doubt>(doubt))));
  }
  for (const auto& value : sample.normalised()) {
    json["normalised"].push_back(NormalisedJson(value));
  }
  return json;
}

Json SeamJson(const detection::v1::Seam& seam) {
  Json json = {{"at", FormatTimestamp(seam.at())}};
  if (!seam.site_id().empty()) json["site_id"] = seam.site_id();
  for (const int change : seam.changes()) {
    json["changes"].push_back(
        Lower(detection::v1::Seam::Change_Name(static_cast<detection::v1::Seam::Change>(change))));
  }
  json["before"] = seam.before();
  json["after"] = seam.after();
  if (seam.has_offset_log10()) json["offset_log10"] = seam.offset_log10();
  if (seam.has_sd_log10()) json["sd_log10"] = seam.sd_log10();
  return json;
}

Json EvidenceJson(const detection::v1::Evidence& evidence, detection::v1::SignalKind kind) {
  Json json = {{"explanation", evidence.explanation()},
               {"score", evidence.score()},
               {"limit", evidence.limit()},
               {"baseline_log10", evidence.baseline_log10()},
               {"estimate_log10", evidence.estimate_log10()},
               {"lower_log10", evidence.lower_log10()},
               {"upper_log10", evidence.upper_log10()},
               {"growth_per_day", evidence.growth_per_day()}};
  // Each kind states its own probability: that of a rise says nothing of a spike.
  if (kind != detection::v1::SPIKE) json["probability_rising"] = evidence.probability_rising();
  if (evidence.has_probability_spike()) json["probability_spike"] = evidence.probability_spike();
  if (!evidence.explanation_fr().empty()) json["explanation_fr"] = evidence.explanation_fr();
  if (evidence.verify()) json["verify"] = true;
  if (evidence.has_few_samples()) json["few_samples"] = evidence.few_samples();
  for (const auto& seam : evidence.seams()) json["seams"].push_back(SeamJson(seam));
  json["samples"] = Json::array();
  json["sites"] = Json::array();
  for (const auto& sample : evidence.samples()) json["samples"].push_back(SampleJson(sample));
  for (const auto& site : evidence.sites()) {
    json["sites"].push_back({{"site_id", site.site_id()},
                             {"weight", site.weight()},
                             {"estimate_log10", site.estimate_log10()},
                             {"growth_per_day", site.growth_per_day()}});
  }
  return json;
}

Json AlertJson(const v1::Alert& alert) {
  Json json = {
      {"alert_id", alert.alert_id()},
      {"district_id", alert.district_id()},
      {"target", alert.target()},
      {"rule", alert.rule()},
      {"kind", alert.kind() == detection::v1::DATA_GAP ? "data_gap" : KindWord(alert.kind())},
      {"state", StateWord(alert.state())},
      {"severity", Lower(SeverityWord(alert.severity()))},
      {"episode", alert.episode()},
      {"opened_at", FormatTimestamp(alert.opened_at())},
      {"changed_at", FormatTimestamp(alert.changed_at())},
      {"observed_at", FormatTimestamp(alert.observed_at())}};
  if (!alert.owner().empty()) json["owner"] = alert.owner();
  if (alert.has_resolved_at()) json["resolved_at"] = FormatTimestamp(alert.resolved_at());
  if (!alert.acknowledged_by().empty()) {
    json["acknowledged_by"] = alert.acknowledged_by();
    json["acknowledged_at"] = FormatTimestamp(alert.acknowledged_at());
  }
  if (alert.outcome() != v1::OUTCOME_UNSPECIFIED) {
    json["outcome"] = Lower(v1::AlertOutcome_Name(alert.outcome()));
  }
  if (const v1::TrackRecord& record = alert.track_record(); record.judged() > 0) {
    json["track_record"] = {{"judged", record.judged()},
                            {"true_alerts", record.true_alerts()},
                            {"false_alerts", record.false_alerts()},
                            {"data_faults", record.data_faults()},
                            {"no_action_needed", record.no_action_needed()}};
  }
  json["active_areas"] = Json::array();
  for (const std::string& area : alert.active_areas()) json["active_areas"].push_back(area);
  if (alert.has_evidence()) json["evidence"] = EvidenceJson(alert.evidence(), alert.kind());
  return json;
}

}  // namespace

std::string RenderJson(const v1::AlertEvent& event, const std::string& event_id) {
  Json json = {{"version", 1},
               {"event_id", event_id},
               {"sequence", event.sequence()},
               {"kind", Lower(v1::EventKind_Name(event.kind()))},
               {"at", FormatTimestamp(event.at())},
               {"repeat", event.repeat()},
               {"exercise", event.alert().exercise()}};
  if (!event.by().empty()) json["by"] = event.by();
  if (!event.comment().empty()) json["comment"] = event.comment();
  if (!event.cause().empty()) json["cause"] = event.cause();
  json["alert"] = AlertJson(event.alert());
  // Bytes that are not UTF-8 (a site's name from elsewhere) are replaced: dump would throw.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace belgrand::alerting
