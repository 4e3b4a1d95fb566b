#include "services/cli/fiche.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "services/cli/fiche_text.h"

namespace belgrand::cli {
namespace {

using compliance::Language;
using Json = nlohmann::ordered_json;

std::string_view DocumentName(Document document) {
  return document == Document::kFiche ? "fiche" : "impact";
}
std::string_view LanguageName(Language language) {
  return language == Language::kFrench ? "fr" : "en";
}

std::string TextOf(const SentenceText& text, Language language) {
  return std::string(language == Language::kFrench ? text.french : text.english);
}

const SentenceText* Known(Document document, std::string_view evidence, std::string_view text,
                          Language language) {
  for (const SentenceText& known : SentencesOf(document)) {
    if (known.evidence == evidence && TextOf(known, language) == text) return &known;
  }
  return nullptr;
}

base::StatusOr<Sentence> ParseSentence(const nlohmann::json& json) {
  Sentence sentence;
  const bool whole = json.is_object() && json.size() == 5 && json.contains("section") &&
                     json["section"].is_number_unsigned() && json.contains("evidence") &&
                     json["evidence"].is_string() && json.contains("text") &&
                     json["text"].is_string() && json.contains("demonstrated") &&
                     json["demonstrated"].is_boolean() && json.contains("value") &&
                     json["value"].is_string();
  if (!whole || json["section"].get<std::uint64_t>() > 100) {
    return base::InvalidArgument("a sentence of the fiche is not whole");
  }
  sentence.section = json["section"].get<int>();
  sentence.evidence = json["evidence"].get<std::string>();
  sentence.text = json["text"].get<std::string>();
  sentence.demonstrated = json["demonstrated"].get<bool>();
  sentence.value = json["value"].get<std::string>();
  return sentence;
}

// What the schema says, under the sentences of its section.
std::string Annex(Document document, int section, Language language, const Living& living) {
  if (document != Document::kFiche || (section != 2 && section != 5 && section != 6)) return "";
  const bool french = language == Language::kFrench;
  std::string text = "\n";
  for (const compliance::Activity& activity : living.processing.activities) {
    const std::string name = compliance::ActivityText(activity.name, language);
    if (section == 6) {
      std::string recipients;
      for (const std::string& recipient : activity.recipients) {
        recipients +=
            (recipients.empty() ? "" : ", ") + compliance::RecipientText(recipient, language);
      }
      text += fmt::format(
          "- {}: {}\n", name,
          recipients.empty() ? (french ? "aucun destinataire" : "nobody outside") : recipients);
      continue;
    }
    for (const compliance::PersonalField& field : activity.fields) {
      text += section == 2 ? fmt::format("- {}: `{}`, {}, {}\n", name, field.name,
                                         compliance::CategoryText(field.category, language),
                                         compliance::SubjectText(field.subject, language))
                           : fmt::format("- `{}`: {}\n", field.name,
                                         compliance::DurationText(field.retention, language));
    }
  }
  return text;
}

}  // namespace

Fiche MakeFiche(Document document, Language language, const Living& living) {
  Fiche fiche{document, language, living.now, {}};
  std::map<std::string_view, Finding> findings;
  for (const SentenceText& text : SentencesOf(document)) {
    const auto [at, fresh] = findings.try_emplace(text.evidence);
    if (fresh) at->second = CheckEvidence(text.evidence, living);
    fiche.sentences.push_back({text.section, std::string(text.evidence), TextOf(text, language),
                               at->second.demonstrated, at->second.value});
  }
  return fiche;
}

std::string FicheJson(const Fiche& fiche) {
  Json json = {{"format", 1},
               {"document", DocumentName(fiche.document)},
               {"language", LanguageName(fiche.language)},
               {"made", base::FormatInstant(fiche.made)},
               {"sentences", Json::array()}};
  for (const Sentence& sentence : fiche.sentences) {
    json["sentences"].push_back({{"section", sentence.section},
                                 {"evidence", sentence.evidence},
                                 {"text", sentence.text},
                                 {"demonstrated", sentence.demonstrated},
                                 {"value", sentence.value}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

base::StatusOr<Fiche> ParseFiche(std::string_view text) {
  if (text.size() > kMaxFicheBytes) {
    return base::InvalidArgument("the fiche has {} bytes, at most {} are read", text.size(),
                                 kMaxFicheBytes);
  }
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto is = [&json](const char* name, const nlohmann::json& value) {
    return json.contains(name) && json[name] == value;
  };
  if (!json.is_object() || json.size() != 5 || !is("format", 1) ||
      !(is("document", "fiche") || is("document", "impact")) ||
      !(is("language", "en") || is("language", "fr")) || !json.contains("made") ||
      !json["made"].is_string() || !json.contains("sentences") || !json["sentences"].is_array()) {
    return base::InvalidArgument("it is no fiche: give the JSON that `belgrand fiche make` wrote");
  }
  Fiche fiche;
  if (is("document", "impact")) fiche.document = Document::kImpact;
  if (is("language", "fr")) fiche.language = Language::kFrench;
  ASSIGN_OR_RETURN(fiche.made, base::ParseInstant(json["made"].get_ref<const std::string&>()));
  for (const nlohmann::json& entry : json["sentences"]) {
    ASSIGN_OR_RETURN(Sentence sentence, ParseSentence(entry));
    fiche.sentences.push_back(std::move(sentence));
  }
  return fiche;
}

std::string FicheMarkdown(const Fiche& fiche, const Living& living) {
  const bool french = fiche.language == Language::kFrench;
  std::string text = fmt::format("# {}\n\n{}\n", TitleOf(fiche.document, fiche.language),
                                 base::FormatInstant(fiche.made));
  int section = 0;
  std::string annex;
  for (const Sentence& sentence : fiche.sentences) {
    if (sentence.section != section) {
      text += annex;
      section = sentence.section;
      text += fmt::format("\n## {}. {}\n\n", section,
                          SectionTitle(fiche.document, section, fiche.language));
      annex = Annex(fiche.document, section, fiche.language, living);
    }
    text += fmt::format("- {}{} `{}`: {}\n",
                        sentence.demonstrated ? ""
                        : french              ? "**non démontré** : "
                                              : "**not demonstrated**: ",
                        sentence.text, sentence.evidence, sentence.value);
    const std::string declared = DeclaredText(sentence.evidence, living.declaration);
    if (!declared.empty()) text += fmt::format("  > {}\n", declared);
  }
  return text + annex;
}

std::vector<Recheck> VerifyFiche(const Fiche& fiche, const Living& living) {
  std::vector<Recheck> rechecks;
  std::map<std::string, Finding> findings;
  std::set<const SentenceText*> met;
  const auto finding = [&](const std::string& evidence) {
    const auto [at, fresh] = findings.try_emplace(evidence);
    if (fresh) at->second = CheckEvidence(evidence, living);
    return at->second;
  };
  for (const Sentence& sentence : fiche.sentences) {
    const SentenceText* known =
        Known(fiche.document, sentence.evidence, sentence.text, fiche.language);
    rechecks.push_back({sentence, finding(sentence.evidence), known == nullptr});
    if (known != nullptr) met.insert(known);
  }
  for (const SentenceText& text : SentencesOf(fiche.document)) {
    if (met.contains(&text)) continue;
    rechecks.push_back({{text.section, std::string(text.evidence), "", false, ""},
                        finding(std::string(text.evidence)),
                        true});
  }
  return rechecks;
}

}  // namespace belgrand::cli
