// One control of false alarms over all districts, sites and targets together.
//
// Two promises, each optional:
//   budget     at most so many false alerts in a district and year. Half of it is the district's
//              own signals', in equal parts by target, half that of its sites, in equal parts by
//              site, target and detector; where only one kind is in use it has all. A stream's
//              limit is the score that its detector reaches so often where nothing rises
//              (null_rates.h).
//   discovery  of all that is raised, at most a share q is false: Benjamini-Hochberg over all
//              streams seen in the last 60 days. The hypothesis of a stream (detector, area,
//              target) is that nothing has risen there in the last 28 days; its p-value is the
//              probability that the detector would have reached, in 28 quiet days, the highest
//              score that it did reach, 1 - exp(-rate 28 days). So a lone signal must be stronger
//              the more is watched, and many at once bear each other out.
//
// Why not p-values of single looks in LORD or SAFFRON: those ask for independent looks, and here
// every look reads the same weeks again. docs/methods.md, section 11, says more.
//
// Only new signals are held back; one that stands is not. What is read later than 28 days after
// something newer became known (an archive) is judged alone, at q over the number of streams.
// The state is a pure function of the sequence of calls. Thread safety: none; one owner.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "detection/detector.h"
#include "platform/base/error.h"
#include "sample/texts.h"

namespace belgrand::detection {

struct FalseAlarmPolicy {
  // False alerts a district and year; 0: each detector's own limit.
  double per_district_year = 0;
  // Share of what is raised that may be false, below 1; 0: not controlled.
  double discovery_rate = 0;
  bool active() const { return per_district_year > 0 || discovery_rate > 0; }
};

class FalseAlarmControl {
 public:
  static constexpr std::int64_t kWindowDays = 28;
  static constexpr std::int64_t kSeenDays = 60;

  // InvalidArgument: a number out of range, or a detector without a known rate of false alarms.
  static base::StatusOr<std::unique_ptr<FalseAlarmControl>> Create(
      const FalseAlarmPolicy& policy, std::span<const Detector* const> detectors);

  // Names one detector on one area and target of a district; the same number for the same names.
  std::size_t StreamOf(std::size_t detector, const std::string& district, const std::string& target,
                       const std::string& area);

  enum class Standing { kQuiet, kHeld };
  struct Verdict {
    // What the score is compared with.
    double limit = 0;
    // kQuiet: whether a signal may be raised now.
    bool admitted = false;
    // What a signal raised now had to reach: `limit` or, where that asks for more, the control of
    // discoveries.
    double stated_limit = 0;
  };
  // Takes one evaluation of a stream, known on day `known`.
  Verdict Take(std::size_t stream, const Finding& finding, std::int64_t known, Standing standing);
  // What the score of the stream is compared with now.
  double Limit(std::size_t stream) const;

  const FalseAlarmPolicy& policy() const { return policy_; }
  // "2 a district and year, 0.2 of all": for logs and fingerprints.
  std::string Describe() const;
  std::string WordsFor(const Verdict& verdict, sample::Language language) const;

 private:
  // p-values are rounded up to steps of 1/64 of a decade.
  static constexpr int kStepsPerDecade = 64;
  static constexpr int kBins = 16 * kStepsPerDecade;
  static constexpr std::int64_t kNever = INT64_MIN;

  struct Stream {
    std::size_t detector = 0;
    std::size_t district = 0;
    std::int64_t seen = kNever;
    std::int64_t best_day = kNever;
    int best_bin = 0;
  };
  // By level: streams of a district seen lately.
  struct District {
    std::array<std::uint32_t, 2> streams{};
  };

  FalseAlarmControl(const FalseAlarmPolicy& policy, std::span<const Detector* const> detectors);
  static std::size_t LevelIndex(AreaLevel level) { return level == AreaLevel::kSite ? 0 : 1; }
  void Advance(std::int64_t day);
  void See(std::size_t stream, std::int64_t day);
  void Remember(std::size_t stream, int bin, std::int64_t day);
  void Drop(std::size_t stream);
  double AllowedRate(const Stream& stream) const;
  // p-values up to this are discoveries.
  double Cut() const;

  const FalseAlarmPolicy policy_;
  const std::vector<const Detector*> detectors_;
  std::array<bool, 2> uses_level_{};
  std::int64_t now_ = kNever;
  std::vector<Stream> streams_;
  std::vector<District> districts_;
  std::map<std::string, std::size_t> district_index_;
  std::map<std::tuple<std::size_t, std::string, std::string, std::string>, std::size_t> index_;
  // (day, stream): who leaves next.
  std::set<std::pair<std::int64_t, std::size_t>> seen_;
  std::set<std::pair<std::int64_t, std::size_t>> best_;
  // Streams by the bin of their p-value; a higher bin is a smaller p.
  std::vector<std::uint32_t> bins_;
};

}  // namespace belgrand::detection
