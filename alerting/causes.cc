#include "alerting/causes.h"

#include <array>
#include <optional>
#include <vector>

#include "alerting/render_facts.h"

namespace belgrand::alerting {
namespace {

struct Wording {
  std::string_view english;
  // With the same places in the same order.
  std::string_view french;
};

// The first that fits counts: longer ones come before what they begin with.
constexpr std::array kWordings = {
    Wording{"rule {} has cleared everywhere, last on {}",
            "la règle {} s'est tue partout, en dernier sur {}"},
    Wording{"rule {} cleared before the alert had lasted long enough to open",
            "la règle {} s'est tue avant que l'alerte ait duré assez pour s'ouvrir"},
    Wording{"severity went from {} to {} with a signal on {}",
            "la gravité est passée de {} à {} avec un signal sur {}"},
    Wording{"rule {} raised {} on {}", "la règle {} a signalé {} sur {}"},
    Wording{"rule {} held {} on {}", "la règle {} maintient {} sur {}"},
    Wording{"rule {} has held since {}", "la règle {} tient depuis le {}"},
    Wording{"every step of escalation '{}' was taken",
            "toutes les étapes de l'escalade «\u00a0{}\u00a0» ont été suivies"},
    Wording{
        "nobody has acknowledged it: step {} of {} of escalation '{}', round {} of {}, tells {}",
        "personne ne l'a prise en charge\u00a0: l'étape {} sur {} de l'escalade "
        "«\u00a0{}\u00a0», tour {} sur {}, prévient {}"},
    Wording{"silence {} is over and the alert stands",
            "la mise en sourdine {} est terminée et l'alerte tient"},
    Wording{"inhibition {} is over and the alert stands",
            "l'inhibition {} est terminée et l'alerte tient"},
    Wording{"acknowledged at {} and not closed since", "prise en charge le {} et pas close depuis"},
    Wording{
        "Event {} did not reach receiver '{}' after {} attempts: {}",
        "L'événement {} n'a pas atteint le destinataire «\u00a0{}\u00a0» après {} essais\u00a0: "
        "{}"},
    Wording{"event {} of the alert: it ended before anything was released",
            "événement {} de l'alerte\u00a0: elle a pris fin avant toute publication"},
    Wording{"event {} of the alert: it asks for no notice any more",
            "événement {} de l'alerte\u00a0: elle ne demande plus d'avis"},
    Wording{"event {} of the alert", "événement {} de l'alerte"},
    Wording{"the alert is over and what was released has expired",
            "l'alerte est terminée et ce qui a été publié a expiré"},
    Wording{"the text before has expired", "le texte précédent a expiré"},
    Wording{"the alert stands and what was released ends at {}",
            "l'alerte tient et ce qui a été publié prend fin le {}"},
};

// What stands in the places of a pattern; absent when the text is not of it.
std::optional<std::vector<std::string>> Match(std::string_view pattern, std::string_view text) {
  std::vector<std::string> places;
  while (true) {
    const auto place = pattern.find("{}");
    const std::string_view literal = pattern.substr(0, place);
    if (!text.starts_with(literal)) return std::nullopt;
    text.remove_prefix(literal.size());
    if (place == pattern.npos) {
      if (!text.empty()) return std::nullopt;
      return places;
    }
    pattern.remove_prefix(place + 2);
    const std::string_view next = pattern.substr(0, pattern.find("{}"));
    const auto end = next.empty() ? text.npos : text.find(next);
    if (!next.empty() && end == text.npos) return std::nullopt;
    places.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end);
  }
}

// Severities are stored by their names.
std::string Place(const std::string& text) {
  for (const auto severity :
       {detection::v1::WATCH, detection::v1::WARNING, detection::v1::CRITICAL}) {
    if (text == detection::v1::Severity_Name(severity)) {
      return SeverityWord(severity, Language::kFrench);
    }
  }
  return text;
}

}  // namespace

std::string CauseWords(std::string_view cause, Language language) {
  if (cause.empty() || language == Language::kEnglish) return std::string(cause);
  for (const Wording& wording : kWordings) {
    const auto places = Match(wording.english, cause);
    if (!places) continue;
    std::string out;
    std::string_view rest = wording.french;
    for (const std::string& place : *places) {
      const auto at = rest.find("{}");
      out += std::string(rest.substr(0, at)) + Place(place);
      rest.remove_prefix(at + 2);
    }
    return out + std::string(rest);
  }
  return "(en anglais) " + std::string(cause);
}

}  // namespace belgrand::alerting
