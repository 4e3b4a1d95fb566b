#include "compliance/notices.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "compliance/words.h"

namespace belgrand::compliance {
namespace {

using privacy::v1::Subject;

std::string Declared(const std::string& text, Language language) {
  if (!text.empty()) return text;
  return Words{"**not declared**", "**non déclaré**"}.In(language);
}

std::string Line(Words title, const std::string& what, Language language) {
  return fmt::format("- **{}**{} {}\n", title.In(language),
                     language == Language::kFrench ? " :" : ":", what);
}

std::string Who(const Declaration& declaration, Language language) {
  std::string text;
  const auto line = [&](Words title, const std::string& what) {
    text += Line(title, Declared(what, language), language);
  };
  line({"Controller", "Responsable du traitement"}, declaration.controller);
  line({"Contact", "Contact"}, declaration.contact);
  line({"Data protection officer", "Délégué à la protection des données"},
       declaration.data_protection_officer);
  line({"Transfers outside the European Union", "Transferts hors de l'Union européenne"},
       declaration.transfers);
  return text;
}

// What of one activity concerns the person.
struct Part {
  const Activity* activity = nullptr;
  // Category, and how long it is kept.
  std::map<std::pair<privacy::v1::Category, std::string>, bool> kept;  // value: all of it is sealed
};

std::vector<Part> PartsOf(Subject subject, const Register& processing) {
  std::vector<Part> parts;
  for (const Activity& activity : processing.activities) {
    Part part;
    part.activity = &activity;
    for (const PersonalField& field : activity.fields) {
      if (field.subject != subject) continue;
      const auto [at, fresh] = part.kept.try_emplace({field.category, field.retention}, true);
      at->second = at->second && field.sealed;
    }
    if (!part.kept.empty()) parts.push_back(std::move(part));
  }
  return parts;
}

std::string PartText(const Part& part, Language language) {
  const Activity& activity = *part.activity;
  std::string text = fmt::format("\n### {}\n\n", ActivityText(activity.name, language));
  std::string bases;
  for (const std::string& basis : activity.legal_bases) {
    bases += (bases.empty() ? "Art. " : ", ") + basis;
  }
  text += Line({"Legal basis (GDPR)", "Base légale (RGPD)"}, bases, language);
  std::string recipients;
  for (const std::string& recipient : activity.recipients) {
    recipients += (recipients.empty() ? "" : ", ") + RecipientText(recipient, language);
  }
  if (recipients.empty()) {
    recipients = Words{"nobody outside the service", "personne en dehors du service"}.In(language);
  }
  text += Line({"Recipients", "Destinataires"}, recipients, language);
  text += Words{"- **What is kept, and how long**:\n",
                "- **Ce qui est conservé, et combien de temps** :\n"}
              .In(language);
  for (const auto& [what, sealed] : part.kept) {
    const auto& [category, retention] = what;
    text += fmt::format("  - {}: {}{}\n", CategoryText(category, language),
                        DurationText(retention, language),
                        sealed ? Words{" (sealed under a key of the person's own)",
                                       " (scellé sous une clé propre à la personne)"}
                                     .In(language)
                               : "");
  }
  return text;
}

// Art. 15 to 21: erasure and objection are not owed where the law obliges the controller.
std::string Rights(const std::vector<Part>& parts, Language language) {
  bool owed = false;
  bool obliged = false;
  for (const Part& part : parts) {
    for (const std::string& basis : part.activity->legal_bases) {
      (basis.starts_with("6(1)(c)") ? obliged : owed) = true;
    }
  }
  std::string text =
      Words{
          "\n## Your rights\n\nYou may ask what is kept of you and have a copy, "
          "have it corrected, and have its use restricted",
          "\n## Vos droits\n\nVous pouvez demander ce qui est conservé à votre "
          "sujet et en recevoir une copie, le faire rectifier et en faire limiter "
          "l'usage"}
          .In(language);
  if (owed) {
    text += Words{"; you may object to it, and have it erased",
                  " ; vous pouvez vous y opposer et le faire effacer"}
                .In(language);
  }
  text += ".";
  if (obliged) {
    text +=
        Words{
            " What the law obliges the controller to keep (basis 6(1)(c)) ends by itself "
            "with its time.",
            " Ce que la loi oblige à conserver (base 6(1)(c)) s'efface à son terme."}
            .In(language);
  }
  return text +
         Words{
             " Write to the contact above; you will be answered within a month. You may "
             "complain to the data protection authority. No decision about a person is "
             "taken by software alone: alerts concern places, and people act on them.\n",
             " Écrivez au contact ci-dessus ; il vous sera répondu sous un mois. Vous "
             "pouvez saisir l'autorité de protection des données (en France, la CNIL). "
             "Aucune décision sur une personne n'est prise par un logiciel seul : les "
             "alertes portent sur des lieux, et des personnes y donnent suite.\n"}
             .In(language);
}

// Art. 14(2)(f): where the data come from, when not from the person.
Words Source(Subject subject) {
  switch (subject) {
    case privacy::v1::SAMPLER:
    case privacy::v1::LAB_STAFF:
      return {"the laboratory that sent the sample named you",
              "le laboratoire qui a transmis l'échantillon vous a nommé"};
    case privacy::v1::OFFICIAL:
      return {"you, by what you did with an alert, and the list of receivers of your authority",
              "vous-même, par vos actions sur une alerte, et la liste des destinataires de votre "
              "autorité"};
    default:
      return {"you, by calling the service", "vous-même, en appelant le service"};
  }
}

}  // namespace

base::StatusOr<std::string> NoticeFor(Subject subject, const Register& processing,
                                      const Declaration& declaration, Language language) {
  const std::vector<Part> parts = PartsOf(subject, processing);
  if (parts.empty()) {
    return base::NotFound("nothing is stored about persons of kind {}", Subject_Name(subject));
  }
  std::string text = fmt::format("# {}: {}\n\n",
                                 Words{"What is kept of you (Art. 13 and 14 GDPR)",
                                       "Ce qui est conservé à votre sujet (art. 13 et 14 RGPD)"}
                                     .In(language),
                                 SubjectText(subject, language));
  text += Who(declaration, language);
  text += Line({"Where the data come from", "Origine des données"}, Source(subject).In(language),
               language);
  text += Words{"\n## What for\n", "\n## Pourquoi\n"}.In(language);
  for (const Part& part : parts) text += PartText(part, language);
  return text + Rights(parts, language);
}

std::string SitePoster(std::int64_t minimum_population, const Declaration& declaration,
                       Language language) {
  std::string text =
      Words{
          "# The wastewater here is watched for public health\n\n"
          "Samples of the sewer are analysed for traces of pathogens, so that health officials "
          "see outbreaks early. A sample mixes the water of everybody upstream: **nobody can be "
          "told from it**, and no name, address or medical file is linked to it.\n\n",
          "# Les eaux usées sont surveillées ici pour la santé publique\n\n"
          "Des échantillons de l'égout sont analysés à la recherche de traces de pathogènes, afin "
          "que les autorités sanitaires voient tôt une épidémie. Un échantillon mélange l'eau de "
          "tous en amont : **personne n'y est reconnaissable**, et aucun nom, aucune adresse ni "
          "aucun dossier médical n'y est rattaché.\n\n"}
          .In(language);
  text += fmt::format(
      fmt::runtime(
          Words{"Numbers of a sampling point behind which fewer than {} persons live, or an "
                "institution lies, are never published by themselves.\n\n",
                "Les valeurs d'un point derrière lequel vivent moins de {} personnes, ou se trouve "
                "un établissement, ne sont jamais publiées seules.\n\n"}
              .In(language)),
      minimum_population);
  return text + Who(declaration, language);
}

}  // namespace belgrand::compliance
