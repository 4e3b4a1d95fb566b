// The Swiss files: profiles swiss_dpcr, swiss_multivirus and openzh (docs/formats/swiss.md).
#include <array>
#include <charconv>
#include <map>
#include <tuple>
#include <utility>

#include "sample/formats/columns.h"
#include "sample/formats/formats.h"
#include "sample/formats/site_table.h"
#include "sample/text.h"

namespace belgrand::sample {
namespace {

constexpr double kLitresPerCubicMetre = 1000;

// --- swiss_dpcr: one line a replicate, limits in each line ---

enum DpcrColumn : std::size_t { kPlant, kDate, kTarget, kLoq, kLod, kValue };
constexpr std::array<std::string_view, 6> kDpcrNames = {
    "wastewater_treatment_plant.name", "collection_date", "target", "loq", "lod", "gc_per_lww"};

// Replicates of one sample and target are those with the same limits: other limits are another
// analysis, a row of its own.
class DpcrMapper final : public TableMapper {
 public:
  explicit DpcrMapper(Columns columns) : columns_(std::move(columns)) {}

  bool Reads(std::size_t column) const override { return columns_.Reads(column); }

  void Add(std::span<const std::string> fields, std::size_t line,
           std::vector<FileRow>& out) override {
    static_cast<void>(out);
    const auto text = [&](DpcrColumn column) { return columns_(fields, column); };
    const auto [at, fresh] = index_.try_emplace(
        std::tuple(std::string(text(kPlant)), std::string(text(kDate)), std::string(text(kTarget)),
                   std::string(text(kLod)), std::string(text(kLoq))),
        analyses_.size());
    if (fresh) {
      Row row;
      row.line = line;
      row.laboratory_id = "Eawag";
      row.site_id = IdentifierOf(text(kPlant));
      row.collected_at = ParseTimeField(text(kDate));
      row.target = text(kTarget);
      row.unit = "gc/L";
      row.lod = ParseNumberField(text(kLod));
      row.loq = ParseNumberField(text(kLoq));
      row.sample_id = ids_.Unique(fmt::format("{}/{}", row.site_id, text(kDate)), text(kTarget));
      // Other limits are another protocol.
      row.method_id = IdentifierOf(fmt::format("dPCR lod {}", text(kLod)));
      analyses_.push_back(std::move(row));
    }
    Row& row = analyses_[at->second];
    RowReplicate replicate;
    Row one;
    one.lod = row.lod;
    one.loq = row.loq;
    SetByLimits(ParseNumberField(text(kValue)), one);
    replicate.value = one.value;
    replicate.censoring = one.censoring;
    row.replicates.push_back(std::move(replicate));
  }

  // The value of a row is the mean of its replicates: zero positive partitions are a measurement of
  // zero, so a replicate in which nothing was found counts as zero in it.
  void Finish(std::vector<FileRow>& out) override {
    for (Row& row : analyses_) {
      double sum = 0;
      Field<double> mean;
      for (const RowReplicate& replicate : row.replicates) {
        if (!replicate.value.text.empty()) mean.text = replicate.value.text;
        sum += replicate.value.value.value_or(0);
      }
      const bool told = row.replicates.size() > 1 || row.replicates[0].value.value.has_value() ||
                        row.replicates[0].censoring.value == Censoring::kNotDetected;
      if (mean.text.empty() && told) mean.value = sum / static_cast<double>(row.replicates.size());
      SetByLimits(mean, row);
      if (row.replicates.size() == 1) row.replicates.clear();
      out.push_back({.row = std::move(row), .site = std::nullopt});
    }
    analyses_.clear();
  }

 private:
  const Columns columns_;
  std::map<std::tuple<std::string, std::string, std::string, std::string, std::string>, std::size_t>
      index_;
  std::vector<Row> analyses_;
  RepeatCounter ids_;
};

bool IsDpcr(std::span<const std::string> header) { return HasColumns(header, kDpcrNames); }

base::StatusOr<std::unique_ptr<TableMapper>> OpenDpcr(const std::vector<std::string>& header,
                                                      const ReadContext&) {
  ASSIGN_OR_RETURN(Columns columns,
                   Columns::Find(header, kDpcrNames, kDpcrNames.size(), "swiss_dpcr"));
  return std::make_unique<DpcrMapper>(std::move(columns));
}

// --- swiss_multivirus: one line a number, loads per day and some concentrations ---

enum MultiColumn : std::size_t { kSampleDate, kWwtp, kType, kMean };
constexpr std::array<std::string_view, 4> kMultiNames = {"sample_date", "wwtp", "measurement_type",
                                                         "mean"};
constexpr std::string_view kLoad = "_gc_per_day";
constexpr std::string_view kConcentration = "_gc_per_mL_WW";

// Of one plant and day. Where a target has both a load and a concentration their quotient is the
// flow of the day, which turns the other loads of that day into concentrations.
class MultivirusMapper final : public TableMapper {
 public:
  explicit MultivirusMapper(Columns columns) : columns_(std::move(columns)) {}

  bool Reads(std::size_t column) const override { return columns_.Reads(column); }

  void Add(std::span<const std::string> fields, std::size_t line,
           std::vector<FileRow>& out) override {
    static_cast<void>(out);
    const std::string_view type = columns_(fields, kType);
    const std::string key =
        fmt::format("{}|{}", columns_(fields, kWwtp), columns_(fields, kSampleDate));
    const auto [day, fresh] = index_.try_emplace(key, days_.size());
    if (fresh) {
      days_.push_back({.site = IdentifierOf(columns_(fields, kWwtp)),
                       .date = std::string(columns_(fields, kSampleDate))});
    }
    const bool load = type.ends_with(kLoad);
    std::string_view target = type;
    if (load) target.remove_suffix(kLoad.size());
    if (type.ends_with(kConcentration)) target.remove_suffix(kConcentration.size());
    auto& numbers = days_[day->second].targets[std::string(target)];
    if (numbers.line == 0) numbers.line = line;
    Field<double>& number = load ? numbers.load : numbers.concentration;
    if (!number.absent()) {
      ++left_out_[fmt::format("another {} of a plant and day", Printable(type))];
      return;
    }
    number = ParseNumberField(columns_(fields, kMean));
  }

  void Finish(std::vector<FileRow>& out) override {
    for (const Day& day : days_) {
      const std::optional<double> flow = FlowOf(day);
      for (const auto& [target, numbers] : day.targets) {
        Row row;
        row.line = numbers.line;
        row.laboratory_id = "Eawag";
        row.site_id = day.site;
        row.sample_id = fmt::format("{}/{}", day.site, day.date);
        row.collected_at = ParseTimeField(day.date);
        row.target = TargetOf(target);
        row.flow.number.value = flow;
        SetNumber(numbers, flow, row);
        out.push_back({.row = std::move(row), .site = std::nullopt});
      }
    }
    days_.clear();
  }

  void Tell(FileNotes& notes) const override { notes.left_out = left_out_; }

 private:
  struct Numbers {
    std::size_t line = 0;
    Field<double> load;
    Field<double> concentration;
  };
  struct Day {
    std::string site;
    std::string date;
    std::map<std::string, Numbers> targets = {};
  };

  // SARSN1 is written without the hyphen of the other file.
  static std::string TargetOf(std::string_view text) {
    return text.starts_with("SARSN") ? fmt::format("SARS-N{}", text.substr(5)) : std::string(text);
  }

  // m3/d; absent where no target has both numbers above zero.
  static std::optional<double> FlowOf(const Day& day) {
    for (const auto& [target, numbers] : day.targets) {
      const double load = numbers.load.value.value_or(0);
      const double per_millilitre = numbers.concentration.value.value_or(0);
      if (load > 0 && per_millilitre > 0) return load / per_millilitre / 1e6;
    }
    return std::nullopt;
  }

  static void SetNumber(const Numbers& numbers, std::optional<double> flow, Row& row) {
    if (!numbers.concentration.absent()) {
      row.unit = "gc/mL";
      SetByLimits(numbers.concentration, row);
    } else if (numbers.load.value.has_value() && (*numbers.load.value == 0 || flow.has_value())) {
      row.unit = "gc/L";
      Field<double> derived;
      derived.value = *numbers.load.value / flow.value_or(1) / kLitresPerCubicMetre;
      SetByLimits(derived, row);
      row.quality_flags.push_back(QualityFlag::kEstimated);
    } else {
      // A load whose flow nobody tells is no concentration.
      row.unit = "gc/d";
      SetByLimits(numbers.load, row);
    }
  }

  const Columns columns_;
  std::map<std::string, std::size_t> index_;
  std::vector<Day> days_;
  std::map<std::string, std::size_t> left_out_;
};

bool IsMultivirus(std::span<const std::string> header) { return HasColumns(header, kMultiNames); }

base::StatusOr<std::unique_ptr<TableMapper>> OpenMultivirus(const std::vector<std::string>& header,
                                                            const ReadContext&) {
  ASSIGN_OR_RETURN(Columns columns,
                   Columns::Find(header, kMultiNames, kMultiNames.size(), "swiss_multivirus"));
  return std::make_unique<MultivirusMapper>(std::move(columns));
}

// --- openzh: one line a sample, a load per 100,000 persons and a flag letter ---

enum OpenZhColumn : std::size_t { kZhDate, kZhLoad, kZhFlag, kZhFlow, kZhOrigin };
constexpr std::array<std::string_view, 5> kZhNames = {
    "date", "SARS_CoV_2_RNA_copies_d_100000", "quantification_flag", "flow_m3_d", "sample_origin"};
// Samples after this day were analysed by another method.
constexpr std::string_view kLastDayOfFirstMethod = "2021-12-30";

Field<Censoring> ReadFlag(std::string_view flag) {
  Field<Censoring> censoring;
  if (flag == "Q") {
    censoring.value = Censoring::kNone;
  } else if (flag == "D") {
    censoring.value = Censoring::kBelowLoq;
  } else if (flag == "N") {
    censoring.value = Censoring::kBelowLod;
  } else {
    censoring.text = flag.empty() ? "NA" : flag;
  }
  return censoring;
}

class OpenZhMapper final : public RowMapper {
 public:
  OpenZhMapper(Columns columns, const SiteTable* sites)
      : columns_(std::move(columns)), sites_(sites) {}

  bool Reads(std::size_t column) const override { return columns_.Reads(column); }

  FileRow Map(std::span<const std::string> fields) override {
    const auto text = [&](OpenZhColumn column) { return columns_(fields, column); };
    FileRow out;
    Row& row = out.row;
    row.laboratory_id = "openZH";
    row.site_id = IdentifierOf(text(kZhOrigin));
    row.sample_id = fmt::format("{}/{}", row.site_id, text(kZhDate));
    row.collected_at = ParseTimeField(text(kZhDate));
    row.target = "sars-cov-2";
    row.method_id = text(kZhDate) > kLastDayOfFirstMethod ? "from 2021-12-31" : "to 2021-12-30";
    row.flow.number = ParseNumberField(text(kZhFlow));
    row.censoring = ReadFlag(text(kZhFlag));
    SetConcentration(ParseNumberField(text(kZhLoad)), row);
    return out;
  }

 private:
  // gc/d/100,000 persons * persons / 100,000 / (m3/d) / 1000.
  void SetConcentration(const Field<double>& load, Row& row) const {
    std::optional<Site> site;
    if (sites_ != nullptr) site = sites_->Find(row.site_id);
    const double flow = row.flow.number.value.value_or(0);
    row.value = load;
    if (!site.has_value() || !(flow > 0)) {
      row.unit = "gcD100";
      return;
    }
    row.unit = "gc/L";
    row.population_served.value = site->population_served;
    row.quality_flags.push_back(QualityFlag::kEstimated);
    if (!load.value.has_value()) return;
    row.value.value = *load.value * site->population_served / 1e5 / flow / kLitresPerCubicMetre;
    // Below a limit a zero says "nothing", never a concentration.
    if (*load.value == 0 && row.censoring.value == Censoring::kBelowLod) {
      row.censoring.value = Censoring::kNotDetected;
      row.value.value.reset();
    }
  }

  const Columns columns_;
  const SiteTable* const sites_;
};

bool IsOpenZh(std::span<const std::string> header) { return HasColumns(header, kZhNames); }

base::StatusOr<std::unique_ptr<TableMapper>> OpenOpenZh(const std::vector<std::string>& header,
                                                        const ReadContext& context) {
  ASSIGN_OR_RETURN(Columns columns, Columns::Find(header, kZhNames, kZhNames.size(), "openzh"));
  return OneRowPerLine(std::make_unique<OpenZhMapper>(std::move(columns), context.sites));
}

}  // namespace

constinit const Format kSwissDpcrFormat = {Profile::kSwissDpcr, "swiss_dpcr", IsDpcr, OpenDpcr};
constinit const Format kSwissMultivirusFormat = {Profile::kSwissMultivirus, "swiss_multivirus",
                                                 IsMultivirus, OpenMultivirus};
constinit const Format kOpenZhFormat = {Profile::kOpenZh, "openzh", IsOpenZh, OpenOpenZh};

}  // namespace belgrand::sample
