#include "services/timeseries/columns.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

namespace belgrand::timeseries {
namespace {

enum IntegerForm : char { kEqual = 0, kFromLeast = 1, kFromPrevious = 2 };
// The form of doubles is the number of decimals + 1, or kExactBits.
constexpr char kExactBits = 0;
constexpr std::uint64_t kMaxDecimals = 6;
enum TextForm : char { kOneText = 0, kEachText = 1, kDictionary = 2, kNumbered = 3, kMixed = 4 };
constexpr std::size_t kMaxPrefix = 64;
constexpr std::size_t kMaxDigits = 18;  // of a number that an int64 holds
// A dictionary is not worth its codes when more than this part of the values differ.
constexpr std::size_t kMaxDistinctPart = 2;

std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t UnZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
}

// Values as multiples of a common step above a least value, by bytes of equal weight.
struct Frame {
  std::int64_t least = 0;
  std::uint64_t step = 1;
  unsigned width = 0;  // bytes a value
};

Frame FrameOf(std::span<const std::int64_t> values) {
  Frame frame;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  frame.least = *least;
  const std::uint64_t range =
      static_cast<std::uint64_t>(*most) - static_cast<std::uint64_t>(*least);
  if (range == 0) return frame;
  frame.step = range;
  for (const std::int64_t value : values) {
    const std::uint64_t above =
        static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(frame.least);
    if (above % frame.step != 0) frame.step = std::gcd(frame.step, above);
    if (frame.step == 1) break;
  }
  frame.width = static_cast<unsigned>(std::bit_width(range / frame.step) + 7) / 8;
  return frame;
}

void AppendPlanes(std::string& out, std::span<const std::uint64_t> values, unsigned width) {
  const std::size_t at = out.size();
  out.resize(at + width * values.size());
  char* plane = out.data() + at;
  for (unsigned byte = 0; byte < width; ++byte, plane += values.size()) {
    const unsigned shift = 8 * byte;
    for (std::size_t i = 0; i < values.size(); ++i) {
      plane[i] = static_cast<char>(values[i] >> shift);
    }
  }
}

bool TakePlanes(std::string_view& in, std::size_t count, unsigned width,
                std::vector<std::uint64_t>& values) {
  values.assign(count, 0);
  if (width > 8 || in.size() / std::max(width, 1U) < (width == 0 ? 0 : count)) return false;
  for (unsigned byte = 0; byte < width; ++byte) {
    const unsigned shift = 8 * byte;
    for (std::size_t i = 0; i < count; ++i) {
      values[i] |= static_cast<std::uint64_t>(static_cast<unsigned char>(in[i])) << shift;
    }
    in.remove_prefix(count);
  }
  return true;
}

void AppendFrame(std::string& out, const Frame& frame, std::span<const std::int64_t> values) {
  AppendVarint(out, ZigZag(frame.least));
  AppendVarint(out, frame.step);
  out.push_back(static_cast<char>(frame.width));
  if (frame.width == 0) return;
  std::vector<std::uint64_t> multiples(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    multiples[i] = static_cast<std::uint64_t>(values[i]) - static_cast<std::uint64_t>(frame.least);
  }
  if (frame.step != 1) {
    for (std::uint64_t& multiple : multiples) multiple /= frame.step;
  }
  AppendPlanes(out, multiples, frame.width);
}

bool TakeFrame(std::string_view& in, std::size_t count, std::vector<std::int64_t>& values) {
  std::uint64_t least = 0;
  std::uint64_t step = 0;
  if (!TakeVarint(in, least) || !TakeVarint(in, step) || in.empty()) return false;
  const auto width = static_cast<unsigned char>(in.front());
  in.remove_prefix(1);
  std::vector<std::uint64_t> multiples;
  if (!TakePlanes(in, count, width, multiples)) return false;
  const auto base = static_cast<std::uint64_t>(UnZigZag(least));
  values.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = static_cast<std::int64_t>(base + multiples[i] * step);
  }
  return true;
}

// The fewest decimals that give every value back exactly; kMaxDecimals + 1 when none do.
std::uint64_t DecimalsOf(std::span<const double> values, std::vector<std::int64_t>& scaled) {
  constexpr double kLargest = 1e15;  // below 2^53: the division gives the decimal's own double
  double scale = 1;
  std::uint64_t decimals = 0;
  scaled.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double product = values[i] * scale;
    if (!(std::fabs(product) < kLargest)) return kMaxDecimals + 1;
    const auto whole = static_cast<std::int64_t>(std::nearbyint(product));
    const double back = static_cast<double>(whole) / scale;
    if (std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(values[i])) {
      scaled[i] = whole;
      continue;
    }
    if (++decimals > kMaxDecimals) return decimals;
    scale *= 10;
    i = static_cast<std::size_t>(-1);  // again from the first, with one more decimal
  }
  return decimals;
}

std::uint64_t HashOf(std::string_view text) {
  std::uint64_t hash = 0x9e3779b97f4a7c15U ^ text.size();
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 0xff51afd7ed558ccdU;
    hash ^= hash >> 32U;
  };
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    mix(word);
    text.remove_prefix(8);
  }
  if (!text.empty()) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), text.size());
    mix(word);
  }
  return hash;
}

// Numbers the distinct texts of a column in the order in which they appear.
class Dictionary {
 public:
  explicit Dictionary(std::size_t rows) : slots_(std::bit_ceil(2 * rows + 2), -1) {}

  std::int64_t Code(std::string_view text) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = HashOf(text) & mask;; slot = (slot + 1) & mask) {
      if (slots_[slot] < 0) {
        slots_[slot] = static_cast<std::int32_t>(texts_.size());
        texts_.push_back(text);
      }
      if (texts_[static_cast<std::size_t>(slots_[slot])] == text) return slots_[slot];
    }
  }
  const std::vector<std::string_view>& texts() const { return texts_; }

 private:
  std::vector<std::int32_t> slots_;
  std::vector<std::string_view> texts_;
};

void AppendEach(std::string& out, std::span<const std::string_view> values) {
  std::vector<std::int64_t> sizes(values.size());
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sizes[i] = static_cast<std::int64_t>(values[i].size());
    bytes += values[i].size();
  }
  AppendIntegers(out, sizes);
  out.reserve(out.size() + bytes);
  for (const std::string_view value : values) out.append(value);
}

bool TakeEach(std::string_view& in, std::size_t count, std::vector<std::string_view>& values) {
  std::vector<std::int64_t> sizes;
  if (!TakeIntegers(in, count, sizes)) return false;
  values.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (sizes[i] < 0 || static_cast<std::uint64_t>(sizes[i]) > in.size()) return false;
    values[i] = in.substr(0, static_cast<std::size_t>(sizes[i]));
    in.remove_prefix(values[i].size());
  }
  return true;
}

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::int64_t NumberOf(std::string_view digits) {
  std::int64_t number = 0;
  for (const char c : digits) number = 10 * number + (c - '0');
  return number;
}

// `number` with leading zeros; false: it has more digits.
bool WriteDigits(std::int64_t number, char* text, std::size_t digits) {
  if (number < 0) return false;
  for (std::size_t at = digits; at > 0; --at) {
    text[at - 1] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  return number == 0;
}

// What laboratories number: equal texts up to decimal numbers of one width. False: they are not.
bool AppendNumbered(std::string& out, std::span<const std::string_view> values) {
  const std::string_view first = values.front();
  std::size_t prefix = first.size();
  for (const std::string_view value : values) {
    if (value.size() != first.size()) return false;
    const auto common = first.substr(0, prefix);
    const auto differs = std::mismatch(common.begin(), common.end(), value.begin()).first;
    prefix = static_cast<std::size_t>(differs - common.begin());
  }
  const std::size_t width = first.size() - prefix;
  if (prefix > kMaxPrefix || width > kMaxDigits) return false;
  std::vector<std::int64_t> numbers;
  numbers.reserve(values.size());
  for (const std::string_view value : values) {
    if (!AllDigits(value.substr(prefix))) return false;
    numbers.push_back(NumberOf(value.substr(prefix)));
  }
  out.push_back(kNumbered);
  AppendVarint(out, prefix);
  out.append(first.substr(0, prefix));
  out.push_back(static_cast<char>(width));
  AppendIntegers(out, numbers);
  return true;
}

bool TakeNumbered(std::string_view& in, std::size_t count, std::vector<std::string_view>& values,
                  std::string& made) {
  std::uint64_t size = 0;
  if (!TakeVarint(in, size) || size > kMaxPrefix || size >= in.size()) return false;
  const std::string_view prefix = in.substr(0, size);
  const auto width = static_cast<std::size_t>(static_cast<unsigned char>(in[size]));
  in.remove_prefix(size + 1);
  std::vector<std::int64_t> numbers;
  if (width > kMaxDigits || !TakeIntegers(in, count, numbers)) return false;
  const std::size_t length = prefix.size() + width;
  made.resize(count * length);
  values.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    char* const text = made.data() + i * length;
    std::copy(prefix.begin(), prefix.end(), text);
    if (!WriteDigits(numbers[i], text + prefix.size(), width)) return false;
    values[i] = {text, length};
  }
  return true;
}

// Decimal numbers of one width, and among them texts of any kind. False: too few are numbers.
bool AppendMixed(std::string& out, std::span<const std::string_view> values) {
  std::array<std::size_t, kMaxDigits + 1> widths{};
  for (const std::string_view value : values) {
    if (!value.empty() && value.size() <= kMaxDigits && AllDigits(value)) ++widths[value.size()];
  }
  const auto most = std::max_element(widths.begin(), widths.end());
  if (2 * *most < values.size()) return false;
  const auto width = static_cast<std::size_t>(most - widths.begin());
  std::vector<bool> is_number(values.size());
  std::vector<std::int64_t> numbers;
  std::vector<std::string_view> others;
  for (std::size_t i = 0; i < values.size(); ++i) {
    is_number[i] = values[i].size() == width && AllDigits(values[i]);
    if (is_number[i]) {
      numbers.push_back(NumberOf(values[i]));
    } else {
      others.push_back(values[i]);
    }
  }
  out.push_back(kMixed);
  out.push_back(static_cast<char>(width));
  AppendBits(out, is_number);
  AppendIntegers(out, numbers);
  AppendEach(out, others);
  return true;
}

bool TakeMixed(std::string_view& in, std::size_t count, std::vector<std::string_view>& values,
               std::string& made) {
  if (in.empty()) return false;
  const auto width = static_cast<std::size_t>(static_cast<unsigned char>(in.front()));
  in.remove_prefix(1);
  std::vector<bool> is_number;
  if (width > kMaxDigits || !TakeBits(in, count, is_number)) return false;
  const auto size = static_cast<std::size_t>(std::count(is_number.begin(), is_number.end(), true));
  std::vector<std::int64_t> numbers;
  std::vector<std::string_view> others;
  if (!TakeIntegers(in, size, numbers) || !TakeEach(in, count - size, others)) return false;
  made.resize(size * width);
  values.resize(count);
  std::size_t number = 0;
  std::size_t other = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_number[i]) {
      values[i] = others[other++];
      continue;
    }
    char* const text = made.data() + number * width;
    if (!WriteDigits(numbers[number++], text, width)) return false;
    values[i] = {text, width};
  }
  return true;
}

}  // namespace

void AppendVarint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) out.push_back(static_cast<char>(value | 0x80U));
  out.push_back(static_cast<char>(value));
}

bool TakeVarint(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

void AppendIntegers(std::string& out, std::span<const std::int64_t> values) {
  const bool equal = std::all_of(values.begin(), values.end(),
                                 [&](std::int64_t value) { return value == values.front(); });
  if (equal) {
    out.push_back(kEqual);
    AppendVarint(out, values.empty() ? 0 : ZigZag(values.front()));
    return;
  }
  const Frame whole = FrameOf(values);
  std::vector<std::int64_t> steps(values.size() - 1);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    steps[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(values[i + 1]) -
                                         static_cast<std::uint64_t>(values[i]));
  }
  const Frame difference = FrameOf(steps);
  if (difference.width < whole.width) {
    out.push_back(kFromPrevious);
    AppendVarint(out, ZigZag(values.front()));
    AppendFrame(out, difference, steps);
  } else {
    out.push_back(kFromLeast);
    AppendFrame(out, whole, values);
  }
}

bool TakeIntegers(std::string_view& in, std::size_t count, std::vector<std::int64_t>& values) {
  if (in.empty()) return false;
  const char form = in.front();
  in.remove_prefix(1);
  if (form == kFromLeast) return TakeFrame(in, count, values);
  std::uint64_t first = 0;
  if (!TakeVarint(in, first)) return false;
  if (form == kEqual) {
    values.assign(count, UnZigZag(first));
    return true;
  }
  if (form != kFromPrevious || count == 0) return false;
  std::vector<std::int64_t> steps;
  if (!TakeFrame(in, count - 1, steps)) return false;
  values.resize(count);
  auto value = static_cast<std::uint64_t>(UnZigZag(first));
  values[0] = static_cast<std::int64_t>(value);
  for (std::size_t i = 1; i < count; ++i) {
    value += static_cast<std::uint64_t>(steps[i - 1]);
    values[i] = static_cast<std::int64_t>(value);
  }
  return true;
}

bool HoldsOneInteger(std::string_view in) { return !in.empty() && in.front() == kEqual; }
bool HoldsOneDouble(std::string_view in) {
  return !in.empty() && in.front() != kExactBits && HoldsOneInteger(in.substr(1));
}
bool HoldsOneText(std::string_view in) { return !in.empty() && in.front() == kOneText; }

void AppendDoubles(std::string& out, std::span<const double> values) {
  std::vector<std::int64_t> scaled;
  const std::uint64_t decimals = DecimalsOf(values, scaled);
  if (decimals <= kMaxDecimals) {
    out.push_back(static_cast<char>(decimals + 1));
    AppendIntegers(out, scaled);
    return;
  }
  out.push_back(kExactBits);
  std::vector<std::uint64_t> bits(values.size());
  std::transform(values.begin(), values.end(), bits.begin(),
                 [](double value) { return std::bit_cast<std::uint64_t>(value); });
  AppendPlanes(out, bits, 8);
}

bool TakeDoubles(std::string_view& in, std::size_t count, std::vector<double>& values) {
  if (in.empty()) return false;
  const auto form = static_cast<unsigned char>(in.front());
  in.remove_prefix(1);
  values.resize(count);
  if (form == kExactBits) {
    std::vector<std::uint64_t> bits;
    if (!TakePlanes(in, count, 8, bits)) return false;
    std::transform(bits.begin(), bits.end(), values.begin(),
                   [](std::uint64_t value) { return std::bit_cast<double>(value); });
    return true;
  }
  if (form > kMaxDecimals + 1) return false;
  std::vector<std::int64_t> scaled;
  if (!TakeIntegers(in, count, scaled)) return false;
  double scale = 1;
  for (int i = 1; i < form; ++i) scale *= 10;
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<double>(scaled[i]) / scale;
  return true;
}

void AppendTexts(std::string& out, std::span<const std::string_view> values) {
  const bool equal = std::all_of(values.begin(), values.end(),
                                 [&](std::string_view value) { return value == values.front(); });
  if (equal) {
    const std::string_view text = values.empty() ? std::string_view() : values.front();
    out.push_back(kOneText);
    AppendVarint(out, text.size());
    out.append(text);
    return;
  }
  Dictionary dictionary(values.size());
  std::vector<std::int64_t> codes(values.size());
  bool worth = true;
  for (std::size_t i = 0; i < values.size() && worth; ++i) {
    codes[i] = i > 0 && values[i] == values[i - 1] ? codes[i - 1] : dictionary.Code(values[i]);
    // Given up early, so that a column of identifiers costs little more than a look.
    worth = dictionary.texts().size() <= 16 + i / kMaxDistinctPart;
  }
  if (!worth || dictionary.texts().size() > values.size() / kMaxDistinctPart) {
    if (AppendNumbered(out, values) || AppendMixed(out, values)) return;
    out.push_back(kEachText);
    AppendEach(out, values);
    return;
  }
  out.push_back(kDictionary);
  AppendVarint(out, dictionary.texts().size());
  AppendEach(out, dictionary.texts());
  AppendIntegers(out, codes);
}

bool TakeTexts(std::string_view& in, std::size_t count, std::vector<std::string_view>& values,
               std::string& made) {
  if (in.empty()) return false;
  const char form = in.front();
  in.remove_prefix(1);
  if (form == kEachText) return TakeEach(in, count, values);
  if (form == kNumbered) return TakeNumbered(in, count, values, made);
  if (form == kMixed) return TakeMixed(in, count, values, made);
  std::uint64_t size = 0;
  if (!TakeVarint(in, size)) return false;
  if (form == kOneText) {
    if (size > in.size()) return false;
    values.assign(count, in.substr(0, size));
    in.remove_prefix(size);
    return true;
  }
  std::vector<std::string_view> texts;
  std::vector<std::int64_t> codes;
  if (form != kDictionary || size > count || !TakeEach(in, size, texts) ||
      !TakeIntegers(in, count, codes)) {
    return false;
  }
  values.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (codes[i] < 0 || static_cast<std::uint64_t>(codes[i]) >= texts.size()) return false;
    values[i] = texts[static_cast<std::size_t>(codes[i])];
  }
  return true;
}

void AppendBits(std::string& out, const std::vector<bool>& bits) {
  std::string bytes((bits.size() + 7) / 8, '\0');
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (bits[i]) bytes[i / 8] = static_cast<char>(bytes[i / 8] | (1 << (i % 8)));
  }
  out += bytes;
}

bool TakeBits(std::string_view& in, std::size_t count, std::vector<bool>& bits) {
  const std::size_t bytes = (count + 7) / 8;
  if (in.size() < bytes) return false;
  bits.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    bits[i] = ((static_cast<unsigned char>(in[i / 8]) >> (i % 8)) & 1U) != 0;
  }
  in.remove_prefix(bytes);
  return true;
}

}  // namespace belgrand::timeseries
