// The register of processing activities (Art. 30 GDPR), computed from the schema.
//
// Which personal fields are stored, in which records, for how long, on what basis, who receives
// them and who may ask for them is annotated in the .proto files; the register is these
// annotations, grouped by activity. What software cannot know (who the controller is) is declared
// by the controller and printed as a declaration.
//
// Thread safety: pure functions. The same schema always gives the same bytes.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "belgrand/privacy/v1/privacy.pb.h"
#include "platform/base/error.h"

namespace belgrand::compliance {

enum class Language { kEnglish, kFrench };

struct StoredRecord {
  std::string message;
  // ISO 8601; empty: as long as the service runs.
  std::string retention;
  std::string clock_field;
};

struct PersonalField {
  // "belgrand.storage.v1.AlertEventRecord.by".
  std::string name;
  privacy::v1::Category category = privacy::v1::CATEGORY_UNSPECIFIED;
  privacy::v1::Subject subject = privacy::v1::SUBJECT_UNSPECIFIED;
  // Under the person's own key.
  bool sealed = false;
  // The field's own, or else the record's; empty: as long as the service runs.
  std::string retention;
};

struct Activity {
  std::string name;
  std::set<std::string> legal_bases;
  std::set<std::string> recipients;
  // In the order of the schema.
  std::vector<StoredRecord> records;
  std::vector<PersonalField> fields;
};

// A personal field of an answer, by its path from there: "alert.history.by".
struct ShownField {
  std::string name;
  privacy::v1::Category category = privacy::v1::CATEGORY_UNSPECIFIED;
  privacy::v1::Subject subject = privacy::v1::SUBJECT_UNSPECIFIED;
  const google::protobuf::FieldDescriptor* field = nullptr;
};

// A method whose answer holds personal fields.
struct Disclosure {
  std::string method;
  std::vector<ShownField> fields;
  std::set<privacy::v1::Role> roles;
  bool audited = false;
};

struct Register {
  // In order of their names.
  std::vector<Activity> activities;
  std::vector<Disclosure> disclosures;
};

Register BuildRegister();

// What the controller says of itself: {"controller": "...", "contact": "...", ...}, all optional.
struct Declaration {
  std::string controller;
  std::string contact;
  std::string data_protection_officer;
  std::string processor;
  std::string hosting;
  std::string transfers;
  std::string benefit;
  std::string alternatives;
  std::string incident_contact;
  std::string signatory;
};
inline constexpr std::size_t kMaxDeclarationBytes = std::size_t{64} << 10;
// InvalidArgument: no JSON object of texts, or a name that is not known, which it lists.
base::StatusOr<Declaration> ParseDeclaration(std::string_view text);

std::string RegisterJson(const Register& processing, const Declaration& declaration);
std::string RegisterMarkdown(const Register& processing, const Declaration& declaration,
                             Language language);

// In words of the language: "names and logins", "who takes samples", "2 years".
std::string CategoryText(privacy::v1::Category category, Language language);
std::string SubjectText(privacy::v1::Subject subject, Language language);
std::string RoleText(privacy::v1::Role role, Language language);
std::string DurationText(std::string_view iso, Language language);
std::string RecipientText(std::string_view recipient, Language language);
std::string ActivityText(std::string_view activity, Language language);

}  // namespace belgrand::compliance
