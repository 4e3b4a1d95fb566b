// The file of a breach as JSON, which is kept, and as a page for the authority in both languages.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compliance/breach.h"
#include "compliance/words.h"

namespace belgrand::compliance {
namespace {

using Json = nlohmann::ordered_json;
using enum Language;

constexpr int kFormat = 1;

struct ClockWords {
  std::string_view what;
  Words title;
};
constexpr ClockWords kClocks[] = {
    {"nis2_early_warning",
     {"Early warning, where NIS2 applies (24 hours)",
      "Alerte précoce, si NIS2 s'applique (24 heures)"}},
    {"gdpr_authority",
     {"Notification to the data protection authority (Art. 33 GDPR, 72 hours)",
      "Notification à l'autorité de protection des données (art. 33 RGPD, 72 heures)"}},
    {"nis2_notification",
     {"Notification, where NIS2 applies (72 hours)",
      "Notification, si NIS2 s'applique (72 heures)"}},
    {"nis2_report",
     {"Final report, where NIS2 applies (one month after the notification is due)",
      "Rapport final, si NIS2 s'applique (un mois après l'échéance de la notification)"}},
};

std::string ClockTitle(std::string_view what, Language language) {
  for (const ClockWords& words : kClocks) {
    if (words.what == what) return words.title.In(language);
  }
  return std::string(what);
}

// What may follow for the persons, by what was shown of them (Art. 33(3)(c)).
Words Consequence(privacy::v1::Category category) {
  switch (category) {
    case privacy::v1::IDENTITY:
      return {"persons may be named in connection with their work",
              "des personnes peuvent être nommées en lien avec leur travail"};
    case privacy::v1::CONTACT:
      return {"persons may be written to or called, also to deceive them",
              "des personnes peuvent être contactées, y compris pour les tromper"};
    case privacy::v1::WORK_ACTIVITY:
      return {"what persons did at work, and when, may be known",
              "ce que des personnes ont fait au travail, et quand, peut être connu"};
    case privacy::v1::FREE_TEXT:
      return {"what persons typed may be known, whatever it says",
              "ce que des personnes ont saisi peut être connu, quel qu'en soit le contenu"};
    case privacy::v1::LOCATION_PRECISE:
    case privacy::v1::SMALL_GROUP_HEALTH:
      return {"the health of a small group may be spoken of",
              "la santé d'un petit groupe peut être divulguée"};
    default:
      return {"a reference by which a person is found again may be known",
              "une référence permettant de retrouver une personne peut être connue"};
  }
}

Json UseJson(const MethodUse& use) {
  Json json = {{"method", use.method},
               {"answered", use.answered},
               {"refused", use.refused},
               {"records", use.records},
               {"calls_without_count", use.unbounded},
               {"first", base::FormatInstant(use.first)},
               {"last", base::FormatInstant(use.last)},
               {"objects", use.objects},
               {"more_objects", use.more_objects},
               {"personal_fields", use.fields}};
  return json;
}

std::string UsesMarkdown(const BreachScope& scope, Language language) {
  std::string text =
      Words{"\n## What the credential did\n\n", "\n## Ce que l'identité a fait\n\n"}.In(language);
  if (!scope.used()) {
    return text + Words{"Nothing: the log has no entry of it in these hours.\n",
                        "Rien : le journal n'a aucune entrée de cette identité sur la période.\n"}
                      .In(language);
  }
  text += Words{"| method | answered | refused | records | first | last | personal fields |\n",
                "| méthode | réponses | refus | enregistrements | première | dernière | champs "
                "personnels |\n"}
              .In(language);
  text += "|---|---|---|---|---|---|---|\n";
  for (const MethodUse& use : scope.uses) {
    const std::string records =
        use.unbounded == 0
            ? fmt::format("{}", use.records)
            : fmt::format(
                  fmt::runtime(
                      Words{"{}, and {} calls without a count", "{}, et {} appels sans nombre"}.In(
                          language)),
                  use.records, use.unbounded);
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} |\n", use.method, use.answered,
                        use.refused, records, base::FormatInstant(use.first),
                        base::FormatInstant(use.last), use.fields.size());
  }
  return text;
}

std::string PersonsMarkdown(const BreachScope& scope, Language language) {
  std::string text = Words{"\n## Whose data, which fields, how many persons\n\n",
                           "\n## Quelles personnes, quels champs, combien\n\n"}
                         .In(language);
  if (!scope.showed_personal_fields()) {
    return text + Words{"No personal field was shown to the credential.\n",
                        "Aucun champ personnel n'a été montré à cette identité.\n"}
                      .In(language);
  }
  text += Words{"| persons | at most | fields |\n|---|---|---|\n",
                "| personnes | au plus | champs |\n|---|---|---|\n"}
              .In(language);
  for (const PersonsBound& bound : scope.persons) {
    std::string fields;
    for (const ShownField& field : bound.fields) {
      fields += fmt::format("{}`{}` ({})", fields.empty() ? "" : ", ", field.name,
                            CategoryText(field.category, language));
    }
    text += fmt::format("| {} | {} | {} |\n", SubjectText(bound.subject, language), bound.at_most,
                        fields);
  }
  text +=
      Words{
          "\nEntries of the log name nobody, so persons are bounded from above: who takes or "
          "analyses samples by the keyring, the others by the references the log holds.\n",
          "\nLes entrées du journal ne nomment personne ; les nombres sont des majorants : "
          "préleveurs et personnel de laboratoire d'après le trousseau, les autres d'après "
          "les références du journal.\n"}
          .In(language);
  std::set<std::string> consequences;
  for (const PersonsBound& bound : scope.persons) {
    for (const ShownField& field : bound.fields) {
      consequences.insert(Consequence(field.category).In(language));
    }
  }
  text += Words{"\n## Likely consequences\n\n", "\n## Conséquences probables\n\n"}.In(language);
  for (const std::string& consequence : consequences) text += "- " + consequence + "\n";
  return text;
}

std::string LimitsMarkdown(const BreachScope& scope, Language language) {
  std::string text =
      Words{
          "\n## What this file does not show\n\n- That nobody else used another way: it tells of "
          "one credential, by the audit log.\n- What was read from a copied disk or backup: no "
          "call, no entry.\n",
          "\n## Ce que ce dossier ne montre pas\n\n- Qu'aucune autre voie n'a été utilisée : il "
          "porte sur une identité, d'après le journal d'audit.\n- Ce qui a été lu sur un disque "
          "ou une sauvegarde copiés : sans appel, pas d'entrée.\n"}
          .In(language);
  for (const std::string& log : scope.pruned) {
    text += fmt::format(fmt::runtime(Words{"- What the log {} held: its entries were deleted when "
                                           "their time had come.\n",
                                           "- Ce que contenait le journal {} : ses entrées ont été "
                                           "supprimées à leur terme.\n"}
                                         .In(language)),
                        log);
  }
  if (scope.unreadable > 0) {
    text += fmt::format(fmt::runtime(Words{"- {} entries that cannot be read: run `belgrand audit "
                                           "verify`.\n",
                                           "- {} entrées illisibles : lancer `belgrand audit "
                                           "verify`.\n"}
                                         .In(language)),
                        scope.unreadable);
  }
  return text;
}

}  // namespace

std::string BreachJson(const BreachFile& file) {
  const BreachScope& scope = file.scope;
  Json json = {{"format", kFormat},
               {"credential", scope.credential},
               {"from", base::FormatInstant(scope.from)},
               {"until", base::FormatInstant(scope.until)},
               {"aware_at", base::FormatInstant(file.aware_at)},
               {"made_at", base::FormatInstant(file.made_at)},
               {"entries_in_window", scope.entries},
               {"unreadable_entries", scope.unreadable},
               {"pruned_logs", scope.pruned},
               {"clocks", Json::array()},
               {"uses", Json::array()},
               {"persons", Json::array()}};
  for (const BreachClock& clock : BreachClocks(file.aware_at)) {
    json["clocks"].push_back({{"what", clock.what}, {"due", base::FormatInstant(clock.due)}});
  }
  for (const MethodUse& use : scope.uses) json["uses"].push_back(UseJson(use));
  for (const PersonsBound& bound : scope.persons) {
    Json fields = Json::array();
    for (const ShownField& field : bound.fields) {
      fields.push_back({{"field", field.name}, {"category", Category_Name(field.category)}});
    }
    json["persons"].push_back({{"subject", Subject_Name(bound.subject)},
                               {"at_most", bound.at_most},
                               {"fields", std::move(fields)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string BreachMarkdown(const BreachFile& file, const Declaration& declaration,
                           Language language) {
  const BreachScope& scope = file.scope;
  const auto declared = [&](const std::string& text) {
    return text.empty() ? Words{"*not declared*", "*non déclaré*"}.In(language) : text;
  };
  std::string text = Words{"# Breach of personal data: file (Art. 33 GDPR)\n\n",
                           "# Violation de données personnelles : dossier (art. 33 RGPD)\n\n"}
                         .In(language);
  const auto line = [&](Words title, const std::string& what) {
    text += fmt::format("- {}: {}\n", title.In(language), what);
  };
  line({"Credential", "Identité"}, fmt::format("`{}`", scope.credential));
  line({"Hours looked at", "Période examinée"},
       fmt::format("{} – {}", base::FormatInstant(scope.from), base::FormatInstant(scope.until)));
  line({"Aware since", "Connaissance le"}, base::FormatInstant(file.aware_at));
  line({"Entries of the audit log in these hours", "Entrées du journal sur la période"},
       fmt::format("{}", scope.entries));
  line({"Controller", "Responsable du traitement"}, declared(declaration.controller));
  line({"Contact", "Contact"}, declared(declaration.data_protection_officer));
  line({"To tell of an incident", "Contact en cas d'incident"},
       declared(declaration.incident_contact));
  text += Words{"\n## Clocks\n\n| what | due |\n|---|---|\n",
                "\n## Échéances\n\n| quoi | au plus tard |\n|---|---|\n"}
              .In(language);
  for (const BreachClock& clock : BreachClocks(file.aware_at)) {
    text += fmt::format("| {} | {} |\n", ClockTitle(clock.what, language),
                        base::FormatInstant(clock.due));
  }
  return text + UsesMarkdown(scope, language) + PersonsMarkdown(scope, language) +
         LimitsMarkdown(scope, language);
}

base::StatusOr<base::Instant> BreachAwareAt(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("format", 0) != kFormat || !json.contains("aware_at") ||
      !json["aware_at"].is_string()) {
    return base::InvalidArgument(
        "no breach file of format {}: give the JSON that `belgrand breach "
        "scope` wrote",
        kFormat);
  }
  return base::ParseInstant(json["aware_at"].get<std::string>());
}

std::string ClockText(const BreachClock& clock, base::Instant now, Language language) {
  const bool over = now > clock.due;
  const auto left =
      std::chrono::duration_cast<std::chrono::minutes>(over ? now - clock.due : clock.due - now);
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(left);
  const Words words = over ? Words{"overdue since {} h {:02} min", "dépassée de {} h {:02} min"}
                           : Words{"{} h {:02} min left", "encore {} h {:02} min"};
  return fmt::format(
      "{}  {}  {}", base::FormatInstant(clock.due),
      fmt::format(fmt::runtime(words.In(language)), hours.count(), (left - hours).count()),
      ClockTitle(clock.what, language));
}

}  // namespace belgrand::compliance
