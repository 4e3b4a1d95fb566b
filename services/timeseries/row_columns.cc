#include "services/timeseries/row_columns.h"

#include <array>

#include "services/timeseries/columns.h"

namespace belgrand::timeseries {
namespace {

using Kind = RowColumn::Kind;

#define BELGRAND_INTEGER(Name, name, Type)                                               \
  RowColumn {                                                                            \
    .number = Record::k##Name##FieldNumber, .kind = Kind::kInteger,                      \
    .integer = [](const Record& r) { return static_cast<std::int64_t>(r.name()); },      \
    .set_integer = [](Record& r, std::int64_t v) { r.set_##name(static_cast<Type>(v)); } \
  }
#define BELGRAND_OPTIONAL_INTEGER(Name, name)                                       \
  RowColumn {                                                                       \
    .number = Record::k##Name##FieldNumber, .kind = Kind::kOptionalInteger,         \
    .has = [](const Record& r) { return r.has_##name(); },                          \
    .integer = [](const Record& r) { return static_cast<std::int64_t>(r.name()); }, \
    .set_integer = [](Record& r, std::int64_t v) { r.set_##name(v); }               \
  }
#define BELGRAND_OPTIONAL_DOUBLE(Name, name)                               \
  RowColumn {                                                              \
    .number = Record::k##Name##FieldNumber, .kind = Kind::kOptionalDouble, \
    .has = [](const Record& r) { return r.has_##name(); },                 \
    .real = [](const Record& r) { return r.name(); },                      \
    .set_real = [](Record& r, double v) { r.set_##name(v); }               \
  }
#define BELGRAND_TEXT(Name, name)                                                       \
  RowColumn {                                                                           \
    .number = Record::k##Name##FieldNumber, .kind = Kind::kText,                        \
    .text = [](const Record& r) -> std::string_view { return r.name(); },               \
    .set_text = [](Record& r, std::string_view v) { r.set_##name(v.data(), v.size()); } \
  }
#define BELGRAND_MESSAGE(Name, name)                                                         \
  RowColumn {                                                                                \
    .number = Record::k##Name##FieldNumber, .kind = Kind::kMessage,                          \
    .has = [](const Record& r) { return r.has_##name(); },                                   \
    .make = [](const Record& r, std::string& out) { r.name().AppendToString(&out); },        \
    .parse =                                                                                 \
        [](Record& r, std::string_view in) {                                                 \
          return r.mutable_##name()->ParseFromArray(in.data(), static_cast<int>(in.size())); \
        },                                                                                   \
    .packs = true                                                                            \
  }
#define BELGRAND_MESSAGES(Name, name)                                                 \
  RowColumn {                                                                         \
    .number = Record::k##Name##FieldNumber, .kind = Kind::kMessage,                   \
    .has = [](const Record& r) { return !r.name().empty(); },                         \
    .make =                                                                           \
        [](const Record& r, std::string& out) {                                       \
          for (const auto& one : r.name()) {                                          \
            AppendVarint(out, one.ByteSizeLong());                                    \
            one.AppendToString(&out);                                                 \
          }                                                                           \
        },                                                                            \
    .parse =                                                                          \
        [](Record& r, std::string_view in) {                                          \
          for (std::uint64_t size = 0; !in.empty(); in.remove_prefix(size)) {         \
            if (!TakeVarint(in, size) || size > in.size() ||                          \
                !r.add_##name()->ParseFromArray(in.data(), static_cast<int>(size))) { \
              return false;                                                           \
            }                                                                         \
          }                                                                           \
          return true;                                                                \
        },                                                                            \
    .packs = true, .form = MessageForm::kList                                         \
  }

bool ParseFlags(Record& record, std::string_view in) {
  for (std::uint64_t flag = 0; !in.empty();) {
    if (!TakeVarint(in, flag)) return false;
    record.add_quality_flags(static_cast<int>(flag));
  }
  return true;
}

const std::array kColumns = {
    BELGRAND_INTEGER(FeedSequence, feed_sequence, std::uint64_t),
    BELGRAND_INTEGER(Version, version, std::uint32_t),
    BELGRAND_INTEGER(RecordedAtUs, recorded_at_us, std::int64_t),
    BELGRAND_INTEGER(MovedAway, moved_away, bool),
    BELGRAND_TEXT(LaboratoryId, laboratory_id),
    BELGRAND_TEXT(SampleId, sample_id),
    BELGRAND_TEXT(SiteId, site_id),
    BELGRAND_TEXT(Target, target),
    BELGRAND_TEXT(Gene, gene),
    BELGRAND_INTEGER(CollectedAtUs, collected_at_us, std::int64_t),
    BELGRAND_OPTIONAL_INTEGER(KnownAtUs, known_at_us),
    BELGRAND_OPTIONAL_DOUBLE(Value, value),
    BELGRAND_INTEGER(Censoring, censoring, int),
    BELGRAND_OPTIONAL_DOUBLE(Lod, lod),
    BELGRAND_OPTIONAL_DOUBLE(Loq, loq),
    BELGRAND_OPTIONAL_DOUBLE(FlowM3PerDay, flow_m3_per_day),
    BELGRAND_OPTIONAL_DOUBLE(PopulationServed, population_served),
    BELGRAND_TEXT(MethodId, method_id),
    RowColumn{.number = Record::kQualityFlagsFieldNumber,
              .kind = Kind::kMessage,
              .has = [](const Record& r) { return !r.quality_flags().empty(); },
              .make =
                  [](const Record& r, std::string& out) {
                    for (const int flag : r.quality_flags()) {
                      AppendVarint(out, static_cast<std::uint64_t>(flag));
                    }
                  },
              .parse = ParseFlags},
    BELGRAND_TEXT(ReportedUnit, reported_unit),
    BELGRAND_TEXT(SampledBySealed, sampled_by_sealed),
    BELGRAND_TEXT(AnalysedBySealed, analysed_by_sealed),
    BELGRAND_TEXT(AmendmentReason, amendment_reason),
    BELGRAND_TEXT(RequestId, request_id),
    BELGRAND_TEXT(ContentHash, content_hash),
    BELGRAND_TEXT(MethodVersion, method_version),
    BELGRAND_MESSAGE(Collection, collection),
    BELGRAND_MESSAGE(Quality, quality),
    BELGRAND_MESSAGE(Normalisers, normalisers),
    BELGRAND_MESSAGES(Replicates, replicates),
    BELGRAND_MESSAGES(Reported, reported),
    BELGRAND_TEXT(RetestOf, retest_of),
    BELGRAND_TEXT(AmendedBySealed, amended_by_sealed),
    BELGRAND_TEXT(Comment, comment),
    BELGRAND_INTEGER(Voided, voided, bool),
};

}  // namespace

std::span<const RowColumn> RowColumns() { return kColumns; }

}  // namespace belgrand::timeseries
