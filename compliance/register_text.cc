// The register as JSON and as pages in English and French, and the words of both.
#include <nlohmann/json.hpp>

#include "compliance/register.h"
#include "compliance/retention.h"
#include "compliance/words.h"

namespace belgrand::compliance {
namespace {

using Json = nlohmann::ordered_json;
using enum Language;

// A cell of a table: no line break, no bar.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c == '\n' || c == '\r' ? ' ' : c;
  }
  return cell;
}

std::string Declared(const std::string& text, Language language) {
  if (!text.empty()) return Cell(text);
  return Words{"*not declared*", "*non déclaré*"}.In(language);
}

template <typename List, typename ToText>
std::string Join(const List& list, ToText to_text) {
  std::string text;
  for (const auto& entry : list) text += (text.empty() ? "" : ", ") + std::string(to_text(entry));
  return text;
}

std::string Count(int count, Words singular, Words plural, Language language) {
  return fmt::format("{} {}", count, (count == 1 ? singular : plural).In(language));
}

struct DeclaredField {
  const char* name;
  std::string Declaration::*field;
  Words title;
};
constexpr DeclaredField kDeclared[] = {
    {"controller", &Declaration::controller, {"Controller", "Responsable du traitement"}},
    {"contact", &Declaration::contact, {"Contact", "Contact"}},
    {"data_protection_officer",
     &Declaration::data_protection_officer,
     {"Data protection officer", "Délégué à la protection des données"}},
    {"processor", &Declaration::processor, {"Processor", "Sous-traitant"}},
    {"hosting", &Declaration::hosting, {"Hosting", "Hébergement"}},
    {"transfers",
     &Declaration::transfers,
     {"Transfers to third countries", "Transferts hors de l'Union"}},
    {"benefit", &Declaration::benefit, {"Expected benefit", "Bénéfice attendu"}},
    {"alternatives", &Declaration::alternatives, {"Alternatives rejected", "Solutions écartées"}},
    {"incident_contact",
     &Declaration::incident_contact,
     {"To tell of an incident", "Contact en cas d'incident"}},
    {"signatory", &Declaration::signatory, {"Signatory", "Signataire"}},
};

std::string FieldsTable(const Activity& activity, Language language) {
  std::string text =
      Words{"| field | category | person | sealed | kept |\n|---|---|---|---|---|\n",
            "| champ | catégorie | personne | scellé | conservé |\n|---|---|---|---|---|\n"}
          .In(language);
  const Words yes{"yes", "oui"};
  const Words no{"no", "non"};
  for (const PersonalField& field : activity.fields) {
    text += fmt::format(
        "| `{}` | {} | {} | {} | {} |\n", field.name, CategoryText(field.category, language),
        SubjectText(field.subject, language), (field.sealed ? yes : no).In(language),
        DurationText(field.retention, language));
  }
  return text;
}

std::string ActivityMarkdown(const Activity& activity, Language language) {
  std::string text = fmt::format("\n## {}\n\n", ActivityText(activity.name, language));
  const auto line = [&](Words title, const std::string& what) {
    text += fmt::format("- {}: {}\n", title.In(language), what);
  };
  const auto same = [](const std::string& entry) { return entry; };
  const auto recipient = [&](const std::string& entry) { return RecipientText(entry, language); };
  line({"Legal basis (GDPR)", "Base légale (RGPD)"}, "Art. " + Join(activity.legal_bases, same));
  line({"Recipients", "Destinataires"}, activity.recipients.empty()
                                            ? Words{"none", "aucun"}.In(language)
                                            : Join(activity.recipients, recipient));
  text += "\n";
  text += Words{"| record | kept |\n|---|---|\n", "| enregistrement | conservé |\n|---|---|\n"}.In(
      language);
  for (const StoredRecord& record : activity.records) {
    text +=
        fmt::format("| `{}` | {} |\n", record.message, DurationText(record.retention, language));
  }
  text += "\n";
  if (activity.fields.empty()) {
    return text +
           Words{"No personal field is stored.\n", "Aucun champ personnel n'est conservé.\n"}.In(
               language);
  }
  return text + FieldsTable(activity, language);
}

std::string DisclosuresMarkdown(const Register& processing, Language language) {
  std::string text = Words{"\n## Who may ask for personal fields\n\n| method | roles | audited |\n",
                           "\n## Qui peut demander des champs personnels\n\n| méthode | rôles | "
                           "journalisé |\n"}
                         .In(language);
  text += "|---|---|---|\n";
  for (const Disclosure& disclosure : processing.disclosures) {
    text += fmt::format(
        "| `{}` | {} | {} |\n", disclosure.method,
        Join(disclosure.roles, [&](privacy::v1::Role role) { return RoleText(role, language); }),
        (disclosure.audited ? Words{"yes", "oui"} : Words{"no", "non"}).In(language));
  }
  return text;
}

}  // namespace

base::StatusOr<Declaration> ParseDeclaration(std::string_view text) {
  if (text.size() > kMaxDeclarationBytes) {
    return base::InvalidArgument("the declaration has {} bytes, at most {} are read", text.size(),
                                 kMaxDeclarationBytes);
  }
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return base::InvalidArgument("the declaration is no JSON object");
  Declaration declaration;
  for (const auto& [name, value] : json.items()) {
    const DeclaredField* known = nullptr;
    for (const DeclaredField& field : kDeclared) known = name == field.name ? &field : known;
    if (known == nullptr || !value.is_string()) {
      return base::InvalidArgument(
          "the declaration holds a field that is not known or no text; known: {}",
          Join(kDeclared, [](const DeclaredField& field) { return field.name; }));
    }
    declaration.*(known->field) = value.get<std::string>();
  }
  return declaration;
}

std::string RegisterJson(const Register& processing, const Declaration& declaration) {
  Json json;
  json["format"] = 1;
  for (const DeclaredField& field : kDeclared) {
    const std::string& text = declaration.*(field.field);
    if (!text.empty()) json["declared"][field.name] = text;
  }
  json["activities"] = Json::array();
  for (const Activity& activity : processing.activities) {
    Json entry = {{"name", activity.name},
                  {"legal_bases", activity.legal_bases},
                  {"recipients", activity.recipients},
                  {"records", Json::array()},
                  {"personal_fields", Json::array()}};
    for (const StoredRecord& record : activity.records) {
      entry["records"].push_back({{"message", record.message},
                                  {"retention", record.retention},
                                  {"counted_from", record.clock_field}});
    }
    for (const PersonalField& field : activity.fields) {
      entry["personal_fields"].push_back({{"field", field.name},
                                          {"category", Category_Name(field.category)},
                                          {"subject", Subject_Name(field.subject)},
                                          {"sealed", field.sealed},
                                          {"retention", field.retention}});
    }
    json["activities"].push_back(std::move(entry));
  }
  json["disclosures"] = Json::array();
  for (const Disclosure& disclosure : processing.disclosures) {
    Json roles = Json::array();
    for (const privacy::v1::Role role : disclosure.roles) roles.push_back(Role_Name(role));
    Json fields = Json::array();
    for (const ShownField& field : disclosure.fields) fields.push_back(field.name);
    json["disclosures"].push_back({{"method", disclosure.method},
                                   {"fields", std::move(fields)},
                                   {"roles", std::move(roles)},
                                   {"audited", disclosure.audited}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string RegisterMarkdown(const Register& processing, const Declaration& declaration,
                             Language language) {
  std::string text =
      Words{
          "# Register of processing activities (Art. 30 GDPR)\n\n"
          "Computed from the schema of the running release; what the controller "
          "declared is marked so.\n\n| declared | |\n|---|---|\n",
          "# Registre des activités de traitement (art. 30 RGPD)\n\n"
          "Établi à partir du schéma de la version installée ; ce que le "
          "responsable a déclaré est indiqué comme tel.\n\n| déclaré | |\n"
          "|---|---|\n"}
          .In(language);
  for (const DeclaredField& field : kDeclared) {
    text += fmt::format("| {} | {} |\n", field.title.In(language),
                        Declared(declaration.*(field.field), language));
  }
  for (const Activity& activity : processing.activities) {
    text += ActivityMarkdown(activity, language);
  }
  return text + DisclosuresMarkdown(processing, language);
}

std::string CategoryText(privacy::v1::Category category, Language language) {
  switch (category) {
    case privacy::v1::SUBJECT_ID:
      return Words{"random reference to a person", "référence aléatoire à une personne"}.In(
          language);
    case privacy::v1::IDENTITY:
      return Words{"name or login", "nom ou identifiant"}.In(language);
    case privacy::v1::CONTACT:
      return Words{"contact details", "coordonnées"}.In(language);
    case privacy::v1::WORK_ACTIVITY:
      return Words{"work and its time", "activité professionnelle et son heure"}.In(language);
    case privacy::v1::LOCATION_PRECISE:
      return Words{"precise place", "lieu précis"}.In(language);
    case privacy::v1::SMALL_GROUP_HEALTH:
      return Words{"health of a small group", "santé d'un petit groupe"}.In(language);
    case privacy::v1::GENETIC:
      return Words{"genetic", "génétique"}.In(language);
    case privacy::v1::FREE_TEXT:
      return Words{"text typed by a person", "texte libre saisi par une personne"}.In(language);
    case privacy::v1::NETWORK_ID:
      return Words{"network address", "adresse réseau"}.In(language);
    default:
      return std::string(Category_Name(category));
  }
}

std::string SubjectText(privacy::v1::Subject subject, Language language) {
  switch (subject) {
    case privacy::v1::SAMPLER:
      return Words{"who takes samples", "préleveur"}.In(language);
    case privacy::v1::LAB_STAFF:
      return Words{"laboratory staff", "personnel de laboratoire"}.In(language);
    case privacy::v1::OFFICIAL:
      return Words{"health official", "agent de santé publique"}.In(language);
    case privacy::v1::OPERATOR:
      return Words{"operator", "exploitant"}.In(language);
    default:
      return Words{"any caller", "tout appelant"}.In(language);
  }
}

std::string RoleText(privacy::v1::Role role, Language language) {
  switch (role) {
    case privacy::v1::LABORATORY:
      return Words{"laboratory", "laboratoire"}.In(language);
    case privacy::v1::HEALTH_OFFICIAL:
      return Words{"health official", "agent de santé publique"}.In(language);
    case privacy::v1::DATA_PROTECTION_OFFICER:
      return Words{"data protection officer", "délégué à la protection des données"}.In(language);
    case privacy::v1::SERVICE_OPERATOR:
      return Words{"operator", "exploitant"}.In(language);
    case privacy::v1::INTERNAL_SERVICE:
      return Words{"the service itself", "le service lui-même"}.In(language);
    case privacy::v1::SENSOR_GATEWAY:
      return Words{"sensor gateway", "passerelle de capteurs"}.In(language);
    case privacy::v1::PUBLIC:
      return Words{"the public", "le public"}.In(language);
    default:
      return std::string(Role_Name(role));
  }
}

std::string DurationText(std::string_view iso, Language language) {
  if (iso.empty()) {
    return Words{"as long as the service runs", "tant que le service fonctionne"}.In(language);
  }
  const auto duration = ParseIsoDuration(iso);
  if (!duration.ok() || duration->time.count() != 0 ||
      (duration->months > 0 && duration->days > 0)) {
    return std::string(iso);
  }
  if (duration->days > 0) {
    return Count(duration->days, {"day", "jour"}, {"days", "jours"}, language);
  }
  if (duration->months % 12 == 0) {
    return Count(duration->months / 12, {"year", "an"}, {"years", "ans"}, language);
  }
  return Count(duration->months, {"month", "mois"}, {"months", "mois"}, language);
}

std::string RecipientText(std::string_view recipient, Language language) {
  if (language == kFrench && recipient == "health authority") return "autorité sanitaire";
  if (language == kFrench && recipient == "laboratory") return "laboratoire";
  return std::string(recipient);
}

std::string ActivityText(std::string_view activity, Language language) {
  if (language == kFrench) {
    if (activity == "wastewater surveillance") return "surveillance des eaux usées";
    if (activity == "alerting of health officials") return "alerte des agents de santé publique";
    if (activity == "rights of persons") return "droits des personnes";
    if (activity == "accountability") return "responsabilité et preuve de conformité";
    if (activity == "operation of the service") return "exploitation du service";
    if (activity == "detection of signals") return "détection de signaux";
    if (activity == "access control") return "contrôle des accès";
    if (activity == "legal holds") return "conservation ordonnée par une autorité";
  }
  return std::string(activity);
}

}  // namespace belgrand::compliance
