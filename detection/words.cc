#include "detection/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string_view>

#include "detection/normal.h"
#include "platform/base/quantity_text.h"
#include "sample/target.h"

namespace belgrand::detection {
namespace {

std::string_view Pick(Language language, std::string_view english, std::string_view french) {
  return language == Language::kFrench ? french : english;
}

// Formats with whichever pattern the language has. Patterns are constants of the program.
template <typename... Args>
std::string Say(Language language, std::string_view english, std::string_view french,
                const Args&... args) {
  return fmt::vformat(Pick(language, english, french), fmt::make_format_args(args...));
}

std::string Number(double value, Language language) {
  return base::QuantityText(value, language == Language::kFrench ? base::NumberStyle::kFrench
                                                                 : base::NumberStyle::kEnglish);
}

std::string Concentration(double log10_value, Language language) {
  return Number(std::pow(10.0, std::clamp(log10_value, -6.0, 18.0)), language);
}

// "3.2", "1,000": how many times.
std::string Times(double log10_difference, Language language) {
  const double times = std::pow(10.0, std::clamp(log10_difference, -9.0, 18.0));
  if (times >= 10) return Number(std::round(times), language);
  std::string text = fmt::format("{:.1f}", times);
  if (language == Language::kFrench) text[text.find('.')] = ',';
  return text;
}

std::string Percent(double probability, Language language) {
  if (probability > 0.99) return std::string(Pick(language, "more than 99 %", "plus de 99 %"));
  if (probability < 0.01) return std::string(Pick(language, "less than 1 %", "moins de 1 %"));
  return fmt::format("{:.0f} %", 100 * probability);
}

std::string DayText(double day) {
  return base::FormatDay(base::Day(std::chrono::days(static_cast<std::int64_t>(std::floor(day)))));
}

std::string TargetName(const std::string& code, Language language) {
  for (const sample::Target& target : sample::KnownTargets()) {
    if (target.code == code) {
      return std::string(Pick(language, target.name, target.french_name));
    }
  }
  return code;
}

std::string Speed(double growth_per_day, Language language) {
  const double days = std::round(std::log(2.0) / std::abs(growth_per_day));
  if (!(days <= 60))
    return std::string(Pick(language, "hardly changes now", "n'évolue plus guère"));
  if (days <= 1) {
    return std::string(growth_per_day > 0
                           ? Pick(language, "doubles every day", "double chaque jour")
                           : Pick(language, "halves every day", "diminue de moitié chaque jour"));
  }
  return growth_per_day > 0
             ? Say(language, "doubles every {:.0f} days", "double tous les {:.0f} jours", days)
             : Say(language, "halves every {:.0f} days", "diminue de moitié tous les {:.0f} jours",
                   days);
}

std::string_view HowLikely(double probability, Language language) {
  if (probability >= 0.95) return Pick(language, "almost certain", "presque certain");
  if (probability >= 0.8) return Pick(language, "likely", "probable");
  if (probability >= 0.5) return Pick(language, "possible", "possible");
  return Pick(language, "not likely", "peu probable");
}

// " Only 3 samples ...: few samples, so little confidence."
std::string FewWords(const DetectorInfo& detector, const Strength& strength, Language language) {
  if (!strength.few) return "";
  const std::size_t count = *strength.few;
  const bool spike = detector.kind == SignalKind::kSpike;
  return Say(language,
             " Only {} sample{} of the last three {} stand{} behind this: few samples, so "
             "little confidence.",
             " Seulement {} échantillon{} des trois {}{} à l'appui\u00a0: peu d'échantillons, donc "
             "peu de certitude.",
             count, count == 1 ? "" : "s",
             spike ? Pick(language, "months", "derniers mois")
                   : Pick(language, "weeks", "dernières semaines"),
             language == Language::kFrench || count != 1 ? "" : "s");
}

std::string VerifyWords(const Evidence& evidence, const Strength& strength, Language language) {
  if (!evidence.verify) return "";
  std::string list;
  for (const sample::Doubt doubt : strength.doubts) {
    if (!list.empty()) list += ", ";
    list += DoubtWords(doubt, language);
  }
  if (!list.empty()) list = " (" + list + ")";
  return Say(language,
             " Verify before you act: the evidence is weak{}; take another sample and have it "
             "analysed.",
             " À vérifier avant d'agir\u00a0: les preuves sont faibles{}\u00a0; faites un nouveau "
             "prélèvement et une nouvelle analyse.",
             list);
}

std::string_view ChangeWord(SeamChange change, Language language) {
  switch (change) {
    case SeamChange::kLaboratory:
      return Pick(language, "laboratory", "laboratoire");
    case SeamChange::kMethod:
      return Pick(language, "method", "méthode");
    case SeamChange::kMethodVersion:
      return Pick(language, "version of the method", "version de la méthode");
    case SeamChange::kGene:
      return Pick(language, "gene", "gène");
    case SeamChange::kSampler:
      return Pick(language, "sampler", "mode de prélèvement");
    case SeamChange::kMatrix:
      return Pick(language, "matrix", "matrice");
    case SeamChange::kFraction:
      return Pick(language, "fraction", "fraction");
    case SeamChange::kLongGap:
      return Pick(language, "long silence", "long silence");
  }
  return "";
}

// "+0.40", "-1,25".
std::string Signed(double value, Language language) {
  std::string text = fmt::format("{:+.2f}", value);
  if (language == Language::kFrench) text[text.find('.')] = ',';
  return text;
}

// Of the newest seam; the others are in the evidence.
std::string SeamWords(const Evidence& evidence, Language language) {
  if (evidence.seams.empty()) return "";
  const Seam& seam = evidence.seams.back();
  const std::size_t others = evidence.seams.size() - 1;
  const std::string more =
      others == 0 ? std::string()
                  : Say(language, "; {} more such change{} in the evidence",
                        "\u00a0; {} autre{} figure{} dans les éléments de preuve", others,
                        language == Language::kFrench ? (others == 1 ? "" : "s")
                                                      : (others == 1 ? " is" : "s are"),
                        others == 1 ? "" : "nt");
  if (seam.changes.back() == SeamChange::kLongGap) {
    return Say(language,
               " No sample came from {} to {}, so that the level starts anew and nothing is "
               "compared across that gap{}.",
               " Aucun échantillon du {} au {}\u00a0: le niveau repart de zéro et rien n'est "
               "comparé de part et d'autre{}.",
               seam.before, seam.after, more);
  }
  if (!seam.offset_log10 || !seam.sd_log10) return "";
  std::string list;
  for (const SeamChange change : seam.changes) {
    if (!list.empty()) list += ", ";
    list += ChangeWord(change, language);
  }
  return Say(
      language,
      " Since {} the samples of site {} are measured otherwise ({}: {}, then {}): the new "
      "way reads about {} times the old one (offset {} log10, standard deviation {}), which "
      "is taken into account{}.",
      " Depuis le {}, les échantillons du site {} sont mesurés autrement ({}\u00a0: {}, puis "
      "{})\u00a0: la nouvelle mesure donne environ {} fois l'ancienne (décalage {} log10, "
      "écart type {}), ce dont il est tenu compte{}.",
      base::FormatDay(base::DayOf(seam.at)), seam.site_id, list, seam.before, seam.after,
      Concentration(*seam.offset_log10, language), Signed(*seam.offset_log10, language),
      Signed(*seam.sd_log10, language).substr(1), more);
}

struct Parts {
  const ExplanationSubject& subject;
  const DetectorInfo& detector;
  const Finding& finding;
  const Evidence& evidence;
  const Strength& strength;
  Language language;
  std::string place;
  std::string target;
  std::string newest;
  std::string caveats;
};

std::string Over(const Parts& p) {
  const bool spike = p.detector.kind == SignalKind::kSpike;
  return Say(
      p.language, "{}: the {} of {} is over, by the samples collected up to {}. Level now {} gc/L.",
      "{}\u00a0: {} de {} a pris fin, d'après les échantillons prélevés jusqu'au {}. Niveau "
      "actuel\u00a0: {} gc/L.",
      p.place, spike ? Pick(p.language, "spike", "le pic") : Pick(p.language, "rise", "la hausse"),
      p.target, p.newest, Concentration(p.evidence.estimate_log10, p.language));
}

std::string Method(const Parts& p) {
  return Say(p.language,
             "{}: by the method {}, {} is out of the ordinary: its score is {}, its limit {}.{}{} "
             "Newest sample: {}. It ends after {} samples in a row without alarm, over {:.0f} "
             "days.",
             "{}\u00a0: selon la méthode {}, {} sort de l'ordinaire\u00a0: son score est {}, sa "
             "limite {}.{}{} Dernier échantillon\u00a0: {}. Fin de l'alerte après {} échantillons "
             "de suite sans alarme, sur {:.0f} jours.",
             p.place, p.detector.name, p.target, Number(p.finding.score, p.language),
             Number(p.evidence.limit, p.language),
             p.language == Language::kFrench ? std::string() : " " + p.detector.meaning, p.caveats,
             p.newest, p.detector.quiet_samples, p.detector.quiet_days);
}

std::string Presence(const Parts& p) {
  return Say(p.language,
             "{}: {} was detected ({} in the last four weeks, since {}). That it is there at all "
             "is news, and its confirmation is pending: have the detection confirmed (another "
             "analysis, sequencing) and take another sample. Newest sample: {}. It ends after four "
             "weeks without a detection.",
             "{}\u00a0: {} a été détecté ({} sur les quatre dernières semaines, depuis le {}). Sa "
             "seule présence compte, et sa confirmation est en attente\u00a0: faites confirmer la "
             "détection (nouvelle analyse, séquençage) et faites un nouveau prélèvement. Dernier "
             "échantillon\u00a0: {}. Fin de l'alerte après quatre semaines sans détection.",
             p.place, p.target,
             p.finding.detections == 1
                 ? std::string(Pick(p.language, "1 detection", "1 détection"))
                 : Say(p.language, "{} detections", "{} détections", p.finding.detections),
             DayText(p.finding.since_day), p.newest);
}

std::string Spike(const Parts& p) {
  if (!p.finding.alarm) {
    return Say(
        p.language,
        "{}: a spike of {} was found lately and is watched until {} samples in a row read as "
        "expected; the newest was collected on {}. Level now {} gc/L.",
        "{}\u00a0: un pic de {} a été trouvé récemment et reste surveillé jusqu'à ce que {} "
        "échantillons de suite soient conformes à l'attente\u00a0; le dernier a été prélevé "
        "le {}. Niveau actuel\u00a0: {} gc/L.",
        p.place, p.target, p.detector.quiet_samples, p.newest,
        Concentration(p.evidence.estimate_log10, p.language));
  }
  const std::string chance = Percent(p.evidence.probability_spike.value_or(0.5), p.language);
  return Say(
      p.language,
      "{}: the sample of {} collected on {} reads {} gc/L, {} times the {} gc/L expected "
      "from the samples before it. The probability that it is a spike of contamination "
      "rather than the scatter of measurements is {}.{} One sample may be contamination, a "
      "discharge or an error of the laboratory: ask for a re-analysis and look at the next "
      "sample. It ends when {} samples in a row read as expected.",
      "{}\u00a0: l'échantillon de {} prélevé le {} donne {} gc/L, {} fois les {} gc/L "
      "attendus d'après les échantillons précédents. La probabilité qu'il s'agisse d'un pic "
      "de contamination et non de la dispersion des mesures est de {}.{} Un seul échantillon "
      "peut être une contamination, un rejet ou une erreur de laboratoire\u00a0: demandez une "
      "nouvelle analyse et regardez l'échantillon suivant. Fin de l'alerte quand {} "
      "échantillons de suite sont conformes à l'attente.",
      p.place, p.target, DayText(p.finding.since_day),
      Concentration(p.finding.baseline_log10 + p.finding.excess_log10, p.language),
      Times(p.finding.excess_log10, p.language),
      Concentration(p.finding.baseline_log10, p.language), chance, p.caveats,
      p.detector.quiet_samples);
}

std::string Rise(const Parts& p) {
  const double rising = p.evidence.probability_rising;
  return Say(p.language,
             "{}: {} now stands at about {} times its level of {} ({} gc/L then, {} gc/L now) and "
             "{}. That it goes on rising is {} ({}).{} Newest sample: {}. It ends when {} samples "
             "over {:.0f} days no longer stand above the weeks before.",
             "{}\u00a0: {} atteint environ {} fois son niveau du {} ({} gc/L alors, {} gc/L "
             "maintenant) et {}. Que la hausse continue est {} ({}).{} Dernier échantillon\u00a0: "
             "{}. Fin de l'alerte quand {} échantillons sur {:.0f} jours ne dépassent plus les "
             "semaines précédentes.",
             p.place, p.target,
             Times(p.evidence.estimate_log10 - p.evidence.baseline_log10, p.language),
             DayText(p.finding.since_day), Concentration(p.evidence.baseline_log10, p.language),
             Concentration(p.evidence.estimate_log10, p.language),
             Speed(p.evidence.growth_per_day, p.language), HowLikely(rising, p.language),
             Percent(rising, p.language), p.caveats, p.newest, p.detector.quiet_samples,
             p.detector.quiet_days);
}

}  // namespace

std::string PlaceWords(AreaLevel level, const std::string& area_id, const std::string& district_id,
                       Language language) {
  if (level == AreaLevel::kDistrict) return Say(language, "district {}", "district {}", area_id);
  return Say(language, "site {} (district {})", "site {} (district {})", area_id, district_id);
}

std::string_view DoubtWords(sample::Doubt doubt, Language language) {
  switch (doubt) {
    case sample::Doubt::kTraceContamination:
      return Pick(language, "trace of contamination in the controls",
                  "trace de contamination dans les contrôles");
    case sample::Doubt::kFlaggedOutlier:
      return Pick(language, "flagged as an outlier by the laboratory",
                  "signalé comme aberrant par le laboratoire");
    case sample::Doubt::kTransport:
      return Pick(language, "doubtful transport or storage", "transport ou conservation douteux");
    case sample::Doubt::kLowRecovery:
      return Pick(language, "low recovery of the control virus",
                  "faible rendement du virus témoin");
    case sample::Doubt::kGrabSample:
      return Pick(language, "grab sample", "prélèvement ponctuel");
    case sample::Doubt::kShortComposite:
      return Pick(language, "composite of less than 20 hours", "composite de moins de 20 heures");
    case sample::Doubt::kDischarge:
      return Pick(language, "discharge into the sewer while it was taken",
                  "rejet dans l'égout pendant le prélèvement");
  }
  return Pick(language, "weak quality", "qualité faible");
}

std::string Explain(const ExplanationSubject& subject, const DetectorInfo& detector,
                    const Finding& finding, const Evidence& evidence, const Strength& strength,
                    Language language) {
  const Parts parts{subject,
                    detector,
                    finding,
                    evidence,
                    strength,
                    language,
                    PlaceWords(subject.level, subject.area_id, subject.district_id, language),
                    TargetName(subject.target, language),
                    DayText(subject.newest_day),
                    SeamWords(evidence, language) + FewWords(detector, strength, language) +
                        VerifyWords(evidence, strength, language)};
  if (subject.phase == Phase::kCleared) return Over(parts);
  switch (detector.wording) {
    case Wording::kMethod:
      return Method(parts);
    case Wording::kPresence:
      return Presence(parts);
    case Wording::kOwn:
      break;
  }
  return detector.kind == SignalKind::kSpike ? Spike(parts) : Rise(parts);
}

}  // namespace belgrand::detection
