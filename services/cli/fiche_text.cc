#include "services/cli/fiche_text.h"

namespace belgrand::cli {
namespace {

using compliance::Declaration;
using compliance::Language;

constexpr SentenceText kFiche[] = {
    {1, "declared.controller", "The controller is declared.", "Le responsable est déclaré."},
    {1, "schema.basis", "Every stored record names its legal basis in the schema.",
     "Chaque enregistrement conservé porte sa base légale dans le schéma."},
    {1, "declared.benefit", "The expected benefit for public health is declared.",
     "Le bénéfice attendu pour la santé publique est déclaré."},
    {2, "schema.classified",
     "Every field of every message has a privacy class; the stored personal ones are listed here.",
     "Chaque champ de chaque message a une classe ; les champs personnels conservés sont énumérés "
     "ici."},
    {3, "publication.rules",
     "An institution or a catchment under the minimum population is never published alone, and the "
     "figure cannot be lowered.",
     "Un établissement ou un bassin sous la population minimale n'est jamais publié seul, et ce "
     "seuil ne peut être abaissé."},
    {3, "publication.attack",
     "An attacker who knows every release wins no contribution of a protected site.",
     "Un attaquant qui connaît toutes les publications n'obtient la contribution d'aucun site "
     "protégé."},
    {3, "declared.alternatives", "The alternatives that were rejected are declared.",
     "Les solutions écartées sont déclarées."},
    {4, "declared.processor", "The processor is declared.", "Le sous-traitant est déclaré."},
    {4, "declared.hosting", "The place of hosting is declared.",
     "Le lieu d'hébergement est déclaré."},
    {4, "declared.transfers", "Transfers to third countries, or that there are none, are declared.",
     "Les transferts hors de l'Union, ou leur absence, sont déclarés."},
    {5, "schema.retention", "Every stored name, contact and free text has an end date.",
     "Chaque nom, coordonnée ou texte libre conservé a une échéance."},
    {6, "schema.access",
     "Every method that shows personal fields names its roles, and is audited unless only the "
     "service itself may call it.",
     "Chaque méthode qui montre des champs personnels nomme ses rôles, et est journalisée sauf si "
     "seul le service l'appelle."},
    {6, "config.receivers", "Alerts go to the configured receivers.",
     "Les alertes vont aux destinataires configurés."},
    {7, "schema.sealed",
     "Names of those who take and analyse samples are sealed under a key of the person.",
     "Les noms de ceux qui prélèvent et analysent sont scellés sous une clé propre à la personne."},
    {7, "keyring.apart", "The keyring lies apart from the data and outside the backups.",
     "Le trousseau est séparé des données et hors des sauvegardes."},
    {7, "config.transport", "Connections are mutually authenticated, or never leave the machine.",
     "Les connexions sont authentifiées des deux côtés, ou ne quittent pas la machine."},
    {7, "config.reflection", "The interface does not describe itself to strangers.",
     "L'interface ne se décrit pas aux inconnus."},
    {7, "audit.intact", "The audit log is whole and signed.",
     "Le journal d'audit est intègre et signé."},
    {7, "backup.recent", "The newest backup is at most eight days old.",
     "La dernière sauvegarde a huit jours au plus."},
    {8, "declared.officer", "The data protection officer is declared.",
     "Le délégué à la protection des données est déclaré."},
    {8, "declared.contact", "Where persons turn with their rights is declared.",
     "L'adresse où exercer ses droits est déclarée."},
    {9, "declared.incident", "Who is told of an incident is declared.",
     "La personne à prévenir en cas d'incident est déclarée."},
    {10, "declared.signatory",
     "The signatory is declared, and knows what the software does not do (docs/threat_model.md).",
     "Le signataire est déclaré, et sait ce que le logiciel ne fait pas (docs/threat_model.md)."},
};

constexpr SentenceText kImpact[] = {
    {1, "schema.classified", "The flows of personal data follow from the schema, which is whole.",
     "Les flux de données personnelles découlent du schéma, qui est complet."},
    {2, "declared.benefit", "Necessity: the benefit is declared.",
     "Nécessité : le bénéfice est déclaré."},
    {2, "declared.alternatives", "Proportionality: what was rejected is declared.",
     "Proportionnalité : les solutions écartées sont déclarées."},
    {2, "schema.retention", "Proportionality: personal fields end.",
     "Proportionnalité : les champs personnels ont une échéance."},
    {3, "publication.attack",
     "Risk: a small group is recognised in published numbers. Measure: the publication gate.",
     "Risque : un petit groupe est reconnu dans les chiffres publiés. Mesure : le filtre de "
     "publication."},
    {3, "schema.sealed",
     "Risk: names leak with a disk or a backup. Measure: fields sealed under personal keys.",
     "Risque : des noms fuient avec un disque ou une sauvegarde. Mesure : champs scellés sous des "
     "clés personnelles."},
    {3, "keyring.apart",
     "Risk: keys leak with the data that they protect. Measure: a keyring of its own.",
     "Risque : les clés fuient avec les données qu'elles protègent. Mesure : trousseau séparé."},
    {3, "config.transport",
     "Risk: a stranger listens or calls. Measure: mutual TLS, or loopback alone.",
     "Risque : un inconnu écoute ou appelle. Mesure : TLS mutuel, ou boucle locale seule."},
    {3, "schema.access",
     "Risk: somebody reads more than his task asks for. Measure: roles by method, and audit.",
     "Risque : quelqu'un lit plus que sa tâche ne l'exige. Mesure : rôles par méthode et "
     "journalisation."},
    {3, "audit.intact", "Risk: an access is denied afterwards. Measure: the signed audit log.",
     "Risque : un accès est nié après coup. Mesure : journal d'audit signé."},
    {3, "backup.recent", "Risk: data are lost. Measure: backups.",
     "Risque : des données sont perdues. Mesure : sauvegardes."},
    {4, "declared.officer", "The data protection officer who was asked is declared.",
     "Le délégué consulté est déclaré."},
};

struct Title {
  std::string_view english;
  std::string_view french;
};
constexpr Title kFicheSections[] = {
    {"Purpose and basis", "Finalité et base"},
    {"Categories", "Catégories de données"},
    {"Proportionality", "Proportionnalité"},
    {"Roles", "Rôles"},
    {"Durations", "Durées"},
    {"Recipients", "Destinataires"},
    {"Measures", "Mesures"},
    {"Rights", "Droits"},
    {"Incidents", "Incidents"},
    {"Residual risks", "Risques résiduels"},
};
constexpr Title kImpactSections[] = {
    {"Description", "Description"},
    {"Necessity and proportionality", "Nécessité et proportionnalité"},
    {"Risks and measures", "Risques et mesures"},
    {"Advice", "Avis"},
};

struct DeclaredField {
  std::string_view evidence;
  std::string Declaration::*field;
};
constexpr DeclaredField kDeclared[] = {
    {"declared.controller", &Declaration::controller},
    {"declared.contact", &Declaration::contact},
    {"declared.officer", &Declaration::data_protection_officer},
    {"declared.processor", &Declaration::processor},
    {"declared.hosting", &Declaration::hosting},
    {"declared.transfers", &Declaration::transfers},
    {"declared.benefit", &Declaration::benefit},
    {"declared.alternatives", &Declaration::alternatives},
    {"declared.incident", &Declaration::incident_contact},
    {"declared.signatory", &Declaration::signatory},
};

std::string_view In(const Title& title, Language language) {
  return language == Language::kFrench ? title.french : title.english;
}

}  // namespace

std::span<const SentenceText> SentencesOf(Document document) {
  if (document == Document::kFiche) return kFiche;
  return kImpact;
}

std::string_view TitleOf(Document document, Language language) {
  return document == Document::kFiche
             ? In({"Implementation sheet", "Fiche de mise en œuvre"}, language)
             : In({"Annex to the impact assessment (Art. 35 GDPR)",
                   "Annexe de l'analyse d'impact (art. 35 RGPD)"},
                  language);
}

std::string_view SectionTitle(Document document, int section, Language language) {
  const auto index = static_cast<std::size_t>(section - 1);
  const std::span<const Title> titles = document == Document::kFiche
                                            ? std::span<const Title>(kFicheSections)
                                            : std::span<const Title>(kImpactSections);
  return index < titles.size() ? In(titles[index], language) : std::string_view();
}

std::string DeclaredText(std::string_view evidence, const Declaration& declaration) {
  for (const DeclaredField& field : kDeclared) {
    if (field.evidence != evidence) continue;
    std::string text = declaration.*(field.field);
    for (char& c : text) c = c == '\n' || c == '\r' ? ' ' : c;
    return text;
  }
  return "";
}

}  // namespace belgrand::cli
