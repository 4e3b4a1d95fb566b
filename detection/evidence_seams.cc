#include "detection/evidence_seams.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "detection/detector.h"
#include "sample/codes.h"

namespace belgrand::detection {
namespace {

using sample::Measurement;

// One way in which a site is measured, since the level started.
struct Stream {
  const GroupKey* key = nullptr;
  const Measurement* row = nullptr;
  std::int64_t last_day = 0;
};

struct Crossing {
  std::size_t before = 0;  // positions in the streams of the site
  std::size_t after = 0;
  const Measurement* first = nullptr;
};

// The classes of StreamOf: what is not said counts as what is usual.
std::string_view SamplerOf(const Measurement& row) {
  const sample::Sampling sampling = row.collection.sampling;
  const bool usual = sampling != sample::Sampling::kGrab && sampling != sample::Sampling::kPassive;
  return usual ? "composite" : sample::SamplingName(sampling);
}

std::string_view MatrixOf(const Measurement& row) {
  const bool usual = row.collection.matrix <= sample::Matrix::kPostGritRemoval;
  return sample::MatrixName(usual ? sample::Matrix::kRawWastewater : row.collection.matrix);
}

std::string_view FractionOf(const Measurement& row) {
  const bool solid = row.collection.fraction == sample::Fraction::kSolid;
  return sample::FractionName(solid ? sample::Fraction::kSolid : sample::Fraction::kLiquid);
}

const Measurement& RowOf(const SampleGroup& group) {
  return group.rows.begin()->second->measurement;
}

Seam Compare(const Measurement& before, const Measurement& after) {
  Seam seam;
  std::vector<std::string> was;
  std::vector<std::string> is;
  const auto compare = [&](SeamChange change, std::string_view prefix, std::string_view a,
                           std::string_view b) {
    if (a == b) return;
    seam.changes.push_back(change);
    was.push_back(fmt::format("{}{}", prefix, a.empty() ? "-" : a));
    is.push_back(fmt::format("{}{}", prefix, b.empty() ? "-" : b));
  };
  compare(SeamChange::kLaboratory, "", before.laboratory_id, after.laboratory_id);
  compare(SeamChange::kMethod, "", before.method_id, after.method_id);
  compare(SeamChange::kMethodVersion, "version ", before.method_version, after.method_version);
  compare(SeamChange::kGene, "", before.gene, after.gene);
  compare(SeamChange::kSampler, "", SamplerOf(before), SamplerOf(after));
  compare(SeamChange::kMatrix, "", MatrixOf(before), MatrixOf(after));
  compare(SeamChange::kFraction, "", FractionOf(before), FractionOf(after));
  // Several genes may change at once, each by an offset of its own.
  if (before.gene == after.gene && !after.gene.empty()) {
    was.push_back(before.gene);
    is.push_back(after.gene);
  }
  seam.before = fmt::format("{}", fmt::join(was, ", "));
  seam.after = fmt::format("{}", fmt::join(is, ", "));
  return seam;
}

// The stream that a new one follows: of the same gene before others, then the one sampled last.
std::size_t Predecessor(const std::vector<Stream>& streams, const Measurement& row) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < streams.size(); ++i) {
    const bool same = streams[i].row->gene == row.gene;
    const bool best_same = streams[best].row->gene == row.gene;
    if (same != best_same ? same : streams[i].last_day > streams[best].last_day) best = i;
  }
  return best;
}

Seam GapBefore(AreaLevel level, std::int64_t last_day, const GroupKey& key,
               const SampleGroup& group) {
  const auto text = [](std::int64_t day) {
    return base::FormatDay(base::Day(std::chrono::days(day)));
  };
  Seam seam;
  if (level == AreaLevel::kSite) seam.site_id = group.site_id;
  seam.at = RowOf(group).collected_at;
  seam.changes = {SeamChange::kLongGap};
  seam.before = text(last_day);
  seam.after = text(key.day);
  return seam;
}

// What the crossings of a site say with all that is known now.
void AddCrossings(const std::string& site_id, const std::vector<Stream>& streams,
                  const std::vector<Crossing>& crossings, const TrendFilter& filter,
                  std::vector<Seam>& seams) {
  for (const Crossing& crossing : crossings) {
    const Stream& before = streams[crossing.before];
    const Stream& after = streams[crossing.after];
    Seam seam = Compare(*before.row, *after.row);
    const bool side_by_side =
        seam.changes == std::vector{SeamChange::kGene} && before.last_day >= after.key->day;
    if (seam.changes.empty() || side_by_side) continue;
    seam.site_id = site_id;
    seam.at = crossing.first->collected_at;
    if (const auto offset = filter.OffsetBetween(before.key->stream, after.key->stream)) {
      seam.offset_log10 = offset->mean;
      seam.sd_log10 = offset->sd;
    }
    seams.push_back(std::move(seam));
  }
}

}  // namespace

std::vector<Seam> SeamsOf(AreaLevel level, const Track& track) {
  const TrendFilter& filter = track.filter();
  const double oldest = filter.day() - AreaView::kOldestStepDays;
  std::map<std::string, std::vector<Stream>> streams;
  std::map<std::string, std::vector<Crossing>> crossings;
  std::vector<Seam> seams;
  std::optional<std::int64_t> before_gap;
  for (const auto& [key, group] : track.groups()) {
    const double day = static_cast<double>(key.day);
    if (day < filter.segment_start()) {
      before_gap = key.day;
      continue;
    }
    if (before_gap && day >= oldest) seams.push_back(GapBefore(level, *before_gap, key, group));
    before_gap.reset();
    std::vector<Stream>& of_site = streams[group.site_id];
    const std::string& name = key.stream;
    const auto known = std::ranges::find_if(
        of_site, [&](const Stream& stream) { return stream.key->stream == name; });
    if (known != of_site.end()) {
      known->last_day = key.day;
      continue;
    }
    const Measurement& row = RowOf(group);
    if (!of_site.empty() && group.step.opens_segment && day >= oldest) {
      crossings[group.site_id].push_back({Predecessor(of_site, row), of_site.size(), &row});
    }
    of_site.push_back({&key, &row, key.day});
  }
  for (const auto& [site_id, of_site] : crossings) {
    AddCrossings(site_id, streams[site_id], of_site, filter, seams);
  }
  std::ranges::stable_sort(seams, {}, &Seam::at);
  if (seams.size() > kMostSeams)
    seams.erase(seams.begin(), seams.end() - std::ptrdiff_t{kMostSeams});
  return seams;
}

}  // namespace belgrand::detection
