// The words of the fiche and of the annex of the impact assessment, in English and French.
//
// A sentence says what its evidence can show and no more; what software cannot show is declared by
// the controller, and the sentence says that it is.
//
// Thread safety: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "compliance/register.h"
#include "services/cli/fiche.h"

namespace belgrand::cli {

struct SentenceText {
  int section = 0;
  std::string_view evidence;
  std::string_view english;
  std::string_view french;
};

// In order of their sections.
std::span<const SentenceText> SentencesOf(Document document);
std::string_view TitleOf(Document document, compliance::Language language);
std::string_view SectionTitle(Document document, int section, compliance::Language language);
// What the controller declared, for the sentence of a declaration; empty for others.
std::string DeclaredText(std::string_view evidence, const compliance::Declaration& declaration);

}  // namespace belgrand::cli
