// The files of an export: PHES-ODM tables, or a Frictionless data package.
//
// Thread safety: externally synchronised.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "platform/base/error.h"
#include "sample/sample.h"

namespace belgrand::cli {

enum class ExportFormat { kOdm, kFrictionless };

struct PackageInfo {
  std::string title;
  // A name of the Open Definition or SPDX ("CC-BY-4.0"); empty: none was given.
  std::string license;
  base::Instant created{};
};

class PackageWriter {
 public:
  virtual ~PackageWriter() = default;

  // Creates the folder. AlreadyExists: it holds a file of the export. Unavailable: it cannot be
  // written.
  static base::StatusOr<std::unique_ptr<PackageWriter>> Create(ExportFormat format,
                                                               const std::filesystem::path& folder,
                                                               const PackageInfo& info);

  virtual void PutSite(const sample::Site& site) = 0;
  virtual void Write(const sample::Measurement& measurement) = 0;
  // Unavailable: something could not be written to the end.
  virtual base::Status Finish() = 0;
};

}  // namespace belgrand::cli
