#include "alerting/render_facts.h"

#include <fmt/format.h>

#include <cmath>

#include "alerting/lifecycle.h"
#include "alerting/render.h"
#include "alerting/text.h"
#include "platform/base/time.h"

namespace belgrand::alerting {
namespace {

using detection::v1::Evidence;
using detection::v1::EvidenceSample;

std::string AdviceOf(detection::v1::Severity severity) {
  switch (severity) {
    case detection::v1::CRITICAL:
      return "Act now.";
    case detection::v1::WARNING:
      return "Act within the working day.";
    default:
      return "Worth knowing.";
  }
}

// "4.0", "12".
std::string Times(double factor) {
  return factor < 10 ? fmt::format("{:.1f}", factor) : FormatQuantity(std::round(factor));
}

double FromLog10(double log10) { return std::pow(10.0, log10); }

std::string HowSure(const Evidence& evidence) {
  std::string out;
  const auto add = [&](const std::string& sentence) {
    if (!out.empty()) out += ' ';
    out += sentence;
  };
  if (evidence.probability_rising() > 0) {
    add(fmt::format("Probability that the level is rising: {:.0f} %.",
                    100 * evidence.probability_rising()));
  }
  if (evidence.estimate_log10() != 0) {
    std::string level =
        fmt::format("Level now {} gc/L", FormatQuantity(FromLog10(evidence.estimate_log10())));
    if (evidence.lower_log10() < evidence.upper_log10()) {
      level += fmt::format(" (95 % interval {} to {})",
                           FormatQuantity(FromLog10(evidence.lower_log10())),
                           FormatQuantity(FromLog10(evidence.upper_log10())));
    }
    if (evidence.baseline_log10() != 0) {
      level += fmt::format(", expected {} gc/L: {} times the expected level",
                           FormatQuantity(FromLog10(evidence.baseline_log10())),
                           Times(FromLog10(evidence.estimate_log10() - evidence.baseline_log10())));
    }
    add(level + ".");
  }
  if (evidence.growth_per_day() > 0) {
    add(fmt::format("It grows {:.1f} % a day and doubles in {:.1f} days.",
                    100 * std::expm1(evidence.growth_per_day()),
                    std::log(2.0) / evidence.growth_per_day()));
  } else if (evidence.growth_per_day() < 0) {
    add(fmt::format("It falls {:.1f} % a day.", -100 * std::expm1(evidence.growth_per_day())));
  }
  if (evidence.limit() != 0) {
    add(fmt::format("The rule's score is {:.2f} against a limit of {:.2f}.", evidence.score(),
                    evidence.limit()));
  }
  return out;
}

std::string Since(const v1::Alert& alert) {
  std::string out =
      fmt::format("The sample that opened it was collected {}; the alert opened {}",
                  FormatTimestamp(alert.observed_at()), FormatTimestamp(alert.opened_at()));
  if (alert.episode() > 1) out += fmt::format(" (episode {})", alert.episode());
  return out + ".";
}

std::string State(const v1::Alert& alert) {
  std::string out = StateWord(alert.state());
  if (!alert.acknowledged_by().empty()) {
    out += fmt::format("; acknowledged by {} at {}", alert.acknowledged_by(),
                       FormatTimestamp(alert.acknowledged_at()));
  }
  if (alert.has_resolved_at()) {
    out += fmt::format("; resolved at {}", FormatTimestamp(alert.resolved_at()));
  }
  return out + ".";
}

std::string Where(const v1::Alert& alert) {
  std::string out = "District " + alert.district_id();
  if (alert.active_areas().empty()) return out + "; no area holds a signal now.";
  out += "; signals now on: ";
  for (int i = 0; i < alert.active_areas_size(); ++i) {
    out += (i > 0 ? ", " : "") + alert.active_areas(i);
  }
  return out + ".";
}

}  // namespace

std::string EventWords(const v1::AlertEvent& event) {
  switch (event.kind()) {
    case v1::OPENED:
      return "new alert";
    case v1::SEVERITY_CHANGED:
      return "severity changed";
    case v1::ACKNOWLEDGED_BY:
      return "acknowledged";
    case v1::RESOLVED_BY_DETECTION:
      return "over";
    case v1::RESOLVED_BY_HAND:
      return "closed by hand";
    case v1::REOPENED:
      return "back again";
    case v1::DELIVERY_FAILED:
      return "a receiver could not be told";
    case v1::DISMISSED_BY:
      return "dismissed as not real";
    case v1::ESCALATED_BY:
      return "handed on, somebody must take it";
    case v1::REOPENED_BY:
      return "open again by hand";
    case v1::OUTCOME_RECORDED:
      return "outcome recorded";
    case v1::BECAME_PENDING:
      return "pending";
    case v1::PENDING_ENDED:
      return "no longer pending";
    case v1::ESCALATION_STEP:
      return "nobody has acknowledged it";
    case v1::UNANSWERED:
      return "nobody answers";
    case v1::REMINDER:
      return "reminder: acknowledged and not closed";
    case v1::MUTE_ENDED:
      return "not muted any more, and it stands";
    default:
      return "changed";
  }
}

std::string SeverityWord(detection::v1::Severity severity) {
  switch (severity) {
    case detection::v1::WATCH:
      return "WATCH";
    case detection::v1::WARNING:
      return "WARNING";
    case detection::v1::CRITICAL:
      return "CRITICAL";
    default:
      return "UNKNOWN";
  }
}

std::string StateWord(v1::AlertState state) {
  switch (state) {
    case v1::OPEN:
      return "open";
    case v1::ACKNOWLEDGED:
      return "acknowledged";
    case v1::RESOLVED:
      return "resolved";
    case v1::DISMISSED:
      return "dismissed";
    case v1::ESCALATED:
      return "escalated";
    case v1::OPEN_AGAIN:
      return "open again";
    case v1::PENDING:
      return "pending";
    default:
      return "unknown";
  }
}

std::string KindWord(detection::v1::SignalKind kind) {
  switch (kind) {
    case detection::v1::SPIKE:
      return "spike";
    case detection::v1::RISE:
      return "rise";
    default:
      return "signal";
  }
}

std::string FormatTimestamp(const google::protobuf::Timestamp& timestamp) {
  return base::FormatInstant(base::FromMicros(timestamp.seconds() * 1'000'000));
}

std::string FormatQuantity(double value) {
  if (!std::isfinite(value)) return "unknown";
  if (value == 0) return "0";
  if (std::abs(value) >= 1e15 || std::abs(value) < 1e-6) return fmt::format("{:.2e}", value);
  const double step = std::pow(10.0, std::floor(std::log10(std::abs(value))) - 2);
  const double rounded = std::round(value / step) * step;
  if (std::abs(rounded) < 100) return fmt::format("{:.3g}", rounded);
  std::string digits = fmt::format("{:.0f}", rounded);
  const std::size_t first = digits[0] == '-' ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string SampleResult(const EvidenceSample& sample) {
  const auto limit = [](std::string_view name, bool present, double value) {
    return present ? fmt::format(" ({} {})", name, FormatQuantity(value)) : std::string();
  };
  switch (sample.censoring()) {
    case ingest::v1::BELOW_LOD:
      return "below LOD" + limit("LOD", sample.has_lod(), sample.lod());
    case ingest::v1::BELOW_LOQ:
      return "below LOQ" + limit("LOQ", sample.has_loq(), sample.loq());
    case ingest::v1::NOT_DETECTED:
      return "not detected" + limit("LOD", sample.has_lod(), sample.lod());
    default:
      return sample.has_value() ? FormatQuantity(sample.value()) : "no value";
  }
}

std::string Headline(const v1::AlertEvent& event) {
  const v1::Alert& alert = event.alert();
  if (alert.alert_class() == v1::OPERATIONS) {
    return fmt::format("{}: alerting of {} does not work as it should",
                       SeverityWord(alert.severity()), alert.district_id());
  }
  const std::string what =
      alert.kind() == detection::v1::SPIKE ? "contamination spike" : "sustained rise";
  return fmt::format("{}: {} of {} in the sewage of {}", SeverityWord(alert.severity()), what,
                     alert.target(), alert.district_id());
}

std::vector<std::pair<std::string, std::string>> Facts(const v1::AlertEvent& event) {
  const v1::Alert& alert = event.alert();
  std::vector<std::pair<std::string, std::string>> facts;
  std::string news = fmt::format("{}: event {} at {}.", EventWords(event), event.sequence(),
                                 FormatTimestamp(event.at()));
  if (!event.by().empty()) news += fmt::format(" By {}.", event.by());
  if (!event.comment().empty()) news += " " + event.comment();
  if (event.kind() == v1::ESCALATION_STEP || event.kind() == v1::REMINDER ||
      event.kind() == v1::MUTE_ENDED) {
    news += " " + event.cause() + ".";
  }
  facts.emplace_back("News", news);
  if (alert.alert_class() == v1::OPERATIONS) {
    facts.emplace_back("What", fmt::format("Of Belgrand's own work, found by rule {}. {}",
                                           alert.rule(), AdviceOf(alert.severity())));
    facts.emplace_back("About", Where(alert));
  } else {
    facts.emplace_back("What",
                       fmt::format("A {} of {}, found by rule {}. {}", KindWord(alert.kind()),
                                   alert.target(), alert.rule(), AdviceOf(alert.severity())));
    facts.emplace_back("Where", Where(alert));
  }
  facts.emplace_back("Since", Since(alert));
  facts.emplace_back("State", State(alert));
  if (const std::string sure = HowSure(alert.evidence()); !sure.empty()) {
    facts.emplace_back("How sure", sure);
  }
  if (!alert.evidence().explanation().empty()) {
    facts.emplace_back("Why", alert.evidence().explanation());
  }
  if (alert.track_record().judged() > 0) {
    facts.emplace_back(
        "Record", fmt::format("Rule {} was {}.", alert.rule(), RecordWords(alert.track_record())));
  }
  return facts;
}

Table SampleTable(const Evidence& evidence) {
  Table table;
  for (const EvidenceSample& sample : evidence.samples()) {
    if (table.empty()) {
      table.push_back(
          {"Collected", "Site", "Laboratory", "Sample", "gc/L", "Expected", "Residual"});
    }
    table.push_back(
        {FormatTimestamp(sample.collected_at()).substr(0, 10), sample.site_id(),
         sample.laboratory_id(), sample.sample_id(), SampleResult(sample),
         sample.expected_log10() != 0 ? FormatQuantity(FromLog10(sample.expected_log10())) : "",
         fmt::format("{:+.1f}", sample.residual())});
  }
  return table;
}

Table SiteTable(const Evidence& evidence) {
  Table table;
  for (const auto& site : evidence.sites()) {
    if (table.empty()) table.push_back({"Site", "Weight", "gc/L", "Growth a day"});
    table.push_back({site.site_id(), fmt::format("{:.0f} %", 100 * site.weight()),
                     FormatQuantity(FromLog10(site.estimate_log10())),
                     fmt::format("{:+.1f} %", 100 * std::expm1(site.growth_per_day()))});
  }
  return table;
}

std::string AcknowledgeCommand(const v1::AlertEvent& event) {
  if (!NeedsPerson(event.alert().state())) return "";
  return fmt::format("belgrand alerts ack {} --by \"YOUR NAME\" --comment \"WHAT YOU DO\"",
                     QuoteShell(event.alert().alert_id()));
}

std::string RepeatNotice(const v1::AlertEvent& event) {
  if (!event.repeat()) return "";
  return fmt::format("Repeat: event {} may have reached you before; it is the same alert.",
                     event.sequence());
}

}  // namespace belgrand::alerting
