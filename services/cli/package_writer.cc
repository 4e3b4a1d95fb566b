#include "services/cli/package_writer.h"

#include <deque>
#include <nlohmann/json.hpp>
#include <utility>

#include "platform/base/file.h"
#include "platform/base/version.h"
#include "sample/formats/measurement_csv.h"
#include "sample/formats/odm_writer.h"

namespace belgrand::cli {
namespace {

using Json = nlohmann::ordered_json;

// The open files of one export.
class Files {
 public:
  explicit Files(std::filesystem::path folder) : folder_(std::move(folder)) {}

  base::StatusOr<std::ofstream*> Open(const char* name) {
    const std::filesystem::path path = folder_ / name;
    if (std::filesystem::exists(path)) {
      return base::AlreadyExists("{} is there already: name an empty folder", path.string());
    }
    std::ofstream& file = files_.emplace_back(path, std::ios::binary);
    if (!file) return base::Unavailable("{} cannot be written", path.string());
    return &file;
  }

  base::Status Close() {
    for (std::ofstream& file : files_) {
      file.close();
      if (!file) return base::Unavailable("{} could not be written to the end", folder_.string());
    }
    return base::SyncDirectory(folder_);
  }

  const std::filesystem::path& folder() const { return folder_; }

 private:
  const std::filesystem::path folder_;
  std::deque<std::ofstream> files_;
};

class OdmPackage final : public PackageWriter {
 public:
  static base::StatusOr<std::unique_ptr<PackageWriter>> Create(
      const std::filesystem::path& folder) {
    auto files = std::make_unique<Files>(folder);
    ASSIGN_OR_RETURN(std::ofstream* const sites, files->Open("sites.csv"));
    ASSIGN_OR_RETURN(std::ofstream* const samples, files->Open("samples.csv"));
    ASSIGN_OR_RETURN(std::ofstream* const measures, files->Open("measures.csv"));
    ASSIGN_OR_RETURN(std::ofstream* const quality, files->Open("qualityReports.csv"));
    return std::unique_ptr<PackageWriter>(new OdmPackage(
        std::move(files), sample::OdmWriter({*sites, *samples, *measures, *quality})));
  }

  void PutSite(const sample::Site& site) override { writer_.PutSite(site); }
  void Write(const sample::Measurement& measurement) override { writer_.Write(measurement); }
  base::Status Finish() override { return files_->Close(); }

 private:
  OdmPackage(std::unique_ptr<Files> files, sample::OdmWriter writer)
      : files_(std::move(files)), writer_(std::move(writer)) {}

  const std::unique_ptr<Files> files_;
  sample::OdmWriter writer_;
};

Json Resource(const char* name, const char* path, std::span<const sample::CsvColumn> columns) {
  Json fields = Json::array();
  for (const sample::CsvColumn& column : columns) {
    fields.push_back(
        {{"name", column.name}, {"type", column.type}, {"description", column.description}});
  }
  return {{"name", name},
          {"path", path},
          {"profile", "tabular-data-resource"},
          {"format", "csv"},
          {"mediatype", "text/csv"},
          {"encoding", "utf-8"},
          {"schema", {{"fields", std::move(fields)}, {"missingValues", {""}}}}};
}

class FrictionlessPackage final : public PackageWriter {
 public:
  static base::StatusOr<std::unique_ptr<PackageWriter>> Create(const std::filesystem::path& folder,
                                                               const PackageInfo& info) {
    auto files = std::make_unique<Files>(folder);
    ASSIGN_OR_RETURN(std::ofstream* const description, files->Open("datapackage.json"));
    *description << Describe(info).dump(2) << "\n";
    ASSIGN_OR_RETURN(std::ofstream* const measurements, files->Open("measurements.csv"));
    ASSIGN_OR_RETURN(std::ofstream* const sites, files->Open("sites.csv"));
    return std::unique_ptr<PackageWriter>(new FrictionlessPackage(
        std::move(files), sample::MeasurementCsvWriter(*measurements, *sites)));
  }

  void PutSite(const sample::Site& site) override { writer_.PutSite(site); }
  void Write(const sample::Measurement& measurement) override { writer_.Write(measurement); }
  base::Status Finish() override { return files_->Close(); }

 private:
  FrictionlessPackage(std::unique_ptr<Files> files, sample::MeasurementCsvWriter writer)
      : files_(std::move(files)), writer_(writer) {}

  static Json Describe(const PackageInfo& info) {
    // Data without a licence may not be used: say so instead of leaving the field out.
    const Json license =
        info.license.empty()
            ? Json{{"name", "other-closed"}, {"title", "No licence was given: ask the publisher"}}
            : Json{{"name", info.license}};
    Json sites = Resource("sites", "sites.csv", sample::SiteCsvColumns());
    sites["schema"]["primaryKey"] = "site_id";
    Json measurements =
        Resource("measurements", "measurements.csv", sample::MeasurementCsvColumns());
    measurements["schema"]["primaryKey"] = {"lab_id", "sample_id", "target", "gene"};
    measurements["schema"]["foreignKeys"] = {
        {{"fields", "site_id"}, {"reference", {{"resource", "sites"}, {"fields", "site_id"}}}}};
    return {{"profile", "tabular-data-package"},
            {"name", "wastewater-measurements"},
            {"title", info.title},
            {"created", base::FormatInstant(info.created)},
            {"licenses", {license}},
            {"resources", {std::move(measurements), std::move(sites)}}};
  }

  const std::unique_ptr<Files> files_;
  sample::MeasurementCsvWriter writer_;
};

}  // namespace

base::StatusOr<std::unique_ptr<PackageWriter>> PackageWriter::Create(
    ExportFormat format, const std::filesystem::path& folder, const PackageInfo& info) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return base::Unavailable("{}: {}", folder.string(), error.message());
  if (format == ExportFormat::kOdm) return OdmPackage::Create(folder);
  return FrictionlessPackage::Create(folder, info);
}

}  // namespace belgrand::cli
