// What the schema promises about privacy, as facts that can be kept in a file and compared: which
// change of a .proto file lets more be known, by more, for longer.
//
// Facts are read from the options by reflection, so that a new option takes part without a line
// here; a change that this code cannot judge counts as one that widens.
//
//   field <name>            a personal or secret field, with its (field) options
//   record <name>           a stored message, with its (record) options
//   method <name>           a method, with its (method) options
//   shows <method> <field>  a personal field that the answer of the method may hold, where others
//                           than the project's own services may call it
//
// tests/lint/schema_baseline_test.cc compares the committed facts with those of the descriptors;
// docs/formats/privacy_baseline.md. Thread safety: pure functions.
#pragma once

#include <google/protobuf/descriptor.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"

namespace belgrand::compliance {

struct SchemaFacts {
  // "<kind> <name>" to its options, name to value; lists are sorted and joined by commas.
  std::map<std::string, std::map<std::string, std::string>> facts;
  // Fields that are neither personal nor secret; not part of the file.
  std::set<std::string> harmless;
};

SchemaFacts DescribeSchema(const std::vector<const google::protobuf::FileDescriptor*>& files);

// One line for each fact: its name and options, separated by tabs; sorted.
std::string FormatFacts(const SchemaFacts& facts);
// InvalidArgument names the line.
base::StatusOr<SchemaFacts> ParseFacts(std::string_view text);

struct SchemaChange {
  enum class Kind { kWidens, kNarrows, kNeutral };
  Kind kind = Kind::kWidens;
  // "<fact>: what changed", as an approval has to repeat it.
  std::string text;

  bool operator==(const SchemaChange&) const = default;
};

// Every difference, sorted by its text. A new method that shows nothing personal is neutral.
std::vector<SchemaChange> CompareFacts(const SchemaFacts& before, const SchemaFacts& now);

// The changes that an approval names: what follows "change: " on its lines. InvalidArgument when it
// names none, or does not say by whom ("approved_by: <role>"), when ("date: YYYY-MM-DD") and why
// ("reason: ...").
base::StatusOr<std::vector<std::string>> ParseApproval(std::string_view text);

}  // namespace belgrand::compliance
