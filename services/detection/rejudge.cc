#include "services/detection/rejudge.h"

#include <fmt/format.h>

#include <algorithm>

#include "detection/words.h"
#include "services/detection/wire.h"

namespace belgrand::detection {
namespace {

// Formats with whichever pattern the language has.
template <typename... Args>
std::string Say(Language language, std::string_view english, std::string_view french,
                const Args&... args) {
  return fmt::vformat(language == Language::kFrench ? french : english,
                      fmt::make_format_args(args...));
}

// What became of the rule, or of its samples.
std::string WhatChanged(const Rejudgement& judgement, const v1::Signal& was, Language language) {
  const auto rule = std::ranges::find_if(
      judgement.detectors, [&](const Detector* d) { return d->info().name == was.detector(); });
  if (rule == judgement.detectors.end()) {
    return Say(language, "the rule {} (version {}), which had found it, is no longer in use",
               "la règle {} (version {}), qui l'avait trouvé, n'est plus utilisée", was.detector(),
               was.detector_version());
  }
  const std::string& version = (*rule)->info().version;
  switch (judgement.reason) {
    case RejudgeReason::kOtherFeed:
      return Say(language,
                 "the time series database was replaced or restored from an older copy, and the "
                 "rule {} does not find it in the samples that are stored now; ask the operator "
                 "whether samples are missing",
                 "la base des séries a été remplacée ou restaurée d'une copie plus ancienne, et la "
                 "règle {} ne le trouve pas dans les échantillons conservés maintenant\u00a0; "
                 "demandez à l'exploitant s'il en manque",
                 was.detector());
    case RejudgeReason::kOtherDetectors:
      return Say(language,
                 "the rules were changed by an upgrade or a new configuration, and the rule {} "
                 "(version {}, before {}) does not find it in the same samples",
                 "les règles ont changé par une mise à jour ou une nouvelle configuration, et la "
                 "règle {} (version {}, auparavant {}) ne le trouve pas dans les mêmes "
                 "échantillons",
                 was.detector(), version, was.detector_version());
    case RejudgeReason::kRestart:
      break;
  }
  return Say(language,
             "the catalogue of sites was changed or old samples have expired, and the rule {} no "
             "longer finds it",
             "le catalogue des sites a changé ou d'anciens échantillons ont expiré, et la règle {} "
             "ne le trouve plus",
             was.detector());
}

std::string Explanation(const Rejudgement& judgement, const v1::Signal& was, Language language) {
  const bool spike = was.kind() == v1::SPIKE;
  return Say(
      language,
      "{}: the {} of {} ends here because {}. It does not end because samples fell: look at "
      "the series before you stand down.",
      "{}\u00a0: le signal ({}) de {} prend fin ici parce que {}. Ce n'est pas que les "
      "échantillons aient baissé\u00a0: regardez la série avant de lever la garde.",
      PlaceWords(was.level() == v1::DISTRICT ? AreaLevel::kDistrict : AreaLevel::kSite,
                 was.area_id(), was.district_id(), language),
      language == Language::kFrench ? (spike ? "pic" : "hausse") : (spike ? "spike" : "rise"),
      was.target(), WhatChanged(judgement, was, language));
}

}  // namespace

std::vector<v1::Signal> Rejudge(const Rejudgement& judgement, const Holds& before,
                                const std::vector<SignalChange>& held) {
  Holds gone = before;
  std::vector<v1::Signal> now;
  for (const SignalChange& change : held) {
    const bool known = gone.erase({change.district_id, change.signal_key}) > 0;
    if (known && judgement.reason == RejudgeReason::kRestart) continue;
    now.push_back(ToProto(change));
  }
  std::vector<v1::Signal> signals;
  for (const auto& [key, was] : gone) {
    v1::Signal& cleared = signals.emplace_back(was);
    cleared.set_phase(v1::Signal::CLEARED);
    cleared.mutable_evidence()->set_explanation(Explanation(judgement, was, Language::kEnglish));
    cleared.mutable_evidence()->set_explanation_fr(Explanation(judgement, was, Language::kFrench));
  }
  signals.insert(signals.end(), now.begin(), now.end());
  for (v1::Signal& signal : signals) {
    signal.set_feed_sequence(judgement.feed_sequence);
    signal.set_generation(judgement.generation);
    *signal.mutable_known_at() = judgement.known_at;
    *signal.mutable_recorded_at() = judgement.recorded_at;
  }
  return signals;
}

}  // namespace belgrand::detection
