// The privacy promises of the schema as they were agreed: tests/golden/privacy_baseline.txt. A
// change that widens (a new personal field, longer retention, a new recipient, a new role, less
// audit, ...) fails until a file of proto/approvals names it; every other change that the baseline
// does not show yet fails until it is taken in:
//   BELGRAND_UPDATE_GOLDEN=1 ctest --preset dev -R schema_lint
// which refuses while a widening is not approved. A pipeline that wants to be sure that nobody
// edited the baseline by hand gives that of the target branch: BELGRAND_PRIVACY_BASE_FILE=<file>.
#include "compliance/schema_baseline.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "belgrand/privacy/v1/privacy.pb.h"
#include "compliance/policy.h"
#include "platform/base/file.h"
#include "tests/support/schema_pool.h"
#include "tests/support/status_matchers.h"

namespace belgrand::compliance {
namespace {

namespace pb = google::protobuf;
using Kind = SchemaChange::Kind;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::filesystem::path Source() {
  const char* source = std::getenv("BELGRAND_SOURCE_DIR");
  return source == nullptr ? "." : source;
}
std::filesystem::path BaselinePath() { return Source() / "tests/golden/privacy_baseline.txt"; }

std::set<std::string> ReadApprovals() {
  std::set<std::string> approved;
  std::error_code none;
  for (const auto& file : std::filesystem::directory_iterator(Source() / "proto/approvals", none)) {
    if (file.path().extension() != ".txt") continue;
    const auto text = base::ReadFile(file.path());
    EXPECT_OK(text);
    const auto changes = ParseApproval(text.value_or(""));
    EXPECT_OK(changes) << file.path().string();
    if (changes.ok()) approved.insert(changes->begin(), changes->end());
  }
  return approved;
}

std::vector<std::string> Of(Kind kind, const std::vector<SchemaChange>& changes) {
  std::vector<std::string> texts;
  for (const SchemaChange& change : changes) {
    if (change.kind == kind) texts.push_back(change.text);
  }
  return texts;
}

std::vector<std::string> Unapproved(const std::vector<SchemaChange>& changes,
                                    const std::set<std::string>& approved) {
  std::vector<std::string> left;
  for (const std::string& text : Of(Kind::kWidens, changes)) {
    if (!approved.contains(text)) left.push_back(text);
  }
  return left;
}

std::string HowToApprove(const std::vector<std::string>& changes) {
  std::string text =
      "This change widens what is known of persons, by whom, or for how long. If that is meant, "
      "the "
      "data-protection officer approves it by a file proto/approvals/<number>-<title>.txt:\n\n"
      "approved_by: data-protection officer\ndate: YYYY-MM-DD\nreason: ...\n";
  for (const std::string& change : changes) text += "change: " + change + "\n";
  return text + "\nThen run this test with BELGRAND_UPDATE_GOLDEN=1.";
}

TEST(SchemaBaselineTest, NothingWidensWithoutAnApproval) {
  const SchemaFacts now = DescribeSchema(SchemaFiles());
  const std::set<std::string> approved = ReadApprovals();
  const bool update = std::getenv("BELGRAND_UPDATE_GOLDEN") != nullptr;
  auto text = base::ReadFile(BaselinePath());
  // The very first baseline: where there is none, what is there today is what was agreed.
  if (update && text.status().code() == base::StatusCode::kNotFound) text = FormatFacts(now);
  ASSERT_OK(text);
  const auto agreed = ParseFacts(*text);
  ASSERT_OK(agreed);
  EXPECT_GT(agreed->facts.size(), 100U);
  std::vector<SchemaChange> changes = CompareFacts(*agreed, now);
  const auto unapproved = Unapproved(changes, approved);
  ASSERT_THAT(unapproved, IsEmpty()) << HowToApprove(unapproved);
  if (update) {
    ASSERT_OK(base::WriteFileAtomically(BaselinePath(), FormatFacts(now), 0644));
    std::cout << "wrote " << now.facts.size() << " facts to " << BaselinePath().string() << "\n";
    changes.clear();
  }
  for (const Kind kind : {Kind::kWidens, Kind::kNarrows}) {
    EXPECT_THAT(Of(kind, changes), IsEmpty())
        << "approved, or stricter than before: take it into the baseline with "
           "BELGRAND_UPDATE_GOLDEN=1, or it could be taken back unseen";
  }
  for (const std::string& added : Of(Kind::kNeutral, changes)) {
    std::cout << "new, not yet in the baseline (BELGRAND_UPDATE_GOLDEN=1 adds it): " << added
              << "\n";
  }
}

TEST(SchemaBaselineTest, NothingWidensAgainstTheTargetBranch) {
  const char* const file = std::getenv("BELGRAND_PRIVACY_BASE_FILE");
  if (file == nullptr) {
    GTEST_SKIP() << "BELGRAND_PRIVACY_BASE_FILE is not set: give the baseline of the target branch";
  }
  const auto text = base::ReadFile(file);
  ASSERT_OK(text);
  const auto agreed = ParseFacts(*text);
  ASSERT_OK(agreed);
  const auto unapproved =
      Unapproved(CompareFacts(*agreed, DescribeSchema(SchemaFiles())), ReadApprovals());
  EXPECT_THAT(unapproved, IsEmpty()) << HowToApprove(unapproved);
}

TEST(SchemaBaselineTest, FactsRoundTrip) {
  const SchemaFacts now = DescribeSchema(SchemaFiles());
  const auto again = ParseFacts(FormatFacts(now));
  ASSERT_OK(again);
  EXPECT_EQ(again->facts, now.facts);
  EXPECT_THAT(CompareFacts(*again, now), IsEmpty());
  EXPECT_FALSE(ParseFacts("field x\tno option\n").ok());
  EXPECT_FALSE(ParseFacts("nothing\n").ok());
  EXPECT_FALSE(ParseFacts("field x").ok());
}

TEST(SchemaBaselineTest, AnApprovalSaysWhoWhenWhyAndWhat) {
  const std::string good =
      "approved_by: data-protection officer\ndate: 2026-01-31\nreason: r\nchange: a: b\nchange: "
      "c\n";
  EXPECT_THAT(ParseApproval(good), testing::IsOkAndHolds(std::vector<std::string>{"a: b", "c"}));
  for (const char* part : {"approved_by", "date", "reason"}) {
    std::string bad = good;
    bad.replace(bad.find(part), 4, "xxxx");
    EXPECT_THAT(ParseApproval(bad),
                testing::StatusIs(base::StatusCode::kInvalidArgument, HasSubstr(part)));
  }
  EXPECT_FALSE(ParseApproval("approved_by: x\ndate: 2026-01-31\nreason: r\n").ok());
  EXPECT_FALSE(ParseApproval("approved_by: x\ndate: soon\nreason: r\nchange: c\n").ok());
}

// The schema with one thing changed, and what the comparison says of it.
class SchemaMutation : public ::testing::Test {
 protected:
  using MessageEdit = std::function<void(pb::DescriptorProto&)>;

  std::vector<SchemaChange> After(const std::function<void()>& edit) {
    edit();
    return CompareFacts(before_, DescribeSchema(schema_.Build()));
  }
  pb::DescriptorProto& Message(const std::string& file, const std::string& name) {
    for (auto& message : *schema_.Edit(file).mutable_message_type()) {
      if (message.name() == name) return message;
    }
    ADD_FAILURE() << name;
    return *schema_.Edit(file).mutable_message_type(0);
  }
  pb::DescriptorProto& Sample() {
    return Message("belgrand/storage/v1/sample_record.proto", "SampleRecord");
  }
  // The first field of the message whose class is personal.
  pb::FieldDescriptorProto& Personal(pb::DescriptorProto& message) {
    for (auto& field : *message.mutable_field()) {
      if (IsPersonal(Policy(field).category()) && !Policy(field).retention().empty()) return field;
    }
    ADD_FAILURE() << "no personal field with a retention in " << message.name();
    return *message.mutable_field(0);
  }
  static privacy::v1::FieldPolicy& Policy(pb::FieldDescriptorProto& field) {
    return *field.mutable_options()->MutableExtension(privacy::v1::field);
  }
  static privacy::v1::RecordPolicy& Record(pb::DescriptorProto& message) {
    return *message.mutable_options()->MutableExtension(privacy::v1::record);
  }
  privacy::v1::MethodPolicy& Method(const std::string& name) {
    for (auto& service :
         *schema_.Edit("belgrand/compliance/v1/compliance.proto").mutable_service()) {
      for (auto& method : *service.mutable_method()) {
        if (method.name() == name) {
          return *method.mutable_options()->MutableExtension(privacy::v1::method);
        }
      }
    }
    ADD_FAILURE() << name;
    static privacy::v1::MethodPolicy none;
    return none;
  }
  static void AddField(pb::DescriptorProto& message, privacy::v1::Category category) {
    auto& field = *message.add_field();
    field.set_name("added");
    field.set_number(900);
    field.set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
    field.set_type(pb::FieldDescriptorProto::TYPE_STRING);
    Policy(field).set_category(category);
  }
  // Refused as it is, accepted when it is named, refused when something else is.
  void ExpectWidens(const std::vector<SchemaChange>& changes, const std::string& what) {
    const std::vector<std::string> widened = Of(Kind::kWidens, changes);
    EXPECT_THAT(widened, Contains(HasSubstr(what)));
    EXPECT_EQ(Unapproved(changes, {}), widened);
    EXPECT_EQ(Unapproved(changes, {"field other: new"}), widened) << "another approval is none";
    EXPECT_THAT(Unapproved(changes, {widened.begin(), widened.end()}), IsEmpty());
  }
  void ExpectNarrows(const std::vector<SchemaChange>& changes, const std::string& what) {
    EXPECT_THAT(Of(Kind::kNarrows, changes), Contains(HasSubstr(what)));
    EXPECT_THAT(Of(Kind::kWidens, changes), IsEmpty());
  }

  const SchemaFacts before_ = DescribeSchema(SchemaFiles());
  testing::SchemaPool schema_;
};

TEST_F(SchemaMutation, NothingChangedIsNoChange) {
  EXPECT_THAT(After([] {}), IsEmpty());
}

TEST_F(SchemaMutation, APersonalFieldWidensAndAHarmlessOneIsFree) {
  ExpectWidens(After([&] { AddField(Sample(), privacy::v1::CONTACT); }),
               "field belgrand.storage.v1.SampleRecord.added: new, category=CONTACT");
  Policy(*Sample().mutable_field()->rbegin()).set_category(privacy::v1::SECRET);
  ExpectWidens(After([] {}), "category=SECRET");
  EXPECT_THAT(After([&] {
                Policy(*Sample().mutable_field()->rbegin()).set_category(privacy::v1::NOT_PERSONAL);
              }),
              IsEmpty());
}

TEST_F(SchemaMutation, AFieldThatIsNoLongerCalledPersonalWidens) {
  ExpectWidens(After([&] {
                 auto& policy = Policy(Personal(Sample()));
                 policy.Clear();
                 policy.set_category(privacy::v1::NOT_PERSONAL);
               }),
               "no longer called personal");
}

TEST_F(SchemaMutation, AnotherClassOrPersonWidens) {
  auto& policy = Policy(Personal(Sample()));
  ExpectWidens(After([&] { policy.set_category(privacy::v1::FREE_TEXT); }), "-> FREE_TEXT");
  ExpectWidens(After([&] { policy.set_subject(privacy::v1::OFFICIAL); }), "-> OFFICIAL");
}

TEST_F(SchemaMutation, SealingLessWidens) {
  auto& policy = Policy(Personal(Sample()));
  ASSERT_TRUE(policy.encrypt());
  ExpectWidens(After([&] { policy.set_encrypt(false); }), "encrypt true -> unset");
}

TEST_F(SchemaMutation, LongerRetentionWidensAndShorterNarrows) {
  auto& policy = Policy(Personal(Sample()));
  const std::string agreed = policy.retention();
  ExpectWidens(After([&] { policy.set_retention("P900Y"); }), "-> P900Y");
  ExpectWidens(After([&] { policy.clear_retention(); }), "-> unset");
  ExpectNarrows(After([&] { policy.set_retention("P1D"); }), "-> P1D");
  policy.set_retention(agreed);
  ExpectWidens(After([&] { Record(Sample()).set_retention("P999Y"); }), "-> P999Y");
  ExpectWidens(After([&] { Record(Sample()).set_clock_field("other_us"); }), "clock_field");
}

TEST_F(SchemaMutation, ANewRecipientPurposeOrBasisWidens) {
  ExpectWidens(After([&] { Record(Sample()).add_recipients("advertiser"); }),
               "recipients +advertiser");
  ExpectWidens(After([&] { Record(Sample()).set_activity("marketing"); }), "-> marketing");
  ExpectWidens(After([&] { Record(Sample()).set_legal_basis("6(1)(f)"); }), "-> 6(1)(f)");
}

TEST_F(SchemaMutation, MoreRolesWidenAndFewerNarrow) {
  ExpectWidens(After([&] { Method("ReadAudit").add_roles(privacy::v1::LABORATORY); }),
               "ReadAudit: roles +LABORATORY");
  testing::SchemaPool fresh;
  std::swap(schema_, fresh);
  ExpectNarrows(After([&] { Method("GetCheckpoint").mutable_roles()->RemoveLast(); }),
                "GetCheckpoint: roles -PUBLIC");
}

TEST_F(SchemaMutation, LessAuditWidensAndMoreNarrows) {
  ExpectWidens(After([&] { Method("ReadAudit").set_audit(privacy::v1::NOT_AUDITED); }),
               "audit AUDITED -> NOT_AUDITED");
  Method("ReadAudit").set_audit(privacy::v1::AUDITED);
  ExpectNarrows(After([&] { Method("GetCheckpoint").set_audit(privacy::v1::AUDITED); }),
                "audit NOT_AUDITED -> AUDITED");
}

TEST_F(SchemaMutation, AnAnswerThatShowsMoreOfAPersonWidens) {
  ExpectWidens(After([&] {
                 AddField(Message("belgrand/compliance/v1/compliance.proto", "ExpiryLine"),
                          privacy::v1::IDENTITY);
               }),
               "shows belgrand.compliance.v1.ComplianceService.PlanRetention "
               "belgrand.compliance.v1.ExpiryLine.added: new");
}

TEST_F(SchemaMutation, AMethodThatOpensToOutsidersShowsWhatItAnswers) {
  ExpectWidens(After([&] { Method("SealFields").add_roles(privacy::v1::LABORATORY); }),
               "shows belgrand.compliance.v1.ComplianceService.SealFields");
}

TEST_F(SchemaMutation, AFieldThatGoesNarrows) {
  ExpectNarrows(After([&] {
                  auto& entry = Message("belgrand/storage/v1/audit_entry.proto", "AuditEntry");
                  for (int i = 0; i < entry.field_size(); ++i) {
                    if (entry.field(i).name() != "actor_ref") continue;
                    entry.mutable_field()->DeleteSubrange(i, 1);
                    break;
                  }
                }),
                "field belgrand.storage.v1.AuditEntry.actor_ref: gone");
}

}  // namespace
}  // namespace belgrand::compliance
