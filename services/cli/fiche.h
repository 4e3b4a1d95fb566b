// The implementation sheet that a local authority signs (fiche de mise en œuvre), and the annex of
// its impact assessment: sentences, each tied to an evidence that is checked when the sheet is made
// and can be checked again.
//
// Thread safety: pure functions but for the evidence, which reads the disk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "services/cli/fiche_evidence.h"

namespace belgrand::cli {

enum class Document { kFiche, kImpact };

struct Sentence {
  int section = 0;
  // Of services/cli/fiche_evidence.cc.
  std::string evidence;
  std::string text;
  bool demonstrated = false;
  // What the evidence found.
  std::string value;

  friend bool operator==(const Sentence&, const Sentence&) = default;
};

struct Fiche {
  Document document = Document::kFiche;
  compliance::Language language = compliance::Language::kEnglish;
  base::Instant made{};
  std::vector<Sentence> sentences;
};

Fiche MakeFiche(Document document, compliance::Language language, const Living& living);

std::string FicheJson(const Fiche& fiche);
inline constexpr std::size_t kMaxFicheBytes = std::size_t{1} << 20;
// InvalidArgument: not what FicheJson writes.
base::StatusOr<Fiche> ParseFiche(std::string_view text);
// For a person; a sentence without evidence says so.
std::string FicheMarkdown(const Fiche& fiche, const Living& living);

struct Recheck {
  Sentence sentence;
  Finding now;
  // The text is none that this release writes for this evidence.
  bool altered = false;
  bool holds() const { return now.demonstrated && !altered; }
};
// One for each sentence; then one for each that this release would write and the sheet leaves out,
// with an empty text.
std::vector<Recheck> VerifyFiche(const Fiche& fiche, const Living& living);

}  // namespace belgrand::cli
