#include "services/cli/backtest_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <system_error>

#include "platform/base/file.h"

namespace belgrand::cli {
namespace {

using detection::ComparedDetector;
using detection::Tally;
using detection::Trial;
using nlohmann::ordered_json;

std::string Days(const std::optional<int>& days) { return days ? std::to_string(*days) : ""; }

constexpr char kTallyColumns[] =
    "events,caught,met,sensitivity,sensitivity_low,sensitivity_high,ppv,true_alerts,false_alerts,"
    "area_years,false_per_area_year,"
    "days_q25,days_median,days_q75";

std::string TallyCsv(const Tally& t) {
  const auto [low, high] = t.sensitivity_interval();
  return fmt::format("{},{},{},{:.4f},{:.4f},{:.4f},{:.4f},{},{},{:.3f},{:.4f},{},{},{}", t.events,
                     t.caught, t.met, t.sensitivity(), low, high, t.ppv(), t.true_alerts,
                     t.false_alerts, t.area_years, t.false_rate(), Days(t.Quantile(0.25)),
                     Days(t.Quantile(0.5)), Days(t.Quantile(0.75)));
}

std::string ThresholdText(const ComparedDetector& detector, const std::optional<std::size_t>& at) {
  return at ? fmt::format("{:.6g}", detector.curve[*at].threshold) : "";
}

// Six digits: more would show how a platform rounds.
double Rounded(double value) { return std::stod(fmt::format("{:.6g}", value)); }

ordered_json TallyJson(const Tally& t) {
  ordered_json json = {
      {"events", t.events},
      {"caught", t.caught},
      {"met", t.met},
      {"sensitivity", Rounded(t.sensitivity())},
      {"sensitivity_95",
       {Rounded(t.sensitivity_interval().first), Rounded(t.sensitivity_interval().second)}},
      {"ppv", Rounded(t.ppv())},
      {"true_alerts", t.true_alerts},
      {"false_alerts", t.false_alerts},
      {"area_years", Rounded(t.area_years)},
      {"false_per_area_year", Rounded(t.false_rate())}};
  const auto quantile = [&](double p) {
    const auto days = t.Quantile(p);
    return days ? ordered_json(*days) : ordered_json(nullptr);
  };
  json["days"] = {{"q25", quantile(0.25)}, {"median", quantile(0.5)}, {"q75", quantile(0.75)}};
  for (const auto& [factor, counts] : t.by_factor) {
    json["by_factor"].push_back(
        {{"factor", factor}, {"caught", counts.first}, {"events", counts.second}});
  }
  return json;
}

ordered_json DetectorJson(const ComparedDetector& detector) {
  const auto threshold = [&](const std::optional<std::size_t>& at) {
    return at ? ordered_json(Rounded(detector.curve[*at].threshold)) : ordered_json(nullptr);
  };
  ordered_json json = {{"detector", detector.name},
                       {"chosen_on_a", threshold(detector.chosen_on_a)},
                       {"chosen_on_b", threshold(detector.chosen_on_b)},
                       {"held_out", TallyJson(detector.held_out)},
                       {"own_threshold", threshold(detector.own)},
                       {"at_own_threshold", TallyJson(detector.curve[detector.own].tally)}};
  json["missed"] = ordered_json::array();
  for (const auto& [area, target, first] : detector.held_out.missed) {
    json["missed"].push_back(
        {{"area", area}, {"target", target}, {"first_day", base::FormatDay(first)}});
  }
  if (detector.duel) {
    const auto& duel = *detector.duel;
    json["beside_own"] = {
        {"both", duel.both},
        {"only_own", duel.only_own},
        {"only_this", duel.only_this},
        {"own_earlier_days",
         duel.own_earlier_days ? ordered_json(*duel.own_earlier_days) : ordered_json(nullptr)}};
  }
  for (const auto& point : detector.curve) {
    ordered_json entry = TallyJson(point.tally);
    entry["threshold"] = Rounded(point.threshold);
    json["curve"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

std::string_view NameOf(detection::TrialKind kind) {
  return kind == detection::TrialKind::kWaves ? "waves" : "spikes";
}

std::string ComparisonCsv(const BacktestReport& report) {
  std::string text =
      fmt::format("trial,detector,budget,selection,threshold_a,threshold_b,{}\n", kTallyColumns);
  for (const Trial& trial : report.trials) {
    for (const ComparedDetector& d : trial.detectors) {
      text += fmt::format("{},{},{:g},held_out,{},{},{}\n", NameOf(trial.kind), d.name,
                          trial.budget, ThresholdText(d, d.chosen_on_a),
                          ThresholdText(d, d.chosen_on_b), TallyCsv(d.held_out));
      const std::string own = ThresholdText(d, d.own);
      text += fmt::format("{},{},{:g},own_threshold,{},{},{}\n", NameOf(trial.kind), d.name,
                          trial.budget, own, own, TallyCsv(d.curve[d.own].tally));
    }
  }
  return text;
}

std::string CurveCsv(const BacktestReport& report) {
  std::string text = fmt::format("trial,detector,threshold,{}\n", kTallyColumns);
  for (const Trial& trial : report.trials) {
    for (const ComparedDetector& d : trial.detectors) {
      for (const auto& point : d.curve) {
        text += fmt::format("{},{},{:.6g},{}\n", NameOf(trial.kind), d.name, point.threshold,
                            TallyCsv(point.tally));
      }
    }
  }
  return text;
}

std::string ReportJson(const BacktestReport& report) {
  ordered_json json = {{"samples", report.samples}, {"observations", report.observations.size()}};
  if (!report.waves_origin.empty()) json["waves_from"] = report.waves_origin;
  for (const detection::Wave& w : report.waves) {
    json["waves"].push_back({{"area", w.area_id},
                             {"target", w.target},
                             {"onset", base::FormatDay(w.onset)},
                             {"peak", base::FormatDay(w.peak)}});
  }
  for (const Trial& trial : report.trials) {
    ordered_json entry = {{"trial", NameOf(trial.kind)},
                          {"budget_per_area_year", trial.budget},
                          {"half_a", trial.half_a},
                          {"half_b", trial.half_b}};
    for (const ComparedDetector& d : trial.detectors) {
      entry["detectors"].push_back(DetectorJson(d));
    }
    json["trials"].push_back(std::move(entry));
  }
  return json.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

base::Status WriteReport(const BacktestReport& report, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return base::InvalidArgument("--report {}: {}", folder.string(), error.message());
  }
  const auto write = [&](const char* name, const std::string& text) {
    return base::WriteFileAtomically(folder / name, text, 0644);
  };
  RETURN_IF_ERROR(write("comparison.csv", ComparisonCsv(report)));
  RETURN_IF_ERROR(write("curve.csv", CurveCsv(report)));
  RETURN_IF_ERROR(write("report.json", ReportJson(report)));
  RETURN_IF_ERROR(write("report.html", ReportHtml(report)));
  RETURN_IF_ERROR(write("report.fr.html", ReportHtml(report, Language::kFrench)));
  if (report.spikes.empty()) return base::OkStatus();
  return write("injected.csv", detection::SpikesCsv(report.spikes));
}

}  // namespace belgrand::cli
