// The catalogue of sites against a plain list of everything that was ever put: changes, restarts,
// readings as of then. And what it keeps of a site that a request does not mention.
#include "services/timeseries/site_catalogue.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>

#include "services/timeseries/fsck.h"
#include "services/timeseries/site_check.h"
#include "services/timeseries/site_convert.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/services/timeseries_fixture.h"

namespace belgrand::timeseries {
namespace {

using ::belgrand::testing::StatusIs;
using storage::v1::SiteRecord;
using ::testing::HasSubstr;
using ::testing::SizeIs;

void AddSquare(double size, SiteRecord& site) {
  auto& catchment = *site.mutable_catchment();
  catchment.set_license("CC0-1.0");
  auto& ring = *catchment.add_polygons()->add_rings();
  for (const double number : {0.0, 0.0, size, 0.0, size, size, 0.0, 0.0}) {
    ring.add_positions(number);
  }
  catchment.set_position_count(4);
}

void AddPopulation(std::int64_t from_us, double persons, SiteRecord& site) {
  auto& dated = *site.add_populations();
  if (from_us != 0) dated.set_valid_from_us(from_us);
  dated.set_persons(persons);
}

void AddShares(const std::string& first, double share, const std::string& second,
               SiteRecord& site) {
  auto& dated = *site.add_districts();
  auto& a = *dated.add_shares();
  a.set_district_id(first);
  a.set_share(share);
  auto& b = *dated.add_shares();
  b.set_district_id(second);
  b.set_share(1 - share);
}

class SiteCatalogueTest : public SampleStoreTest {
 protected:
  PutSitesResult Put(const std::vector<SiteRecord>& sites) {
    clock_.Advance(std::chrono::seconds(1));
    const auto result = store_->sites().Put(sites, clock_.Now());
    EXPECT_OK(result);
    return result.ok() ? *result : PutSitesResult();
  }
  SiteRecord One(const std::string& id, std::optional<base::Instant> as_of = {}) {
    const auto list =
        store_->sites().Read({.site_id = id, .as_of = as_of, .with_polygons = true}, clock_.Now());
    EXPECT_OK(list);
    return list.ok() ? list->sites.at(0) : SiteRecord();
  }
};

TEST_F(SiteCatalogueTest, WhatARequestDoesNotSayStays) {
  SiteRecord whole = SiteNamed("w1", "north");
  whole.clear_population_served();
  AddPopulation(0, 1000, whole);
  AddPopulation(5'000'000, 2000, whole);
  AddShares("north", 0.75, "south", whole);
  whole.set_institution(2);
  AddSquare(1, whole);
  EXPECT_EQ(Put({whole}).added, 1u);
  SiteRecord plain;
  plain.set_site_id("w1");
  EXPECT_EQ(Put({plain}).unchanged, 1u) << "nothing was said";
  plain.set_population_served(2500);
  EXPECT_EQ(Put({plain}).changed, 1u);
  const SiteRecord now = One("w1");
  EXPECT_EQ(now.populations(0).persons(), 1000) << "only the newest number is meant";
  EXPECT_EQ(now.populations(1).persons(), 2500);
  EXPECT_EQ(now.population_served(), 2500);
  EXPECT_EQ(now.districts_size(), 1);
  EXPECT_EQ(now.institution(), 2);
  EXPECT_EQ(now.catchment().polygons_size(), 1);
  SiteRecord without;
  without.set_site_id("w1");
  without.mutable_catchment();
  EXPECT_EQ(Put({without}).changed, 1u);
  EXPECT_FALSE(One("w1").has_catchment()) << "a catchment without polygons takes it out";
  const auto history = store_->sites().History("w1");
  ASSERT_OK(history);
  ASSERT_THAT(*history, SizeIs(3));
  EXPECT_EQ(history->at(1).catchment().position_count(), 4u);
  EXPECT_TRUE(history->at(1).catchment().polygons().empty()) << "left out of a history";
  EXPECT_TRUE(CloseAndFsck().clean());
}

TEST_F(SiteCatalogueTest, DatesAreEditedOneByOne) {
  Put({SiteNamed("w1", "north")});
  const auto edit = [&](auto fill) {
    SiteRecord site;
    site.set_site_id("w1");
    fill(site);
    clock_.Advance(std::chrono::seconds(1));
    return store_->sites().Put({site}, clock_.Now()).status();
  };
  EXPECT_OK(edit([](SiteRecord& site) { AddPopulation(5'000'000, 2000, site); }));
  ASSERT_EQ(One("w1").populations_size(), 2) << "what had no date has held from the beginning";
  EXPECT_EQ(One("w1").populations(0).persons(), 120000);
  EXPECT_FALSE(One("w1").populations(0).has_valid_from_us());
  EXPECT_OK(edit([](SiteRecord& site) { AddPopulation(9'000'000, 3000, site); }));
  EXPECT_OK(edit([](SiteRecord& site) { AddPopulation(7'000'000, 2500, site); }));
  ASSERT_EQ(One("w1").populations_size(), 4);
  EXPECT_EQ(One("w1").populations(2).persons(), 2500) << "in order of date";
  EXPECT_EQ(One("w1").population_served(), 3000);
  EXPECT_OK(edit([](SiteRecord& site) {
    AddPopulation(9'000'000, 0, site);
    AddPopulation(7'000'000, 0, site);
  }));
  EXPECT_EQ(One("w1").population_served(), 2000);
  EXPECT_THAT(edit([](SiteRecord& site) { AddPopulation(9'000'000, 0, site); }),
              StatusIs(base::StatusCode::kInvalidArgument,
                       HasSubstr("populations[0] says nothing, and there is no entry")));
  EXPECT_THAT(edit([](SiteRecord& site) {
                AddPopulation(9'000'000, 3000, site);
                site.set_population_served(2999);
              }),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("2999 is not 3000")));
  EXPECT_OK(edit([](SiteRecord& site) { AddPopulation(5'000'000, 0, site); }));
  EXPECT_EQ(One("w1").populations_size(), 0) << "the number alone says as much";
  EXPECT_EQ(One("w1").population_served(), 120000);

  EXPECT_OK(edit([](SiteRecord& site) {
    AddShares("north", 0.5, "south", site);
    site.mutable_districts(0)->set_valid_from_us(5'000'000);
  }));
  ASSERT_EQ(One("w1").districts_size(), 2);
  EXPECT_EQ(One("w1").districts(0).shares(0).district_id(), "north");
  EXPECT_EQ(One("w1").districts(0).shares(0).share(), 1);
  EXPECT_OK(edit([](SiteRecord& site) { site.add_districts()->set_valid_from_us(5'000'000); }));
  EXPECT_EQ(One("w1").districts_size(), 0);
  EXPECT_TRUE(CloseAndFsck().clean());
}

TEST_F(SiteCatalogueTest, ACheckStoresNothing) {
  const auto checked =
      store_->sites().Put({SiteNamed("w1", "north")}, clock_.Now(), PutMode::kCheckOnly);
  ASSERT_OK(checked);
  EXPECT_EQ(checked->added, 1u);
  EXPECT_EQ(checked->catalogue_version, 1u);
  EXPECT_FALSE(store_->sites().Has("w1"));
  Reopen();
  EXPECT_FALSE(store_->sites().Has("w1"));
}

TEST_F(SiteCatalogueTest, AListOfAllSitesFitsIntoOneAnswer) {
  SiteRecord large = SiteNamed("large", "north");
  large.set_name(std::string(SiteCatalogue::kMaxListedBytes, 'x'));
  EXPECT_THAT(store_->sites().Put({large}, clock_.Now()).status(),
              StatusIs(base::StatusCode::kResourceExhausted, HasSubstr("the limit is")));
  large.set_name(std::string(SiteCatalogue::kMaxListedBytes / 2, 'x'));
  EXPECT_OK(store_->sites().Put({large}, clock_.Now()));
  large.set_site_id("also large");
  Reopen();
  EXPECT_FALSE(store_->sites().Put({large}, clock_.Now()).ok()) << "counted over a restart";
}

TEST_F(SiteCatalogueTest, ASiteMustStandByItselfAndNameAnActingDistrictThatHasAShare) {
  SiteRecord bare;
  bare.set_site_id("new");
  EXPECT_THAT(store_->sites().Put({bare}, clock_.Now()).status(),
              StatusIs(base::StatusCode::kInvalidArgument, HasSubstr("2 violation(s)")));
  SiteRecord shared = SiteNamed("w1", "elsewhere");
  AddShares("north", 0.5, "south", shared);
  EXPECT_THAT(store_->sites().Put({shared}, clock_.Now()).status(),
              StatusIs(base::StatusCode::kInvalidArgument,
                       HasSubstr("'elsewhere' has no share in the newest of districts")));
  EXPECT_FALSE(store_->sites().Has("w1"));
}

TEST_F(SiteCatalogueTest, WhatWasReadAsOfAnInstantIsReadAgain) {
  const base::Instant then = clock_.Now();
  SiteRecord moved;
  moved.set_site_id("seafield");
  moved.set_district_id("fife");
  // The clock stands still: the change must still come after what was read.
  EXPECT_EQ(One("seafield", then).district_id(), "lothian");
  ASSERT_OK(store_->sites().Put({moved}, then));
  EXPECT_EQ(One("seafield", then).district_id(), "lothian");
  EXPECT_EQ(One("seafield").district_id(), "fife");
  EXPECT_THAT(store_->sites()
                  .Read({.site_id = "seafield", .as_of = then - std::chrono::hours(1)}, then)
                  .status(),
              StatusIs(base::StatusCode::kNotFound, HasSubstr("as of that instant")));
}

TEST_F(SiteCatalogueTest, ASiteOfAnOlderProgramIsTheFirstVersionOfItsHistory) {
  store_.reset();
  {
    auto raw = storage::Store::Open(Options());
    ASSERT_OK(raw);
    SiteRecord old = SiteNamed("seafield", "lothian");
    old.set_recorded_at_us(1'000'000);
    storage::Batch batch;
    batch.Put(kSitesFamily, SiteKey("seafield"), old.SerializeAsString());
    ASSERT_OK((*raw)->Write(batch));
  }
  Reopen();
  EXPECT_EQ(One("seafield").version(), 1u);
  Put({SiteNamed("seafield", "fife")});
  const auto history = store_->sites().History("seafield");
  ASSERT_OK(history);
  ASSERT_THAT(*history, SizeIs(2));
  EXPECT_EQ(history->at(0).district_id(), "lothian");
  EXPECT_EQ(history->at(0).version(), 1u);
  EXPECT_EQ(history->at(1).version(), 2u);
  EXPECT_EQ(One("seafield", base::FromMicros(1'000'000)).district_id(), "lothian");
  EXPECT_TRUE(CloseAndFsck().clean());
}

// Everything that was ever put, by site: what the catalogue must say at any instant.
struct Model {
  struct Change {
    std::int64_t at_us;
    SiteRecord site;
  };
  std::map<std::string, std::vector<Change>> sites;

  std::vector<SiteRecord> At(std::int64_t us) const {
    std::vector<SiteRecord> list;
    for (const auto& [id, changes] : sites) {
      const Change* newest = nullptr;
      for (const Change& change : changes) {
        if (change.at_us <= us) newest = &change;
      }
      if (newest != nullptr) list.push_back(newest->site);
    }
    return list;
  }
};

std::string Content(SiteRecord site) {
  site.clear_version();
  site.clear_recorded_at_us();
  site.clear_catalogue_version();
  return site.SerializeAsString();
}

class SiteCatalogueModelTest : public SiteCatalogueTest,
                               public ::testing::WithParamInterface<unsigned> {
 protected:
  std::size_t Pick(std::size_t below) { return random_() % below; }

  SiteRecord RandomSite() {
    SiteRecord site = SiteNamed(fmt::format("site {}", Pick(6)), Pick(2) == 0 ? "north" : "south");
    site.set_population_served(1000 + static_cast<double>(Pick(3)));
    if (Pick(3) == 0) {
      site.clear_population_served();
      // Each date at most once; no persons: take it out.
      for (std::int64_t date = static_cast<std::int64_t>(Pick(4)); date < 4; date += 2) {
        AddPopulation(date, static_cast<double>(Pick(4) == 0 ? 0 : 1 + Pick(3)), site);
      }
    }
    if (Pick(3) == 0) {
      for (std::int64_t date = static_cast<std::int64_t>(Pick(4)); date < 4; date += 3) {
        AddShares("north", Pick(2) == 0 ? 0.25 : 0.5, "south", site);
        auto& dated = *site.mutable_districts()->rbegin();
        if (date != 0) dated.set_valid_from_us(date);
        if (Pick(4) == 0) dated.clear_shares();
      }
    }
    if (Pick(2) == 0) AddSquare(1 + static_cast<double>(Pick(3)), site);
    if (Pick(2) == 0) site.set_institution(static_cast<int>(1 + Pick(17)));
    return site;
  }

  // Entries by date; -1: from the beginning.
  template <typename Entries>
  static auto ByDate(const Entries& entries) {
    std::map<std::int64_t, typename Entries::value_type> dates;
    for (const auto& entry : entries) {
      dates[entry.has_valid_from_us() ? entry.valid_from_us() : -1] = entry;
    }
    return dates;
  }

  // What is left after a put over what is stored, told in the simplest way; absent: refused.
  static std::optional<SiteRecord> Over(const SiteRecord& old, const SiteRecord& said) {
    SiteRecord site = said;
    if (said.institution() == 0) site.set_institution(old.institution());
    if (!said.has_catchment() && old.has_catchment()) *site.mutable_catchment() = old.catchment();
    auto persons = ByDate(old.populations());
    if (persons.empty() && old.population_served() > 0) {
      persons[-1].set_persons(old.population_served());
    }
    if (said.populations().empty()) {
      if (persons.empty()) persons[-1];
      persons.rbegin()->second.set_persons(said.population_served());
    }
    for (const auto& [date, entry] : ByDate(said.populations())) {
      if (entry.persons() == 0 && persons.erase(date) == 0) return std::nullopt;
      if (entry.persons() != 0) persons[date] = entry;
    }
    if (persons.empty()) return std::nullopt;
    site.set_population_served(persons.rbegin()->second.persons());
    site.clear_populations();
    const bool plain = persons.size() == 1 && persons.contains(-1);
    for (const auto& [date, entry] : persons) {
      if (!plain) *site.add_populations() = entry;
    }
    auto shares = ByDate(old.districts());
    if (shares.empty() && !said.districts().empty() && !old.site_id().empty()) {
      auto& all = *shares[-1].add_shares();
      all.set_district_id(old.district_id());
      all.set_share(1);
    }
    for (const auto& [date, entry] : ByDate(said.districts())) {
      if (entry.shares().empty() && shares.erase(date) == 0) return std::nullopt;
      if (!entry.shares().empty()) shares[date] = entry;
    }
    site.clear_districts();
    for (const auto& [date, entry] : shares) *site.add_districts() = entry;
    if (shares.empty()) return site;
    const auto& newest = shares.rbegin()->second.shares();
    const bool acts = std::ranges::any_of(
        newest, [&](const auto& share) { return share.district_id() == site.district_id(); });
    if (!acts) return std::nullopt;
    if (!said.districts().empty() && newest.size() == 1 && shares.size() == 1 &&
        shares.contains(-1)) {
      site.clear_districts();
    }
    return site;
  }

  void PutSome() {
    std::map<std::string, SiteRecord> sites;
    for (std::size_t i = 1 + Pick(3); i > 0; --i) {
      SiteRecord site = RandomSite();
      sites[site.site_id()] = site;
    }
    std::vector<SiteRecord> request;
    std::vector<SiteRecord> wholes;
    std::uint32_t changed = 0;
    bool valid = true;
    for (const auto& [id, site] : sites) {
      request.push_back(site);
      const auto known = model_.sites.find(id);
      const SiteRecord old = known == model_.sites.end() ? SiteRecord() : known->second.back().site;
      const auto whole = Over(old, site);
      valid = valid && whole.has_value();
      wholes.push_back(whole.value_or(old));
      changed += Content(old) == Content(wholes.back()) ? 0 : 1;
    }
    if (Pick(3) != 0) clock_.Advance(std::chrono::milliseconds(Pick(3)));
    const PutMode mode = Pick(5) == 0 ? PutMode::kCheckOnly : PutMode::kStore;
    const auto result = store_->sites().Put(request, clock_.Now(), mode);
    ASSERT_EQ(result.ok(), valid) << result.status();
    ++(valid ? taken_ : refused_);
    if (!valid) return;
    EXPECT_EQ(result->added + result->changed, changed);
    EXPECT_EQ(result->unchanged, request.size() - changed);
    if (mode == PutMode::kCheckOnly) return;
    for (const SiteRecord& whole : wholes) {
      auto& changes = model_.sites[whole.site_id()];
      if (!changes.empty() && Content(changes.back().site) == Content(whole)) continue;
      changes.push_back({One(whole.site_id()).recorded_at_us(), whole});
    }
  }

  void Compare(std::optional<base::Instant> as_of) {
    const auto list = store_->sites().Read({.as_of = as_of, .with_polygons = true}, clock_.Now());
    ASSERT_OK(list);
    const std::int64_t us =
        as_of ? base::ToMicros(*as_of) : std::numeric_limits<std::int64_t>::max();
    const std::vector<SiteRecord> expected = model_.At(us);
    ASSERT_EQ(list->sites.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(Content(list->sites[i]), Content(expected[i])) << expected[i].site_id();
    }
  }

  std::mt19937 random_{GetParam()};
  Model model_;
  int taken_ = 0;
  int refused_ = 0;
};

TEST_P(SiteCatalogueModelTest, AgreesWithAListOfAllChangesOverRestarts) {
  // The two of the fixture.
  for (const SiteRecord& site : store_->sites().List("").sites) {
    model_.sites[site.site_id()].push_back({site.recorded_at_us(), site});
  }
  for (int step = 0; step < 300 && !HasFailure(); ++step) {
    switch (Pick(6)) {
      case 0:
        Compare(std::nullopt);
        break;
      case 1:
        Compare(clock_.Now() - std::chrono::milliseconds(Pick(400)));
        break;
      case 2:
        if (Pick(4) == 0) Reopen();
        // An answer over a restart rests on the clock not going back.
        clock_.Advance(std::chrono::milliseconds(1));
        break;
      default:
        PutSome();
    }
  }
  EXPECT_GT(taken_, 30);
  EXPECT_GT(refused_, 5);
  for (const auto& [id, changes] : model_.sites) {
    const auto history = store_->sites().History(id);
    ASSERT_OK(history);
    ASSERT_EQ(history->size(), changes.size()) << id;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      EXPECT_EQ(history->at(i).version(), i + 1);
      EXPECT_EQ(history->at(i).recorded_at_us(), changes[i].at_us);
    }
  }
  const FsckReport report = CloseAndFsck();
  EXPECT_TRUE(report.clean()) << (report.problems.empty() ? "" : report.problems.front());
  EXPECT_EQ(report.sites, model_.sites.size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, SiteCatalogueModelTest, ::testing::Range(1U, 13U));

}  // namespace
}  // namespace belgrand::timeseries
