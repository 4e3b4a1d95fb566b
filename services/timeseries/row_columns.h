// Which field of a Record is which column of a row chunk: the one place that a new field is added
// to. A test walks the descriptor, so that none is forgotten.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "services/timeseries/layout.h"
#include "services/timeseries/message_texts.h"

namespace belgrand::timeseries {

struct RowColumn {
  enum class Kind {
    kInteger,  // 0 is absent
    kOptionalInteger,
    kOptionalDouble,
    kText,     // empty is absent
    kMessage,  // messages and lists, as the bytes of their own encoding
  };
  int number;  // of the field; names the column on disk
  Kind kind;
  bool (*has)(const Record&) = nullptr;
  std::int64_t (*integer)(const Record&) = nullptr;
  double (*real)(const Record&) = nullptr;
  std::string_view (*text)(const Record&) = nullptr;
  void (*make)(const Record&, std::string& bytes) = nullptr;
  void (*set_integer)(Record&, std::int64_t) = nullptr;
  void (*set_real)(Record&, double) = nullptr;
  void (*set_text)(Record&, std::string_view) = nullptr;
  bool (*parse)(Record&, std::string_view bytes) = nullptr;  // false: not what make() makes
  // Of kMessage: what make() makes are messages, so that their numbers can stand apart.
  bool packs = false;
  MessageForm form = MessageForm::kOne;
};

// In the order in which they stand in a chunk.
std::span<const RowColumn> RowColumns();

}  // namespace belgrand::timeseries
