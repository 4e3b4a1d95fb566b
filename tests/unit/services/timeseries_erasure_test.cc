// A person leaves the time series and the measurements stay.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "compliance/sealed_field.h"
#include "tests/unit/services/timeseries_fixture.h"

namespace belgrand::timeseries {
namespace {

using compliance::v1::ErasureLine;
using compliance::v1::PersonToErase;

std::string Ref(int person) {
  std::mt19937_64 random(static_cast<std::uint64_t>(person) + 1000);
  std::string ref;
  for (int i = 0; i < 16; ++i) ref.push_back(static_cast<char>(random()));
  return ref;
}

class SampleErasureTest : public SampleStoreTest {
 protected:
  std::string Sealed(int person, const std::string& name = "J. Snow") const {
    return compliance::SealField(key_, Ref(person), "place", name);
  }
  static shared::PersonMatcher Persons(const std::vector<int>& persons,
                                       const std::string& name = "") {
    std::vector<PersonToErase> list;
    for (const int person : persons) {
      auto& added = list.emplace_back();
      added.set_subject(privacy::v1::SAMPLER);
      added.set_subject_ref(Ref(person));
      added.set_tenant("lab");
      added.set_value(name);
    }
    auto matcher = shared::PersonMatcher::Make(list, "");
    EXPECT_OK(matcher);
    return *std::move(matcher);
  }
  static std::uint64_t Count(const base::StatusOr<std::vector<ErasureLine>>& lines,
                             std::string_view field) {
    EXPECT_OK(lines);
    for (const ErasureLine& line : *lines) {
      if (line.field() == field) return line.count();
    }
    ADD_FAILURE() << "no line for " << field;
    return 0;
  }
  std::uint64_t Hits(int person) const {
    const auto facts = store_->SearchFiles({Ref(person)});
    EXPECT_OK(facts);
    return facts->values.hits.at(0) + facts->logs.hits.at(0) + facts->manifests.hits.at(0) +
           facts->raw.hits.at(0);
  }

  const crypto::Key256 key_ = crypto::Key256::Random();
};

TEST_F(SampleErasureTest, ThePersonLeavesEveryVersionAndFileAndTheRestStays) {
  Record row = Row("s1", "shieldhall", "2021-01-04", 1);
  row.set_sampled_by_sealed(Sealed(1));
  row.set_analysed_by_sealed(Sealed(2));
  Append(row);
  Record again = Row("s1", "shieldhall", "2021-01-04", 2, "typing error");
  again.set_sampled_by_sealed(Sealed(1));
  again.set_amended_by_sealed(Sealed(1));
  Append(again);
  EXPECT_EQ(Count(store_->FindPersons(Persons({1})), "sampled_by_sealed"), 2U);
  EXPECT_EQ(Count(store_->FindPersons(Persons({1})), "amended_by_sealed"), 1U);
  ASSERT_GT(Hits(1), 0U) << "positive control";
  ASSERT_GT(Hits(2), 0U) << "positive control";

  const auto erased = store_->ErasePersons(Persons({1}));
  EXPECT_EQ(Count(erased, "sampled_by_sealed"), 2U);
  EXPECT_EQ(Count(erased, "amended_by_sealed"), 1U);
  EXPECT_EQ(Count(erased, "analysed_by_sealed"), 0U);
  EXPECT_EQ(Hits(1), 0U);
  EXPECT_GT(Hits(2), 0U) << "the other person stays";
  const auto history = store_->History("lab", "s1", "sars-cov-2");
  ASSERT_OK(history);
  ASSERT_EQ(history->size(), 2U);
  EXPECT_EQ(history->at(0).value(), 1);
  EXPECT_EQ(history->at(1).value(), 2);
  EXPECT_EQ(history->at(1).amendment_reason(), "typing error");
  EXPECT_EQ(compliance::SubjectRefOf(history->at(0).analysed_by_sealed()).value(), Ref(2));
  EXPECT_TRUE(history->at(0).sampled_by_sealed().empty());
  EXPECT_TRUE(history->at(1).amended_by_sealed().empty());
  EXPECT_EQ(Append(again).outcome, Outcome::kDuplicate) << "its hash was kept";
  Reopen();
  EXPECT_EQ(Count(store_->FindPersons(Persons({1})), "sampled_by_sealed"), 0U);
  EXPECT_TRUE(CloseAndFsck().clean());
}

TEST_F(SampleErasureTest, ARectifiedNameIsSealedAnewOnceForEachPlaceAndLogAndSeriesAgree) {
  for (int i = 0; i < 3; ++i) {
    Record row = Row("s" + std::to_string(i), "shieldhall", "2021-01-04", 1);
    row.set_sampled_by_sealed(Sealed(1));
    row.set_analysed_by_sealed(Sealed(2));
    row.set_comment("J. Snow was late");
    Append(row);
  }
  PersonToErase person;
  person.set_subject(privacy::v1::SAMPLER);
  person.set_subject_ref(Ref(1));
  person.set_tenant("lab");
  person.set_value("J. Snow");
  person.set_replacement("J. Snowe");
  const auto matcher = shared::PersonMatcher::Make({person}, "");
  ASSERT_OK(matcher);
  EXPECT_THAT(store_->ErasePersons(*matcher),
              belgrand::testing::StatusIs(base::StatusCode::kFailedPrecondition, ::testing::_))
      << "without a keyring nothing is lost";
  std::vector<std::string> places;
  const auto seal = [&](const compliance::v1::SealFieldsRequest& request)
      -> base::StatusOr<compliance::v1::SealFieldsResponse> {
    compliance::v1::SealFieldsResponse response;
    for (const auto& field : request.fields()) {
      EXPECT_EQ(field.value(), "J. Snowe");
      EXPECT_EQ(field.tenant(), "lab");
      auto& sealed = *response.add_fields();
      sealed.set_subject_ref(Ref(3));
      if (request.look_up_only()) continue;
      places.push_back(field.place());
      sealed.set_sealed(compliance::SealField(key_, Ref(3), field.place(), field.value()));
    }
    return response;
  };
  EXPECT_EQ(Count(store_->ErasePersons(*matcher, seal), "sampled_by_sealed"), 3U);
  EXPECT_EQ(Count(store_->ErasePersons(*matcher, seal), "sampled_by_sealed"), 0U);
  EXPECT_EQ(Hits(1), 0U);
  EXPECT_GT(Hits(2), 0U) << "the other person stays";
  const auto history = store_->History("lab", "s1", "sars-cov-2");
  ASSERT_OK(history);
  const Record& row = history->at(0);
  EXPECT_EQ(row.comment(), "J. Snowe was late");
  EXPECT_EQ(compliance::SubjectRefOf(row.sampled_by_sealed()).value(), Ref(3));
  EXPECT_EQ(compliance::OpenField(key_, "SampleRecord.sampled_by_sealed/lab/" + row.request_id(),
                                  row.sampled_by_sealed())
                .value(),
            "J. Snowe");
  const std::set<std::string> once(places.begin(), places.end());
  EXPECT_EQ(once.size(), places.size());
  Reopen();
  EXPECT_TRUE(CloseAndFsck().clean()) << "log and series hold the same bytes";
}

TEST_F(SampleErasureTest, CollectsEveryVersionOfOnePersonAndNobodyElse) {
  Record row = Row("s1", "shieldhall", "2021-01-04", 1);
  row.set_sampled_by_sealed(Sealed(1));
  row.set_analysed_by_sealed(Sealed(2));
  Append(row);
  row = Row("s2", "shieldhall", "2021-01-05", 1);
  row.set_sampled_by_sealed(Sealed(2));
  Append(row);
  std::vector<compliance::v1::HeldRecord> held;
  const auto person = Persons({1});
  ASSERT_OK(store_->CollectPerson(person, [&](compliance::v1::HeldRecord record) {
    held.push_back(std::move(record));
    return base::OkStatus();
  }));
  ASSERT_EQ(held.size(), 1U);
  int personal = 0;
  for (const auto& field : held[0].fields()) {
    if (field.category() == privacy::v1::NOT_PERSONAL) continue;
    ++personal;
    EXPECT_EQ(field.name(), "sampled_by_sealed");
    EXPECT_EQ(compliance::SubjectRefOf(field.sealed()).value(), Ref(1));
    EXPECT_EQ(field.places_size(), 2);
    EXPECT_TRUE(field.has_gone_at());
  }
  EXPECT_EQ(personal, 1);
}

TEST_F(SampleErasureTest, TextsThatMentionThePersonGoAndLongerWordsStay) {
  const auto add = [&](const char* id, const char* comment, const char* laboratory = "lab") {
    Record row = Row(id, "shieldhall", "2021-01-04", 1);
    row.set_laboratory_id(laboratory);
    row.set_comment(comment);
    Append(row);
  };
  add("s1", "taken by Snow, in rain");
  add("s2", "Snowfall all day");
  add("s3", "Snow", "lab-b");
  const auto erased = store_->ErasePersons(Persons({1}, "Snow"));
  EXPECT_EQ(Count(erased, "comment"), 1U);
  EXPECT_EQ(store_->History("lab", "s1", "sars-cov-2")->at(0).comment(), "");
  EXPECT_EQ(store_->History("lab", "s2", "sars-cov-2")->at(0).comment(), "Snowfall all day");
  EXPECT_EQ(store_->History("lab-b", "s3", "sars-cov-2")->at(0).comment(), "Snow");
  // When the erasure is repeated, nobody knows the name any more.
  EXPECT_EQ(Count(store_->ErasePersons(Persons({1})), "comment"), 0U);
}

TEST_F(SampleErasureTest, AnErasureLeavesABrokenOffExpiryDue) {
  Record row = Row("s1", "shieldhall", "2021-01-04", 1);
  row.set_sampled_by_sealed(Sealed(1));
  Append(row);
  store_.reset();
  {
    auto raw = storage::Store::Open(Options());
    ASSERT_OK(raw);
    storage::Batch batch;
    batch.Put(kMetaFamily, kCompactionDueKey, "");
    ASSERT_OK((*raw)->Write(batch));
  }
  Reopen();
  ASSERT_OK(store_->ErasePersons(Persons({1})));
  store_.reset();
  auto raw = storage::Store::Open(Options());
  ASSERT_OK(raw);
  EXPECT_TRUE((*raw)->Get(kMetaFamily, kCompactionDueKey)->has_value());
}

TEST_F(SampleErasureTest, TheMarkOfErasuresOutlivesARestart) {
  EXPECT_EQ(store_->erased()->through, 0U);
  ASSERT_OK(store_->SetErased({std::string(16, 'l'), 7}));
  Reopen();
  EXPECT_EQ(store_->erased()->ledger_id, std::string(16, 'l'));
  EXPECT_EQ(store_->erased()->through, 7U);
}

// Random appends, amendments, erasures, restarts and settlings against a map of who stands where.
TEST_F(SampleErasureTest, BehavesAsAMapThroughRandomOperationsAndRestarts) {
  const auto seed = static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE(fmt::format("seed {} (repeat with --gtest_random_seed={})", seed, seed));
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  struct Version {
    double value = 0;
    int sampler = 0;  // 0: nobody
    int analyst = 0;
  };
  constexpr int kPersons = 6;
  limits_.settle_rows = 8;
  Reopen();
  std::map<std::string, std::vector<Version>> model;
  for (int step = 0; step < 150; ++step) {
    SCOPED_TRACE(fmt::format("step {}", step));
    switch (pick(8)) {
      case 0:
        Reopen();
        break;
      case 1: {
        const int person = 1 + pick(kPersons);
        std::uint64_t sampled = 0;
        std::uint64_t analysed = 0;
        for (auto& [id, versions] : model) {
          for (Version& version : versions) {
            sampled += version.sampler == person ? 1 : 0;
            analysed += version.analyst == person ? 1 : 0;
            if (version.sampler == person) version.sampler = 0;
            if (version.analyst == person) version.analyst = 0;
          }
        }
        const auto found = store_->FindPersons(Persons({person}));
        EXPECT_EQ(Count(found, "sampled_by_sealed"), sampled);
        EXPECT_EQ(Count(found, "analysed_by_sealed"), analysed);
        if (sampled + analysed > 0) {
          ASSERT_GT(Hits(person), 0U) << "positive control";
        }
        const auto erased = store_->ErasePersons(Persons({person}));
        EXPECT_EQ(Count(erased, "sampled_by_sealed"), sampled);
        EXPECT_EQ(Count(erased, "analysed_by_sealed"), analysed);
        ASSERT_EQ(Hits(person), 0U);
        break;
      }
      default: {
        const std::string id = fmt::format("s{}", pick(20));
        auto& versions = model[id];
        Version version{static_cast<double>(step), pick(kPersons + 1), pick(kPersons + 1)};
        Record row =
            Row(id, "shieldhall", "2021-01-04", version.value, versions.empty() ? "" : "mended");
        if (version.sampler > 0) row.set_sampled_by_sealed(Sealed(version.sampler));
        if (version.analyst > 0) row.set_analysed_by_sealed(Sealed(version.analyst));
        const auto outcome = Append(row).outcome;
        ASSERT_EQ(outcome, versions.empty() ? Outcome::kStored : Outcome::kAmended);
        versions.push_back(version);
      }
    }
    if (model.empty()) continue;
    const auto one = std::next(model.begin(), pick(static_cast<int>(model.size())));
    const auto history = store_->History("lab", one->first, "sars-cov-2");
    ASSERT_OK(history);
    ASSERT_EQ(history->size(), one->second.size());
    for (std::size_t i = 0; i < history->size(); ++i) {
      const auto who = [](int person) { return person == 0 ? std::string() : Ref(person); };
      const auto ref = [](const std::string& sealed) {
        return sealed.empty() ? std::string() : compliance::SubjectRefOf(sealed).value();
      };
      EXPECT_EQ(history->at(i).value(), one->second[i].value);
      EXPECT_EQ(ref(history->at(i).sampled_by_sealed()), who(one->second[i].sampler));
      EXPECT_EQ(ref(history->at(i).analysed_by_sealed()), who(one->second[i].analyst));
    }
  }
  EXPECT_TRUE(CloseAndFsck().clean());
}

}  // namespace
}  // namespace belgrand::timeseries
