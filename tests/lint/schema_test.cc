// No field without a privacy class, no method without a policy; and the proof that the check can
// fail: every annotation of the schema is removed in turn, and each removal must be reported by
// name.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "belgrand/privacy/v1/privacy.pb.h"
#include "compliance/schema_check.h"
#include "tests/support/schema_pool.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::StartsWith;

auto Reports(const std::string& name, const std::string& rule) {
  return Contains(AllOf(StartsWith(name + ": "), EndsWith("[" + rule + "]")));
}

// Every message definition of the project, with its full name.
void ForEachMessage(testing::SchemaPool& schema,
                    const std::function<void(const std::string&, pb::DescriptorProto&)>& visit) {
  const std::function<void(const std::string&, pb::DescriptorProto&)> walk =
      [&](const std::string& scope, pb::DescriptorProto& message) {
        const std::string name = scope + "." + message.name();
        visit(name, message);
        for (auto& nested : *message.mutable_nested_type()) walk(name, nested);
      };
  for (const auto* file : SchemaFiles()) {
    auto& definition = schema.Edit(file->name());
    for (auto& message : *definition.mutable_message_type()) walk(definition.package(), message);
  }
}

// Applies `edit`, checks the schema, puts the definition back.
template <typename Definition>
std::vector<std::string> ProblemsAfter(testing::SchemaPool& schema, Definition& definition,
                                       const std::function<void(Definition&)>& edit) {
  const Definition before = definition;
  edit(definition);
  const std::vector<std::string> problems = CheckSchema(schema.Build());
  definition = before;
  return problems;
}

using FieldEdit = std::function<void(pb::FieldDescriptorProto&)>;

// Tries `edit` on every field that `applies` to; expects `rule` to name the field each time.
int MutateFields(const std::string& rule, const FieldEdit& edit,
                 const std::function<bool(const std::string& message,
                                          const pb::FieldDescriptorProto&)>& applies) {
  testing::SchemaPool schema;
  int mutants = 0;
  ForEachMessage(schema, [&](const std::string& name, pb::DescriptorProto& message) {
    for (auto& field : *message.mutable_field()) {
      if (!applies(name, field)) continue;
      ++mutants;
      EXPECT_THAT(ProblemsAfter(schema, field, edit), Reports(name + "." + field.name(), rule));
    }
  });
  return mutants;
}

const privacy::v1::FieldPolicy& Policy(const pb::FieldDescriptorProto& field) {
  return field.options().GetExtension(privacy::v1::field);
}
privacy::v1::FieldPolicy& MutablePolicy(pb::FieldDescriptorProto& field) {
  return *field.mutable_options()->MutableExtension(privacy::v1::field);
}
bool IsStored(const std::string& message) { return message.rfind("belgrand.storage.", 0) == 0; }
bool IsProjectMessage(const pb::FieldDescriptorProto& field) {
  return field.type_name().rfind(".belgrand.", 0) == 0 &&
         field.type() == pb::FieldDescriptorProto::TYPE_MESSAGE;
}

TEST(SchemaTest, KeepsEveryRule) { EXPECT_THAT(CheckSchema(SchemaFiles()), IsEmpty()); }

TEST(SchemaTest, KeepsEveryRuleWhenItIsRebuilt) {
  testing::SchemaPool schema;
  EXPECT_THAT(CheckSchema(schema.Build()), IsEmpty());
}

TEST(SchemaTest, NamesEveryProtoFileOfTheProject) {
  const char* source = std::getenv("BELGRAND_SOURCE_DIR");
  ASSERT_NE(source, nullptr) << "run through ctest, or set BELGRAND_SOURCE_DIR";
  const std::filesystem::path root = std::filesystem::path(source) / "proto";
  std::set<std::string> on_disk;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".proto") {
      on_disk.insert(std::filesystem::relative(entry.path(), root).generic_string());
    }
  }
  std::set<std::string> known;
  for (const auto* file : SchemaFiles()) known.insert(file->name());
  EXPECT_EQ(known, on_disk) << "add the file to SchemaFiles() in compliance/policy.cc";
}

TEST(SchemaMutationTest, ReportsEveryFieldWhoseAnnotationIsRemoved) {
  const int mutants = MutateFields(
      "category", [](auto& field) { field.mutable_options()->ClearExtension(privacy::v1::field); },
      [](const auto&, const auto&) { return true; });
  std::size_t fields = 0;
  for (const auto* message : AllMessages(SchemaFiles())) {
    fields += static_cast<std::size_t>(message->field_count());
  }
  EXPECT_EQ(static_cast<std::size_t>(mutants), fields);
  EXPECT_GT(mutants, 300);
  RecordProperty("mutants", mutants);
}

TEST(SchemaMutationTest, ReportsAClassThatDoesNotFitTheType) {
  EXPECT_GT(MutateFields(
                "category", [](auto& f) { MutablePolicy(f).set_category(privacy::v1::COMPOSITE); },
                [](const auto&, const auto& f) { return !IsProjectMessage(f); }),
            300);
  EXPECT_GT(
      MutateFields(
          "category", [](auto& f) { MutablePolicy(f).set_category(privacy::v1::NOT_PERSONAL); },
          [](const auto&, const auto& f) { return IsProjectMessage(f); }),
      20);
  EXPECT_GT(
      MutateFields(
          "category",
          [](auto& f) { MutablePolicy(f).set_category(static_cast<privacy::v1::Category>(99)); },
          [](const auto& name, const auto&) { return IsStored(name); }),
      50);
}

TEST(SchemaMutationTest, ReportsAStoredPersonWithoutSubject) {
  EXPECT_GE(MutateFields(
                "subject", [](auto& f) { MutablePolicy(f).clear_subject(); },
                [](const auto& name, const auto& f) {
                  return IsStored(name) && Policy(f).subject() != privacy::v1::SUBJECT_UNSPECIFIED;
                }),
            7);
  EXPECT_GT(MutateFields(
                "subject", [](auto& f) { MutablePolicy(f).set_subject(privacy::v1::SAMPLER); },
                [](const auto&, const auto& f) {
                  return Policy(f).category() == privacy::v1::NOT_PERSONAL;
                }),
            300);
}

TEST(SchemaMutationTest, ReportsEncryptionThatCannotWork) {
  EXPECT_GE(MutateFields(
                "encrypt", [](auto& f) { MutablePolicy(f).clear_subject(); },
                [](const auto&, const auto& f) { return Policy(f).encrypt(); }),
            6);
  EXPECT_GT(MutateFields(
                "encrypt", [](auto& f) { MutablePolicy(f).set_encrypt(true); },
                [](const auto&, const auto& f) {
                  return Policy(f).category() == privacy::v1::NOT_PERSONAL ||
                         f.type() == pb::FieldDescriptorProto::TYPE_INT64;
                }),
            300);
}

TEST(SchemaMutationTest, ReportsARetentionThatIsWrongOrMissing) {
  const auto has_retention = [](const auto& name, const auto& f) {
    return IsStored(name) && !Policy(f).retention().empty();
  };
  for (const char* text : {"P1", "1Y", "P1.5Y", "one year"}) {
    EXPECT_GE(
        MutateFields(
            "retention", [&](auto& f) { MutablePolicy(f).set_retention(text); }, has_retention),
        7);
  }
  EXPECT_GT(MutateFields(
                "retention", [](auto& f) { MutablePolicy(f).set_retention("P1Y"); },
                [](const auto& name, const auto&) { return !IsStored(name); }),
            250);
  // A name in a record that is kept for as long as the service runs.
  testing::SchemaPool schema;
  auto& file = schema.Edit("belgrand/storage/v1/backup.proto");
  auto& field = *file.mutable_message_type(0)->mutable_field(3);
  EXPECT_THAT(ProblemsAfter<pb::FieldDescriptorProto>(
                  schema, field,
                  [](auto& f) {
                    MutablePolicy(f).set_category(privacy::v1::IDENTITY);
                    MutablePolicy(f).set_subject(privacy::v1::OPERATOR);
                  }),
              Reports("belgrand.storage.v1.BackupSet.version", "retention"));
}

TEST(SchemaMutationTest, ReportsEveryRecordPolicyThatIsRemovedOrDamaged) {
  testing::SchemaPool schema;
  int records = 0;
  ForEachMessage(schema, [&](const std::string& name, pb::DescriptorProto& message) {
    if (!message.options().HasExtension(privacy::v1::record)) return;
    ++records;
    const auto after = [&](const std::function<void(privacy::v1::RecordPolicy&)>& edit) {
      return ProblemsAfter<pb::DescriptorProto>(schema, message, [&](auto& m) {
        edit(*m.mutable_options()->MutableExtension(privacy::v1::record));
      });
    };
    EXPECT_THAT(ProblemsAfter<pb::DescriptorProto>(
                    schema, message,
                    [](auto& m) { m.mutable_options()->ClearExtension(privacy::v1::record); }),
                Reports(name, "record"));
    EXPECT_THAT(after([](auto& r) { r.clear_activity(); }), Reports(name, "record"));
    EXPECT_THAT(after([](auto& r) { r.clear_legal_basis(); }), Reports(name, "record"));
    EXPECT_THAT(after([](auto& r) { r.set_legal_basis("interest"); }), Reports(name, "record"));
    EXPECT_THAT(after([](auto& r) { r.set_retention("5 years"); }), Reports(name, "retention"));
    EXPECT_THAT(after([](auto& r) {
                  r.set_retention("P5Y");
                  r.set_clock_field("no_such_field");
                }),
                Reports(name, "retention"));
    EXPECT_THAT(after([](auto& r) {
                  r.set_retention("P5Y");
                  r.clear_clock_field();
                }),
                Reports(name, "retention"));
  });
  EXPECT_GE(records, 10);
}

TEST(SchemaMutationTest, ReportsAClockThatIsNoInstant) {
  testing::SchemaPool schema;
  auto& record = *schema.Edit("belgrand/storage/v1/sample_record.proto").mutable_message_type(0);
  ASSERT_EQ(record.name(), "SampleRecord");
  for (const char* clock : {"sample_id", "value", "quality_flags", "version"}) {
    EXPECT_THAT(
        ProblemsAfter<pb::DescriptorProto>(
            schema, record,
            [&](auto& m) {
              m.mutable_options()->MutableExtension(privacy::v1::record)->set_clock_field(clock);
            }),
        Reports("belgrand.storage.v1.SampleRecord", "retention"))
        << clock;
  }
}

TEST(SchemaMutationTest, ReportsAFieldRetentionWithoutAClockInAnyRecordThatHoldsIt) {
  testing::SchemaPool schema;
  auto& file = schema.Edit("belgrand/storage/v1/alert_record.proto");
  for (auto& message : *file.mutable_message_type()) {
    if (message.name() != "AlertEventRecord") continue;
    EXPECT_THAT(ProblemsAfter<pb::DescriptorProto>(
                    schema, message,
                    [](auto& m) {
                      auto& record = *m.mutable_options()->MutableExtension(privacy::v1::record);
                      record.clear_clock_field();
                      record.clear_retention();
                    }),
                AllOf(Reports("belgrand.storage.v1.AlertRecord.acknowledged_by", "retention"),
                      Reports("belgrand.storage.v1.AlertEventRecord.by", "retention")));
  }
}

TEST(SchemaMutationTest, ReportsAFieldClockThatCannotBeCountedFrom) {
  testing::SchemaPool schema;
  auto& file = schema.Edit("belgrand/storage/v1/alert_record.proto");
  int fields = 0;
  for (auto& message : *file.mutable_message_type()) {
    for (auto& field : *message.mutable_field()) {
      if (field.name() != "acknowledged_by") continue;
      ++fields;
      const auto after = [&](const std::function<void(privacy::v1::FieldPolicy&)>& edit) {
        return ProblemsAfter<pb::FieldDescriptorProto>(schema, field, [&](auto& f) {
          edit(*f.mutable_options()->MutableExtension(privacy::v1::field));
        });
      };
      const std::string name = "belgrand.storage.v1.AlertRecord.acknowledged_by";
      EXPECT_THAT(after([](auto& p) { p.set_clock_field("no_such_field"); }),
                  Reports(name, "retention"));
      EXPECT_THAT(after([](auto& p) { p.set_clock_field("alert_id"); }),
                  Reports(name, "retention"));
      EXPECT_THAT(after([](auto& p) { p.clear_retention(); }), Reports(name, "retention"));
      EXPECT_THAT(after([](auto& p) { p.set_clock_field("changed_at_us"); }), IsEmpty());
    }
    for (auto& field : *message.mutable_field()) {
      if (message.name() != "AlertEventRecord" || field.name() != "alert") continue;
      EXPECT_THAT(ProblemsAfter<pb::FieldDescriptorProto>(
                      schema, field,
                      [](auto& f) { f.set_label(pb::FieldDescriptorProto::LABEL_REPEATED); }),
                  Reports("belgrand.storage.v1.AlertRecord.acknowledged_by", "retention"));
    }
  }
  EXPECT_EQ(fields, 1);
}

TEST(SchemaMutationTest, ReportsEveryMethodWhosePolicyIsRemovedOrDamaged) {
  testing::SchemaPool schema;
  int methods = 0;
  for (const auto* file : SchemaFiles()) {
    auto& definition = schema.Edit(file->name());
    for (auto& service : *definition.mutable_service()) {
      for (auto& method : *service.mutable_method()) {
        ++methods;
        const std::string name = definition.package() + "." + service.name() + "." + method.name();
        const auto after = [&](const std::function<void(privacy::v1::MethodPolicy&)>& edit) {
          return ProblemsAfter<pb::MethodDescriptorProto>(schema, method, [&](auto& m) {
            edit(*m.mutable_options()->MutableExtension(privacy::v1::method));
          });
        };
        EXPECT_THAT(ProblemsAfter<pb::MethodDescriptorProto>(
                        schema, method,
                        [](auto& m) { m.mutable_options()->ClearExtension(privacy::v1::method); }),
                    Reports(name, "method"));
        EXPECT_THAT(after([](auto& p) { p.clear_roles(); }), Reports(name, "method"));
        EXPECT_THAT(after([](auto& p) { p.add_roles(privacy::v1::ROLE_UNSPECIFIED); }),
                    Reports(name, "method"));
        EXPECT_THAT(after([](auto& p) { p.clear_purposes(); }), Reports(name, "method"));
        EXPECT_THAT(after([](auto& p) { p.add_purposes(privacy::v1::PURPOSE_UNSPECIFIED); }),
                    Reports(name, "method"));
        EXPECT_THAT(after([](auto& p) { p.clear_audit(); }), Reports(name, "method"));
      }
    }
  }
  EXPECT_GE(methods, 28);
}

TEST(SchemaMutationTest, ReportsPersonalDataThatLeavesWithoutAudit) {
  testing::SchemaPool schema;
  const auto unaudited = [&](const std::string& file, int service, const std::string& name) {
    std::vector<std::string> problems;
    for (auto& method : *schema.Edit(file).mutable_service(service)->mutable_method()) {
      if (method.name() != name) continue;
      problems = ProblemsAfter<pb::MethodDescriptorProto>(schema, method, [](auto& m) {
        m.mutable_options()
            ->MutableExtension(privacy::v1::method)
            ->set_audit(privacy::v1::NOT_AUDITED);
      });
    }
    return problems;
  };
  EXPECT_THAT(unaudited("belgrand/ingest/v1/ingest.proto", 0, "StreamSamples"),
              Reports("belgrand.ingest.v1.IngestService.StreamSamples", "method"));
  EXPECT_THAT(unaudited("belgrand/alerting/v1/alerting.proto", 0, "FollowAlerts"),
              Reports("belgrand.alerting.v1.AlertingService.FollowAlerts", "method"));
}

TEST(SchemaMutationTest, ReportsAnAnswersFieldThatSaysNothingOfReaders) {
  const auto answered = [](const auto&, const auto& f) { return Policy(f).readers_size() > 0; };
  const int fields = MutateFields(
      "readers", [](auto& f) { MutablePolicy(f).clear_readers(); }, answered);
  EXPECT_GE(fields, 30);
  EXPECT_EQ(MutateFields(
                "readers", [](auto& f) { MutablePolicy(f).clear_read_for(); }, answered),
            fields);
  // Whoever may claim none of the purposes, a purpose that none of them may claim.
  EXPECT_EQ(
      MutateFields(
          "readers", [](auto& f) { MutablePolicy(f).add_readers(privacy::v1::SENSOR_GATEWAY); },
          [](const auto&, const auto& f) {
            const auto& purposes = Policy(f).read_for();
            return Policy(f).readers_size() > 0 &&
                   std::find(purposes.begin(), purposes.end(), privacy::v1::MEASUREMENT) ==
                       purposes.end();
          }),
      fields - 4);
  EXPECT_EQ(MutateFields(
                "readers",
                [](auto& f) { MutablePolicy(f).add_read_for(privacy::v1::PUBLIC_INFORMATION); },
                answered),
            fields);
  EXPECT_GT(MutateFields(
                "readers",
                [](auto& f) {
                  MutablePolicy(f).add_readers(privacy::v1::HEALTH_OFFICIAL);
                  MutablePolicy(f).add_read_for(privacy::v1::SURVEILLANCE);
                },
                [](const auto& name, const auto& f) {
                  return IsStored(name) && Policy(f).category() != privacy::v1::NOT_PERSONAL &&
                         Policy(f).category() != privacy::v1::COMPOSITE;
                }),
            30);
}

TEST(SchemaMutationTest, ReportsAnEnumWhoseZeroMeansSomething) {
  testing::SchemaPool schema;
  auto& type = *schema.Edit("belgrand/ingest/v1/sample.proto").mutable_enum_type(0);
  EXPECT_THAT(ProblemsAfter<pb::EnumDescriptorProto>(
                  schema, type, [](auto& e) { e.mutable_value(0)->set_name("QUANTIFIED"); }),
              Reports("belgrand.ingest.v1.Censoring", "enum zero"));
  auto& nested = *schema.Edit("belgrand/detection/v1/detection.proto").mutable_message_type(0);
  EXPECT_THAT(ProblemsAfter<pb::DescriptorProto>(
                  schema, nested,
                  [](auto& m) { m.mutable_enum_type(0)->mutable_value(0)->set_name("RISING"); }),
              Reports("belgrand.detection.v1.Signal.Phase", "enum zero"));
}

TEST(SchemaMutationTest, ReportsOpenTypesAndMaps) {
  testing::SchemaPool schema;
  auto& file = schema.Edit("belgrand/storage/v1/sample_record.proto");
  const auto before = file;
  file.add_dependency("google/protobuf/any.proto");
  auto& any = *file.mutable_message_type(0)->add_field();
  any.set_name("anything");
  any.set_number(100);
  any.set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
  any.set_type(pb::FieldDescriptorProto::TYPE_MESSAGE);
  any.set_type_name(".google.protobuf.Any");
  MutablePolicy(any).set_category(privacy::v1::NOT_PERSONAL);
  EXPECT_THAT(CheckSchema(schema.Build()),
              Reports("belgrand.storage.v1.SampleRecord.anything", "open type"));
  file = before;

  auto& record = *file.mutable_message_type(0);
  auto& entry = *record.add_nested_type();
  entry.set_name("NotesEntry");
  entry.mutable_options()->set_map_entry(true);
  for (int i = 1; i <= 2; ++i) {
    auto& part = *entry.add_field();
    part.set_name(i == 1 ? "key" : "value");
    part.set_number(i);
    part.set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
    part.set_type(pb::FieldDescriptorProto::TYPE_STRING);
  }
  auto& map = *record.add_field();
  map.set_name("notes");
  map.set_number(101);
  map.set_label(pb::FieldDescriptorProto::LABEL_REPEATED);
  map.set_type(pb::FieldDescriptorProto::TYPE_MESSAGE);
  map.set_type_name(".belgrand.storage.v1.SampleRecord.NotesEntry");
  MutablePolicy(map).set_category(privacy::v1::NOT_PERSONAL);
  EXPECT_THAT(CheckSchema(schema.Build()),
              Reports("belgrand.storage.v1.SampleRecord.notes", "category"));
}

}  // namespace
}  // namespace belgrand::compliance
