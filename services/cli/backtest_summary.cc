#include "services/cli/backtest_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "platform/base/html.h"
#include "services/cli/backtest_charts.h"

namespace belgrand::cli {
namespace {

using detection::ComparedDetector;
using detection::Tally;
using detection::Trial;
using detection::TrialKind;

// A phrase of which both texts take the same arguments.
template <typename... Args>
std::string Phrase(const Say& say, std::string_view english, std::string_view french,
                   const Args&... args) {
  return fmt::format(fmt::runtime(say(english, french)), args...);
}

// French takes the singular for none as well.
std::string Plural(const Say& say, std::size_t count, std::pair<const char*, const char*> one,
                   std::pair<const char*, const char*> many) {
  const bool single = count == 1 || (count == 0 && say.language == Language::kFrench);
  return fmt::format("{} {}", count,
                     single ? say(one.first, one.second) : say(many.first, many.second));
}

std::string Allowance(const Say& say, double budget) {
  return budget == 1 ? say("one false alert", "une fausse alerte")
                     : Phrase(say, "{:g} false alerts", "{:g} fausses alertes", budget);
}

std::string Share(const Say& say, const Tally& tally) {
  const auto [low, high] = tally.sensitivity_interval();
  return Phrase(say, "{} of {} ({:.0f} %; 95 % interval {:.0f} to {:.0f})",
                "{} sur {} ({:.0f} % ; intervalle à 95 % de {:.0f} à {:.0f})", tally.caught,
                tally.events, 100 * tally.sensitivity(), 100 * low, 100 * high);
}

std::string Replayed(const BacktestReport& report, const Say& say) {
  std::set<std::string_view> sites;
  std::set<std::string_view> districts;
  std::set<std::string_view> targets;
  base::Day first = base::Day::max();
  base::Day last = base::Day::min();
  for (const detection::Observation& o : report.observations) {
    sites.insert(o.measurement.site_id);
    districts.insert(o.district_id);
    targets.insert(o.measurement.target);
    first = std::min(first, base::DayOf(o.measurement.collected_at));
    last = std::max(last, base::DayOf(o.measurement.collected_at));
  }
  std::string names;
  for (const std::string_view target : targets) {
    names += (names.empty() ? "" : ", ") + base::EscapeHtml(target);
  }
  if (report.observations.empty()) return "";
  return Phrase(
      say,
      "<p>{} of {} in {} were replayed ({}; collected {} to {}). Every row was read on the day on "
      "which its result was known, as the running service would have read it; no method saw the "
      "future.</p>\n",
      "<p>{} de {} dans {} ont été rejouées ({} ; prélevées du {} au {}). Chaque ligne a été lue "
      "le "
      "jour où son résultat était connu, comme le service l'aurait lue ; aucune méthode n'a vu "
      "l'avenir.</p>\n",
      Plural(say, report.observations.size(), {"row", "ligne"}, {"rows", "lignes"}),
      Plural(say, sites.size(), {"site", "site"}, {"sites", "sites"}),
      Plural(say, districts.size(), {"district", "territoire"}, {"districts", "territoires"}),
      names, base::FormatDay(first), base::FormatDay(last));
}

const ComparedDetector* Own(const Trial& trial) {
  for (const ComparedDetector& d : trial.detectors) {
    if (d.name == detection::OwnDetector(trial.kind)) return &d;
  }
  return nullptr;
}

// Of the others, the one that catches most; of equals the quieter.
const ComparedDetector* BestPeer(const Trial& trial) {
  const ComparedDetector* best = nullptr;
  for (const ComparedDetector& d : trial.detectors) {
    // Another of Belgrand's own is no peer.
    if (d.name == detection::OwnDetector(trial.kind) || d.name == "site-rise" ||
        d.name == "site-departure") {
      continue;
    }
    if (!best || d.held_out.caught > best->held_out.caught ||
        (d.held_out.caught == best->held_out.caught &&
         d.held_out.false_alerts < best->held_out.false_alerts)) {
      best = &d;
    }
  }
  return best;
}

std::string Lead(const Trial& trial, const Tally& tally, const Say& say) {
  const auto median = tally.Quantile(0.5);
  if (!median) return "";
  const std::string days = Plural(say, static_cast<std::size_t>(std::max(*median, 0)),
                                  {"day", "jour"}, {"days", "jours"});
  if (trial.kind == TrialKind::kWaves) {
    return Phrase(say, ", half of them {} or more before the peak",
                  ", pour moitié {} ou plus avant le pic", days);
  }
  return *median == 0 ? say(", half of them with the result of their first sample",
                            ", pour moitié dès le résultat du premier prélèvement")
                      : Phrase(say, ", half of them within {} of their first result",
                               ", pour moitié dans les {} suivant leur premier résultat", days);
}

std::string Ahead(double days, const Say& say) {
  if (days > 0) return Phrase(say, "{:g} days earlier", "{:g} jours plus tôt", days);
  if (days < 0) return Phrase(say, "{:g} days later", "{:g} jours plus tard", -days);
  return say("on the same day", "le même jour");
}

std::string Beside(const Trial& trial, const ComparedDetector& own, const ComparedDetector& peer,
                   const Say& say) {
  const bool waves = trial.kind == TrialKind::kWaves;
  std::string text = Phrase(
      say, " The best of the published methods at the same allowance, <b>{}</b>, {} {}{}.",
      " La meilleure des méthodes publiées, à tolérance égale, <b>{}</b>, en a {} {}{}.",
      base::EscapeHtml(peer.name), waves ? say("announced", "annoncé") : say("caught", "trouvé"),
      Share(say, peer.held_out), Lead(trial, peer.held_out, say));
  if (peer.held_out.caught > own.held_out.caught) {
    text += say(" <b>Belgrand's own catches fewer here.</b>",
                " <b>Celle de Belgrand en trouve moins ici.</b>");
  }
  if (peer.duel && peer.duel->own_earlier_days) {
    text += Phrase(
        say,
        " Of the {} that both caught, Belgrand's alert came {} in the median; {} only Belgrand's "
        "caught, {} only the other.",
        " Des {} que les deux ont trouvés, l'alerte de Belgrand est venue {} en médiane ; {} n'ont "
        "été trouvés que par Belgrand, {} que par l'autre.",
        peer.duel->both, Ahead(*peer.duel->own_earlier_days, say), peer.duel->only_own,
        peer.duel->only_this);
  }
  return text;
}

// Where waves come from is said in English by who asks (backtest_command.cc).
std::string Origin(const std::string& origin, const Say& say) {
  if (say.language == Language::kEnglish) return base::EscapeHtml(origin);
  if (origin == "a list of waves") return "une liste de vagues";
  if (origin == "reported cases") return "les cas déclarés";
  if (origin.starts_with("the samples")) return "les prélèvements eux-mêmes, avec le recul";
  return base::EscapeHtml(origin);
}

std::string InShort(const BacktestReport& report, const Trial& trial, const Say& say) {
  const bool waves = trial.kind == TrialKind::kWaves;
  const std::string place = waves ? say("a district", "par territoire") : say("a site", "par site");
  std::string text =
      waves ? Phrase(say, "<li><b>Waves</b> (known from {}). ",
                     "<li><b>Vagues</b> (connues par : {}). ", Origin(report.waves_origin, say))
            : Phrase(say, "<li><b>Contamination spikes</b> ({} put into the samples on purpose). ",
                     "<li><b>Pics de contamination</b> ({} ajoutés exprès aux prélèvements). ",
                     report.spikes.size());
  const ComparedDetector* own = Own(trial);
  if (own == nullptr) {
    return text + say("Belgrand's own detector is not among those compared.</li>\n",
                      "Le détecteur de Belgrand n'est pas parmi ceux comparés.</li>\n");
  }
  const Tally& held = own->held_out;
  text += Phrase(say,
                 "Allowed {0} {1} and year, Belgrand's <b>{2}</b> {3} {4}{5}. It gave {6:.2f} "
                 "false alerts {1} and year; {7:.0f} % of its alerts were right.",
                 "Avec {0} tolérée(s) {1} et par an, <b>{2}</b> de Belgrand en a {3} {4}{5}. Il a "
                 "donné {6:.2f} fausses alertes {1} et par an ; {7:.0f} % de ses alertes étaient "
                 "justes.",
                 Allowance(say, trial.budget), place, own->name,
                 waves ? say("announced in time", "annoncé à temps") : say("caught", "trouvé"),
                 Share(say, held), Lead(trial, held, say), held.false_rate(), 100 * held.ppv());
  if (const ComparedDetector* peer = BestPeer(trial)) text += Beside(trial, *own, *peer, say);
  const auto& shipped = own->curve[own->own];
  return text + Phrase(say,
                       " At the limit it is shipped with ({:.3g}): {} of {}, {:.2f} false alerts "
                       "{} and year.</li>\n",
                       " À la limite livrée ({:.3g}) : {} sur {}, {:.2f} fausses alertes {} et par "
                       "an.</li>\n",
                       shipped.threshold, shipped.tally.caught, shipped.tally.events,
                       shipped.tally.false_rate(), place);
}

std::string Missed(const BacktestReport& report, const Trial& trial, const Say& say) {
  const ComparedDetector* own = Own(trial);
  if (own == nullptr) return "";
  std::string items;
  std::size_t count = 0;
  const auto add = [&](const detection::EventKey& event, const std::string& text) {
    if (!own->held_out.missed.contains(event)) return;
    ++count;
    items += fmt::format("<li>{}, {}: {}</li>\n", base::EscapeHtml(std::get<0>(event)),
                         base::EscapeHtml(std::get<1>(event)), text);
  };
  if (trial.kind == TrialKind::kWaves) {
    for (const detection::Wave& w : report.waves) {
      add({w.area_id, w.target, w.onset},
          Phrase(say, "began {}, peaked {}", "début {}, pic {}", base::FormatDay(w.onset),
                 base::FormatDay(w.peak)));
    }
  } else {
    for (const detection::InjectedSpike& s : report.spikes) {
      add({s.site_id, s.target, s.first},
          Phrase(say, "× {:g} from {}, {}", "× {:g} à partir du {}, {}", s.factor,
                 base::FormatDay(s.first),
                 Plural(say, static_cast<std::size_t>(s.samples), {"sample", "prélèvement"},
                        {"samples", "prélèvements"})));
    }
  }
  if (count == 0) return "";
  const bool waves = trial.kind == TrialKind::kWaves;
  return Phrase(
      say, "<details><summary>{} that Belgrand's own did not {}</summary><ul>\n{}</ul></details>\n",
      "<details><summary>{} que Belgrand n'a pas {}</summary><ul>\n{}</ul></details>\n",
      waves ? Plural(say, count, {"wave", "vague"}, {"waves", "vagues"})
            : Plural(say, count, {"spike", "pic"}, {"spikes", "pics"}),
      waves ? say("announce in time", "annoncées à temps") : say("catch", "trouvés"), items);
}

}  // namespace

std::string Summary(const BacktestReport& report, const Say& say) {
  std::string html =
      fmt::format("<h2>{}</h2>\n", say("In short", "En bref")) + Replayed(report, say) + "<ul>\n";
  for (const Trial& trial : report.trials) html += InShort(report, trial, say);
  html += "</ul>\n";
  for (const Trial& trial : report.trials) html += Missed(report, trial, say);
  html += say(
      "<h2>What these figures cannot tell</h2><ul>\n"
      "<li>They describe the past of these places. Where few waves or areas were judged the "
      "intervals are wide, and a difference of a few events between two methods may be chance.</li>"
      "\n<li>An alert outside every known wave counts as false, although it may have seen "
      "something that nobody recorded. The rates of false alerts are therefore upper "
      "bounds.</li>\n",
      "<h2>Ce que ces chiffres ne disent pas</h2><ul>\n"
      "<li>Ils décrivent le passé de ces lieux. Là où peu de vagues ou de territoires ont été "
      "jugés, "
      "les intervalles sont larges, et un écart de quelques événements entre deux méthodes peut "
      "être "
      "dû au hasard.</li>\n<li>Une alerte hors de toute vague connue compte comme fausse, bien "
      "qu'elle ait pu voir ce que personne n'a noté. Les taux de fausses alertes sont donc des "
      "majorants.</li>\n");
  if (report.waves_origin.starts_with("the samples")) {
    html += say(
        "<li>No cases were given: the waves were read off the samples with hindsight. That shows "
        "what could have been seen in the samples, not whether people fell ill.</li>\n",
        "<li>Sans cas déclarés, les vagues ont été lues dans les prélèvements avec le recul. Cela "
        "montre ce qu'on pouvait y voir, non si des gens sont tombés malades.</li>\n");
  }
  if (!report.spikes.empty()) {
    html +=
        say("<li>The spikes were put in by multiplying real samples; real contamination may look "
            "different.</li>\n",
            "<li>Les pics ont été ajoutés en multipliant de vrais prélèvements ; une vraie "
            "contamination peut avoir une autre allure.</li>\n");
  }
  return html + "</ul>\n";
}

std::string Legend(const Trial& trial, const Say& say) {
  const bool waves = trial.kind == TrialKind::kWaves;
  return Phrase(
      say,
      "<p>Every method has a limit that trades what it catches against false alerts; compared at "
      "their usual limits, a nervous method looks good. So each method's limit was chosen on one "
      "half of the {0} ({1} and {2}) to catch most at no more than {3} {4} and year, and judged on "
      "the other half; then the halves changed places. The table adds both halves up: "
      "nothing is reported on the places it was chosen on, and a rate may therefore end above the "
      "allowance.</p>\n<details><summary>What the columns mean</summary><dl>\n"
      "<dt>{5}</dt><dd>{6}</dd>\n"
      "<dt>false alerts</dt><dd>alerts that belong to no known {7}</dd>\n"
      "<dt>alerts that were right</dt><dd>the share that belongs to one (positive predictive "
      "value)</dd>\n"
      "<dt>days</dt><dd>the median, and the middle half of them</dd>\n"
      "<dt>beside Belgrand's own</dt><dd>events that both caught / only Belgrand's / only this "
      "method; then by how many days Belgrand's was earlier (+) on those that both caught, in the "
      "median</dd>\n<dt>limits</dt><dd>as applied to half A and half B</dd></dl></details>\n",
      "<p>Chaque méthode a une limite qui échange ce qu'elle trouve contre des fausses alertes ; "
      "aux "
      "limites usuelles, une méthode nerveuse paraît bonne. La limite de chaque méthode a donc été "
      "choisie sur une moitié des {0} ({1} et {2}) pour trouver le plus avec au plus {3} {4} et "
      "par "
      "an, et jugée sur l'autre moitié ; puis les moitiés ont changé de place. Le tableau "
      "additionne "
      "les deux : rien n'est rapporté sur les lieux du choix, et un taux peut donc dépasser la "
      "tolérance.</p>\n<details><summary>Le sens des colonnes</summary><dl>\n"
      "<dt>{5}</dt><dd>{6}</dd>\n"
      "<dt>fausses alertes</dt><dd>les alertes qui n'appartiennent à aucun(e) {7} connu(e)</dd>\n"
      "<dt>alertes justes</dt><dd>la part qui y appartient (valeur prédictive positive)</dd>\n"
      "<dt>jours</dt><dd>la médiane, et la moitié centrale</dd>\n"
      "<dt>face à Belgrand</dt><dd>événements trouvés par les deux / par Belgrand seul / par cette "
      "méthode seule ; puis l'avance de Belgrand en jours (+), en médiane, sur ceux que les deux "
      "ont "
      "trouvés</dd>\n<dt>limites</dt><dd>appliquées à la moitié A et à la moitié "
      "B</dd></dl></details>\n",
      waves ? say("districts", "territoires") : say("sites", "sites"), trial.half_a.size(),
      trial.half_b.size(), Allowance(say, trial.budget),
      waves ? say("a district", "par territoire") : say("a site", "par site"),
      waves ? say("announced in time", "annoncées à temps") : say("caught", "trouvés"),
      waves
          ? say("an alert opened between three weeks before the wave began and its peak; one that "
                "had long been open says nothing new and does not count",
                "une alerte ouverte entre trois semaines avant le début de la vague et son pic ; "
                "une alerte ouverte depuis longtemps ne dit rien de nouveau et ne compte pas")
          : say("an alert opened on a day on which a sample of the spike became known",
                "une alerte ouverte un jour où un prélèvement du pic a été connu"),
      waves ? say("wave", "vague") : say("spike", "pic"));
}

}  // namespace belgrand::cli
