#include "alerting/render_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alerting/causes.h"
#include "alerting/lifecycle.h"
#include "alerting/render.h"
#include "alerting/text.h"
#include "platform/base/quantity_text.h"
#include "platform/base/time.h"

namespace belgrand::alerting {
namespace {

using detection::v1::Evidence;
using detection::v1::EvidenceSample;

// "4.0", "12".
std::string Times(double factor, Language language) {
  return factor < 10 ? Decimal(language, factor, 1) : FormatQuantity(std::round(factor), language);
}

double FromLog10(double log10) { return std::pow(10.0, log10); }

std::string Level(const Evidence& evidence, Language language) {
  const auto quantity = [&](double log10) { return FormatQuantity(FromLog10(log10), language); };
  std::string level = Say(language, "Level now {} gc/L", "Niveau actuel {} gc/L",
                          quantity(evidence.estimate_log10()));
  if (evidence.lower_log10() < evidence.upper_log10()) {
    level += Say(language, " (95 % interval {} to {})", " (intervalle à 95 %\u00a0: de {} à {})",
                 quantity(evidence.lower_log10()), quantity(evidence.upper_log10()));
  }
  if (evidence.baseline_log10() != 0) {
    level += Say(language, ", expected {} gc/L: {} times the expected level",
                 ", attendu {} gc/L\u00a0: {} fois le niveau attendu",
                 quantity(evidence.baseline_log10()),
                 Times(FromLog10(evidence.estimate_log10() - evidence.baseline_log10()), language));
  }
  return level + ".";
}

std::string HowSure(const v1::Alert& alert, Language language) {
  const Evidence& evidence = alert.evidence();
  const bool spike = alert.kind() == detection::v1::SPIKE;
  std::string out;
  const auto add = [&](const std::string& sentence) {
    if (!out.empty()) out += ' ';
    out += sentence;
  };
  if (evidence.verify()) {
    add(std::string(Pick(language, "Weak evidence: verify, take another sample.",
                         "Preuves faibles\u00a0: à vérifier, faites un nouveau prélèvement.")));
  }
  if (evidence.has_few_samples()) {
    add(std::string(Pick(language, "Few samples: little confidence.",
                         "Peu d'échantillons\u00a0: peu de certitude.")));
  }
  if (evidence.has_probability_spike()) {
    add(Say(language,
            "Probability that this sample is a spike of contamination and not ordinary scatter: "
            "{} %.",
            "Probabilité que cet échantillon soit un pic de contamination et non la dispersion "
            "ordinaire\u00a0: {} %.",
            Decimal(language, 100 * evidence.probability_spike(), 0)));
  }
  // A spike says nothing of a rise, whatever evidence of older versions holds.
  if (!spike && evidence.probability_rising() > 0) {
    add(Say(language, "Probability that the level is rising: {} %.",
            "Probabilité que le niveau monte\u00a0: {} %.",
            Decimal(language, 100 * evidence.probability_rising(), 0)));
  }
  if (evidence.estimate_log10() != 0) add(Level(evidence, language));
  if (!spike && evidence.growth_per_day() > 0) {
    add(Say(language, "It grows {} % a day and doubles in {} days.",
            "Il croît de {} % par jour et double en {} jours.",
            Decimal(language, 100 * std::expm1(evidence.growth_per_day()), 1),
            Decimal(language, std::log(2.0) / evidence.growth_per_day(), 1)));
  } else if (!spike && evidence.growth_per_day() < 0) {
    add(Say(language, "It falls {} % a day.", "Il baisse de {} % par jour.",
            Decimal(language, -100 * std::expm1(evidence.growth_per_day()), 1)));
  }
  if (evidence.limit() != 0) {
    add(Say(language, "The rule's score is {} against a limit of {}.",
            "Le score de la règle est {} pour une limite de {}.",
            Decimal(language, evidence.score(), 2), Decimal(language, evidence.limit(), 2)));
  }
  return out;
}

// Evidence of older versions explains itself in English alone.
std::string Why(const Evidence& evidence, Language language) {
  if (evidence.explanation().empty() || language == Language::kEnglish) {
    return evidence.explanation();
  }
  if (evidence.explanation_fr().empty()) return "(en anglais) " + evidence.explanation();
  return evidence.explanation_fr();
}

std::string_view DoubtWord(detection::v1::Doubt doubt, Language language) {
  switch (doubt) {
    case detection::v1::TRACE_CONTAMINATION:
      return Pick(language, "contamination", "contamination");
    case detection::v1::FLAGGED_OUTLIER:
      return Pick(language, "outlier", "aberrant");
    case detection::v1::DOUBTFUL_TRANSPORT:
      return Pick(language, "transport", "transport");
    case detection::v1::LOW_RECOVERY:
      return Pick(language, "low recovery", "faible rendement");
    case detection::v1::GRAB_SAMPLE:
      return Pick(language, "grab sample", "ponctuel");
    case detection::v1::SHORT_COMPOSITE:
      return Pick(language, "short composite", "composite court");
    case detection::v1::DISCHARGE_DURING_SAMPLE:
      return Pick(language, "discharge", "rejet");
    default:
      return Pick(language, "weak", "faible");
  }
}

std::string Doubts(const EvidenceSample& sample, Language language) {
  std::string out;
  for (const int doubt : sample.doubts()) {
    if (!out.empty()) out += ", ";
    out += DoubtWord(static_cast<detection::v1::Doubt>(doubt), language);
  }
  return out;
}

std::string Since(const v1::Alert& alert, Language language) {
  std::string out =
      Say(language, "The sample that opened it was collected {}; the alert opened {}",
          "L'échantillon qui l'a ouverte a été prélevé le {}\u00a0; alerte ouverte le {}",
          FormatTimestamp(alert.observed_at()), FormatTimestamp(alert.opened_at()));
  if (alert.episode() > 1) {
    out += Say(language, " (episode {})", " (épisode {})", alert.episode());
  }
  return out + ".";
}

std::string State(const v1::Alert& alert, Language language) {
  std::string out = StateWord(alert.state(), language);
  if (!alert.acknowledged_by().empty()) {
    out += Say(language, "; acknowledged by {} at {}", "\u00a0; prise en charge par {} le {}",
               alert.acknowledged_by(), FormatTimestamp(alert.acknowledged_at()));
  }
  if (alert.has_resolved_at()) {
    out += Say(language, "; resolved at {}", "\u00a0; close le {}",
               FormatTimestamp(alert.resolved_at()));
  }
  return out + ".";
}

std::string Where(const v1::Alert& alert, Language language) {
  std::string out = "District " + alert.district_id();
  if (alert.active_areas().empty()) {
    return out + std::string(Pick(language, "; no area holds a signal now.",
                                  "\u00a0; aucune zone ne porte de signal actuellement."));
  }
  out += Pick(language, "; signals now on: ", "\u00a0; signaux actuels sur\u00a0: ");
  for (int i = 0; i < alert.active_areas_size(); ++i) {
    out += (i > 0 ? ", " : "") + alert.active_areas(i);
  }
  return out + ".";
}

// What is missing, by the rules of detection/gaps.h.
std::string GapWords(std::string_view rule, Language language) {
  if (rule == "no-new-data") {
    return std::string(Pick(language, "nothing new", "rien de nouveau"));
  }
  if (rule == "late-laboratory") {
    return std::string(Pick(language, "late laboratory", "laboratoire en retard"));
  }
  if (rule == "silent-sensor") {
    return std::string(Pick(language, "silent sensor", "capteur muet"));
  }
  return std::string(Pick(language, "missing sample", "échantillon manquant"));
}

std::string Gaps(const v1::Alert& alert, Language language) {
  std::string out = "District " + alert.district_id();
  if (alert.active_areas().empty()) {
    return out + std::string(Pick(language, "; nothing is missing now.",
                                  "\u00a0; rien ne manque actuellement."));
  }
  out += Pick(language, "; missing from: ", "\u00a0; manquant\u00a0: ");
  for (int i = 0; i < alert.active_areas_size(); ++i) {
    out += (i > 0 ? ", " : "") + alert.active_areas(i);
  }
  return out + ".";
}

std::string Overdue(const v1::Alert& alert, Language language) {
  std::string out = Say(language, "Overdue since {}; the alert opened {}",
                        "En retard depuis le {}\u00a0; alerte ouverte le {}",
                        FormatTimestamp(alert.observed_at()), FormatTimestamp(alert.opened_at()));
  if (alert.episode() > 1) {
    out += Say(language, " (episode {})", " (épisode {})", alert.episode());
  }
  return out + ".";
}

}  // namespace

std::string AdviceOf(detection::v1::Severity severity, Language language) {
  switch (severity) {
    case detection::v1::CRITICAL:
      return std::string(Pick(language, "Act now.", "À traiter immédiatement."));
    case detection::v1::WARNING:
      return std::string(
          Pick(language, "Act within the working day.", "À traiter dans la journée de travail."));
    default:
      return std::string(Pick(language, "Worth knowing.", "Pour information."));
  }
}

std::string EventWords(const v1::AlertEvent& event, Language language) {
  switch (event.kind()) {
    case v1::OPENED:
      return std::string(Pick(language, "new alert", "nouvelle alerte"));
    case v1::SEVERITY_CHANGED:
      return std::string(Pick(language, "severity changed", "gravité modifiée"));
    case v1::ACKNOWLEDGED_BY:
      return std::string(Pick(language, "acknowledged", "prise en charge"));
    case v1::RESOLVED_BY_DETECTION:
      return std::string(Pick(language, "over", "terminée"));
    case v1::RESOLVED_BY_HAND:
      return std::string(Pick(language, "closed by hand", "close à la main"));
    case v1::REOPENED:
      return std::string(Pick(language, "back again", "de retour"));
    case v1::DELIVERY_FAILED:
      return std::string(Pick(language, "a receiver could not be told",
                              "un destinataire n'a pas pu être prévenu"));
    case v1::DISMISSED_BY:
      return std::string(Pick(language, "dismissed as not real", "écartée, pas réelle"));
    case v1::ESCALATED_BY:
      return std::string(Pick(language, "handed on, somebody must take it",
                              "transmise, quelqu'un doit la prendre"));
    case v1::REOPENED_BY:
      return std::string(Pick(language, "open again by hand", "rouverte à la main"));
    case v1::OUTCOME_RECORDED:
      return std::string(Pick(language, "outcome recorded", "issue consignée"));
    case v1::BECAME_PENDING:
      return std::string(Pick(language, "pending", "en attente"));
    case v1::PENDING_ENDED:
      return std::string(Pick(language, "no longer pending", "n'est plus en attente"));
    case v1::ESCALATION_STEP:
      return std::string(
          Pick(language, "nobody has acknowledged it", "personne ne l'a prise en charge"));
    case v1::UNANSWERED:
      return std::string(Pick(language, "nobody answers", "personne ne répond"));
    case v1::REMINDER:
      return std::string(Pick(language, "reminder: acknowledged and not closed",
                              "rappel\u00a0: prise en charge et non close"));
    case v1::MUTE_ENDED:
      return std::string(
          Pick(language, "not muted any more, and it stands", "n'est plus en sourdine, et dure"));
    default:
      return std::string(Pick(language, "changed", "modifiée"));
  }
}

std::string SeverityWord(detection::v1::Severity severity, Language language) {
  switch (severity) {
    case detection::v1::WATCH:
      return std::string(Pick(language, "WATCH", "VIGILANCE"));
    case detection::v1::WARNING:
      return std::string(Pick(language, "WARNING", "ALERTE"));
    case detection::v1::CRITICAL:
      return std::string(Pick(language, "CRITICAL", "CRITIQUE"));
    default:
      return std::string(Pick(language, "UNKNOWN", "INCONNUE"));
  }
}

std::string StateWord(v1::AlertState state, Language language) {
  switch (state) {
    case v1::OPEN:
      return std::string(Pick(language, "open", "ouverte"));
    case v1::ACKNOWLEDGED:
      return std::string(Pick(language, "acknowledged", "prise en charge"));
    case v1::RESOLVED:
      return std::string(Pick(language, "resolved", "close"));
    case v1::DISMISSED:
      return std::string(Pick(language, "dismissed", "écartée"));
    case v1::ESCALATED:
      return std::string(Pick(language, "escalated", "transmise"));
    case v1::OPEN_AGAIN:
      return std::string(Pick(language, "open again", "rouverte"));
    case v1::PENDING:
      return std::string(Pick(language, "pending", "en attente"));
    default:
      return std::string(Pick(language, "unknown", "inconnu"));
  }
}

std::string KindWord(detection::v1::SignalKind kind, Language language) {
  switch (kind) {
    case detection::v1::SPIKE:
      return std::string(Pick(language, "spike", "pic"));
    case detection::v1::RISE:
      return std::string(Pick(language, "rise", "hausse"));
    case detection::v1::DATA_GAP:
      return std::string(Pick(language, "data gap", "données manquantes"));
    default:
      return std::string(Pick(language, "signal", "signal"));
  }
}

std::string FormatTimestamp(const google::protobuf::Timestamp& timestamp) {
  return base::FormatInstant(base::FromMicros(timestamp.seconds() * 1'000'000));
}

std::string FormatQuantity(double value, Language language) {
  if (!std::isfinite(value)) return std::string(Pick(language, "unknown", "inconnu"));
  return base::QuantityText(value, language == Language::kFrench ? base::NumberStyle::kFrench
                                                                 : base::NumberStyle::kEnglish);
}

std::string SampleResult(const EvidenceSample& sample, Language language) {
  const auto limit = [&](std::string_view name, bool present, double value) {
    return present ? fmt::format(" ({} {})", name, FormatQuantity(value, language)) : std::string();
  };
  const std::string_view lod = Pick(language, "LOD", "LD");
  const std::string_view loq = Pick(language, "LOQ", "LQ");
  switch (sample.censoring()) {
    case ingest::v1::BELOW_LOD:
      return Say(language, "below {}", "sous la {}", lod) +
             limit(lod, sample.has_lod(), sample.lod());
    case ingest::v1::BELOW_LOQ:
      return Say(language, "below {}", "sous la {}", loq) +
             limit(loq, sample.has_loq(), sample.loq());
    case ingest::v1::NOT_DETECTED:
      return std::string(Pick(language, "not detected", "non détecté")) +
             limit(lod, sample.has_lod(), sample.lod());
    default:
      return sample.has_value() ? FormatQuantity(sample.value(), language)
                                : std::string(Pick(language, "no value", "sans valeur"));
  }
}

std::string ExercisePrefix(const v1::Alert& alert, Language language) {
  if (!alert.exercise()) return "";
  return std::string(Pick(language, "EXERCISE: ", "EXERCICE\u00a0: "));
}

std::string ExerciseNotice(const v1::AlertEvent& event, Language language) {
  if (!event.alert().exercise()) return "";
  return std::string(
      Pick(language,
           "This is an exercise of the way that alerts take: nothing happened, there "
           "is nothing to do.",
           "Ceci est un exercice de la chaîne d'alerte\u00a0: rien ne s'est passé, il "
           "n'y a rien à faire."));
}

std::string Headline(const v1::AlertEvent& event, Language language) {
  const v1::Alert& alert = event.alert();
  if (alert.alert_class() == v1::OPERATIONS) {
    return ExercisePrefix(alert, language) +
           Say(language, "{}: alerting of {} does not work as it should",
               "{}\u00a0: l'alerte de {} ne fonctionne pas comme elle devrait",
               SeverityWord(alert.severity(), language), alert.district_id());
  }
  if (alert.alert_class() == v1::DATA) {
    return ExercisePrefix(alert, language) + Say(language, "{}: data are missing in {}: {}",
                                                 "{}\u00a0: données manquantes, {}\u00a0: {}",
                                                 SeverityWord(alert.severity(), language),
                                                 alert.district_id(),
                                                 GapWords(alert.rule(), language));
  }
  const bool spike = alert.kind() == detection::v1::SPIKE;
  return ExercisePrefix(alert, language) +
         Say(language, "{}: {} of {} in the sewage of {}",
             "{}\u00a0: {} de {} dans les eaux usées, {}", SeverityWord(alert.severity(), language),
             spike ? Pick(language, "contamination spike", "pic de contamination")
                   : Pick(language, "sustained rise", "hausse durable"),
             alert.target(), alert.district_id());
}

std::vector<std::pair<std::string, std::string>> Facts(const v1::AlertEvent& event,
                                                       Language language) {
  const v1::Alert& alert = event.alert();
  std::vector<std::pair<std::string, std::string>> facts;
  const auto add = [&](std::string_view english, std::string_view french, std::string sentence) {
    facts.emplace_back(Pick(language, english, french), std::move(sentence));
  };
  std::string news =
      Say(language, "{}: event {} at {}.", "{}\u00a0: événement {} du {}.",
          EventWords(event, language), event.sequence(), FormatTimestamp(event.at()));
  if (!event.by().empty()) news += Say(language, " By {}.", " Par {}.", event.by());
  if (event.kind() == v1::DELIVERY_FAILED) {
    news += " " + CauseWords(event.comment(), language);
  } else if (!event.comment().empty()) {
    news += " " + event.comment();
  }
  if (event.kind() == v1::ESCALATION_STEP || event.kind() == v1::REMINDER ||
      event.kind() == v1::MUTE_ENDED) {
    news += " " + CauseWords(event.cause(), language) + ".";
  }
  add("News", "Nouvelle", std::move(news));
  if (alert.alert_class() == v1::OPERATIONS) {
    add("What", "Quoi",
        Say(language, "Of Belgrand's own work, found by rule {}. {}",
            "Du travail de Belgrand même, trouvé par la règle {}. {}", alert.rule(),
            AdviceOf(alert.severity(), language)));
    add("About", "Sujet", Where(alert, language));
  } else if (alert.alert_class() == v1::DATA) {
    add("What", "Quoi",
        Say(language, "Data that are expected have not come: {} ({}). {}",
            "Des données attendues ne sont pas arrivées\u00a0: {} ({}). {}",
            GapWords(alert.rule(), language), alert.target(),
            AdviceOf(alert.severity(), language)));
    add("Owner", "Qui agit", alert.owner() + ".");
    add("Where", "Où", Gaps(alert, language));
  } else {
    add("What", "Quoi",
        Say(language, "A {} of {}, found by rule {}. {}",
            "Un signal ({}) sur {}, trouvé par la règle {}. {}", KindWord(alert.kind(), language),
            alert.target(), alert.rule(), AdviceOf(alert.severity(), language)));
    add("Where", "Où", Where(alert, language));
  }
  add("Since", "Depuis",
      alert.alert_class() == v1::DATA ? Overdue(alert, language) : Since(alert, language));
  add("State", "État", State(alert, language));
  if (std::string sure = HowSure(alert, language); !sure.empty()) {
    add("How sure", "Certitude", std::move(sure));
  }
  if (std::string why = Why(alert.evidence(), language); !why.empty()) {
    add("Why", "Pourquoi", std::move(why));
  }
  if (alert.track_record().judged() > 0 && !alert.exercise()) {
    add("Record", "Bilan",
        Say(language, "Rule {} was {}.", "La règle {} a été {}.", alert.rule(),
            RecordWords(alert.track_record(), language)));
  }
  return facts;
}

Table SampleTable(const Evidence& evidence, Language language) {
  Table table;
  const bool doubted = std::ranges::any_of(
      evidence.samples(), [](const EvidenceSample& s) { return !s.doubts().empty(); });
  for (const EvidenceSample& sample : evidence.samples()) {
    if (table.empty()) {
      table.push_back(language == Language::kFrench
                          ? std::vector<std::string>{"Prélevé", "Site", "Laboratoire",
                                                     "Échantillon", "gc/L", "Attendu", "Résidu"}
                          : std::vector<std::string>{"Collected", "Site", "Laboratory", "Sample",
                                                     "gc/L", "Expected", "Residual"});
      if (doubted) table.back().emplace_back(Pick(language, "Weak because", "Faible car"));
    }
    const std::string residual = Decimal(language, sample.residual(), 1);
    table.push_back({FormatTimestamp(sample.collected_at()).substr(0, 10), sample.site_id(),
                     sample.laboratory_id(), sample.sample_id(), SampleResult(sample, language),
                     sample.expected_log10() != 0
                         ? FormatQuantity(FromLog10(sample.expected_log10()), language)
                         : "",
                     (residual.starts_with('-') ? "" : "+") + residual});
    if (doubted) table.back().push_back(Doubts(sample, language));
  }
  return table;
}

Table SiteTable(const Evidence& evidence, Language language) {
  Table table;
  for (const auto& site : evidence.sites()) {
    if (table.empty()) {
      table.push_back(language == Language::kFrench
                          ? std::vector<std::string>{"Site", "Poids", "gc/L", "Croissance par jour"}

                          : std::vector<std::string>{"Site", "Weight", "gc/L", "Growth a day"});
    }
    const std::string growth = Decimal(language, 100 * std::expm1(site.growth_per_day()), 1);
    table.push_back({site.site_id(), Decimal(language, 100 * site.weight(), 0) + " %",
                     FormatQuantity(FromLog10(site.estimate_log10()), language),
                     (growth.starts_with('-') ? "" : "+") + growth + " %"});
  }
  return table;
}

std::string AcknowledgeCommand(const v1::AlertEvent& event, Language language) {
  if (!NeedsPerson(event.alert().state())) return "";
  return Say(language, "belgrand alerts ack {} --by \"YOUR NAME\" --comment \"WHAT YOU DO\"",
             "belgrand alerts ack {} --by \"VOTRE NOM\" --comment \"CE QUE VOUS FAITES\"",
             QuoteShell(event.alert().alert_id()));
}

std::string RepeatNotice(const v1::AlertEvent& event, Language language) {
  if (!event.repeat()) return "";
  return Say(language, "Repeat: event {} may have reached you before; it is the same alert.",
             "Répétition\u00a0: l'événement {} vous est peut-être déjà parvenu\u00a0; c'est la "
             "même alerte.",
             event.sequence());
}

}  // namespace belgrand::alerting
