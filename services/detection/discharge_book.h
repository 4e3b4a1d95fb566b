// The discharges that the sensors showed, for whoever judges a molecular result of the same hours.
//
// What enters the sewer while a composite is taken (chlorine, an acid, a slug of waste) may destroy
// RNA or disturb its analysis. The watch notes what it finds; the follower tags the evidence of a
// signal whose samples were being taken then. Kept in memory: after a start the watch notes those
// of the last three weeks anew. Holds kKeptDays. Thread safety: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "detection/signal.h"
#include "platform/base/mutex.h"
#include "platform/base/time.h"

namespace belgrand::detection {

class DischargeBook {
 public:
  static constexpr int kKeptDays = 60;

  // Again with the same beginning when its end is known.
  void Note(const std::string& site_id, base::Instant from, std::optional<base::Instant> to);
  // Whether something was being discharged at the site at some time from `from` to `to`.
  bool Overlaps(const std::string& site_id, base::Instant from, base::Instant to) const;

 private:
  mutable base::Mutex mutex_;
  // By site, then by beginning.
  std::map<std::string, std::map<base::Instant, std::optional<base::Instant>>> sites_
      GUARDED_BY(mutex_);
};

struct SamplingWindow {
  base::Instant from;
  base::Instant to;
};
// When the sample was being taken. A row that does not say how is taken for a composite of the
// 24 hours before, one that knows only its day for all of that day too.
SamplingWindow WindowOf(const sample::Measurement& row);

// Tags the samples that were taken during a discharge and says so in the paragraphs. A spike whose
// own sample is tagged is weak evidence: lowest severity, "verify".
void TagDischarges(const DischargeBook& book, SignalChange& change);

}  // namespace belgrand::detection
