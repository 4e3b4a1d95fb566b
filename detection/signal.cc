#include "detection/signal.h"

#include <string_view>

namespace belgrand::detection {

std::string_view NameOf(AreaLevel level) { return level == AreaLevel::kSite ? "site" : "district"; }

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kWatch:
      return "watch";
    case Severity::kWarning:
      return "warning";
    case Severity::kCritical:
      return "critical";
  }
  return "watch";
}

std::string_view NameOf(SignalKind kind) { return kind == SignalKind::kSpike ? "spike" : "rise"; }

}  // namespace belgrand::detection
