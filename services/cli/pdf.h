// A page as PDF, by WeasyPrint (Debian's package weasyprint), which lays out HTML for print without
// a browser and reads nothing from elsewhere.
//
// Thread safety: safe.
#pragma once

#include <filesystem>

#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::cli {

// NotFound: the program is not installed; says how to get it.
base::Status CheckPdfTool();

// Writes `pdf` from `html`; `made` stands in it as its date. DeadlineExceeded after two minutes;
// Unavailable: the tool failed.
base::Status WritePdf(const std::filesystem::path& html, const std::filesystem::path& pdf,
                      base::Instant made);

}  // namespace belgrand::cli
