#include "sensor/profile.h"

#include <algorithm>
#include <cmath>

namespace belgrand::sensor {
namespace {

constexpr double kNormalQuartile = 0.6745;
constexpr std::size_t kLeastResiduals = kSlotsPerDay;
constexpr std::int64_t kSlotsPerHour = 12;
// Of a quantity taken as a logarithm: a sensor in sewage is not better than two per cent.
constexpr double kLeastLogSpread = 0.02;
// Values of such a quantity are above zero; a dry or clogged cell reads zero.
constexpr double kLeastPositive = 1e-3;
// Beyond this nothing was measured; single precision holds it, and differences of it.
constexpr double kMost = 1e9;

bool IsLogarithmic(Quantity quantity) {
  switch (quantity) {
    case Quantity::kFlow:
    case Quantity::kConductivity:
    case Quantity::kTurbidity:
    case Quantity::kAmmonium:
    case Quantity::kNitrate:
    case Quantity::kCod:
    case Quantity::kTss:
      return true;
    case Quantity::kLevel:
    case Quantity::kTemperature:
    case Quantity::kPh:
    case Quantity::kRedox:
    case Quantity::kDissolvedOxygen:
      return false;
  }
  return false;
}

// The least spread that is believed, in the quantity's unit or as a natural logarithm.
double Least(Quantity quantity) {
  switch (quantity) {
    case Quantity::kLevel:
      return 0.005;
    case Quantity::kTemperature:
      return 0.1;
    case Quantity::kPh:
      return 0.03;
    case Quantity::kRedox:
      return 5;
    case Quantity::kDissolvedOxygen:
      return 0.1;
    default:
      return kLeastLogSpread;
  }
}

std::int64_t FloorDivide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// 1970-01-01 was a Thursday.
std::size_t KindOf(std::int64_t slot) {
  const std::int64_t day = FloorDivide(slot, kSlotsPerDay);
  const std::int64_t weekday = ((day + 3) % 7 + 7) % 7;  // 0 Monday
  return weekday >= 5 ? 1 : 0;
}

int SlotOfDay(std::int64_t slot) {
  return static_cast<int>(slot - FloorDivide(slot, kSlotsPerDay) * kSlotsPerDay);
}

double MedianOf(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Profile::Profile(Quantity quantity) : quantity_(quantity), logarithmic_(IsLogarithmic(quantity)) {
  for (auto& kind : values_) kind.resize(kSlotsPerDay);
}

double Profile::Scaled(double value) const {
  return logarithmic_ ? std::log(std::clamp(value, kLeastPositive, kMost))
                      : std::clamp(value, -kMost, kMost);
}

double Profile::Unscaled(double scaled) const { return logarithmic_ ? std::exp(scaled) : scaled; }

std::optional<double> Profile::MedianOfKind(std::size_t kind, int slot) {
  scratch_.clear();
  if (values_[kind][static_cast<std::size_t>(slot)].size() < kLeastDays) return std::nullopt;
  for (int by = -kNeighbours; by <= kNeighbours; ++by) {
    const int at = (slot + by + kSlotsPerDay) % kSlotsPerDay;
    const auto& of_slot = values_[kind][static_cast<std::size_t>(at)];
    scratch_.insert(scratch_.end(), of_slot.begin(), of_slot.end());
  }
  return MedianOf(scratch_);
}

std::optional<double> Profile::Median(std::int64_t slot_us) {
  const std::int64_t slot = FloorDivide(slot_us, kSlotUs);
  const std::size_t kind = KindOf(slot);
  if (const auto own = MedianOfKind(kind, SlotOfDay(slot))) return own;
  return MedianOfKind(1 - kind, SlotOfDay(slot));
}

double Profile::Spread() {
  scratch_.assign(residuals_.begin(), residuals_.end());
  for (double& residual : scratch_) residual = std::abs(residual);
  return std::max(MedianOf(scratch_) / kNormalQuartile, Least(quantity_));
}

std::optional<Profile::Expected> Profile::Judge(std::int64_t slot_us, double value) {
  const auto median = Median(slot_us);
  if (!median || residuals_.size() < kLeastResiduals) return std::nullopt;
  const std::int64_t hour = FloorDivide(slot_us, kSlotUs * kSlotsPerHour);
  if (hour != spread_slot_) {
    spread_ = Spread();
    spread_slot_ = hour;
  }
  return Expected{Unscaled(*median), (Scaled(value) - *median) / spread_};
}

void Profile::Learn(std::int64_t slot_us, double value) {
  const double scaled = Scaled(value);
  if (const auto median = Median(slot_us)) {
    residuals_.push_back(static_cast<float>(scaled - *median));
    if (residuals_.size() > kResiduals) residuals_.pop_front();
  }
  const std::int64_t slot = FloorDivide(slot_us, kSlotUs);
  auto& of_slot = values_[KindOf(slot)][static_cast<std::size_t>(SlotOfDay(slot))];
  of_slot.push_back(static_cast<float>(scaled));
  if (of_slot.size() > kDays) of_slot.pop_front();
}

}  // namespace belgrand::sensor
