// How often a rule was right, in words.
#include <fmt/format.h>

#include "alerting/render.h"

namespace belgrand::alerting {

std::string RecordWords(const v1::TrackRecord& record, Language language) {
  if (record.judged() == 0) {
    return std::string(Pick(language, "not judged here yet", "pas encore jugée ici"));
  }
  const std::string out = Say(language, "right {} of {} times here", "juste {} fois sur {} ici",
                              record.true_alerts() + record.no_action_needed(), record.judged());
  std::string wrong;
  if (record.false_alerts() > 0) {
    wrong = record.false_alerts() == 1
                ? Say(language, "{} false", "{} fausse", record.false_alerts())
                : Say(language, "{} false", "{} fausses", record.false_alerts());
  }
  if (record.data_faults() > 0) {
    if (!wrong.empty()) wrong += ", ";
    wrong += record.data_faults() == 1
                 ? Say(language, "{} data fault", "{} erreur de données", record.data_faults())
                 : Say(language, "{} data faults", "{} erreurs de données", record.data_faults());
  }
  return wrong.empty() ? out : out + " (" + wrong + ")";
}

}  // namespace belgrand::alerting
