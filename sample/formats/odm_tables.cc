// The layouts of PHES-ODM: profiles odm_v2 (measures table, other tables beside it), odm_v2_wide,
// odm_v1 (WWMeasure) and odm_v1_wide; docs/formats/odm.md.
#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "sample/formats/columns.h"
#include "sample/formats/formats.h"
#include "sample/formats/odm.h"
#include "sample/formats/site_table.h"
#include "sample/text.h"

namespace belgrand::sample {
namespace {

constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);

template <typename List>
bool Contains(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != std::ranges::end(list);
}

// Every line of a table that lies beside the file, by header; of its columns `read` are read.
template <typename List, typename Take>
base::Status ReadBeside(const OpenBeside& open, std::string_view name, const List& read,
                        FileNotes& notes, Take take) {
  if (!open) return base::OkStatus();
  ASSIGN_OR_RETURN(const std::unique_ptr<RowSource> source, open(name));
  if (source == nullptr) return base::OkStatus();
  std::vector<std::string> header;
  std::vector<std::string> fields;
  std::set<std::string> unread;
  ASSIGN_OR_RETURN(bool any, source->Next(header));
  for (; any;) {
    ASSIGN_OR_RETURN(any, source->Next(fields));
    if (!any) break;
    if (fields.size() != header.size()) {
      return base::InvalidArgument("{}: row {} has {} columns, the header {}", name, source->row(),
                                   fields.size(), header.size());
    }
    OdmRecord record;
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (Trim(fields[i]).empty()) continue;
      record.emplace(Trim(header[i]), fields[i]);
      if (!Contains(read, Trim(header[i])) && Trim(fields[i]) != "NA") {
        unread.insert(fmt::format("{}: {}", name, Printable(Trim(header[i]))));
      }
    }
    take(std::move(record));
  }
  notes.unread_columns.insert(notes.unread_columns.end(), unread.begin(), unread.end());
  return base::OkStatus();
}

std::string Get(const OdmRecord& record, std::string_view name) {
  const auto found = record.find(name);
  return found == record.end() ? std::string() : found->second;
}

constexpr std::array<std::string_view, 4> kReportFields = {"qualityReportID", "measureRepID",
                                                           "sampleID", "qualityFlag"};

void Append(const FileNotes& more, FileNotes& notes) {
  notes.unread_columns.insert(notes.unread_columns.end(), more.unread_columns.begin(),
                              more.unread_columns.end());
  for (const auto& [what, count] : more.left_out) notes.left_out[what] += count;
}

// --- version 2, long ---

enum LongColumn : std::size_t {
  kSampleId,
  kMeasure,
  kValue,
  kUnit,
  kAggregation,
  kReportId,
  kSiteId,
  kOrganization,
  kSetId,
  kIndex,
  kReportDate,
  kDateEnd,
  kFraction,
  kProtocol,
  kProtocolVersion,
  kFlag,
};
constexpr std::array<std::string_view, 16> kLongNames = {
    "sampleID", "measure",        "value",           "unit",       "aggregation", "measureRepID",
    "siteID",   "organizationID", "measureSetRepID", "index",      "reportDate",  "aDateEnd",
    "fraction", "protocolID",     "protocolVersion", "qualityFlag"};
constexpr std::size_t kLongRequired = 5;

class LongMapper final : public TableMapper {
 public:
  LongMapper(Columns columns, OdmAssembler assembler, FileNotes notes)
      : columns_(std::move(columns)), assembler_(std::move(assembler)), notes_(std::move(notes)) {}

  bool Reads(std::size_t column) const override { return columns_.Reads(column); }

  void Add(std::span<const std::string> fields, std::size_t line,
           std::vector<FileRow>& out) override {
    static_cast<void>(out);
    const auto text = [&](LongColumn column) { return std::string(columns_(fields, column)); };
    OdmMeasure m{.line = line,
                 .report_id = text(kReportId),
                 .sample_id = text(kSampleId),
                 .site_id = text(kSiteId),
                 .laboratory_id = text(kOrganization),
                 .set_id = text(kSetId),
                 .measure = text(kMeasure),
                 .unit = text(kUnit),
                 .aggregation = text(kAggregation),
                 .index = text(kIndex),
                 .value = text(kValue),
                 .known_on = text(kReportDate),
                 .fraction = text(kFraction),
                 .protocol_id = text(kProtocol),
                 .protocol_version = text(kProtocolVersion),
                 .flags = text(kFlag)};
    if (m.known_on.empty()) m.known_on = text(kDateEnd);
    assembler_.Add(std::move(m));
  }

  void Finish(std::vector<FileRow>& out) override { assembler_.Finish(out, notes_); }
  void Tell(FileNotes& notes) const override { Append(notes_, notes); }

 private:
  const Columns columns_;
  OdmAssembler assembler_;
  FileNotes notes_;
};

bool IsLong(std::span<const std::string> header) {
  return HasColumns(header, std::span(kLongNames).first(kLongRequired + 1));
}

base::StatusOr<std::unique_ptr<TableMapper>> OpenLong(const std::vector<std::string>& header,
                                                      const ReadContext& context) {
  ASSIGN_OR_RETURN(Columns columns, Columns::Find(header, kLongNames, kLongRequired, "odm_v2"));
  OdmAssembler assembler;
  FileNotes notes;
  RETURN_IF_ERROR(ReadBeside(context.open_beside, "sites.csv", kOdmSiteFields, notes,
                             [&](const OdmRecord& record) { assembler.PutSite(record); }));
  RETURN_IF_ERROR(ReadBeside(context.open_beside, "samples.csv", kOdmSampleFields, notes,
                             [&](OdmRecord record) { assembler.PutSample(std::move(record)); }));
  RETURN_IF_ERROR(ReadBeside(context.open_beside, "qualityReports.csv", kReportFields, notes,
                             [&](const OdmRecord& record) {
                               const std::string report = Get(record, "measureRepID");
                               assembler.AddFlag(report.empty() ? Get(record, "sampleID") : report,
                                                 Get(record, "qualityFlag"));
                             }));
  return std::make_unique<LongMapper>(std::move(columns), std::move(assembler), std::move(notes));
}

// --- version 2, wide: attributes as table_attribute, measures as
// compartment_specimen_fraction_measure_unit_aggregation_index_attribute ---

std::vector<std::string> Split(std::string_view name) {
  std::vector<std::string> parts;
  for (std::size_t at = 0;;) {
    const std::size_t end = name.find('_', at);
    parts.emplace_back(name.substr(at, end - at));
    if (end == std::string_view::npos) return parts;
    at = end + 1;
  }
}

constexpr std::size_t kMeasureParts = 8;

class WideMapper final : public TableMapper {
 public:
  explicit WideMapper(const std::vector<std::string>& header) {
    for (std::size_t i = 0; i < header.size(); ++i) {
      const std::vector<std::string> parts = Split(Trim(header[i]));
      if (parts.size() == kMeasureParts) {
        AddMeasureColumn(parts, i);
      } else if (parts.size() == 2) {
        AddAttribute(parts[1], i);
      }
    }
  }

  bool Reads(std::size_t column) const override { return read_.contains(column); }
  void Tell(FileNotes& notes) const override { Append(notes_, notes); }

  void Add(std::span<const std::string> fields, std::size_t line,
           std::vector<FileRow>& out) override {
    OdmRecord record;
    for (const auto& [name, position] : attributes_) {
      if (!Trim(fields[position]).empty()) record.emplace(name, Trim(fields[position]));
    }
    if (!record.contains("sampleID")) {
      const std::string when =
          Get(record, "collDTEnd").empty() ? Get(record, "collDT") : Get(record, "collDTEnd");
      record["sampleID"] = fmt::format("{}/{}", IdentifierOf(Get(record, "siteID")), when);
    }
    OdmAssembler line_samples;
    line_samples.PutSite(record);
    line_samples.PutSample(record);
    for (const MeasureColumn& column : measures_) {
      const std::string_view value = Trim(fields[column.value]);
      const std::string_view flags =
          column.flag == kAbsent ? std::string_view() : Trim(fields[column.flag]);
      if (value.empty() && flags.empty()) continue;
      OdmMeasure m = column.measure;
      m.line = line;
      m.sample_id = record["sampleID"];
      m.site_id = Get(record, "siteID");
      m.laboratory_id = Get(record, "organizationID");
      m.protocol_id = Get(record, "protocolID");
      m.protocol_version = Get(record, "protocolVersion");
      m.known_on =
          Get(record, "reportDate").empty() ? Get(record, "aDateEnd") : Get(record, "reportDate");
      m.value = value;
      m.flags = flags;
      line_samples.Add(std::move(m));
    }
    line_samples.Finish(out, notes_);
  }

 private:
  struct MeasureColumn {
    OdmMeasure measure;
    std::size_t value = kAbsent;
    std::size_t flag = kAbsent;
  };

  void AddAttribute(const std::string& name, std::size_t position) {
    constexpr std::array<std::string_view, 4> kOfReport = {"reportDate", "aDateEnd", "protocolID",
                                                           "protocolVersion"};
    attributes_.emplace_back(name, position);
    if (Contains(kOdmSiteFields, name) || Contains(kOdmSampleFields, name) ||
        Contains(kOfReport, name)) {
      read_.insert(position);
    }
  }

  // Columns that differ only in their attribute are one measure.
  void AddMeasureColumn(const std::vector<std::string>& parts, std::size_t position) {
    const std::string& attribute = parts[7];
    if (attribute != "value" && attribute != "qualityFlag") return;
    MeasureColumn* column = nullptr;
    for (MeasureColumn& known : measures_) {
      const OdmMeasure& m = known.measure;
      if (m.fraction == parts[2] && m.measure == parts[3] && m.unit == parts[4] &&
          m.aggregation == parts[5] && m.index == parts[6]) {
        column = &known;
      }
    }
    if (column == nullptr) {
      column = &measures_.emplace_back();
      column->measure.fraction = parts[2];
      column->measure.measure = parts[3];
      column->measure.unit = parts[4];
      column->measure.aggregation = parts[5];
      column->measure.index = parts[6];
    }
    (attribute == "value" ? column->value : column->flag) = position;
    read_.insert(position);
  }

  std::vector<std::pair<std::string, std::size_t>> attributes_;
  std::vector<MeasureColumn> measures_;
  std::set<std::size_t> read_;
  FileNotes notes_;
};

bool HasWideMeasure(std::span<const std::string> header) {
  for (const std::string& name : header) {
    const std::vector<std::string> parts = Split(Trim(name));
    if (parts.size() == kMeasureParts && parts[7] == "value") return true;
  }
  return false;
}

base::StatusOr<std::unique_ptr<TableMapper>> OpenWide(const std::vector<std::string>& header,
                                                      const ReadContext&) {
  if (!HasWideMeasure(header)) {
    return base::InvalidArgument(
        "the header row does not fit the profile odm_v2_wide: no column is named like "
        "wat_sa_liq_covN1_gcL_me_1_value");
  }
  return std::make_unique<WideMapper>(header);
}

// --- version 1, long (WWMeasure) ---

enum V1Column : std::size_t {
  kType,
  kV1Unit,
  kV1Aggregation,
  kV1Value,
  kLab,
  kAnalysisDate,
  kV1ReportDate,
  kV1Fraction,
  kV1Flag,
  kV1Sample,
  kAssay,
  kV1Index,
};
constexpr std::array<std::string_view, 12> kV1Names = {
    "type",        "unit",         "aggregation", "value",
    "labID",       "analysisDate", "reportDate",  "fractionAnalyzed",
    "qualityFlag", "sampleID",     "assayID",     "index"};
constexpr std::size_t kV1Required = 6;

class V1LongMapper final : public TableMapper {
 public:
  explicit V1LongMapper(Columns columns) : columns_(std::move(columns)) {}

  bool Reads(std::size_t column) const override { return columns_.Reads(column); }

  // Where no sample is named, laboratory and day of analysis are all that tells one: they stand for
  // sample, site and collection.
  void Add(std::span<const std::string> fields, std::size_t line,
           std::vector<FileRow>& out) override {
    static_cast<void>(out);
    const auto text = [&](V1Column column) { return std::string(columns_(fields, column)); };
    OdmMeasure m{.line = line,
                 .report_id = {},
                 .sample_id = text(kV1Sample),
                 .site_id = text(kLab),
                 .laboratory_id = text(kLab),
                 .set_id = {},
                 .measure = text(kType),
                 .unit = text(kV1Unit),
                 .aggregation = text(kV1Aggregation),
                 .index = text(kV1Index),
                 .value = text(kV1Value),
                 .known_on = text(kV1ReportDate),
                 .fraction = text(kV1Fraction),
                 .protocol_id = text(kAssay),
                 .protocol_version = {},
                 .flags = text(kV1Flag)};
    if (m.sample_id.empty()) m.sample_id = fmt::format("{}/{}", m.site_id, text(kAnalysisDate));
    assembler_.PutSample({{"sampleID", m.sample_id}, {"collDT", text(kAnalysisDate)}});
    assembler_.Add(std::move(m));
  }

  void Finish(std::vector<FileRow>& out) override { assembler_.Finish(out, notes_); }
  void Tell(FileNotes& notes) const override { Append(notes_, notes); }

 private:
  const Columns columns_;
  OdmAssembler assembler_;
  FileNotes notes_;
};

bool IsV1Long(std::span<const std::string> header) {
  return HasColumns(header, std::span(kV1Names).first(kV1Required));
}

base::StatusOr<std::unique_ptr<TableMapper>> OpenV1Long(const std::vector<std::string>& header,
                                                        const ReadContext&) {
  ASSIGN_OR_RETURN(Columns columns, Columns::Find(header, kV1Names, kV1Required, "odm_v1"));
  return std::make_unique<V1LongMapper>(std::move(columns));
}

// --- version 1, wide: the published table of a sample a line ---

enum V1WideColumn : std::size_t { kSampleDate, kV1Site, kN1, kN2, kPmmovCt, kReported, kConcern };
constexpr std::array<std::string_view, 7> kV1WideNames = {
    "sampleDate", "siteID",     "covN1_nPMMoV_meanMnNr", "covN2_nPMMoV_meanMnNr", "nPPMoV_Ct_mean",
    "reportDate", "qualityFlag"};
constexpr std::size_t kV1WideRequired = 4;

class V1WideMapper final : public TableMapper {
 public:
  explicit V1WideMapper(Columns columns) : columns_(std::move(columns)) {}

  bool Reads(std::size_t column) const override { return columns_.Reads(column); }

  void Add(std::span<const std::string> fields, std::size_t line,
           std::vector<FileRow>& out) override {
    const auto text = [&](V1WideColumn column) { return std::string(columns_(fields, column)); };
    OdmAssembler assembler;
    const std::string sample = fmt::format("{}/{}", text(kV1Site), text(kSampleDate));
    assembler.PutSample({{"sampleID", sample}, {"collDT", text(kSampleDate)}});
    const auto add = [&](std::string_view measure, std::string_view unit, std::string value) {
      if (value.empty()) return;
      OdmMeasure m;
      m.line = line;
      m.sample_id = sample;
      m.site_id = text(kV1Site);
      m.laboratory_id = text(kV1Site);
      m.measure = measure;
      m.unit = unit;
      m.aggregation = "meanNr";
      m.value = std::move(value);
      m.known_on = text(kReported);
      m.flags = text(kConcern);
      assembler.Add(std::move(m));
    };
    add("covN1", "gcPMMoV", text(kN1));
    add("covN2", "gcPMMoV", text(kN2));
    add("nPMMoV", "Ct", text(kPmmovCt));
    assembler.Finish(out, notes_);
  }
  void Tell(FileNotes& notes) const override { Append(notes_, notes); }

 private:
  const Columns columns_;
  FileNotes notes_;
};

bool IsV1Wide(std::span<const std::string> header) {
  return HasColumns(header, std::span(kV1WideNames).first(kV1WideRequired));
}

base::StatusOr<std::unique_ptr<TableMapper>> OpenV1Wide(const std::vector<std::string>& header,
                                                        const ReadContext&) {
  ASSIGN_OR_RETURN(Columns columns,
                   Columns::Find(header, kV1WideNames, kV1WideRequired, "odm_v1_wide"));
  return std::make_unique<V1WideMapper>(std::move(columns));
}

}  // namespace

constinit const Format kOdmLongFormat = {Profile::kOdmLong, "odm_v2", IsLong, OpenLong};
constinit const Format kOdmWideFormat = {Profile::kOdmWide, "odm_v2_wide", HasWideMeasure,
                                         OpenWide};
constinit const Format kOdmV1LongFormat = {Profile::kOdmV1Long, "odm_v1", IsV1Long, OpenV1Long};
constinit const Format kOdmV1WideFormat = {Profile::kOdmV1Wide, "odm_v1_wide", IsV1Wide,
                                           OpenV1Wide};

}  // namespace belgrand::sample
