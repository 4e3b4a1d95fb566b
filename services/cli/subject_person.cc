#include "services/cli/subject_person.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <vector>

#include "compliance/erasure_ledger.h"
#include "platform/crypto/encoding.h"

namespace belgrand::cli {
namespace {

const std::map<std::string, privacy::v1::Subject> kKinds = {
    {"sampler", privacy::v1::SAMPLER},
    {"lab-staff", privacy::v1::LAB_STAFF},
    {"official", privacy::v1::OFFICIAL},
    {"operator", privacy::v1::OPERATOR},
};

}  // namespace

void AddPersonFlags(CLI::App& app, PersonFlags& flags, ByReference reference) {
  std::vector<std::string> kinds;
  for (const auto& [kind, subject] : kKinds) kinds.push_back(kind);
  app.add_option("--kind", flags.kind, "What the person is")->check(CLI::IsMember(kinds));
  app.add_option("--tenant", flags.tenant, "The laboratory of a sampler or of its staff");
  app.add_option("--name", flags.name,
                 "Exactly as it was submitted; - reads a line of standard input, so that it stands "
                 "in no history of commands");
  if (reference == ByReference::kNo) return;
  app.add_option("--reference", flags.reference,
                 "Instead: the person's reference, 32 hexadecimal digits");
}

base::StatusOr<std::string> TextOrLine(const char* flag, const std::string& text) {
  if (text != "-") return text;
  std::string line;
  if (!std::getline(std::cin, line) || line.empty()) {
    return base::InvalidArgument("{} -: nothing on standard input", flag);
  }
  return line;
}

base::StatusOr<compliance::v1::SubjectSelector> SelectorOf(const PersonFlags& flags) {
  compliance::v1::SubjectSelector selector;
  if (!flags.reference.empty()) {
    const auto bytes = crypto::FromHex(flags.reference);
    if (!bytes.ok() || bytes->size() != compliance::kErasureIdBytes) {
      return base::InvalidArgument("--reference: 32 hexadecimal digits are needed");
    }
    selector.set_subject_ref(*bytes);
    return selector;
  }
  if (flags.kind.empty() || flags.name.empty()) {
    return base::InvalidArgument("name the person by --kind and --name (and --tenant)");
  }
  selector.set_subject(kKinds.at(flags.kind));
  selector.set_tenant(flags.tenant);
  ASSIGN_OR_RETURN(*selector.mutable_value(), TextOrLine("--name", flags.name));
  return selector;
}

}  // namespace belgrand::cli
