// How commands name a person: by kind, laboratory and name, or by reference.
#pragma once

#include <string>

#include "belgrand/compliance/v1/erasure.pb.h"
#include "platform/base/error.h"

namespace CLI {
class App;
}

namespace belgrand::cli {

struct PersonFlags {
  std::string kind;
  std::string tenant;
  std::string name;  // "-": a line of standard input
  std::string reference;
};

enum class ByReference { kNo, kYes };
// Declares --kind, --tenant, --name and, where it is taken, --reference.
void AddPersonFlags(CLI::App& app, PersonFlags& flags, ByReference reference);

// InvalidArgument: nobody is named.
base::StatusOr<compliance::v1::SubjectSelector> SelectorOf(const PersonFlags& flags);

// `text`, or for "-" a line of standard input: a name then stands in no history of commands.
base::StatusOr<std::string> TextOrLine(const char* flag, const std::string& text);

}  // namespace belgrand::cli
