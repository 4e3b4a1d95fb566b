#include "compliance/redact.h"

#include <gmock/gmock.h>
#include <google/protobuf/message.h>

#include <set>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/config/v1/config.pb.h"
#include "belgrand/error/v1/error.pb.h"
#include "belgrand/ingest/v1/ingest.pb.h"
#include "belgrand/storage/v1/sample_record.pb.h"
#include "compliance/policy.h"
#include "platform/base/utf8.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kSecretNumber = 770077;  // in what must not be shown
constexpr std::int64_t kOpenNumber = 5;

// Fills every field by reflection; text gets a canary of its own. Fields that the schema calls
// NOT_PERSONAL under COMPOSITE parents go to `visible`, all others to `hidden`.
class Filler {
 public:
  // `choice` picks the member of each oneof, so that all are tried over several calls.
  explicit Filler(int choice) : choice_(choice) {}

  void Fill(pb::Message& message, bool shown, int depth = 0) {
    const pb::Descriptor& type = *message.GetDescriptor();
    const bool ours = type.full_name().rfind("belgrand.", 0) == 0;
    for (int i = 0; i < type.field_count(); ++i) {
      const pb::FieldDescriptor& field = *type.field(i);
      if (const auto* oneof = field.real_containing_oneof()) {
        if (oneof->field(choice_ % oneof->field_count()) != &field) continue;
      }
      // A Timestamp is shown where its field is; Any's text never.
      const bool here = ours ? !IsWithheld(CategoryOf(field))
                             : field.cpp_type() != pb::FieldDescriptor::CPPTYPE_STRING;
      FillField(message, field, shown && here, depth);
    }
  }

  std::set<std::string> visible;
  std::set<std::string> hidden;
  int fields = 0;

 private:
  void FillField(pb::Message& message, const pb::FieldDescriptor& field, bool shown, int depth) {
    ++fields;
    const pb::Reflection& reflection = *message.GetReflection();
    const std::int64_t number = shown ? kOpenNumber : kSecretNumber;
    const bool many = field.is_repeated();
#define SET(Type, value)                                \
  (many ? reflection.Add##Type(&message, &field, value) \
        : reflection.Set##Type(&message, &field, value))
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return SET(Int32, static_cast<std::int32_t>(number));
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return SET(Int64, number);
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        return SET(UInt32, static_cast<std::uint32_t>(number));
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        return SET(UInt64, static_cast<std::uint64_t>(number));
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return SET(Double, static_cast<double>(number));
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
        return SET(Float, static_cast<float>(number));
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return SET(Bool, true);
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return SET(EnumValue, 1);
      case pb::FieldDescriptor::CPPTYPE_STRING: {
        const std::string canary = "canary" + std::to_string(++count_) + "z";
        SET(String, canary);
        const bool text = field.type() == pb::FieldDescriptor::TYPE_STRING;
        (shown && text ? visible : hidden).insert(canary);
        return;
      }
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth > 8) return;
        return Fill(many ? *reflection.AddMessage(&message, &field)
                         : *reflection.MutableMessage(&message, &field),
                    shown, depth + 1);
    }
#undef SET
  }

  const int choice_;
  int count_ = 0;
};

const RedactLimits kWide = {.total_bytes = 1 << 20, .depth = 20};

TEST(RedactCanaryTest, ShowsTheTextOfOpenFieldsAndOfNoOther) {
  int fields = 0;
  std::size_t hidden = 0;
  for (const pb::Descriptor* type : AllMessages(SchemaFiles())) {
    for (int choice = 0; choice < 3; ++choice) {
      const std::unique_ptr<pb::Message> message(
          pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
      Filler filler(choice);
      filler.Fill(*message, true);
      const std::string text = Redact(*message, kWide);
      for (const std::string& canary : filler.visible) {
        EXPECT_THAT(text, HasSubstr(canary)) << type->full_name();
      }
      for (const std::string& canary : filler.hidden) {
        EXPECT_THAT(text, Not(HasSubstr(canary))) << type->full_name();
      }
      EXPECT_THAT(text, Not(HasSubstr(std::to_string(kSecretNumber)))) << type->full_name();
      // 770077 seconds after 1970, were a withheld instant printed as a date.
      EXPECT_THAT(text, Not(HasSubstr("1970-01-09"))) << type->full_name();
      EXPECT_THAT(text, Not(HasSubstr("\n"))) << type->full_name();
      fields += filler.fields;
      hidden += filler.hidden.size();
    }
  }
  EXPECT_GT(fields, 1000);
  EXPECT_GT(hidden, 50U);
}

TEST(RedactTest, WritesClassesInsteadOfValues) {
  ingest::v1::Sample sample;
  sample.set_sample_id("S-17");
  sample.set_value(1200.5);
  sample.set_censoring(ingest::v1::BELOW_LOD);
  sample.mutable_collected_at()->set_seconds(1609848000);
  sample.set_sampled_by("A. Name");
  sample.set_amendment_reason("B. Name told me");
  EXPECT_EQ(Redact(sample),
            "sample_id: \"S-17\", collected_at: 2021-01-05T12:00:00Z, value: 1200.5, censoring: "
            "BELOW_LOD, sampled_by: <identity>, amendment_reason: <free_text>");
}

TEST(RedactTest, NeverPrintsBytes) {
  storage::v1::SampleRecord record;
  record.set_content_hash(std::string(32, 'h'));
  record.set_sampled_by_sealed("sealed");
  EXPECT_EQ(Redact(record), "sampled_by_sealed: <identity>, content_hash: <32 bytes>");
}

TEST(RedactTest, NeverPrintsAnyOrUnknownFields) {
  error::v1::Status status;
  status.add_details()->set_type_url("canary.example/type");
  status.mutable_details(0)->set_value("canary");
  EXPECT_EQ(Redact(status), "details: [<message>]");

  ingest::v1::Sample sample;
  sample.GetReflection()->MutableUnknownFields(&sample)->AddLengthDelimited(999, "canary");
  EXPECT_EQ(Redact(sample), "<unknown fields>");
}

TEST(RedactTest, DoesNotTellHowManyPersonsThereAre) {
  config::v1::Mail mail;
  mail.set_server("smtp://mail:25");
  mail.add_to("a@example.org");
  mail.add_to("b@example.org");
  EXPECT_EQ(Redact(mail), "server: \"smtp://mail:25\", to: <contact>");
}

TEST(RedactTest, LetsNoValueForgeALineOrAField) {
  ingest::v1::Sample sample;
  sample.set_sample_id("S\n{\"level\":\"error\"}\", site_id: \"x\\\x7f\xe2\x80\xa8\xc2\x85");
  EXPECT_EQ(Redact(sample),
            "sample_id: \"S\\x0a{\\\"level\\\":\\\"error\\\"}\\\", site_id: "
            "\\\"x\\\\\\x7f\\xe2\\x80\\xa8\\xc2\\x85\"");
  sample.set_sample_id("caf\xe9");
  EXPECT_EQ(Redact(sample), "sample_id: \"caf\\xe9\"");
  sample.set_sample_id("caf\xc3\xa9");
  EXPECT_EQ(Redact(sample), "sample_id: \"caf\xc3\xa9\"");
}

TEST(RedactTest, BoundsWhatItWrites) {
  ingest::v1::SubmitSamplesRequest request;
  for (int i = 0; i < 5000; ++i) request.add_samples()->set_sample_id(std::string(5000, 'x'));
  const std::string text = Redact(request);
  EXPECT_LE(text.size(), RedactLimits{}.total_bytes + 3);
  EXPECT_THAT(text, HasSubstr("(+4800 bytes)"));

  ingest::v1::SubmitSamplesRequest small;
  for (int i = 0; i < 20; ++i) small.add_samples()->set_sample_id("s");
  EXPECT_THAT(Redact(small), HasSubstr("(+12 more)"));
  EXPECT_EQ(Redact(small, {.depth = 0}),
            "samples: [{...}, {...}, {...}, {...}, {...}, {...}, {...}, {...} (+12 more)]");
}

TEST(RedactTest, CutsNoCharacterInHalf) {
  ingest::v1::Sample sample;
  for (std::size_t size = 0; size < 12; ++size) {
    sample.set_sample_id("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x92\xa7z");
    EXPECT_TRUE(base::IsUtf8(Redact(sample, {.text_bytes = size}))) << size;
  }
}

TEST(RedactTest, SurvivesTimesThatAreNone) {
  ingest::v1::Sample sample;
  sample.mutable_collected_at()->set_seconds(std::numeric_limits<std::int64_t>::max());
  EXPECT_THAT(Redact(sample), HasSubstr("<invalid time"));
  sample.mutable_collected_at()->set_seconds(0);
  sample.mutable_collected_at()->set_nanos(-1);
  EXPECT_THAT(Redact(sample), HasSubstr("<invalid time"));
}

TEST(RedactTest, OfAnEmptyMessageIsEmpty) { EXPECT_EQ(Redact(ingest::v1::Sample()), ""); }

}  // namespace
}  // namespace belgrand::compliance
