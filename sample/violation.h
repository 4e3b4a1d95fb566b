// What can be said against one field of a row, without words yet: they are made when the finding
// leaves, in the reader's language (sample/texts.h).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sample/rule.h"
#include "sample/texts.h"

namespace belgrand::sample {

// Personal values never stand in it.
struct Violation {
  // Name of the field in belgrand.ingest.v1.Sample.
  std::string field;
  // The offending value as text; kWithheld for a personal field.
  std::string value;
  Text text{};
  // {2} and on of the text.
  std::vector<std::string> particulars;

  Rule rule() const { return RuleOf(text); }
  // What is wrong, in words.
  std::string Message(Language language) const {
    return Fill(MessageTemplate(text, language), field, value, particulars);
  }
  // What to do about it.
  std::string Remedy(Language language) const {
    return Fill(RemedyTemplate(text, language), field, value, particulars);
  }
  // What would be accepted; may be empty.
  std::string Allowed() const { return Fill(AllowedTemplate(text), field, value, particulars); }
};

// Stands for every personal value in a violation.
inline constexpr std::string_view kWithheld = "(withheld)";

}  // namespace belgrand::sample
