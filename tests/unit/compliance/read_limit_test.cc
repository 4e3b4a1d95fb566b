#include "compliance/read_limit.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "compliance/policy.h"
#include "tests/support/fill_message.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;
using privacy::v1::Purpose;
using privacy::v1::Role;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsNull;
using ::testing::NotNull;

alerting::v1::GetAlertResponse Answer() {
  alerting::v1::GetAlertResponse answer;
  answer.mutable_alert()->set_alert_id("A-1");
  answer.mutable_alert()->set_acknowledged_by("O. Fficial");
  answer.add_history()->set_by("O. Fficial");
  answer.add_history()->set_comment("asked the laboratory");
  answer.add_deliveries()->add_receipts()->set_recipient("office@town.example");
  return answer;
}

TEST(ReadLimitTest, LeavesOutWhatTheReaderMayNotSeeAndNamesIt) {
  const auto answer = Answer();
  const Role role = Role::SERVICE_OPERATOR;
  const ReadLimit limit(*answer.GetDescriptor(), {&role, 1}, Purpose::OPERATION);
  std::set<std::string> left_out;
  const auto reduced = limit.Reduced(answer, left_out);
  ASSERT_THAT(reduced, NotNull());
  const auto& shown = dynamic_cast<const alerting::v1::GetAlertResponse&>(*reduced);
  EXPECT_EQ(shown.alert().alert_id(), "A-1");
  EXPECT_EQ(shown.alert().acknowledged_by(), "");
  EXPECT_EQ(shown.history(0).by(), "");
  EXPECT_EQ(shown.history(1).comment(), "");
  EXPECT_EQ(shown.deliveries(0).receipts(0).recipient(), "office@town.example");
  EXPECT_THAT(left_out, ElementsAre("belgrand.alerting.v1.Alert.acknowledged_by",
                                    "belgrand.alerting.v1.AlertEvent.by",
                                    "belgrand.alerting.v1.AlertEvent.comment"));
}

TEST(ReadLimitTest, LeavesAnAnswerAloneThatHoldsNothingOfTheKind) {
  auto answer = Answer();
  const Role official = Role::HEALTH_OFFICIAL;
  std::set<std::string> left_out;
  EXPECT_THAT(ReadLimit(*answer.GetDescriptor(), {&official, 1}, Purpose::OUTBREAK_RESPONSE)
                  .Reduced(answer, left_out),
              IsNull());
  answer.Clear();
  answer.mutable_alert()->set_alert_id("A-1");
  const Role nobody = Role::PUBLIC;
  EXPECT_THAT(ReadLimit(*answer.GetDescriptor(), {&nobody, 1}, Purpose::PUBLIC_INFORMATION)
                  .Reduced(answer, left_out),
              IsNull());
  EXPECT_THAT(left_out, IsEmpty());
}

// Who has two roles reads in each for what that role is for.
TEST(ReadLimitTest, APurposeLimitsWhoHasSeveralRoles) {
  const auto answer = Answer();
  const std::vector<Role> roles = {Role::HEALTH_OFFICIAL, Role::SERVICE_OPERATOR};
  std::set<std::string> left_out;
  EXPECT_THAT(
      ReadLimit(*answer.GetDescriptor(), roles, Purpose::OPERATION).Reduced(answer, left_out),
      NotNull());
  EXPECT_THAT(
      ReadLimit(*answer.GetDescriptor(), roles, Purpose::SURVEILLANCE).Reduced(answer, left_out),
      IsNull());
}

// Calls `visit` with every field that is set, of the message and of those in it.
void ForEachSet(const pb::Message& message,
                const std::function<void(const pb::FieldDescriptor&)>& visit) {
  std::vector<const pb::FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const pb::FieldDescriptor* field : set) {
    visit(*field);
    if (field->message_type() == nullptr) continue;
    const int count = field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      ForEachSet(field->is_repeated()
                     ? message.GetReflection()->GetRepeatedMessage(message, field, i)
                     : message.GetReflection()->GetMessage(message, field),
                 visit);
    }
  }
}

std::multiset<std::string> FieldsOf(const pb::Message& message,
                                    const std::function<bool(const pb::FieldDescriptor&)>& which) {
  std::multiset<std::string> names;
  ForEachSet(message, [&](const pb::FieldDescriptor& field) {
    if (which(field)) names.insert(field.full_name());
  });
  return names;
}

// Every method, every role, every purpose, every field filled: what may be read stays, whole, and
// nothing else that is personal or secret does.
TEST(ReadLimitTest, HoldsForEveryAnswerOfTheSchema) {
  int methods = 0;
  for (const pb::FileDescriptor* file : SchemaFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const pb::MethodDescriptor& method = *file->service(s)->method(m);
        const bool personal = !PersonalFieldsOf(*method.output_type()).empty();
        EXPECT_EQ(HasReaders(method.full_name()),
                  personal && IsForOthers(*FindMethodPolicy(method.full_name())))
            << method.full_name();
        if (!HasReaders(method.full_name())) continue;
        ++methods;
        const std::unique_ptr<pb::Message> answer(
            pb::MessageFactory::generated_factory()->GetPrototype(method.output_type())->New());
        testing::FillMessage(*answer);
        for (int role = 1; role <= privacy::v1::Role_MAX; ++role) {
          for (int purpose = 1; purpose <= privacy::v1::Purpose_MAX; ++purpose) {
            const auto who = static_cast<Role>(role);
            const auto what_for = static_cast<Purpose>(purpose);
            const auto readable = [&](const pb::FieldDescriptor& field) {
              const auto& policy = FieldPolicyOf(field);
              const auto names = [](const auto& list, int value) {
                return std::find(list.begin(), list.end(), value) != list.end();
              };
              return !IsWithheld(policy.category()) ||
                     !field.full_name().starts_with("belgrand.") ||
                     (names(policy.readers(), role) && names(policy.read_for(), purpose) &&
                      MayClaim(who, what_for));
            };
            std::set<std::string> left_out;
            const auto reduced =
                ReadLimit(*method.output_type(), {&who, 1}, what_for).Reduced(*answer, left_out);
            const pb::Message& sent = reduced ? *reduced : *answer;
            EXPECT_THAT(FieldsOf(sent, [&](const auto& f) { return !readable(f); }), IsEmpty());
            const auto ours = [&](const auto& f) {
              return readable(f) && f.full_name().starts_with("belgrand.");
            };
            EXPECT_EQ(FieldsOf(sent, ours), FieldsOf(*answer, ours)) << method.full_name();
            const auto gone = FieldsOf(*answer, [&](const auto& f) { return !readable(f); });
            EXPECT_EQ(left_out, std::set<std::string>(gone.begin(), gone.end()));
          }
        }
      }
    }
  }
  EXPECT_GE(methods, 20);
}

}  // namespace
}  // namespace belgrand::compliance
