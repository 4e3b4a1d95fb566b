#include "services/ingest/amendment.h"

#include <fmt/format.h>

#include <string_view>

#include "platform/base/time.h"
#include "sample/codes.h"
#include "services/shared/timestamp.h"

namespace belgrand::ingest {
namespace {

using timeseries::v1::SampleVersion;

std::string Number(bool present, double number) {
  return present ? fmt::format("{}", number) : "nothing";
}

std::string Time(bool present, const google::protobuf::Timestamp& time) {
  return present ? base::FormatInstant(shared::ToInstant(time)) : "nothing";
}

std::string Flags(const SampleVersion& version) {
  std::string text;
  for (const int flag : version.quality_flags()) {
    if (!text.empty()) text += ' ';
    text += sample::QualityFlagName(static_cast<sample::QualityFlag>(flag));
  }
  return text.empty() ? "nothing" : text;
}

std::string Censoring(const SampleVersion& version) {
  return std::string(sample::CensoringName(static_cast<sample::Censoring>(version.censoring())));
}

struct Difference {
  std::string text;

  void Compare(std::string_view field, const std::string& stored, const std::string& sent) {
    if (stored == sent) return;
    if (!text.empty()) text += "; ";
    text += fmt::format("{}: stored {}, sent {}", field, stored, sent);
  }
};

}  // namespace

std::string DescribeDifference(const SampleVersion& a, const SampleVersion& b) {
  Difference d;
  d.Compare("site_id", a.site_id(), b.site_id());
  d.Compare("collected_at", Time(a.has_collected_at(), a.collected_at()),
            Time(b.has_collected_at(), b.collected_at()));
  d.Compare("known_at", Time(a.has_known_at(), a.known_at()), Time(b.has_known_at(), b.known_at()));
  d.Compare("value (gc/L)", Number(a.has_value(), a.value()), Number(b.has_value(), b.value()));
  d.Compare("censoring", Censoring(a), Censoring(b));
  d.Compare("lod (gc/L)", Number(a.has_lod(), a.lod()), Number(b.has_lod(), b.lod()));
  d.Compare("loq (gc/L)", Number(a.has_loq(), a.loq()), Number(b.has_loq(), b.loq()));
  d.Compare("flow_m3_per_day", Number(a.has_flow_m3_per_day(), a.flow_m3_per_day()),
            Number(b.has_flow_m3_per_day(), b.flow_m3_per_day()));
  d.Compare("population_served", Number(a.has_population_served(), a.population_served()),
            Number(b.has_population_served(), b.population_served()));
  d.Compare("method_id", a.method_id(), b.method_id());
  d.Compare("quality_flags", Flags(a), Flags(b));
  d.Compare("method_version", a.method_version(), b.method_version());
  d.Compare("retest_of", a.retest_of(), b.retest_of());
  return d.text;
}

}  // namespace belgrand::ingest
