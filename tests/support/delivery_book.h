// The book that tests/support/delivery_sink.py keeps of what it took: the other side's word on what
// arrived, which owes nothing to what Belgrand says of itself.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace belgrand::testing {

struct BookLine {
  std::string to;
  std::string district;
  // "<database>-<number>".
  std::string event;
  std::string id;
  std::string subject;
  bool repeat = false;
  std::int64_t at_us = 0;
};

inline std::uint64_t NumberOf(const std::string& event) {
  return std::strtoull(event.substr(event.rfind('-') + 1).c_str(), nullptr, 10);
}

// What a book says in sum.
struct BookSummary {
  std::size_t arrivals = 0;
  std::size_t duplicates = 0;
  // Duplicates that do not say "repeat".
  std::size_t unmarked = 0;
  // Duplicates that carry another id than the first.
  std::size_t renamed = 0;
  // First arrivals that come after one of a later event of their district.
  std::size_t out_of_order = 0;
  // First arrivals that say "repeat": an attempt before may have arrived and had not.
  std::size_t careful = 0;
  // Events by recipient and district.
  std::map<std::pair<std::string, std::string>, std::set<std::uint64_t>> events;
};

inline std::vector<BookLine> ReadBook(const std::filesystem::path& path) {
  std::vector<BookLine> lines;
  std::ifstream in(path);
  for (std::string text; std::getline(in, text);) {
    const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) break;  // still being written
    lines.push_back({json.at("to"), json.at("district"), json.at("event"), json.at("id"),
                     json.at("subject"), json.at("repeat"), json.at("at_us")});
  }
  return lines;
}

inline BookSummary Summarise(const std::vector<BookLine>& lines) {
  BookSummary sum;
  std::map<std::pair<std::string, std::string>, std::string> first_ids;
  for (const BookLine& line : lines) {
    ++sum.arrivals;
    const auto [first, fresh] = first_ids.try_emplace({line.to, line.event}, line.id);
    if (!fresh) {
      ++sum.duplicates;
      sum.unmarked += line.repeat ? 0 : 1;
      sum.renamed += first->second == line.id ? 0 : 1;
      continue;
    }
    sum.careful += line.repeat ? 1 : 0;
    auto& events = sum.events[{line.to, line.district}];
    const std::uint64_t number = NumberOf(line.event);
    if (!events.empty() && *events.rbegin() > number) ++sum.out_of_order;
    events.insert(number);
  }
  return sum;
}

}  // namespace belgrand::testing
