// The words on a discharge, in both languages.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "platform/base/time.h"
#include "sensor/discharge.h"

namespace belgrand::sensor {
namespace {

std::string_view FrenchName(Quantity quantity) {
  switch (quantity) {
    case Quantity::kFlow:
      return "débit";
    case Quantity::kLevel:
      return "hauteur d'eau";
    case Quantity::kTemperature:
      return "température";
    case Quantity::kPh:
      return "pH";
    case Quantity::kConductivity:
      return "conductivité";
    case Quantity::kTurbidity:
      return "turbidité";
    case Quantity::kAmmonium:
      return "ammonium";
    case Quantity::kNitrate:
      return "nitrate";
    case Quantity::kCod:
      return "DCO";
    case Quantity::kTss:
      return "matières en suspension";
    case Quantity::kRedox:
      return "potentiel redox";
    case Quantity::kDissolvedOxygen:
      return "oxygène dissous";
  }
  return "";
}

std::string_view Kind(Signature signature, Language language) {
  const bool french = language == Language::kFrench;
  switch (signature) {
    case Signature::kAcid:
      return french ? "ressemble à un acide" : "looks like an acid";
    case Signature::kAlkali:
      return french ? "ressemble à une base (soude, chaux)" : "looks like an alkali (lye, lime)";
    case Signature::kSalt:
      return french ? "ressemble à une saumure" : "looks like a brine";
    case Signature::kOrganic:
      return french ? "ressemble à un effluent chargé en matière organique"
                    : "looks like organic waste";
    case Signature::kUnclear:
      break;
  }
  return french ? "n'a pas de signature connue" : "has no known signature";
}

// The furthest off first.
std::string List(const Discharge& discharge, Language language) {
  std::vector<std::pair<Quantity, Departure>> order(discharge.worst.begin(), discharge.worst.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::abs(a.second.z) > std::abs(b.second.z);
  });
  std::string text;
  for (const auto& [quantity, departure] : order) {
    const QuantityInfo& info = Describe(quantity);
    const std::string unit =
        quantity == Quantity::kPh ? std::string() : " " + std::string(info.unit);
    text += fmt::format(
        fmt::runtime(language == Language::kFrench ? "{}{} {:.4g}{} au lieu de {:.4g}"
                                                   : "{}{} {:.4g}{} instead of {:.4g}"),
        text.empty() ? "" : ", ", language == Language::kFrench ? FrenchName(quantity) : info.name,
        departure.value, unit, departure.expected);
  }
  return text;
}

std::string Minute(std::int64_t time_us) {
  return base::FormatInstant(base::FromMicros(time_us)).substr(0, 16) + "Z";
}

}  // namespace

std::string_view NameOf(Signature signature) {
  switch (signature) {
    case Signature::kAcid:
      return "acid";
    case Signature::kAlkali:
      return "alkali";
    case Signature::kSalt:
      return "salt";
    case Signature::kOrganic:
      return "organic";
    case Signature::kUnclear:
      break;
  }
  return "unclear";
}

std::string Describe(const std::string& site, const Discharge& discharge, Language language) {
  const std::string_view kind = Kind(discharge.signature(), language);
  const std::string list = List(discharge, language);
  const std::string from = Minute(discharge.from_us);
  if (language == Language::kFrench) {
    const std::string to =
        discharge.to_us ? fmt::format(" au {}", Minute(*discharge.to_us)) : " et dure encore";
    return fmt::format(
        "Site {} : du {}{}, l'eau de l'égout s'est écartée de ce qui est habituel à cette heure : "
        "{}. Cela {}{}. Cherchez en amont qui a rejeté ; un prélèvement composite qui couvre ces "
        "heures peut avoir perdu de l'ARN et demande une vérification.",
        site, from, to, list, kind,
        discharge.in_rain ? ", bien qu'il pleuve : la pluie seule ne l'explique pas" : "");
  }
  const std::string to =
      discharge.to_us ? fmt::format(" to {}", Minute(*discharge.to_us)) : ", and it goes on";
  return fmt::format(
      "Site {}: from {}{} the water in the sewer was not what is usual at that hour: {}. It {}{}. "
      "Look upstream for who discharged; a composite sample that covers these hours may have lost "
      "RNA and is to be verified.",
      site, from, to, list, kind,
      discharge.in_rain ? ", although it rains: rain alone does not explain it" : "");
}

}  // namespace belgrand::sensor
