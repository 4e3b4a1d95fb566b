#include "alerting/cap.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>
#include <system_error>

#include "alerting/language.h"
#include "alerting/render_facts.h"
#include "alerting/text.h"
#include "platform/base/html.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/hash.h"

namespace belgrand::alerting {
namespace {

constexpr std::size_t kMaxPolygons = 200;

std::string_view Name(CapType type) {
  return type == CapType::kAlert ? "Alert" : type == CapType::kUpdate ? "Update" : "Cancel";
}

std::string_view Name(CapOptions::Status status) {
  switch (status) {
    case CapOptions::Status::kActual:
      return "Actual";
    case CapOptions::Status::kExercise:
      return "Exercise";
    case CapOptions::Status::kDraft:
      break;
  }
  return "Draft";
}

// CAP's dateTime: an offset of zero is written -00:00, never Z (section 3.3.2).
std::string CapTime(base::Instant at) {
  std::string text = base::FormatInstant(std::chrono::floor<std::chrono::seconds>(at));
  if (text.ends_with('Z')) text.pop_back();
  return text + "-00:00";
}

// The whole text as a number.
std::optional<double> ParseNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

base::Instant TimeOf(const v1::AlertEvent& event) {
  return base::FromMicros(event.at().seconds() * 1'000'000);
}

std::string Identifier(const v1::AlertEvent& event) {
  const crypto::Digest digest = crypto::Sha256(event.alert().alert_id());
  return fmt::format("belgrand.{}.{}", crypto::ToHex(crypto::View(digest).substr(0, 8)),
                     event.sequence());
}

class Writer {
 public:
  void Open(std::string_view name) {
    out_ += fmt::format("{}<{}>\n", Indent(), name);
    ++depth_;
  }
  void Close(std::string_view name) {
    --depth_;
    out_ += fmt::format("{}</{}>\n", Indent(), name);
  }
  void Element(std::string_view name, std::string_view text) {
    out_ += fmt::format("{0}<{1}>{2}</{1}>\n", Indent(), name, base::EscapeHtml(text));
  }
  void ElementUnlessEmpty(std::string_view name, std::string_view text) {
    if (!text.empty()) Element(name, text);
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string Indent() const { return std::string(2 * depth_, ' '); }

  std::size_t depth_ = 1;
  std::string out_ =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\n";
};

struct Urgency {
  std::string_view urgency;
  std::string_view severity;
  std::string_view certainty;
  std::string_view response;
};

Urgency UrgencyOf(const v1::Alert& alert, const CapMessage& message) {
  if (message.type == CapType::kCancel) {
    if (message.end == CapMessage::End::kOver) return {"Past", "Minor", "Observed", "AllClear"};
    return {"Unknown", "Unknown", "Unknown", "None"};
  }
  // "Likely" means a probability above one half (section 3.2.2).
  const std::string_view certainty = alert.kind() == detection::v1::SPIKE          ? "Observed"
                                     : alert.evidence().probability_rising() > 0.5 ? "Likely"
                                                                                   : "Possible";
  switch (alert.severity()) {
    case detection::v1::CRITICAL:
      return {"Immediate", "Severe", certainty, "Monitor"};
    case detection::v1::WARNING:
      return {"Expected", "Moderate", certainty, "Monitor"};
    default:
      return {"Future", "Minor", certainty, "Monitor"};
  }
}

// What the public may read: no person, laboratory or site.
std::string Description(const v1::AlertEvent& event, Language language) {
  const auto english = Facts(event, Language::kEnglish);
  const auto facts = Facts(event, language);
  std::string out;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (english[i].first != "Since" && english[i].first != "How sure") continue;
    out += (out.empty() ? "" : " ") + facts[i].second;
  }
  return out;
}

void WriteArea(const CapOptions& options, const std::string& district, Language language,
               Writer& writer) {
  writer.Open("area");
  const std::string_view name = Pick(language, options.area_name, options.area_name_fr);
  writer.Element("areaDesc", name.empty() ? fmt::format("District {}", district) : name);
  for (const auto& ring : options.polygons) {
    std::string positions;
    for (const auto& [latitude, longitude] : ring) {
      positions +=
          fmt::format("{}{:.6f},{:.6f}", positions.empty() ? "" : " ", latitude, longitude);
    }
    writer.Element("polygon", positions);
  }
  writer.Close("area");
}

void WriteInfo(const v1::AlertEvent& event, const CapMessage& message, const CapOptions& options,
               Language language, Writer& writer) {
  const v1::Alert& alert = event.alert();
  const Urgency urgency = UrgencyOf(alert, message);
  writer.Open("info");
  writer.Element("language", Pick(language, "en", "fr"));
  writer.Element("category", "Health");
  writer.Element("event", Say(language, "Wastewater signal: {} ({})",
                              "Signal dans les eaux usées\u00a0: {} ({})", alert.target(),
                              KindWord(alert.kind(), language)));
  writer.Element("responseType", urgency.response);
  writer.Element("urgency", urgency.urgency);
  writer.Element("severity", urgency.severity);
  writer.Element("certainty", urgency.certainty);
  writer.Element("onset", CapTime(base::FromMicros(alert.observed_at().seconds() * 1'000'000)));
  writer.Element("expires", CapTime(message.sent + options.expires_after));
  writer.ElementUnlessEmpty("senderName", options.sender_name);
  std::string headline = Headline(event, language);
  if (message.type == CapType::kCancel) {
    headline = message.end == CapMessage::End::kOver
                   ? Say(language, "Over: {}", "Terminé\u00a0: {}", headline)
                   : Say(language, "Withdrawn: {}", "Retiré\u00a0: {}", headline);
  }
  writer.Element("headline", headline);
  if (message.end == CapMessage::End::kOver) {
    writer.Element("description", Description(event, language));
  } else {
    writer.Element("description", Pick(language, "This notice is taken back: it does not hold.",
                                       "Cet avis est retiré\u00a0: il n'est plus valable."));
  }
  if (message.type != CapType::kCancel) {
    writer.ElementUnlessEmpty("instruction",
                              Pick(language, options.instruction, options.instruction_fr));
  }
  writer.ElementUnlessEmpty("contact", options.contact);
  WriteArea(options, alert.district_id(), language, writer);
  writer.Close("info");
}

}  // namespace

base::Status CheckCapOptions(const CapOptions& options) {
  if (options.sender.empty() || options.sender.find_first_of(" ,<&") != std::string::npos ||
      !IsPrintableUtf8(options.sender)) {
    return base::InvalidArgument(
        "sender '{}': CAP wants a name without spaces, commas, '<' and '&', such as "
        "alerts@city.example",
        options.sender);
  }
  for (const std::string* text :
       {&options.sender_name, &options.contact, &options.instruction, &options.instruction_fr,
        &options.area_name, &options.area_name_fr}) {
    if (!IsPrintableUtf8(*text)) {
      return base::InvalidArgument(
          "sender name, contact, instruction and the area's name must be UTF-8 without control "
          "characters");
    }
  }
  if (options.expires_after < std::chrono::minutes(1)) {
    return base::InvalidArgument("expires_after must be at least a minute");
  }
  if (options.polygons.size() > kMaxPolygons) {
    return base::InvalidArgument("{} polygons: at most {}; give none or fewer",
                                 options.polygons.size(), kMaxPolygons);
  }
  for (const auto& ring : options.polygons) {
    if (ring.size() < 4 || ring.front() != ring.back()) {
      return base::InvalidArgument(
          "a polygon needs at least four positions, the last being the first");
    }
    for (const auto& [latitude, longitude] : ring) {
      if (!(std::abs(latitude) <= 90) || !(std::abs(longitude) <= 180)) {
        return base::InvalidArgument("a polygon leaves the earth at {}, {}", latitude, longitude);
      }
    }
  }
  return base::OkStatus();
}

std::optional<CapType> CapTypeOf(v1::EventKind kind) {
  switch (kind) {
    case v1::OPENED:
    case v1::REOPENED:
    case v1::REOPENED_BY:
      return CapType::kAlert;
    case v1::SEVERITY_CHANGED:
      return CapType::kUpdate;
    case v1::RESOLVED_BY_DETECTION:
    case v1::RESOLVED_BY_HAND:
    case v1::DISMISSED_BY:
      return CapType::kCancel;
    default:
      return std::nullopt;
  }
}

std::string CapReference(std::string_view sender, std::string_view identifier, base::Instant sent) {
  return fmt::format("{},{},{}", sender, identifier, CapTime(sent));
}

base::StatusOr<std::vector<CapPosition>> ParseCapPolygon(std::string_view text) {
  std::vector<CapPosition> ring;
  while (!text.empty()) {
    const std::string_view position = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), position.size() + 1));
    const std::size_t comma = std::min(position.find(','), position.size());
    const auto latitude = ParseNumber(position.substr(0, comma));
    const auto longitude = ParseNumber(position.substr(std::min(comma + 1, position.size())));
    if (!latitude || !longitude) {
      return base::InvalidArgument(
          "'{}' is no position: write latitude,longitude with one space between positions",
          position);
    }
    ring.emplace_back(*latitude, *longitude);
  }
  return ring;
}

std::uint64_t NewestForCap(std::span<const v1::AlertEvent> history) {
  for (auto event = history.rbegin(); event != history.rend(); ++event) {
    if (CapTypeOf(event->kind())) return event->sequence();
  }
  return 0;
}

base::StatusOr<std::string> ComposeCapMessage(const v1::AlertEvent& event,
                                              const CapMessage& message,
                                              const CapOptions& options) {
  RETURN_IF_ERROR(CheckCapOptions(options));
  if (event.alert().alert_class() == v1::OPERATIONS) {
    return base::FailedPrecondition(
        "the alert is about Belgrand's own work: the public need not know");
  }
  if (event.alert().alert_class() == v1::DATA) {
    return base::FailedPrecondition(
        "the alert is about data that have not come: the public need not know");
  }
  for (const std::string* text : {&event.alert().district_id(), &event.alert().target()}) {
    if (!IsPrintableUtf8(*text)) {
      return base::InvalidArgument("district and target must be UTF-8 without control characters");
    }
  }
  const auto status = event.alert().exercise() ? CapOptions::Status::kExercise : options.status;
  v1::AlertEvent nameless = event;
  nameless.clear_by();
  nameless.clear_comment();
  Writer writer;
  writer.Element("identifier", message.identifier);
  writer.Element("sender", options.sender);
  writer.Element("sent", CapTime(message.sent));
  writer.Element("status", Name(status));
  writer.Element("msgType", Name(message.type));
  writer.Element("scope", "Public");
  if (status == CapOptions::Status::kExercise) {
    writer.Element("note", "Exercise: nothing happened. Exercice : rien ne s'est passé.");
  }
  writer.ElementUnlessEmpty("references", message.references);
  for (const Language language : {Language::kEnglish, Language::kFrench}) {
    WriteInfo(nameless, message, options, language, writer);
  }
  return writer.Take() + "</alert>\n";
}

base::StatusOr<std::string> ComposeCap(std::span<const v1::AlertEvent> history,
                                       std::uint64_t sequence, const CapOptions& options) {
  if (options.status == CapOptions::Status::kActual) {
    return base::InvalidArgument(
        "status is Actual: a notice that is meant is released by two people (alerts notice)");
  }
  const auto event = std::ranges::find(history, sequence, &v1::AlertEvent::sequence);
  if (event == history.end()) {
    return base::NotFound("event {} is not in the history of the alert", sequence);
  }
  const auto type = CapTypeOf(event->kind());
  if (!type) {
    return base::FailedPrecondition(
        "event {} is {}: the public is told when an alert opens, changes its severity or ends",
        sequence, EventWords(*event));
  }
  // Of its episode, what the public was told before.
  std::string references;
  bool begins = *type == CapType::kAlert;
  for (auto before = event; *type != CapType::kAlert && before != history.begin();) {
    --before;
    const auto earlier = CapTypeOf(before->kind());
    if (!earlier) continue;
    references = CapReference(options.sender, Identifier(*before), TimeOf(*before)) +
                 (references.empty() ? "" : " ") + references;
    if (*earlier == CapType::kAlert) {
      begins = true;
      break;
    }
  }
  if (!begins) {
    return base::FailedPrecondition("the history does not hold how the alert of event {} opened",
                                    sequence);
  }
  return ComposeCapMessage(*event,
                           {.type = *type,
                            .identifier = Identifier(*event),
                            .sent = TimeOf(*event),
                            .references = std::move(references)},
                           options);
}

}  // namespace belgrand::alerting
