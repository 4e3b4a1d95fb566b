#include "sensor/chunk_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <optional>

#include "sensor/planes.h"

namespace belgrand::sensor {
namespace {

using Numbers = std::vector<std::uint64_t>;

// Stored; cannot be changed.
constexpr std::uint8_t kFormat = 1;
enum TimeForm : std::uint8_t { kRegular = 0, kGrid = 1, kSecondDifferences = 2 };
enum ValueForm : std::uint8_t { kNoValues = 0, kDecimal = 1, kXor = 2, kBitDifferences = 3 };

constexpr std::array kPowersOfTen = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
constexpr double kLargestWhole = 9007199254740992.0;  // 2^53
constexpr unsigned kMaxGridBits = 32;
constexpr unsigned kMaxOrder = 2;

base::Status Damaged(std::string_view what) {
  return base::DataLoss("a chunk of readings is damaged: {}", what);
}

base::Status CheckPoints(const Points& points) {
  if (points.empty() || points.size() > kMaxEncodedPoints) {
    return base::InvalidArgument("a chunk holds 1 to {} readings, not {}", kMaxEncodedPoints,
                                 points.size());
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point& point = points[i];
    if (!std::isfinite(point.value)) {
      return base::InvalidArgument("reading {} is not a finite number: mark it missing", i);
    }
    if (point.missing() && std::bit_cast<std::uint64_t>(point.value) != 0) {
      return base::InvalidArgument("reading {} is missing and has the value {}", i, point.value);
    }
    if (i > 0 && point.time_us <= points[i - 1].time_us) {
      return base::InvalidArgument("reading {} is not later than the one before it", i);
    }
    if (!IsFlag(static_cast<int>(point.mark.flag)) || (point.mark.tests & ~kAllTests) != 0) {
      return base::InvalidArgument("reading {} has no mark of quality control", i);
    }
  }
  return base::OkStatus();
}

// ---- Marks: runs of (length, flag, tests).

void PutMarks(std::string& out, const Points& points) {
  for (std::size_t i = 0; i < points.size();) {
    std::size_t end = i + 1;
    while (end < points.size() && points[end].mark == points[i].mark) ++end;
    PutVarint(out, end - i);
    out.push_back(static_cast<char>(points[i].mark.flag));
    out.push_back(static_cast<char>(points[i].mark.tests));
    i = end;
  }
}

base::Status TakeMarks(Reader& in, Points& points) {
  for (std::size_t i = 0; i < points.size();) {
    ASSIGN_OR_RETURN(const std::uint64_t length, in.Varint());
    ASSIGN_OR_RETURN(const std::uint8_t flag, in.Byte());
    ASSIGN_OR_RETURN(const std::uint8_t tests, in.Byte());
    if (length == 0 || length > points.size() - i || !IsFlag(flag) || (tests & ~kAllTests) != 0) {
      return Damaged("its marks");
    }
    for (const std::size_t end = i + length; i < end; ++i) {
      points[i].mark = {static_cast<Flag>(flag), tests};
    }
  }
  return base::OkStatus();
}

// ---- Times: zigzag of the first, then steps of the largest common unit.

struct Steps {
  std::uint64_t unit = 0;
  Numbers between;  // one fewer than points, in units
};

Steps StepsOf(const Points& points) {
  Steps steps;
  for (std::size_t i = 1; i < points.size(); ++i) {
    const auto step = static_cast<std::uint64_t>(points[i].time_us) -
                      static_cast<std::uint64_t>(points[i - 1].time_us);
    steps.between.push_back(step);
    steps.unit = std::gcd(steps.unit, step);
  }
  for (std::uint64_t& step : steps.between) step /= steps.unit;
  return steps;
}

// Distances to a grid whose step is the mean step. nullopt: they scatter too far to be packed.
std::optional<std::string> AsGrid(const Numbers& between) {
  std::uint64_t total = 0;
  for (const std::uint64_t step : between) {
    if (step > (std::uint64_t{1} << 40) || total > (std::uint64_t{1} << 60)) return std::nullopt;
    total += step;
  }
  const std::uint64_t pitch = (total + between.size() / 2) / between.size();
  std::vector<std::int64_t> distances;
  distances.reserve(between.size());
  std::int64_t at = 0;
  std::int64_t grid = 0;
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
  for (const std::uint64_t step : between) {
    at += static_cast<std::int64_t>(step);
    grid += static_cast<std::int64_t>(pitch);
    distances.push_back(at - grid);
    lowest = std::min(lowest, distances.back());
    highest = std::max(highest, distances.back());
  }
  const auto width =
      static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(WrapSub(highest, lowest))));
  if (width > kMaxGridBits) return std::nullopt;
  Numbers packed;
  packed.reserve(distances.size());
  for (const std::int64_t distance : distances) {
    packed.push_back(static_cast<std::uint64_t>(distance - lowest));
  }
  std::string out;
  PutVarint(out, pitch);
  PutVarint(out, ZigZag(lowest));
  out.push_back(static_cast<char>(width));
  PutPacked(out, packed, width);
  return out;
}

std::string AsSecondDifferences(const Numbers& between) {
  std::string out;
  PutVarint(out, between.front());
  Numbers differences;
  differences.reserve(between.size());
  for (std::size_t i = 1; i < between.size(); ++i) {
    differences.push_back(ZigZag(static_cast<std::int64_t>(between[i] - between[i - 1])));
  }
  PutNumbers(out, differences);
  return out;
}

void PutTimes(std::string& out, const Points& points) {
  PutVarint(out, ZigZag(points.front().time_us));
  if (points.size() == 1) return;
  const Steps steps = StepsOf(points);
  PutVarint(out, steps.unit);
  const auto& between = steps.between;
  if (std::all_of(between.begin(), between.end(), [&](auto s) { return s == between.front(); })) {
    out.push_back(kRegular);
    PutVarint(out, between.front());
    return;
  }
  const std::string differences = AsSecondDifferences(between);
  const std::optional<std::string> grid = AsGrid(between);
  const bool use_grid = grid && grid->size() <= differences.size();
  out.push_back(static_cast<char>(use_grid ? kGrid : kSecondDifferences));
  out.append(use_grid ? *grid : differences);
}

base::StatusOr<Numbers> TakeGrid(Reader& in, std::size_t count) {
  ASSIGN_OR_RETURN(const std::uint64_t pitch, in.Varint());
  ASSIGN_OR_RETURN(const std::uint64_t lowest, in.Varint());
  ASSIGN_OR_RETURN(const std::uint8_t width, in.Byte());
  if (width > kMaxGridBits) return Damaged("its grid of times");
  ASSIGN_OR_RETURN(Numbers packed, TakePacked(in, count, width));
  std::uint64_t grid = 0;
  std::uint64_t before = 0;
  for (std::uint64_t& number : packed) {
    grid += pitch;
    const std::uint64_t at = grid + number + static_cast<std::uint64_t>(UnZigZag(lowest));
    number = at - before;
    before = at;
  }
  return packed;
}

base::StatusOr<Numbers> TakeSecondDifferences(Reader& in, std::size_t count) {
  ASSIGN_OR_RETURN(std::uint64_t step, in.Varint());
  ASSIGN_OR_RETURN(const Numbers differences, TakeNumbers(in, count - 1));
  Numbers between = {step};
  between.reserve(count);
  for (const std::uint64_t difference : differences) {
    step += static_cast<std::uint64_t>(UnZigZag(difference));
    between.push_back(step);
  }
  return between;
}

base::Status TakeTimes(Reader& in, Points& points) {
  ASSIGN_OR_RETURN(const std::uint64_t first, in.Varint());
  points.front().time_us = UnZigZag(first);
  if (points.size() == 1) return base::OkStatus();
  ASSIGN_OR_RETURN(const std::uint64_t unit, in.Varint());
  ASSIGN_OR_RETURN(const std::uint8_t form, in.Byte());
  Numbers between;
  if (form == kRegular) {
    ASSIGN_OR_RETURN(const std::uint64_t step, in.Varint());
    between.assign(points.size() - 1, step);
  } else if (form == kGrid) {
    ASSIGN_OR_RETURN(between, TakeGrid(in, points.size() - 1));
  } else if (form == kSecondDifferences) {
    ASSIGN_OR_RETURN(between, TakeSecondDifferences(in, points.size() - 1));
  } else {
    return Damaged("its form of times");
  }
  for (std::size_t i = 1; i < points.size(); ++i) {
    points[i].time_us =
        WrapAdd(points[i - 1].time_us, static_cast<std::int64_t>(between[i - 1] * unit));
    if (points[i].time_us <= points[i - 1].time_us) return Damaged("its times do not rise");
  }
  return base::OkStatus();
}

// ---- Values: of the points that are not missing.

// The value as a whole number of 10^-exponent; nullopt when it is not exactly one.
std::optional<std::int64_t> Whole(double value, std::size_t exponent) {
  const double scaled = std::nearbyint(value * kPowersOfTen[exponent]);
  if (std::abs(scaled) > kLargestWhole) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(scaled);
  // By way of the integer, which has no -0.
  const double back = static_cast<double>(whole) / kPowersOfTen[exponent];
  if (std::bit_cast<std::uint64_t>(back) != std::bit_cast<std::uint64_t>(value)) {
    return std::nullopt;
  }
  return whole;
}

std::optional<std::size_t> ExponentOf(const std::vector<double>& values) {
  std::size_t exponent = 0;
  for (const double value : values) {
    while (!Whole(value, exponent)) {
      if (++exponent == kPowersOfTen.size()) return std::nullopt;
    }
  }
  // A larger exponent may have become too large for an earlier value.
  for (const double value : values) {
    if (!Whole(value, exponent)) return std::nullopt;
  }
  return exponent;
}

void Difference(std::vector<std::int64_t>& wholes) {
  for (std::size_t i = wholes.size(); i-- > 1;) wholes[i] = WrapSub(wholes[i], wholes[i - 1]);
}

std::uint64_t BitsIn(const std::vector<std::int64_t>& wholes) {
  std::uint64_t bits = 0;
  for (const std::int64_t whole : wholes) {
    bits += static_cast<std::uint64_t>(std::bit_width(ZigZag(whole)));
  }
  return bits;
}

void PutDecimal(std::string& out, const std::vector<double>& values, std::size_t exponent) {
  std::vector<std::int64_t> best;
  std::vector<std::int64_t> wholes;
  for (const double value : values) wholes.push_back(*Whole(value, exponent));
  unsigned best_order = 0;
  best = wholes;
  for (unsigned order = 1; order <= kMaxOrder; ++order) {
    Difference(wholes);
    if (BitsIn(wholes) >= BitsIn(best)) continue;
    best = wholes;
    best_order = order;
  }
  out.push_back(static_cast<char>(exponent));
  out.push_back(static_cast<char>(best_order));
  // The first `order` are large: outside of the planes they do not widen them.
  Numbers rest;
  for (std::size_t i = 0; i < best.size(); ++i) {
    if (i < best_order) {
      PutVarint(out, ZigZag(best[i]));
    } else {
      rest.push_back(ZigZag(best[i]));
    }
  }
  PutNumbers(out, rest);
}

// Doubles as integers in the order of their values, so that near values are near numbers.
std::uint64_t Ordered(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  return (bits >> 63) != 0 ? ~bits : bits | (std::uint64_t{1} << 63);
}
double FromOrdered(std::uint64_t number) {
  const bool negative = (number >> 63) == 0;
  return std::bit_cast<double>(negative ? ~number : number & ~(std::uint64_t{1} << 63));
}

std::string AsXor(const std::vector<double>& values) {
  Numbers numbers;
  std::uint64_t before = 0;
  for (const double value : values) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    numbers.push_back(bits ^ before);
    before = bits;
  }
  std::string out;
  PutNumbers(out, numbers);
  return out;
}

std::string AsBitDifferences(const std::vector<double>& values) {
  Numbers numbers;
  std::uint64_t before = Ordered(values.front());
  for (const double value : values) {
    const std::uint64_t number = Ordered(value);
    numbers.push_back(ZigZag(static_cast<std::int64_t>(number - before)));
    before = number;
  }
  std::string out;
  PutVarint(out, Ordered(values.front()));
  PutNumbers(out, numbers);
  return out;
}

void PutValues(std::string& out, const Points& points) {
  std::vector<double> values;
  values.reserve(points.size());
  for (const Point& point : points) {
    if (!point.missing()) values.push_back(point.value);
  }
  if (values.empty()) {
    out.push_back(kNoValues);
    return;
  }
  if (const auto exponent = ExponentOf(values)) {
    out.push_back(kDecimal);
    PutDecimal(out, values, *exponent);
    return;
  }
  const std::string as_xor = AsXor(values);
  const std::string differences = AsBitDifferences(values);
  const bool use_xor = as_xor.size() <= differences.size();
  out.push_back(static_cast<char>(use_xor ? kXor : kBitDifferences));
  out.append(use_xor ? as_xor : differences);
}

base::StatusOr<std::vector<double>> TakeDecimal(Reader& in, std::size_t count) {
  ASSIGN_OR_RETURN(const std::uint8_t exponent, in.Byte());
  ASSIGN_OR_RETURN(const std::uint8_t order, in.Byte());
  if (exponent >= kPowersOfTen.size() || order > kMaxOrder) return Damaged("its decimal unit");
  std::vector<std::int64_t> wholes;
  const std::size_t heads = std::min<std::size_t>(order, count);
  for (std::size_t i = 0; i < heads; ++i) {
    ASSIGN_OR_RETURN(const std::uint64_t number, in.Varint());
    wholes.push_back(UnZigZag(number));
  }
  ASSIGN_OR_RETURN(const Numbers rest, TakeNumbers(in, count - heads));
  for (const std::uint64_t number : rest) wholes.push_back(UnZigZag(number));
  for (unsigned i = 0; i < order; ++i) {
    for (std::size_t at = 1; at < count; ++at) wholes[at] = WrapAdd(wholes[at], wholes[at - 1]);
  }
  std::vector<double> values;
  values.reserve(count);
  for (const std::int64_t whole : wholes) {
    values.push_back(static_cast<double>(whole) / kPowersOfTen[exponent]);
  }
  return values;
}

base::StatusOr<std::vector<double>> TakeXor(Reader& in, std::size_t count) {
  ASSIGN_OR_RETURN(const Numbers numbers, TakeNumbers(in, count));
  std::vector<double> values;
  std::uint64_t before = 0;
  for (const std::uint64_t number : numbers) {
    before ^= number;
    values.push_back(std::bit_cast<double>(before));
  }
  return values;
}

base::StatusOr<std::vector<double>> TakeBitDifferences(Reader& in, std::size_t count) {
  ASSIGN_OR_RETURN(std::uint64_t at, in.Varint());
  ASSIGN_OR_RETURN(const Numbers numbers, TakeNumbers(in, count));
  std::vector<double> values;
  for (const std::uint64_t number : numbers) {
    at += static_cast<std::uint64_t>(UnZigZag(number));
    values.push_back(FromOrdered(at));
  }
  return values;
}

base::StatusOr<std::vector<double>> TakeForm(Reader& in, std::uint8_t form, std::size_t count) {
  switch (form) {
    case kNoValues:
      return count == 0 ? base::StatusOr<std::vector<double>>(std::vector<double>())
                        : Damaged("it has no values");
    case kDecimal:
      return TakeDecimal(in, count);
    case kXor:
      return TakeXor(in, count);
    case kBitDifferences:
      return TakeBitDifferences(in, count);
    default:
      return Damaged("its form of values");
  }
}

base::Status TakeValues(Reader& in, Points& points) {
  const auto present = static_cast<std::size_t>(
      std::count_if(points.begin(), points.end(), [](const Point& p) { return !p.missing(); }));
  ASSIGN_OR_RETURN(const std::uint8_t form, in.Byte());
  if ((form == kNoValues) != (present == 0)) return Damaged("its count of values");
  ASSIGN_OR_RETURN(const std::vector<double> values, TakeForm(in, form, present));
  std::size_t at = 0;
  for (Point& point : points) {
    if (point.missing()) continue;
    point.value = values[at++];
    if (!std::isfinite(point.value)) return Damaged("a value is not finite");
  }
  return base::OkStatus();
}

}  // namespace

base::StatusOr<std::string> Encode(const Points& points) {
  RETURN_IF_ERROR(CheckPoints(points));
  std::string out;
  out.push_back(static_cast<char>(kFormat));
  PutVarint(out, points.size());
  PutMarks(out, points);
  PutTimes(out, points);
  PutValues(out, points);
  return out;
}

base::StatusOr<Points> Decode(std::string_view bytes) {
  Reader in(bytes);
  ASSIGN_OR_RETURN(const std::uint8_t format, in.Byte());
  if (format != kFormat) return base::DataLoss("a chunk of readings has format {}, not 1", format);
  ASSIGN_OR_RETURN(const std::uint64_t count, in.Varint());
  if (count == 0 || count > kMaxEncodedPoints) return Damaged("its count");
  Points points(count);
  RETURN_IF_ERROR(TakeMarks(in, points));
  RETURN_IF_ERROR(TakeTimes(in, points));
  RETURN_IF_ERROR(TakeValues(in, points));
  if (!in.empty()) return Damaged("something follows its end");
  return points;
}

}  // namespace belgrand::sensor
