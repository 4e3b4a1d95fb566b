// How often a rule was right, in words.
#include <fmt/format.h>

#include "alerting/render.h"

namespace belgrand::alerting {

std::string RecordWords(const v1::TrackRecord& record) {
  if (record.judged() == 0) return "not judged here yet";
  std::string out = fmt::format("right {} of {} times here",
                                record.true_alerts() + record.no_action_needed(), record.judged());
  std::string wrong;
  if (record.false_alerts() > 0) wrong = fmt::format("{} false", record.false_alerts());
  if (record.data_faults() > 0) {
    wrong += fmt::format("{}{} data {}", wrong.empty() ? "" : ", ", record.data_faults(),
                         record.data_faults() == 1 ? "fault" : "faults");
  }
  return wrong.empty() ? out : out + " (" + wrong + ")";
}

}  // namespace belgrand::alerting
