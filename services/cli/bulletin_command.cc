#include "services/cli/bulletin_command.h"

#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "platform/base/clock.h"
#include "platform/base/file.h"
#include "services/cli/bulletin.h"
#include "services/cli/bulletin_archive.h"
#include "services/cli/client_flags.h"
#include "services/cli/pdf.h"
#include "services/cli/week_flags.h"

namespace belgrand::cli {
namespace {

namespace fs = std::filesystem;
using alerting::Language;

struct Flags {
  ClientFlags client;
  WeekFlags week;
  std::string out;
  bool no_pdf = false;
};

constexpr std::pair<Language, std::string_view> kLanguages[] = {{Language::kEnglish, "en"},
                                                                {Language::kFrench, "fr"}};

// The PDFs that a version does not have yet.
base::Status AddPdfs(const fs::path& folder, base::Instant cutoff) {
  for (const auto& [language, code] : kLanguages) {
    const fs::path pdf = folder / fmt::format("bulletin.{}.pdf", code);
    if (fs::exists(pdf)) continue;
    const fs::path beside = folder / fmt::format(".bulletin.{}.pdf.new", code);
    RETURN_IF_ERROR(WritePdf(folder / fmt::format("bulletin.{}.html", code), beside, cutoff));
    std::error_code error;
    fs::rename(beside, pdf, error);
    if (error) return base::Unavailable("{}: {}", pdf.string(), error.message());
  }
  return base::SyncDirectory(folder);
}

base::StatusOr<base::Instant> ArchivedCutoff(const ArchivedBulletin& newest) {
  ASSIGN_OR_RETURN(const std::string text, CutoffOf(newest.json));
  return base::ParseInstant(text);
}

base::Status Make(const Flags& flags) {
  if (!flags.no_pdf) RETURN_IF_ERROR(CheckPdfTool());
  ASSIGN_OR_RETURN(WeekQuery query, QueryOf(flags.week, base::Clock::System().Now()));
  query.with_catchments = true;
  const BulletinArchive archive(flags.out, query.span.name);
  ASSIGN_OR_RETURN(const auto newest, archive.Newest());
  base::Instant since{};
  if (newest) {
    ASSIGN_OR_RETURN(since, ArchivedCutoff(*newest));
    if (query.cutoff < since) {
      return base::InvalidArgument(
          "version {} in {} has a later data cut-off, {}: make an earlier one in another folder",
          newest->version, newest->folder.string(), base::FormatInstant(since));
    }
  }
  ASSIGN_OR_RETURN(const WeekChannels channels, ChannelsOf(flags.week, flags.client));
  ASSIGN_OR_RETURN(const WeekData data, ReadWeek(channels, query));
  ASSIGN_OR_RETURN(Bulletin bulletin, MakeBulletin(data));
  if (newest) {
    const std::string now = BulletinJson(bulletin);
    ASSIGN_OR_RETURN(const bool same, SaysTheSame(newest->json, now));
    if (same) {
      if (!flags.no_pdf) RETURN_IF_ERROR(AddPdfs(newest->folder, since));
      std::cout << fmt::format("{}: nothing has changed since version {} (cut-off {})\n",
                               newest->folder.string(), newest->version,
                               base::FormatInstant(since));
      return base::OkStatus();
    }
    FollowVersion(data, newest->version, since, ChangedLines(newest->json, now), bulletin);
  }
  std::map<std::string, std::string> files = {{"bulletin.json", BulletinJson(bulletin)}};
  for (const auto& [language, code] : kLanguages) {
    files[fmt::format("bulletin.{}.html", code)] = BulletinHtml(bulletin, language);
  }
  ASSIGN_OR_RETURN(const fs::path folder, archive.Add(bulletin.version, files));
  std::cout << fmt::format("{}: version {}, {} districts, data cut-off {}\n", folder.string(),
                           bulletin.version, bulletin.districts.size(),
                           base::FormatInstant(bulletin.cutoff));
  if (bulletin.since) {
    std::cout << fmt::format("it replaces version {}: {} amended values, {} lines changed\n",
                             bulletin.since->version, bulletin.since->changes.values.size(),
                             bulletin.since->lines.size());
  }
  if (!flags.no_pdf) RETURN_IF_ERROR(AddPdfs(folder, bulletin.cutoff));
  return base::OkStatus();
}

}  // namespace

void AddBulletin(CLI::App& app, RunSlot& run) {
  auto flags = std::make_shared<Flags>();
  AddWeekFlags(app, flags->week, WhichSpan::kWeeksOnly);
  app.get_option("--week")->required();
  app.add_option("--out", flags->out, "the archive: <out>/<week>/v<version>/")->required();
  app.add_flag("--no-pdf", flags->no_pdf, "pages alone, where weasyprint is not installed");
  AddClientFlags(app, flags->client);
  app.callback([flags, &run] {
    run = [flags] {
      const base::Status status = Make(*flags);
      if (!status.ok()) std::cerr << base::Message(status) << "\n";
      return status.ok() ? kExitOk : kExitRuntime;
    };
  });
}

}  // namespace belgrand::cli
