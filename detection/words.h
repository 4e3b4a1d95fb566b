// One paragraph that tells an official what a signal says, in English or French.
//
// For who knows nothing of statistics: what was found, where, since when, how sure, what weakens
// it, what to do, and when it ends. Numbers have the shape that alerting gives them
// (platform/base/quantity_text.h). Both wordings stand beside each other. Deterministic; thread
// safety: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "detection/detector.h"
#include "detection/signal.h"
#include "detection/strength.h"
#include "sample/texts.h"

namespace belgrand::detection {

using sample::Language;

struct ExplanationSubject {
  AreaLevel level;
  std::string area_id;
  std::string district_id;
  std::string target;
  Phase phase;
  // Of the newest sample.
  double newest_day;
};

std::string Explain(const ExplanationSubject& subject, const DetectorInfo& detector,
                    const Finding& finding, const Evidence& evidence, const Strength& strength,
                    Language language);

// "district north", "site works-1 (district north)".
std::string PlaceWords(AreaLevel level, const std::string& area_id, const std::string& district_id,
                       Language language);
// "grab sample".
std::string_view DoubtWords(sample::Doubt doubt, Language language);

}  // namespace belgrand::detection
