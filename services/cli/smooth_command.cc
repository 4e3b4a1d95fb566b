#include "services/cli/smooth_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>

#include "detection/normalise_history.h"
#include "detection/smooth/curves.h"
#include "platform/base/file.h"
#include "services/cli/history.h"
#include "services/cli/progress.h"

namespace belgrand::cli {
namespace {

struct SmoothFlags {
  HistoryFlags history;
  std::string out;
  detection::Smoother method = detection::Smoother::kScou;
  detection::AreaLevel by = detection::AreaLevel::kSite;
  std::string as_of;
  detection::Seams seams = detection::Seams::kBridge;
  std::string seams_out;
};

const std::map<std::string, detection::Smoother> kMethods = {
    {"scou", detection::Smoother::kScou}, {"local-trend", detection::Smoother::kLocalTrend}};
const std::map<std::string, detection::AreaLevel> kLevels = {
    {"site", detection::AreaLevel::kSite}, {"district", detection::AreaLevel::kDistrict}};

const std::map<std::string, detection::Seams> kSeams = {{"bridge", detection::Seams::kBridge},
                                                        {"keep", detection::Seams::kKeep}};

base::Status Smooth(const SmoothFlags& flags) {
  detection::SmoothOptions options;
  options.smoother = flags.method;
  options.level = flags.by;
  options.seams = flags.seams;
  if (!flags.as_of.empty()) {
    const auto day = base::ParseDay(flags.as_of);
    if (!day.ok()) return base::Annotate(day.status(), "--as-of");
    // To the end of that day.
    options.known_by = base::Instant(*day + std::chrono::days(1)) - base::Instant::duration(1);
  }
  const auto way = sample::ParseNormalisation(flags.history.normalise);
  const std::string_view column = way ? detection::ColumnOf(*way) : "gc_per_l";
  detection::ReadReport report;
  ASSIGN_OR_RETURN(const auto observations, LoadHistory(flags.history, report));
  Progress progress;
  const auto curves = detection::SmoothHistory(
      observations, options, ThreadsOf(flags.history),
      [&progress](std::size_t done, std::size_t total) { progress.Show(done, total); });
  RETURN_IF_ERROR(base::WriteFileAtomically(flags.out, detection::CurvesCsv(curves, column), 0644));
  if (!flags.seams_out.empty()) {
    RETURN_IF_ERROR(base::WriteFileAtomically(flags.seams_out, detection::SeamsCsv(curves), 0644));
  }
  std::size_t seams = 0;
  std::size_t bridged = 0;
  for (const detection::LevelCurve& curve : curves) {
    seams += curve.seams.size();
    for (const detection::CurveSeam& seam : curve.seams) bridged += seam.bridged ? 1 : 0;
  }
  std::size_t pieces = 0;
  std::size_t left_out = 0;
  for (const detection::LevelCurve& curve : curves) {
    pieces += curve.pieces.size();
    left_out += curve.pieces_left_out;
  }
  fmt::print(
      "rows {}, read {}; {} series, {} pieces smoothed, {} left out (too few samples, no "
      "spread or only non-detects): {}\n",
      report.rows, report.used, curves.size(), pieces, left_out, flags.out);
  if (flags.seams == detection::Seams::kBridge) {
    fmt::print("changes of method without a week in common: {}, {} bridged\n", seams, bridged);
  }
  ShowLeftOut(report);
  return base::OkStatus();
}

}  // namespace

void AddSmooth(CLI::App& app, RunSlot& run) {
  app.description(
      "Smooth a file of samples: what the level was on every day, with its uncertainty and the "
      "probability that a sample is an outlier. For looking back: the newest days still move.");
  auto flags = std::make_shared<SmoothFlags>();
  AddHistoryFlags(app, flags->history);
  AddNormaliseFlag(app, flags->history);
  app.add_option("--out", flags->out, "CSV of the curves to write")->required();
  app.add_option("--method", flags->method,
                 "scou (OBEPINE's smoother, by day) or local-trend (state space, by week, with "
                 "what was known at each week); docs/methods.md, section 9")
      ->transform(CLI::CheckedTransformer(kMethods))
      ->default_str("scou");
  app.add_option("--by", flags->by, "site or district")
      ->transform(CLI::CheckedTransformer(kLevels))
      ->default_str("site");
  app.add_option("--seams", flags->seams,
                 "Where a method follows another without a week in common: bridge (lift what was "
                 "before to what the new one reads) or keep the step")
      ->transform(CLI::CheckedTransformer(kSeams))
      ->default_str("bridge");
  app.add_option("--seams-out", flags->seams_out,
                 "CSV to write: each such change with what the new one reads in multiples of the "
                 "old one, and its 95 % interval");
  app.add_option("--as-of", flags->as_of, "Only what was known by the end of that day, YYYY-MM-DD");
  app.callback([flags, &run] {
    run = [flags] {
      const base::Status status = Smooth(*flags);
      if (status.ok()) return kExitOk;
      std::cerr << base::Message(status) << "\n";
      return status.code() == base::StatusCode::kInvalidArgument ? kExitUsage : kExitRuntime;
    };
  });
}

}  // namespace belgrand::cli
