#include "services/cli/compliance_drill_schema.h"

#include <google/protobuf/message.h>

#include <memory>
#include <random>

#include "belgrand/privacy/v1/privacy.pb.h"
#include "belgrand/storage/v1/sample_record.pb.h"
#include "compliance/expiry_plan.h"
#include "compliance/policy.h"
#include "compliance/redact.h"
#include "compliance/schema_baseline.h"
#include "compliance/schema_check.h"
#include "platform/base/time.h"

namespace belgrand::cli {
namespace {

namespace pb = google::protobuf;
using Result = base::StatusOr<std::string>;

constexpr char kCanary[] = "canary.7Qx";

// Puts the canary into every text and bytes field that the schema calls personal or secret, and
// says into how many.
int FillWithheld(pb::Message& message, int depth) {
  int filled = 0;
  const pb::Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const pb::FieldDescriptor* const field = message.GetDescriptor()->field(i);
    // A second member of a oneof would take the first away; each is a message tried by itself.
    const pb::OneofDescriptor* const oneof = field->real_containing_oneof();
    if (oneof != nullptr && reflection.HasOneof(message, oneof)) continue;
    if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (depth == 0) continue;
      filled += FillWithheld(field->is_repeated() ? *reflection.AddMessage(&message, field)
                                                  : *reflection.MutableMessage(&message, field),
                             depth - 1);
    } else if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING &&
               compliance::IsWithheld(compliance::CategoryOf(*field))) {
      if (field->is_repeated()) {
        reflection.AddString(&message, field, kCanary);
      } else {
        reflection.SetString(&message, field, kCanary);
      }
      ++filled;
    }
  }
  return filled;
}

Result Canary(const std::string&) {
  int messages = 0;
  int fields = 0;
  for (const pb::Descriptor* type : compliance::AllMessages(compliance::SchemaFiles())) {
    const pb::Message* const prototype =
        pb::MessageFactory::generated_factory()->GetPrototype(type);
    if (prototype == nullptr) return base::Internal("{} has no type", type->full_name());
    const std::unique_ptr<pb::Message> message(prototype->New());
    const int filled = FillWithheld(*message, 3);
    if (filled == 0) continue;
    std::string bytes;
    if (!message->SerializeToString(&bytes) || bytes.find(kCanary) == std::string::npos) {
      return base::DataLoss("the canary is not where it was put, in {}", type->full_name());
    }
    if (compliance::Redact(*message, {1 << 20, 1000, 100, 12}).find(kCanary) != std::string::npos) {
      return base::DataLoss("the log text of {} shows a personal value", type->full_name());
    }
    ++messages;
    fields += filled;
  }
  return fmt::format(
      "{} messages, {} personal or secret values: each in the bytes (control), none "
      "in the text for logs",
      messages, fields);
}

Result Classified(const std::string&) {
  const auto problems = compliance::CheckSchema(compliance::SchemaFiles());
  if (!problems.empty()) return base::DataLoss("{}", problems.front());
  int fields = 0;
  int methods = 0;
  for (const auto* type : compliance::AllMessages(compliance::SchemaFiles())) {
    fields += type->field_count();
  }
  for (const auto* file : compliance::SchemaFiles()) {
    for (int i = 0; i < file->service_count(); ++i) methods += file->service(i)->method_count();
  }
  if (compliance::FindMethodPolicy("belgrand.none.v1.None.None") != nullptr) {
    return base::DataLoss("a method without a policy has one");
  }
  return fmt::format(
      "{} fields have a privacy class, {} methods name their roles; an unknown method "
      "is refused",
      fields, methods);
}

Result Widening(const std::string&) {
  const compliance::SchemaFacts now = compliance::DescribeSchema(compliance::SchemaFiles());
  if (!compliance::CompareFacts(now, now).empty()) {
    return base::DataLoss("a schema that did not change is said to have");
  }
  int seeded = 0;
  for (const auto& [fact, options] : now.facts) {
    // Each fact in turn: what if it had been stricter before, or not been there?
    compliance::SchemaFacts before = now;
    if (fact.starts_with("method ")) {
      if (before.facts[fact]["roles"].find(',') == std::string::npos) continue;
      std::string& roles = before.facts[fact]["roles"];
      roles = roles.substr(roles.find(',') + 1);
    } else if (fact.starts_with("record ")) {
      before.facts[fact]["retention"] = "PT1S";
    } else {
      before.facts.erase(fact);
    }
    ++seeded;
    const auto changes = compliance::CompareFacts(before, now);
    if (changes.size() != 1 || changes.front().kind != compliance::SchemaChange::Kind::kWidens) {
      return base::DataLoss("a widening of {} is not seen", fact);
    }
  }
  return fmt::format(
      "{} changes of the schema that show more, to more, for longer: {} need an "
      "approval",
      seeded, seeded);
}

// Counted by whole civil years, without the code that is tried.
Result Retention(const std::string&) {
  using std::chrono::sys_days;
  using std::chrono::years;
  const auto policies = compliance::RetentionPolicies(*storage::v1::SampleRecord::descriptor());
  int kept_years = 0;
  for (const auto& policy : policies) {
    if (policy.field.empty()) kept_years = policy.duration.months / 12;
  }
  if (kept_years == 0) return base::DataLoss("samples have no retention in whole years");
  const auto today = std::chrono::year_month_day(std::chrono::year(2031), std::chrono::month(6),
                                                 std::chrono::day(15));
  const base::Instant now = sys_days(today);
  const base::Instant limit = sys_days(today - years(kept_years));
  compliance::ExpiryTally tally(*storage::v1::SampleRecord::descriptor(), now);
  std::mt19937 random(20310615);
  std::uint64_t expected = 0;
  constexpr int kRecords = 5000;
  for (int i = 0; i < kRecords; ++i) {
    storage::v1::SampleRecord record;
    const base::Instant at =
        limit + std::chrono::hours(static_cast<int>(random() % 20'000) - 10'000);
    record.set_recorded_at_us(base::ToMicros(at));
    if (at <= limit) ++expected;
    tally.Count(record);
  }
  for (const auto& line : tally.Lines()) {
    if (!line.field().empty()) continue;
    if (line.expired() != expected || line.held() != kRecords) {
      return base::DataLoss("the plan counts {} of {}, by the calendar {} are due", line.expired(),
                            line.held(), expected);
    }
    return fmt::format(
        "{} made-up samples, {} past {} years by the calendar: the plan counts the "
        "same {}",
        kRecords, expected, kept_years, line.expired());
  }
  return base::DataLoss("the plan has no line for samples");
}

}  // namespace

std::vector<DrillStep> SchemaDrillSteps() {
  return {
      {"Every field has a privacy class, every method its roles", Classified},
      {"No personal value in a log line", Canary},
      {"More personal data needs an approval", Widening},
      {"The retention plan counts what is due", Retention},
  };
}

}  // namespace belgrand::cli
