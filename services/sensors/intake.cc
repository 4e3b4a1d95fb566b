// The half of the series that takes readings.
#include <algorithm>
#include <bit>
#include <map>

#include "services/sensors/layout.h"
#include "services/sensors/series.h"

namespace belgrand::sensors {
namespace {

using sensor::Point;
using sensor::Points;

}  // namespace

Series::Epoch& Intake::EpochOf(std::uint64_t number) {
  auto at = std::find_if(epochs_.begin(), epochs_.end(),
                         [&](const Series::Epoch& epoch) { return epoch.number == number; });
  if (at == epochs_.end()) {
    if (epochs_.size() == Series::kMaxEpochs) epochs_.erase(epochs_.begin());
    epochs_.push_back({number, {}});
    return epochs_.back();
  }
  std::rotate(at, at + 1, epochs_.end());
  return epochs_.back();
}

void Intake::Compare(const Point& known, const Point& point, Receipt& receipt) {
  const bool same =
      known.missing() == point.missing() &&
      std::bit_cast<std::uint64_t>(known.value) == std::bit_cast<std::uint64_t>(point.value);
  ++(same ? receipt.duplicate : receipt.conflicting);
}

void Intake::Place(const Point& point, Receipt& receipt) {
  const std::int64_t time = point.time_us;
  const Points& open = series_.open_;
  // A series that has chunks has open readings too.
  if (series_.sealed_through_ && time < open.front().time_us) {
    late_.push_back({point, &receipt});
    return;
  }
  if (!open.empty() && time <= open.back().time_us) {
    const auto at = std::lower_bound(open.begin(), open.end(), time,
                                     [](const Point& p, std::int64_t t) { return p.time_us < t; });
    if (at->time_us == time) return Compare(*at, point, receipt);
  }
  fresh_.push_back({point, &receipt});
}

// In the order of time, the first of each instant.
void Intake::SortFresh() {
  const auto earlier = [](const Fresh& a, const Fresh& b) {
    return a.point.time_us < b.point.time_us;
  };
  const bool in_order =
      std::adjacent_find(fresh_.begin(), fresh_.end(), [&](const Fresh& a, const Fresh& b) {
        return !earlier(a, b);
      }) == fresh_.end();
  if (in_order) return;
  std::stable_sort(fresh_.begin(), fresh_.end(), earlier);
  std::vector<Fresh> kept;
  for (const Fresh& fresh : fresh_) {
    if (!kept.empty() && kept.back().point.time_us == fresh.point.time_us) {
      Compare(kept.back().point, fresh.point, *fresh.receipt);
    } else {
      kept.push_back(fresh);
    }
  }
  fresh_ = std::move(kept);
}

void Intake::Add(const Arrival& arrival, Receipt& receipt) {
  Series::Epoch& epoch = EpochOf(arrival.epoch);
  if (!arrival.readings.empty()) {
    const std::uint64_t first = arrival.first_sequence;
    const std::uint64_t last = first + arrival.readings.size() - 1;
    sensor::SequenceWindow window = epoch.window;
    window.Add(first, last);
    if (window.full()) {
      receipt.too_many_gaps = true;
    } else {
      for (std::size_t i = 0; i < arrival.readings.size(); ++i) {
        if (!arrival.readings[i]) continue;
        if (epoch.window.Contains(first + i)) {
          ++receipt.duplicate;
        } else {
          Place(*arrival.readings[i], receipt);
        }
      }
      epochs_changed_ = epochs_changed_ || window.through() != epoch.window.through() ||
                        window.islands() != epoch.window.islands();
      epoch.window = window;
    }
  }
  receipt.acknowledged_through = epoch.window.through();
}

base::Status Intake::Weave(storage::Batch& batch) {
  std::stable_sort(late_.begin(), late_.end(), [](const Fresh& a, const Fresh& b) {
    return a.point.time_us < b.point.time_us;
  });
  weaver_ = std::make_unique<Weaver>(series_.store_, series_.prefix_, series_.history_,
                                     series_.open_, *series_.sealed_through_);
  std::vector<Fresh> stored;
  std::optional<Point> before;
  for (const Fresh& late : late_) {
    if (before && before->time_us == late.point.time_us) {
      Compare(*before, late.point, *late.receipt);
      continue;
    }
    ASSIGN_OR_RETURN(const Weaver::Outcome outcome, weaver_->Add(late.point));
    if (outcome == Weaver::Outcome::kDuplicate) ++late.receipt->duplicate;
    if (outcome == Weaver::Outcome::kConflicting) ++late.receipt->conflicting;
    if (outcome != Weaver::Outcome::kStored) continue;
    before = late.point;
    stored.push_back(late);
  }
  late_ = std::move(stored);
  return weaver_->Finish(batch);
}

base::Status Intake::Plan(storage::Batch& batch) {
  SortFresh();
  if (!late_.empty()) RETURN_IF_ERROR(Weave(batch));
  if (!fresh_.empty()) {
    Points points;
    points.reserve(fresh_.size());
    for (const Fresh& fresh : fresh_) points.push_back(fresh.point);
    ASSIGN_OR_RETURN(const std::string value, OpenValue(std::move(points)));
    row_ = series_.next_row_;
    batch.Put(kOpenFamily, OpenKey(series_.prefix_, row_), value);
  }
  std::optional<std::int64_t> sealed = series_.sealed_through_;
  if (weaver_ != nullptr) sealed = weaver_->sealed_through_us();
  if (epochs_changed_ || sealed != series_.sealed_through_) {
    series_.PutRecord(sealed, epochs_, batch);
  }
  return base::OkStatus();
}

base::Status Intake::Apply() {
  series_.epochs_ = std::move(epochs_);
  bool judge_again = false;
  if (weaver_ != nullptr && !weaver_->empty()) {
    series_.sealed_through_ = weaver_->sealed_through_us();
    for (const Fresh& late : late_) {
      ++late.receipt->stored;
      ++late.receipt
            ->by_flag[static_cast<std::size_t>(weaver_->Find(late.point.time_us).mark.flag)];
    }
    judge_again = !series_.open_.empty() && weaver_->newest_us() + Lookback(series_.history_) >=
                                                series_.open_.front().time_us;
  }
  Points& open = series_.open_;
  if (!fresh_.empty()) {
    series_.rows_.push_back(row_);
    series_.next_row_ = row_ + 1;
    const bool in_order = open.empty() || fresh_.front().point.time_us > open.back().time_us;
    if (in_order && !judge_again) {
      for (const Fresh& fresh : fresh_) series_.AppendInOrder(fresh.point);
    } else {
      const auto middle = static_cast<std::ptrdiff_t>(open.size());
      for (const Fresh& fresh : fresh_) open.push_back(fresh.point);
      std::inplace_merge(open.begin(), open.begin() + middle, open.end(),
                         [](const Point& a, const Point& b) { return a.time_us < b.time_us; });
      judge_again = true;
    }
  }
  if (judge_again) RETURN_IF_ERROR(series_.JudgeOpen());
  auto at = open.begin();
  for (const Fresh& fresh : fresh_) {
    at = std::lower_bound(at, open.end(), fresh.point.time_us,
                          [](const Point& p, std::int64_t t) { return p.time_us < t; });
    ++fresh.receipt->stored;
    ++fresh.receipt->by_flag[static_cast<std::size_t>(at->mark.flag)];
  }
  return base::OkStatus();
}

}  // namespace belgrand::sensors
