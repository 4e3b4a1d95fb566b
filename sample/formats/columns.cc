#include "sample/formats/columns.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sample/text.h"

namespace belgrand::sample {
namespace {

constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);

std::size_t Position(std::span<const std::string> header, std::string_view name) {
  const std::string wanted = Lower(name);
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (Lower(Trim(header[i])) == wanted) return i;
  }
  return kAbsent;
}

struct Letter {
  std::string_view from;
  std::string_view to;
};

constexpr std::array kLetters = {
    Letter{"ä", "ae"}, Letter{"ö", "oe"}, Letter{"ü", "ue"}, Letter{"Ä", "Ae"}, Letter{"Ö", "Oe"},
    Letter{"Ü", "Ue"}, Letter{"ß", "ss"}, Letter{"é", "e"},  Letter{"è", "e"},  Letter{"ê", "e"},
    Letter{"à", "a"},  Letter{"â", "a"},  Letter{"ç", "c"},  Letter{"ô", "o"},  Letter{"î", "i"},
    Letter{"ï", "i"},  Letter{"û", "u"},  Letter{"É", "E"},  Letter{"È", "E"},  Letter{"&", "and"}};

bool MayStand(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("._:/- ").find(c) != std::string_view::npos;
}

}  // namespace

bool HasColumns(std::span<const std::string> header, std::span<const std::string_view> names) {
  return std::ranges::all_of(
      names, [&](std::string_view name) { return Position(header, name) != kAbsent; });
}

base::StatusOr<Columns> Columns::Find(std::span<const std::string> header,
                                      std::span<const std::string_view> names, std::size_t required,
                                      std::string_view profile) {
  Columns columns;
  std::string missing;
  for (std::size_t i = 0; i < names.size(); ++i) {
    columns.positions_.push_back(Position(header, names[i]));
    if (columns.positions_.back() != kAbsent || i >= required) continue;
    missing += (missing.empty() ? "" : ", ") + std::string(names[i]);
  }
  if (missing.empty()) return columns;
  return base::InvalidArgument("the header row does not fit the profile {}: missing column(s): {}",
                               profile, missing);
}

std::string_view Columns::operator()(std::span<const std::string> fields,
                                     std::size_t column) const {
  const std::size_t position = positions_[column];
  if (position >= fields.size()) return {};
  const std::string_view text = Trim(fields[position]);
  return text == "NA" ? std::string_view() : text;
}

bool Columns::Reads(std::size_t position) const {
  return std::ranges::find(positions_, position) != positions_.end();
}

std::string IdentifierOf(std::string_view name) {
  std::string id;
  while (!name.empty()) {
    const auto letter = std::ranges::find_if(
        kLetters, [&](const Letter& candidate) { return name.starts_with(candidate.from); });
    if (letter != kLetters.end()) {
      id += letter->to;
      name.remove_prefix(letter->from.size());
      continue;
    }
    if (MayStand(name.front())) id.push_back(name.front());
    name.remove_prefix(1);
  }
  return std::string(Trim(id));
}

std::string RepeatCounter::Unique(std::string id, std::string_view target) {
  const std::size_t times = ++seen_[fmt::format("{}|{}", id, target)];
  return times == 1 ? id : fmt::format("{}/{}", id, times);
}

Censoring CensoringOf(double value, std::optional<double> lod, std::optional<double> loq) {
  if (value == 0) return Censoring::kNotDetected;
  if (value < 0) return Censoring::kNone;
  if (lod.has_value() && value < *lod) return Censoring::kBelowLod;
  if (loq.has_value() && value < *loq) return Censoring::kBelowLoq;
  return Censoring::kNone;
}

void SetByLimits(const Field<double>& number, Row& row) {
  row.value = number;
  if (!number.value.has_value()) {
    row.censoring.value = Censoring::kNone;
    return;
  }
  row.censoring.value = CensoringOf(*number.value, row.lod.value, row.loq.value);
  if (row.censoring.value == Censoring::kNotDetected) row.value.value.reset();
}

std::string TimeText(const std::optional<base::Instant>& time) {
  if (!time.has_value()) return "";
  const base::Day day = base::DayOf(*time);
  return *time == base::Instant(day) ? base::FormatDay(day) : base::FormatInstant(*time);
}

}  // namespace belgrand::sample
