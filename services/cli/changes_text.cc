// What changed, in words and as JSON.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "alerting/causes.h"
#include "alerting/render.h"
#include "alerting/render_facts.h"
#include "alerting/text.h"
#include "services/cli/changes.h"
#include "services/shared/timestamp.h"

namespace belgrand::cli {
namespace {

using alerting::Language;
using alerting::Pick;
using Json = nlohmann::ordered_json;

constexpr std::size_t kWidth = 96;

std::string Text(std::string_view text) { return std::string(text); }

std::string When(base::Instant at) {
  return base::FormatInstant(std::chrono::floor<std::chrono::seconds>(at));
}

std::string When(const google::protobuf::Timestamp& at) { return When(shared::ToInstant(at)); }

std::string DayText(const google::protobuf::Timestamp& at) {
  return base::FormatDay(base::DayOf(shared::ToInstant(at)));
}

std::string FieldsText(const std::vector<FieldChange>& fields, Language language) {
  std::string text;
  for (const FieldChange& field : fields) {
    const auto shown = [&](const std::string& value) {
      return value.empty() ? Text(Pick(language, "nothing", "rien")) : value;
    };
    text += fmt::format("{}{}: {} -> {}", text.empty() ? "" : "; ",
                        FieldWords(field.field, language), shown(field.before), shown(field.after));
  }
  return text;
}

// One entry: its line, and the reason under it.
void Add(const std::string& line, const std::string& reason, Language language, std::string& out) {
  out += "  " + alerting::Wrap(line, kWidth - 2, "    ") + "\n";
  out +=
      "    " +
      alerting::Wrap(Text(Pick(language, "why: ", "raison\u00a0: ")) +
                         (reason.empty() ? Text(Pick(language, "not said", "non dite")) : reason),
                     kWidth - 4, "      ") +
      "\n";
}

template <typename Entry, typename Line>
void Section(std::string_view english, std::string_view french, const std::vector<Entry>& entries,
             Language language, std::string& out, Line line) {
  out += fmt::format("\n{}: {}\n", Pick(language, english, french), entries.size());
  for (std::size_t i = 0; i < entries.size() && i < kMostLines; ++i) {
    const auto& [said, reason] = line(entries[i]);
    Add(said, reason, language, out);
  }
  if (entries.size() > kMostLines) {
    out += alerting::Say(language, "  and {} more: see --json\n", "  et {} autres : voir --json\n",
                         entries.size() - kMostLines);
  }
}

using Lines = std::pair<std::string, std::string>;

Lines AlertLines(const AlertChange& change, Language language) {
  return {When(change.event.at()) + "  " + alerting::RenderSubject(change.event, language),
          ReasonWords(change, language)};
}

Lines ValueLines(const ValueChange& change, Language language) {
  const auto& row = change.after;
  std::string line =
      alerting::Say(language, "{} {} {}{}, {} ({}), collected {}: {} -> {}",
                    "{} {} {}{}, {} ({}), prélevé le {}\u00a0: {} -> {}", row.laboratory_id(),
                    row.sample_id(), row.target(), row.gene().empty() ? "" : " " + row.gene(),
                    row.site_id(), change.district_id, DayText(row.collected_at()),
                    ResultWords(change.before, language), ResultWords(row, language));
  if (!change.fields.empty()) line += "; " + FieldsText(change.fields, language);
  return {line + fmt::format(" (version {})", row.version()), row.amendment_reason()};
}

Lines ExclusionLines(const Exclusion& exclusion, Language language) {
  return {
      alerting::Say(language, "{} {} ({}), last usable sample {}",
                    "{} {} ({}), dernier échantillon utilisable {}", exclusion.site_id,
                    exclusion.target, exclusion.district_id, base::FormatDay(exclusion.last_used)),
      CauseWords(exclusion, language)};
}

Lines SiteLines(const SiteEdit& edit, Language language) {
  std::string line =
      fmt::format("{}  {} ({}): ", When(edit.recorded_at), edit.site_id, edit.district_id);
  line += edit.version <= 1 ? Text(Pick(language, "new", "nouveau"))
                            : FieldsText(edit.fields, language);
  return {line, alerting::Say(language, "not kept; the audit log says who made catalogue {}",
                              "non conservée ; le journal d'audit dit qui a fait le catalogue {}",
                              edit.catalogue_version)};
}

Lines SetupLines(const SetupChange& change, Language language) {
  return {When(change.since) + "  " + FieldsText(change.fields, language),
          ReleaseWords(change, language)};
}

Json FieldsJson(const std::vector<FieldChange>& fields) {
  Json list = Json::array();
  for (const FieldChange& field : fields) {
    list.push_back({{"field", field.field}, {"before", field.before}, {"after", field.after}});
  }
  return list;
}

Json AlertsJson(const std::vector<AlertChange>& alerts) {
  Json list = Json::array();
  for (const AlertChange& change : alerts) {
    const auto& alert = change.event.alert();
    list.push_back({{"at", When(change.event.at())},
                    {"sequence", change.event.sequence()},
                    {"event", alerting::v1::EventKind_Name(change.event.kind())},
                    {"alert_id", alert.alert_id()},
                    {"district_id", alert.district_id()},
                    {"target", alert.target()},
                    {"rule", alert.rule()},
                    {"class", alerting::v1::AlertClass_Name(alert.alert_class())},
                    {"severity", detection::v1::Severity_Name(alert.severity())},
                    {"state", alerting::v1::AlertState_Name(alert.state())},
                    {"state_before", alerting::v1::AlertState_Name(change.event.state_before())},
                    {"outcome", alerting::v1::AlertOutcome_Name(alert.outcome())},
                    {"reason", change.reason}});
  }
  return list;
}

Json ResultJson(const timeseries::v1::SampleVersion& version) {
  Json json = {{"version", version.version()}, {"recorded_at", When(version.recorded_at())}};
  if (version.voided()) {
    json["voided"] = true;
    return json;
  }
  json["censoring"] = ingest::v1::Censoring_Name(version.censoring());
  if (version.has_value()) json["gc_per_l"] = version.value();
  if (version.has_lod()) json["lod"] = version.lod();
  if (version.has_loq()) json["loq"] = version.loq();
  return json;
}

Json ValuesJson(const std::vector<ValueChange>& values) {
  Json list = Json::array();
  for (const ValueChange& change : values) {
    const auto& row = change.after;
    list.push_back({{"laboratory_id", row.laboratory_id()},
                    {"sample_id", row.sample_id()},
                    {"target", row.target()},
                    {"gene", row.gene()},
                    {"site_id", row.site_id()},
                    {"district_id", change.district_id},
                    {"collected_at", When(row.collected_at())},
                    {"before", ResultJson(change.before)},
                    {"after", ResultJson(row)},
                    {"fields", FieldsJson(change.fields)},
                    {"reason", row.amendment_reason()}});
  }
  return list;
}

std::string_view CauseName(ExclusionCause cause) {
  switch (cause) {
    case ExclusionCause::kHeld:
      return "held";
    case ExclusionCause::kVoided:
      return "voided";
    case ExclusionCause::kNothingCame:
      return "nothing_came";
  }
  return "";
}

}  // namespace

std::string ResultWords(const timeseries::v1::SampleVersion& version, Language language) {
  if (version.voided()) return Text(Pick(language, "taken back", "retiré"));
  detection::v1::EvidenceSample sample;
  sample.set_censoring(version.censoring());
  if (version.has_value()) sample.set_value(version.value());
  if (version.has_lod()) sample.set_lod(version.lod());
  if (version.has_loq()) sample.set_loq(version.loq());
  const bool number = version.has_value() && version.censoring() == ingest::v1::NONE;
  return alerting::SampleResult(sample, language) + (number ? " gc/L" : "");
}

std::string FieldWords(const std::string& field, Language language) {
  struct Words {
    std::string_view english;
    std::string_view french;
  };
  static const std::map<std::string, Words> words = {
      {"site_id", {"site", "site"}},
      {"collected_at", {"collected", "prélevé"}},
      {"quality_flags", {"quality flags", "réserves sur la qualité"}},
      {"method_id", {"method", "méthode"}},
      {"method_version", {"version of the method", "version de la méthode"}},
      {"flow_m3_per_day", {"flow (m3/d)", "débit (m3/j)"}},
      {"population_served", {"persons served", "personnes desservies"}},
      {"name", {"name", "nom"}},
      {"district_id", {"district", "district"}},
      {"districts", {"shares in districts", "parts par district"}},
      {"institution", {"institution", "établissement"}},
      {"catchment", {"catchment", "bassin versant"}}};
  const auto known = words.find(field);
  if (known == words.end()) return field;
  return Text(Pick(language, known->second.english, known->second.french));
}

std::string CauseWords(const Exclusion& exclusion, Language language) {
  const std::string detail = exclusion.detail.empty() ? "" : ": " + exclusion.detail;
  switch (exclusion.cause) {
    case ExclusionCause::kHeld:
      return Text(Pick(language, "everything that came is held by quality control",
                       "tout ce qui est arrivé est retenu par le contrôle de qualité")) +
             detail;
    case ExclusionCause::kVoided:
      return Text(Pick(language, "everything that came was taken back",
                       "tout ce qui est arrivé a été retiré")) +
             detail;
    case ExclusionCause::kNothingCame:
      return Text(Pick(language, "nothing has come", "rien n'est arrivé")) + detail;
  }
  return "";
}

std::string ReleaseWords(const SetupChange& change, Language language) {
  std::string text;
  if (change.release != change.release_before) {
    text = alerting::Say(language, "release {} in place of {}", "version {} au lieu de {}",
                         change.release, change.release_before);
  }
  if (change.configured) {
    text += (text.empty() ? "" : "; ") +
            Text(Pick(language, "the configuration was changed", "la configuration a changé"));
  }
  if (!text.empty()) return text;
  return alerting::Say(language, "another build of release {}",
                       "autre compilation de la version {}", change.release);
}

std::string ChangesText(const Changes& changes, Language language) {
  std::string out = alerting::Say(language, "What changed in {} ({} to {}, UTC), as known at {}\n",
                                  "Ce qui a changé, {} (du {} au {}, UTC), tel que connu le {}\n",
                                  changes.span.name, When(changes.span.from), When(changes.span.to),
                                  When(changes.cutoff));
  const auto alert = [&](const AlertChange& change) { return AlertLines(change, language); };
  Section("New alerts", "Nouvelles alertes", changes.opened, language, out, alert);
  Section("Alerts that ended", "Alertes terminées", changes.ended, language, out, alert);
  Section("Alerts that were revised", "Alertes révisées", changes.revised, language, out, alert);
  Section("Amended values", "Valeurs corrigées", changes.values, language, out,
          [&](const ValueChange& change) { return ValueLines(change, language); });
  Section("Sites without a usable sample", "Sites sans échantillon utilisable", changes.excluded,
          language, out,
          [&](const Exclusion& exclusion) { return ExclusionLines(exclusion, language); });
  Section("Catalogue of sites", "Catalogue des sites", changes.sites, language, out,
          [&](const SiteEdit& edit) { return SiteLines(edit, language); });
  Section("Detectors, limits, sampling plans", "Détecteurs, limites, plans de prélèvement",
          changes.setups, language, out,
          [&](const SetupChange& change) { return SetupLines(change, language); });
  if (!changes.setups_unknown.empty()) {
    out +=
        alerting::Say(language, "  not known: {}\n", "  non connu : {}\n", changes.setups_unknown);
  }
  return out;
}

std::string ChangesJson(const Changes& changes) {
  Json json = {{"format", 1},
               {"span", changes.span.name},
               {"from", When(changes.span.from)},
               {"to", When(changes.span.to)},
               {"cutoff", base::FormatInstant(changes.cutoff)}};
  json["new_alerts"] = AlertsJson(changes.opened);
  json["ended_alerts"] = AlertsJson(changes.ended);
  json["revised_alerts"] = AlertsJson(changes.revised);
  json["amended_values"] = ValuesJson(changes.values);
  Json excluded = Json::array();
  for (const Exclusion& exclusion : changes.excluded) {
    excluded.push_back({{"site_id", exclusion.site_id},
                        {"district_id", exclusion.district_id},
                        {"target", exclusion.target},
                        {"last_used", base::FormatDay(exclusion.last_used)},
                        {"cause", CauseName(exclusion.cause)},
                        {"detail", exclusion.detail}});
  }
  json["excluded_sites"] = std::move(excluded);
  Json sites = Json::array();
  for (const SiteEdit& edit : changes.sites) {
    sites.push_back({{"site_id", edit.site_id},
                     {"district_id", edit.district_id},
                     {"version", edit.version},
                     {"recorded_at", When(edit.recorded_at)},
                     {"catalogue_version", edit.catalogue_version},
                     {"fields", FieldsJson(edit.fields)}});
  }
  json["sites"] = std::move(sites);
  Json setups = Json::array();
  for (const SetupChange& change : changes.setups) {
    setups.push_back({{"since", When(change.since)},
                      {"fields", FieldsJson(change.fields)},
                      {"release_before", change.release_before},
                      {"release", change.release},
                      {"configured", change.configured}});
  }
  json["setups"] = std::move(setups);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string ReasonWords(const AlertChange& change, Language language) {
  const bool ours =
      change.reason == change.event.cause() || change.event.kind() == alerting::v1::DELIVERY_FAILED;
  return ours ? alerting::CauseWords(change.reason, language) : change.reason;
}

}  // namespace belgrand::cli
