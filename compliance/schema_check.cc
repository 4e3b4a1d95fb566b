#include "compliance/schema_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "compliance/policy.h"
#include "compliance/read_limit.h"
#include "compliance/retention.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;
using privacy::v1::Category;
using privacy::v1::FieldPolicy;
using MessageSet = std::set<const pb::Descriptor*>;

bool IsProjectType(const pb::Descriptor& message) {
  return message.full_name().rfind("belgrand.", 0) == 0;
}

bool IsStored(const pb::Descriptor& message) {
  return message.file()->package() == "belgrand.storage.v1";
}

bool IsOpenType(const pb::Descriptor& message) {
  static const std::set<std::string> open = {"google.protobuf.Any", "google.protobuf.Struct",
                                             "google.protobuf.Value", "google.protobuf.ListValue"};
  return open.count(message.full_name()) > 0;
}

// Classes whose stored values must say whom they are about.
bool NeedsSubject(Category category) {
  return category == privacy::v1::IDENTITY || category == privacy::v1::CONTACT ||
         category == privacy::v1::WORK_ACTIVITY || category == privacy::v1::LOCATION_PRECISE ||
         category == privacy::v1::NETWORK_ID || category == privacy::v1::FREE_TEXT;
}

// Classes whose stored values must not stay for ever.
bool NeedsRetention(Category category) {
  return category == privacy::v1::IDENTITY || category == privacy::v1::CONTACT ||
         category == privacy::v1::FREE_TEXT;
}

bool IsText(const pb::FieldDescriptor& field) {
  return field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING;
}

// "6(1)(e)", "9(2)(i)", "6(1)": an article, a paragraph and perhaps a point.
bool IsArticle(std::string_view text) {
  const bool point =
      text.size() == 7 && text[4] == '(' && text[5] >= 'a' && text[5] <= 'j' && text[6] == ')';
  return (text.size() == 4 || point) && (text[0] == '6' || text[0] == '9') && text[1] == '(' &&
         text[2] >= '1' && text[2] <= '9' && text[3] == ')';
}

// `message` and every message of the project that it is composed of.
void CollectParts(const pb::Descriptor& message, MessageSet& parts) {
  if (!parts.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::Descriptor* const part = message.field(i)->message_type();
    if (part != nullptr && IsProjectType(*part)) CollectParts(*part, parts);
  }
}

class Checker {
 public:
  explicit Checker(const std::vector<const pb::FileDescriptor*>& files) : files_(files) {}

  std::vector<std::string> Run() {
    const std::vector<const pb::Descriptor*> messages = AllMessages(files_);
    for (const pb::Descriptor* message : messages) CheckMessage(*message);
    for (const pb::FileDescriptor* file : files_) {
      for (int i = 0; i < file->enum_type_count(); ++i) CheckEnum(*file->enum_type(i));
      for (int i = 0; i < file->service_count(); ++i) CheckService(*file->service(i));
    }
    CheckReaders(messages);
    return std::move(problems_);
  }

 private:
  void Report(const std::string& name, std::string_view rule, const std::string& what) {
    problems_.push_back(fmt::format("{}: {} [{}]", name, what, rule));
  }

  void CheckMessage(const pb::Descriptor& message) {
    for (int i = 0; i < message.enum_type_count(); ++i) CheckEnum(*message.enum_type(i));
    CheckRecord(message);
    for (int i = 0; i < message.field_count(); ++i) {
      const pb::FieldDescriptor& field = *message.field(i);
      CheckCategory(field);
      CheckSubject(field);
      CheckFieldRetention(field);
    }
  }

  void CheckCategory(const pb::FieldDescriptor& field) {
    const Category category = CategoryOf(field);
    const pb::Descriptor* const type = field.message_type();
    if (category == privacy::v1::CATEGORY_UNSPECIFIED || !privacy::v1::Category_IsValid(category)) {
      return Report(field.full_name(), "category",
                    "has no privacy class: add [(privacy.v1.field).category = ...]");
    }
    if (field.is_map()) {
      return Report(field.full_name(), "category",
                    "is a map, whose keys carry no class: use a repeated message");
    }
    const bool composed = type != nullptr && IsProjectType(*type);
    if (category == privacy::v1::COMPOSITE && !composed) {
      Report(field.full_name(), "category", "is COMPOSITE but not a message of this project");
    }
    if (category == privacy::v1::NOT_PERSONAL && composed) {
      Report(field.full_name(), "category",
             "is NOT_PERSONAL but a message whose own fields carry classes: use COMPOSITE");
    }
    if (IsStored(*field.containing_type()) && type != nullptr && IsOpenType(*type)) {
      Report(field.full_name(), "open type",
             fmt::format("stores {}, whose content carries no class", type->full_name()));
    }
  }

  void CheckSubject(const pb::FieldDescriptor& field) {
    const FieldPolicy& policy = FieldPolicyOf(field);
    const bool named = policy.subject() != privacy::v1::SUBJECT_UNSPECIFIED;
    if (named && !IsPersonal(policy.category())) {
      Report(field.full_name(), "subject", "names a subject but is not personal");
    }
    if (!named && IsStored(*field.containing_type()) && NeedsSubject(policy.category())) {
      Report(field.full_name(), "subject",
             "stores a personal value and does not say whom it is about: add subject");
    }
    if (!policy.encrypt()) return;
    if (!IsText(field) || !IsPersonal(policy.category()) || !named) {
      Report(field.full_name(), "encrypt",
             "asks for encryption but is not a personal string or bytes field with a subject");
    }
  }

  void CheckRecord(const pb::Descriptor& message) {
    const privacy::v1::RecordPolicy* const record = RecordPolicyOf(message);
    if (!IsStored(message)) {
      if (record != nullptr) {
        Report(message.full_name(), "record", "has (record) but is not in belgrand.storage.v1");
      }
      return;
    }
    if (record == nullptr) {
      if (message.containing_type() == nullptr) {
        Report(message.full_name(), "record", "is stored and has no (record)");
      }
      return;
    }
    if (record->activity().empty()) Report(message.full_name(), "record", "names no activity");
    if (!IsArticle(record->legal_basis())) {
      Report(message.full_name(), "record",
             fmt::format("legal_basis '{}' is no article of the GDPR such as 6(1)(e)",
                         record->legal_basis()));
    }
    if (!record->retention().empty()) CheckDuration(message.full_name(), record->retention());
    if (!record->archive_after().empty()) CheckArchive(message, *record);
    if (!record->retention().empty() || !record->clock_field().empty()) CheckClock(message);
  }

  void CheckDuration(const std::string& name, const std::string& text) {
    const auto duration = ParseIsoDuration(text);
    if (!duration.ok()) Report(name, "retention", base::Message(duration.status()));
  }

  void CheckArchive(const pb::Descriptor& message, const privacy::v1::RecordPolicy& record) {
    CheckDuration(message.full_name(), record.archive_after());
    const auto archive = ParseIsoDuration(record.archive_after());
    const auto retention = ParseIsoDuration(record.retention());
    if (!archive.ok() || !retention.ok() ||
        AddDuration(base::Instant{}, *archive) >= AddDuration(base::Instant{}, *retention)) {
      Report(message.full_name(), "retention",
             fmt::format("archive_after '{}' does not end before retention '{}'",
                         record.archive_after(), record.retention()));
    }
  }

  static bool IsClock(const pb::Descriptor& message, const std::string& name) {
    const pb::FieldDescriptor* const clock = message.FindFieldByName(name);
    return clock != nullptr && clock->cpp_type() == pb::FieldDescriptor::CPPTYPE_INT64 &&
           !clock->is_repeated();
  }

  void CheckClock(const pb::Descriptor& message) {
    const std::string& name = RecordPolicyOf(message)->clock_field();
    if (!IsClock(message, name)) {
      Report(message.full_name(), "retention",
             fmt::format("clock_field '{}' is not a single int64 field of the message", name));
    }
  }

  void CheckFieldClock(const pb::FieldDescriptor& field) {
    const FieldPolicy& policy = FieldPolicyOf(field);
    const pb::Descriptor& message = *field.containing_type();
    if (policy.retention().empty()) {
      Report(field.full_name(), "retention", "has a clock_field and no retention to count from it");
    }
    if (!IsClock(message, policy.clock_field())) {
      Report(field.full_name(), "retention",
             fmt::format("clock_field '{}' is not a single int64 field of the same message",
                         policy.clock_field()));
    }
    if (IsRepeatedSomewhere(message)) {
      Report(field.full_name(), "retention",
             "has a clock_field of its own inside a repeated message: they would have many clocks");
    }
  }

  // Whether a stored message holds this one in a repeated field.
  bool IsRepeatedSomewhere(const pb::Descriptor& part) const {
    for (const pb::Descriptor* holder : AllMessages(files_)) {
      if (!IsStored(*holder)) continue;
      for (int i = 0; i < holder->field_count(); ++i) {
        const pb::FieldDescriptor& field = *holder->field(i);
        if (!field.is_repeated() || field.message_type() == nullptr) continue;
        MessageSet parts;
        CollectParts(*field.message_type(), parts);
        if (parts.count(&part) > 0) return true;
      }
    }
    return false;
  }

  // The stored records that hold `message`, itself included.
  std::vector<const pb::Descriptor*> RecordsHolding(const pb::Descriptor& message) const {
    std::vector<const pb::Descriptor*> holders;
    for (const pb::Descriptor* record : AllMessages(files_)) {
      if (!IsStored(*record) || RecordPolicyOf(*record) == nullptr) continue;
      MessageSet parts;
      CollectParts(*record, parts);
      if (parts.count(&message) > 0) holders.push_back(record);
    }
    return holders;
  }

  void CheckFieldRetention(const pb::FieldDescriptor& field) {
    const FieldPolicy& policy = FieldPolicyOf(field);
    const pb::Descriptor& message = *field.containing_type();
    if (!IsStored(message)) {
      if (!policy.retention().empty()) {
        Report(field.full_name(), "retention", "has a retention but is not stored");
      }
      return;
    }
    if (!policy.retention().empty()) CheckDuration(field.full_name(), policy.retention());
    if (!policy.clock_field().empty()) CheckFieldClock(field);
    for (const pb::Descriptor* record : RecordsHolding(message)) {
      const privacy::v1::RecordPolicy& of_record = *RecordPolicyOf(*record);
      if (!policy.retention().empty() && of_record.clock_field().empty()) {
        Report(field.full_name(), "retention",
               fmt::format("has a retention but {} has no clock_field to count from",
                           record->full_name()));
      }
      if (policy.retention().empty() && of_record.retention().empty() &&
          NeedsRetention(policy.category())) {
        Report(field.full_name(), "retention",
               fmt::format("would be kept for ever: add a retention to it or to {}",
                           record->full_name()));
      }
    }
  }

  void CheckEnum(const pb::EnumDescriptor& type) {
    static constexpr std::string_view kSuffix = "_UNSPECIFIED";
    const std::string& name = type.value(0)->name();
    const bool named = name.size() > kSuffix.size() &&
                       name.compare(name.size() - kSuffix.size(), kSuffix.size(), kSuffix) == 0;
    if (type.value(0)->number() != 0 || !named) {
      Report(type.full_name(), "enum zero",
             fmt::format("first value is {} = {}; it must be *_UNSPECIFIED = 0", name,
                         type.value(0)->number()));
    }
  }

  static bool ShowsPersonalData(const pb::MethodDescriptor& method) {
    MessageSet parts;
    CollectParts(*method.input_type(), parts);
    CollectParts(*method.output_type(), parts);
    return std::any_of(parts.begin(), parts.end(), [](const pb::Descriptor* part) {
      for (int i = 0; i < part->field_count(); ++i) {
        if (IsWithheld(CategoryOf(*part->field(i)))) return true;
      }
      return false;
    });
  }

  // Of the fields that answers to others hold, and of no others.
  void CheckReaders(const std::vector<const pb::Descriptor*>& messages) {
    std::set<const pb::FieldDescriptor*> answered;
    for (const pb::FileDescriptor* file : files_) {
      for (int s = 0; s < file->service_count(); ++s) {
        for (int m = 0; m < file->service(s)->method_count(); ++m) {
          const pb::MethodDescriptor& method = *file->service(s)->method(m);
          if (!IsForOthers(method.options().GetExtension(privacy::v1::method))) continue;
          const auto fields = PersonalFieldsOf(*method.output_type());
          answered.insert(fields.begin(), fields.end());
        }
      }
    }
    for (const pb::Descriptor* message : messages) {
      for (int i = 0; i < message->field_count(); ++i) {
        const pb::FieldDescriptor& field = *message->field(i);
        if (answered.contains(&field)) {
          CheckReadersOf(field);
        } else if (!FieldPolicyOf(field).readers().empty() ||
                   !FieldPolicyOf(field).read_for().empty()) {
          Report(field.full_name(), "readers",
                 "names readers, and is no personal field of an answer to others");
        }
      }
    }
  }

  void CheckReadersOf(const pb::FieldDescriptor& field) {
    const FieldPolicy& policy = FieldPolicyOf(field);
    if (policy.readers().empty() || policy.read_for().empty()) {
      return Report(field.full_name(), "readers",
                    "stands in answers: say who may read it (readers) and what for (read_for)");
    }
    const auto claims = [](int role, int purpose) {
      return MayClaim(static_cast<privacy::v1::Role>(role),
                      static_cast<privacy::v1::Purpose>(purpose));
    };
    for (const int role : policy.readers()) {
      if (std::none_of(policy.read_for().begin(), policy.read_for().end(),
                       [&](int purpose) { return claims(role, purpose); })) {
        Report(field.full_name(), "readers",
               fmt::format("role {} may read it, and for none of its purposes", role));
      }
    }
    for (const int purpose : policy.read_for()) {
      if (std::none_of(policy.readers().begin(), policy.readers().end(),
                       [&](int role) { return claims(role, purpose); })) {
        Report(field.full_name(), "readers",
               fmt::format("may be read for purpose {}, and by nobody", purpose));
      }
    }
  }

  void CheckService(const pb::ServiceDescriptor& service) {
    for (int i = 0; i < service.method_count(); ++i) {
      const pb::MethodDescriptor& method = *service.method(i);
      const privacy::v1::MethodPolicy& policy = method.options().GetExtension(privacy::v1::method);
      if (policy.roles().empty()) Report(method.full_name(), "method", "names no role");
      for (const int role : policy.roles()) {
        if (role == privacy::v1::ROLE_UNSPECIFIED || !privacy::v1::Role_IsValid(role)) {
          Report(method.full_name(), "method", fmt::format("role {} is none", role));
          continue;
        }
        const auto known = static_cast<privacy::v1::Role>(role);
        if (OrdinaryPurpose(&policy, {&known, 1}) == privacy::v1::PURPOSE_UNSPECIFIED) {
          Report(method.full_name(), "method",
                 fmt::format("{} may call it, and for none of its purposes",
                             privacy::v1::Role_Name(known)));
        }
      }
      if (policy.purposes().empty()) Report(method.full_name(), "method", "names no purpose");
      for (const int purpose : policy.purposes()) {
        if (purpose == privacy::v1::PURPOSE_UNSPECIFIED || !privacy::v1::Purpose_IsValid(purpose)) {
          Report(method.full_name(), "method", fmt::format("purpose {} is none", purpose));
        }
      }
      if (policy.audit() == privacy::v1::AUDIT_LEVEL_UNSPECIFIED ||
          !privacy::v1::AuditLevel_IsValid(policy.audit())) {
        Report(method.full_name(), "method", "has no audit level");
      } else if (policy.audit() == privacy::v1::NOT_AUDITED && IsForOthers(policy) &&
                 ShowsPersonalData(method)) {
        Report(method.full_name(), "method",
               "carries personal data for callers from outside and is not AUDITED");
      }
    }
  }

  const std::vector<const pb::FileDescriptor*>& files_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> CheckSchema(const std::vector<const pb::FileDescriptor*>& files) {
  return Checker(files).Run();
}

}  // namespace belgrand::compliance
