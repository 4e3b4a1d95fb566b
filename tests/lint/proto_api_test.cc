// The wire, the disk and the privacy classes as they were agreed: tests/golden/proto_api.txt. A
// line that changes or disappears breaks a client, a stored record or a promise about personal
// data.
//
// Adding is free. To take additions (or an intended change, with its reason in the commit) into the
// file:
//   BELGRAND_UPDATE_GOLDEN=1 ctest --preset dev -R schema_lint
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>

#include "belgrand/privacy/v1/privacy.pb.h"
#include "compliance/policy.h"
#include "platform/base/file.h"
#include "tests/support/schema_pool.h"
#include "tests/support/status_matchers.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;

std::string TypeOf(const pb::FieldDescriptor& field) {
  std::string type = field.type_name();
  if (field.message_type() != nullptr) type = field.message_type()->full_name();
  if (field.enum_type() != nullptr) type = field.enum_type()->full_name();
  if (field.is_repeated()) return "repeated " + type;
  return field.has_optional_keyword() ? "optional " + type : type;
}

std::string Line(const pb::FieldDescriptor& field) {
  const privacy::v1::FieldPolicy& policy = FieldPolicyOf(field);
  std::string line = fmt::format("field {} = {} {} {}", field.full_name(), field.number(),
                                 TypeOf(field), privacy::v1::Category_Name(policy.category()));
  if (const auto* oneof = field.real_containing_oneof()) line += " oneof=" + oneof->name();
  if (policy.subject() != 0) line += " subject=" + privacy::v1::Subject_Name(policy.subject());
  if (policy.encrypt()) line += " encrypted";
  if (!policy.retention().empty()) line += " retention=" + policy.retention();
  if (!policy.clock_field().empty()) line += " clock=" + policy.clock_field();
  return line;
}

std::string Line(const pb::MethodDescriptor& method) {
  const auto& policy = method.options().GetExtension(privacy::v1::method);
  std::vector<std::string> roles;
  for (const int role : policy.roles()) {
    roles.push_back(privacy::v1::Role_Name(static_cast<privacy::v1::Role>(role)));
  }
  std::sort(roles.begin(), roles.end());
  return fmt::format("method {} ({}{}) ({}{}) {} {}", method.full_name(),
                     method.client_streaming() ? "stream " : "", method.input_type()->full_name(),
                     method.server_streaming() ? "stream " : "", method.output_type()->full_name(),
                     privacy::v1::AuditLevel_Name(policy.audit()), fmt::join(roles, "+"));
}

void AddEnum(const pb::EnumDescriptor& type, std::set<std::string>& lines) {
  for (int i = 0; i < type.value_count(); ++i) {
    lines.insert(fmt::format("enum {} {} = {}", type.full_name(), type.value(i)->name(),
                             type.value(i)->number()));
  }
}

std::set<std::string> Describe(const std::vector<const pb::FileDescriptor*>& files) {
  std::set<std::string> lines;
  for (const pb::Descriptor* message : AllMessages(files)) {
    const privacy::v1::RecordPolicy* const record = RecordPolicyOf(*message);
    lines.insert("message " + message->full_name() +
                 (record == nullptr
                      ? ""
                      : fmt::format(" activity='{}' basis={} retention={} clock={} recipients={}",
                                    record->activity(), record->legal_basis(), record->retention(),
                                    record->clock_field(), fmt::join(record->recipients(), "+"))));
    for (int i = 0; i < message->field_count(); ++i) lines.insert(Line(*message->field(i)));
    for (int i = 0; i < message->enum_type_count(); ++i) AddEnum(*message->enum_type(i), lines);
  }
  for (const pb::FileDescriptor* file : files) {
    for (int i = 0; i < file->enum_type_count(); ++i) AddEnum(*file->enum_type(i), lines);
    for (int i = 0; i < file->extension_count(); ++i) {
      const pb::FieldDescriptor& extension = *file->extension(i);
      lines.insert(fmt::format("extension {} of {} = {} {}", extension.full_name(),
                               extension.containing_type()->full_name(), extension.number(),
                               TypeOf(extension)));
    }
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        lines.insert(Line(*file->service(s)->method(m)));
      }
    }
  }
  return lines;
}

std::vector<std::string> Difference(const std::set<std::string>& a,
                                    const std::set<std::string>& b) {
  std::vector<std::string> only_in_a;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only_in_a));
  return only_in_a;
}

std::filesystem::path GoldenPath() {
  const char* source = std::getenv("BELGRAND_SOURCE_DIR");
  return std::filesystem::path(source == nullptr ? "." : source) / "tests/golden/proto_api.txt";
}

std::set<std::string> ReadGolden() {
  const base::StatusOr<std::string> text = base::ReadFile(GoldenPath());
  EXPECT_OK(text);
  std::set<std::string> lines;
  std::string_view rest = text.ok() ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end > 0) lines.emplace(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return lines;
}

TEST(ProtoApiTest, NoAgreedLineChangesOrDisappears) {
  const std::set<std::string> now = Describe(SchemaFiles());
  if (std::getenv("BELGRAND_UPDATE_GOLDEN") != nullptr) {
    ASSERT_OK(
        base::WriteFileAtomically(GoldenPath(), fmt::format("{}\n", fmt::join(now, "\n")), 0644));
    std::cout << "wrote " << now.size() << " lines to " << GoldenPath().string() << "\n";
  }
  const std::set<std::string> agreed = ReadGolden();
  EXPECT_GT(agreed.size(), 400U);
  EXPECT_THAT(Difference(agreed, now), ::testing::IsEmpty())
      << "these lines of tests/golden/proto_api.txt no longer hold. Old clients and stored records "
         "rely on them: give a new field a new number instead. If the change is intended, say why "
         "in "
         "the commit and run this test with BELGRAND_UPDATE_GOLDEN=1.";
  for (const std::string& added : Difference(now, agreed)) {
    std::cout << "new, not yet agreed (BELGRAND_UPDATE_GOLDEN=1 adds it): " << added << "\n";
  }
}

TEST(ProtoApiTest, NoticesAFieldThatIsRenumberedReclassifiedOrGone) {
  const std::set<std::string> before = Describe(SchemaFiles());
  const auto lost_after = [&](const std::function<void(pb::DescriptorProto&)>& edit) {
    testing::SchemaPool schema;
    for (auto& message : *schema.Edit("belgrand/ingest/v1/sample.proto").mutable_message_type()) {
      if (message.name() == "Sample") edit(message);
    }
    return Difference(before, Describe(schema.Build())).size();
  };
  EXPECT_EQ(lost_after([](auto&) {}), 0U);
  EXPECT_EQ(lost_after([](auto& m) { m.mutable_field(0)->set_number(200); }), 1U);
  EXPECT_EQ(lost_after([](auto& m) {
              m.mutable_field(0)->set_type(pb::FieldDescriptorProto::TYPE_BYTES);
            }),
            1U);
  EXPECT_EQ(lost_after([](auto& m) { m.mutable_field()->DeleteSubrange(0, 1); }), 1U);
  EXPECT_EQ(lost_after([](auto& m) {
              m.mutable_field(16)
                  ->mutable_options()
                  ->MutableExtension(privacy::v1::field)
                  ->set_category(privacy::v1::NOT_PERSONAL);
            }),
            1U);
}

}  // namespace
}  // namespace belgrand::compliance
