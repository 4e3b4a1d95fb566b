#include "sample/formats/odm.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <utility>

#include "sample/codes.h"
#include "sample/findings.h"
#include "sample/formats/columns.h"
#include "sample/target.h"
#include "sample/text.h"
#include "sample/unit.h"

namespace belgrand::sample {
namespace {

struct Code {
  std::string_view measure;
  std::string_view target;
  std::string_view gene;
};

// The first code of a target and gene is the one that is written.
constexpr std::array kCodes = {
    Code{"cov2Me", "sars-cov-2", ""},
    Code{"covN1", "sars-cov-2", "n1"},
    Code{"covN2", "sars-cov-2", "n2"},
    Code{"covN3", "sars-cov-2", "n3"},
    Code{"covN200", "sars-cov-2", "n200"},
    Code{"covE", "sars-cov-2", "e"},
    Code{"covRdrp", "sars-cov-2", "rdrp"},
    Code{"fluA", "fluav", ""},
    Code{"iavM", "fluav", "m"},
    Code{"fluIAVm", "fluav", "m"},
    Code{"fluB", "flubv", ""},
    Code{"rsvMe", "rsv", ""},
    Code{"rsvAB", "rsv", ""},
    Code{"rsvN", "rsv", "n"},
    Code{"rsvAMe", "rsv-a", ""},
    Code{"rsvA", "rsv-a", ""},
    Code{"rsvB", "rsv-b", ""},
    Code{"h5n1", "fluav-h5", ""},
    Code{"hmpv", "hmpv", ""},
    Code{"noro", "norovirus", ""},
    Code{"noroG1", "norovirus-gi", ""},
    Code{"noroG2", "norovirus-gii", ""},
    Code{"rotavirus", "rotavirus", ""},
    Code{"enterovirus", "enterovirus", ""},
    Code{"hepA", "hav", ""},
    Code{"hepE", "hev", ""},
    Code{"mpox", "mpox", ""},
    Code{"measles", "mev", ""},
    Code{"ppmv", "pmmov", ""},
    // Version 1.
    Code{"nPMMoV", "pmmov", ""},
    Code{"cra", "crassphage", ""},
};

constexpr std::array kBeside = {
    kOdmLod,      kOdmLoq,        kOdmRecovery,   kOdmFlow,    kOdmAmmonium, kOdmArrivalTemperature,
    kOdmHoldTime, kOdmInhibition, kOdmPopulation, kOdmControl, kOdmBlank,    kOdmOwnPmmov,
    kOdmRetestOf};

// ODM's other names of a limit of detection.
constexpr std::array<std::string_view, 4> kLods = {"alod", "slod", "mlod", "lodSewa"};

bool IsBeside(std::string_view measure) {
  return std::ranges::find(kBeside, measure) != kBeside.end() ||
         std::ranges::find(kLods, measure) != kLods.end();
}

bool IsMissing(std::string_view text) {
  constexpr std::array<std::string_view, 6> kMissing = {"", "NA", "nan", "nr", "undisc", "null"};
  return std::ranges::find(kMissing, text) != kMissing.end();
}

Field<double> Number(std::string_view text) {
  text = Trim(text);
  return IsMissing(text) ? Field<double>() : ParseNumberField(text);
}

Field<base::Instant> Time(std::string_view text) {
  text = Trim(text);
  return IsMissing(text) ? Field<base::Instant>() : ParseTimeField(text);
}

template <typename C>
Field<C> ReadCode(std::string_view text, std::optional<C> (*parse)(std::string_view)) {
  Field<C> field;
  if (IsMissing(text)) return field;
  field.value = parse(text);
  if (!field.value.has_value()) field.text = text;
  return field;
}

std::string_view Get(const OdmRecord& record, std::string_view name) {
  const auto found = record.find(name);
  return found == record.end() ? std::string_view() : Trim(found->second);
}

// Units of ODM that the project writes otherwise.
std::string UnitOf(std::string_view unit) {
  if (unit == "m3D") return "m3/d";
  if (unit == "m3S") return "m3/s";
  if (unit == "m3H") return "m3/h";
  if (unit == "cel") return "C";
  if (unit == "log10cpml") return "log10 gc/mL";
  return std::string(unit);
}

// A limit in the unit of the row's value.
Field<double> LimitIn(const std::string& row_unit, const OdmMeasure& limit) {
  Field<double> field = Number(limit.value);
  const std::string unit = UnitOf(limit.unit);
  if (!field.value.has_value() || unit.empty() || unit == row_unit) return field;
  const auto from = ConversionOf(Dimension::kConcentration, unit);
  const auto to = ConversionOf(Dimension::kConcentration, row_unit);
  if (from.has_value() && to.has_value() && *from == *to) return field;
  if (from.has_value() && to.has_value() && !to->log10) {
    field.value = (*from)(*field.value) / to->factor;
    return field;
  }
  field.value.reset();
  field.text = fmt::format("{} {}", limit.value, limit.unit);
  return field;
}

// The codes that say how a value relates to its limits, and the flags that are more than that.
void ReadFlags(std::string_view flags, Field<Censoring>& censoring, Row* row) {
  constexpr std::string_view kBetween = " ;,|";
  for (std::size_t at = flags.find_first_not_of(kBetween); at != std::string_view::npos;
       at = flags.find_first_not_of(kBetween, at)) {
    const std::size_t end = std::min(flags.find_first_of(kBetween, at), flags.size());
    const std::string_view flag = flags.substr(at, end - at);
    at = end;
    const std::string folded = Lower(flag);
    if (folded == "belod") {
      censoring.value = Censoring::kBelowLod;
    } else if (folded == "belowloq") {
      censoring.value = Censoring::kBelowLoq;
    } else if (folded == "flagnd") {
      censoring.value = Censoring::kNotDetected;
    } else if (row == nullptr || IsMissing(flag) || folded == "false") {
      continue;
    } else if (folded == "true") {
      // Version 1 says only that there is a concern.
      row->quality_flags.push_back(QualityFlag::kOtherConcern);
    } else if (const auto known = ParseQualityFlag(flag)) {
      row->quality_flags.push_back(*known);
    } else {
      row->unknown_quality_flags.emplace_back(flag);
    }
  }
}

bool IsSingle(const OdmMeasure& measure) {
  return measure.aggregation == "sin" || measure.aggregation == "single" ||
         measure.aggregation.empty();
}

bool IsMean(const OdmMeasure& measure) {
  constexpr std::array<std::string_view, 6> kMeans = {"me", "gmn", "med", "mean", "meanNr", "menr"};
  return std::ranges::find(kMeans, measure.aggregation) != kMeans.end();
}

void ReadBeside(const OdmMeasure& m, Row& row) {
  const bool lod = m.measure == kOdmLod || std::ranges::find(kLods, m.measure) != kLods.end();
  if (lod) {
    row.lod = LimitIn(row.unit, m);
  } else if (m.measure == kOdmLoq) {
    row.loq = LimitIn(row.unit, m);
  } else if (m.measure == kOdmRecovery) {
    row.recovery_percent = Number(m.value);
  } else if (m.measure == kOdmFlow) {
    row.flow = {.number = Number(m.value), .unit = UnitOf(m.unit)};
  } else if (m.measure == kOdmAmmonium) {
    row.ammonium = {.number = Number(m.value), .unit = UnitOf(m.unit)};
  } else if (m.measure == kOdmPmmov || m.measure == kOdmOwnPmmov) {
    row.pmmov = {.number = Number(m.value), .unit = UnitOf(m.unit)};
  } else if (m.measure == kOdmArrivalTemperature) {
    row.received_temperature = {.number = Number(m.value), .unit = UnitOf(m.unit)};
  } else if (m.measure == kOdmHoldTime) {
    row.hold_hours = Number(m.value);
  } else if (m.measure == kOdmInhibition) {
    row.inhibition = ReadCode(m.value, ParseInhibition);
  } else if (m.measure == kOdmPopulation) {
    row.population_served = Number(m.value);
  } else if (m.measure == kOdmControl) {
    row.no_template_control = ReadCode(m.value, ParseControl);
  } else if (m.measure == kOdmBlank) {
    row.extraction_blank = ReadCode(m.value, ParseControl);
  } else if (m.measure == kOdmRetestOf) {
    row.retest_of = m.value;
  }
}

// Export tells samples of one identifier apart by "#2"; '#' stands in no identifier.
std::string_view WithoutSuffix(std::string_view id) { return id.substr(0, id.find('#')); }

}  // namespace

// The measures of one target of one sample in one laboratory.
struct OdmAssembler::Group {
  std::string measure;
  std::vector<const OdmMeasure*> values;
};

OdmTarget TargetOfOdmMeasure(std::string_view measure) {
  for (const Code& code : kCodes) {
    if (code.measure == measure) return {std::string(code.target), std::string(code.gene)};
  }
  const std::size_t dot = measure.find('.');
  if (dot == std::string_view::npos) return {};
  return {std::string(measure.substr(0, dot)), std::string(measure.substr(dot + 1))};
}

std::string OdmMeasureOf(std::string_view target, std::string_view gene) {
  for (const Code& code : kCodes) {
    if (code.target == target && code.gene == gene) return std::string(code.measure);
  }
  return fmt::format("{}.{}", target, gene);
}

void OdmAssembler::PutSite(const OdmRecord& record) {
  Site site{.site_id = IdentifierOf(Get(record, "siteID")),
            .name = std::string(Get(record, "name")),
            .district_id = IdentifierOf(Get(record, "healthRegion")),
            .population_served = Number(Get(record, "popServ")).value.value_or(0)};
  if (site.name.empty()) site.name = site.site_id;
  sites_.insert_or_assign(site.site_id, std::move(site));
}

void OdmAssembler::PutSample(OdmRecord record) {
  std::string id(Get(record, "sampleID"));
  samples_.insert_or_assign(std::move(id), std::move(record));
}

void OdmAssembler::AddFlag(std::string_view report_or_sample_id, std::string_view flag) {
  std::string& flags = flags_[std::string(report_or_sample_id)];
  flags += (flags.empty() ? "" : " ") + std::string(flag);
}

void OdmAssembler::Add(OdmMeasure measure) { measures_.push_back(std::move(measure)); }

std::string OdmAssembler::FlagsOf(const OdmMeasure& measure) const {
  std::string flags = measure.flags;
  const auto more = flags_.find(measure.report_id);
  if (!measure.report_id.empty() && more != flags_.end()) flags += " " + more->second;
  return flags;
}

void OdmAssembler::ReadSample(const OdmMeasure& first, FileRow& out) const {
  Row& row = out.row;
  row.sample_id = WithoutSuffix(first.sample_id);
  row.laboratory_id = first.laboratory_id;
  row.known_at = Time(first.known_on);
  row.method_id = first.protocol_id;
  row.method_version = first.protocol_version;
  row.fraction = ReadCode(first.fraction, ParseFraction);
  row.site_id = IdentifierOf(first.site_id);
  const auto found = samples_.find(first.sample_id);
  if (found != samples_.end()) {
    const OdmRecord& record = found->second;
    if (row.site_id.empty()) row.site_id = IdentifierOf(Get(record, "siteID"));
    if (row.laboratory_id.empty()) row.laboratory_id = Get(record, "organizationID");
    const std::string_view end = Get(record, "collDTEnd");
    row.collected_at = Time(IsMissing(end) ? Get(record, "collDT") : end);
    row.started_at = Time(Get(record, "collDTStart"));
    row.received_at = Time(Get(record, "recDate"));
    row.matrix = ReadCode(Get(record, "saMaterial"), ParseMatrix);
    row.sampling = ReadCode(Get(record, "collType"), ParseSampling);
    row.composite_hours = Number(Get(record, "collPer"));
    Field<Censoring> ignored;
    ReadFlags(Get(record, "qualityFlag"), ignored, &row);
  }
  const auto flags = flags_.find(first.sample_id);
  Field<Censoring> ignored;
  if (flags != flags_.end()) ReadFlags(flags->second, ignored, &row);
  const auto site = sites_.find(row.site_id);
  if (site != sites_.end() && !site->second.district_id.empty() &&
      site->second.population_served > 0) {
    out.site = site->second;
  }
}

// A mean stands for the row and the single values are its replicates; without a mean one single
// value is the row's own, and of several their mean is.
void OdmAssembler::ReadValues(const Group& group, Row& row, FileNotes& notes) const {
  const OdmMeasure* mean = nullptr;
  std::vector<const OdmMeasure*> singles;
  for (const OdmMeasure* m : group.values) {
    if (IsMean(*m) && mean == nullptr) mean = m;
    if (IsSingle(*m)) singles.push_back(m);
  }
  const OdmMeasure& first = mean != nullptr   ? *mean
                            : singles.empty() ? *group.values.front()
                                              : *singles.front();
  for (const OdmMeasure* m : group.values) {
    if (m == &first || IsSingle(*m)) continue;
    ++notes.left_out[fmt::format("measure {} with aggregation {}", Printable(m->measure),
                                 Printable(m->aggregation))];
  }
  row.unit = UnitOf(first.unit);
  row.value = Number(first.value);
  row.censoring.value = Censoring::kNone;
  ReadFlags(FlagsOf(first), row.censoring, &row);
  if (mean == nullptr && singles.size() < 2) return;
  double sum = 0;
  bool quantified = true;
  for (const OdmMeasure* m : singles) {
    RowReplicate replicate{.value = Number(m->value), .censoring = {}};
    replicate.censoring.value = Censoring::kNone;
    ReadFlags(FlagsOf(*m), replicate.censoring, &row);
    quantified = quantified && replicate.censoring.value == Censoring::kNone;
    sum += replicate.value.value.value_or(0);
    row.replicates.push_back(std::move(replicate));
  }
  if (mean == nullptr && quantified) row.value.value = sum / static_cast<double>(singles.size());
}

FileRow OdmAssembler::Assemble(const Group& group, const std::vector<const OdmMeasure*>& beside,
                               FileNotes& notes) const {
  FileRow out;
  const OdmMeasure& first = *group.values.front();
  out.row.line = first.line;
  ReadSample(first, out);
  const OdmTarget target = TargetOfOdmMeasure(group.measure);
  out.row.target = target.target.empty() ? group.measure : target.target;
  out.row.gene = target.gene;
  ReadValues(group, out.row, notes);
  for (const OdmMeasure* m : beside) ReadBeside(*m, out.row);
  return out;
}

void OdmAssembler::Finish(std::vector<FileRow>& out, FileNotes& notes) {
  // Measures of one set belong together; without a set those of one sample and laboratory do.
  const auto key = [](const OdmMeasure& m) {
    return m.set_id.empty() ? fmt::format("s|{}|{}", m.sample_id, m.laboratory_id)
                            : fmt::format("m|{}", m.set_id);
  };
  std::unordered_map<std::string, std::size_t> index;
  std::vector<Group> groups;
  std::unordered_map<std::string, std::vector<const OdmMeasure*>> beside;
  std::unordered_map<std::string, std::string> owner;
  for (const OdmMeasure& m : measures_) {
    const std::string set = key(m);
    // In a set that already has a target PMMoV is its normaliser.
    const auto owned = owner.find(set);
    const bool normaliser = m.measure == kOdmPmmov && !m.set_id.empty() && owned != owner.end() &&
                            owned->second != m.measure;
    if (IsBeside(m.measure) || normaliser) {
      beside[set].push_back(&m);
      continue;
    }
    owner.try_emplace(set, m.measure);
    const auto [at, fresh] = index.try_emplace(fmt::format("{}|{}", set, m.measure), groups.size());
    if (fresh) groups.push_back({.measure = m.measure, .values = {}});
    groups[at->second].values.push_back(&m);
  }
  std::set<std::string> used;
  for (const Group& group : groups) {
    // What belongs to the sample as a whole comes first, so that the set's own word stands.
    const OdmMeasure& first = *group.values.front();
    std::vector<const OdmMeasure*> all;
    if (!first.set_id.empty()) {
      const std::string sample = fmt::format("s|{}|{}", first.sample_id, first.laboratory_id);
      used.insert(sample);
      all = beside[sample];
    }
    used.insert(key(first));
    const auto& own = beside[key(first)];
    all.insert(all.end(), own.begin(), own.end());
    out.push_back(Assemble(group, all, notes));
  }
  for (const auto& [set, measures] : beside) {
    if (used.contains(set)) continue;
    for (const OdmMeasure* m : measures) {
      ++notes.left_out[fmt::format("measure {} beside no target", Printable(m->measure))];
    }
  }
  std::set<std::string_view> measured;
  for (const OdmMeasure& m : measures_) measured.insert(m.sample_id);
  for (const auto& [id, record] : samples_) {
    if (!measured.contains(id)) ++notes.left_out["sample without a measure"];
  }
  measures_.clear();
}

}  // namespace belgrand::sample
