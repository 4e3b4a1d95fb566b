// A made-up country of sites and districts, and what they find week by week.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "publication/plan.h"

namespace belgrand::publication {

class Country {
 public:
  Country(unsigned seed, int sites, int districts) : random_(seed) {
    for (int i = 0; i < sites; ++i) {
      Site site;
      site.id = fmt::format("site-{:04}", i);
      // Populations from hamlets to cities: 10^2.5 to 10^5.5.
      site.persons = static_cast<std::int64_t>(std::pow(10, 2.5 + 3 * Part()));
      site.institution = Below(12) == 0;
      site.district = fmt::format("district-{:03}", Below(static_cast<unsigned>(districts)));
      if (Below(20) == 0) {
        site.other = fmt::format("district-{:03}", Below(static_cast<unsigned>(districts)));
      }
      site.joins = Below(8) == 0 ? static_cast<int>(Below(8)) : 0;
      site.silent_percent = Below(4) == 0 ? 30 : 3;
      sites_.push_back(site);
    }
  }

  // What all sites say of weeks from..to (exclusive). Each call may know late results more than the
  // one before: `known_percent` of them are in.
  std::vector<SiteWeek> Weeks(int from, int to, unsigned known_percent = 100) const {
    std::vector<SiteWeek> weeks;
    for (int week = from; week < to; ++week) {
      for (std::size_t i = 0; i < sites_.size(); ++i) {
        const Site& site = sites_[i];
        std::mt19937 own(static_cast<unsigned>(i * 1'000 + static_cast<std::size_t>(week)));
        const bool silent = own() % 100 < site.silent_percent || week < site.joins;
        if (silent || own() % 100 >= known_percent) continue;
        const double level = 4 + 2 * static_cast<double>(own() % 1'000) / 1'000;
        weeks.push_back(Say(site, week, own() % 10 == 0 ? 0 : std::pow(10, level)));
      }
    }
    return weeks;
  }

 private:
  struct Site {
    std::string id;
    std::int64_t persons = 0;
    bool institution = false;
    std::string district;
    std::string other;
    int joins = 0;
    unsigned silent_percent = 0;
  };

  static SiteWeek Say(const Site& site, int week, double gc_per_l) {
    SiteWeek said;
    said.site_id = site.id;
    said.target = "sars-cov-2";
    said.week = *base::ParseDay("2024-01-01") + std::chrono::days(7 * week);
    said.milli_gc_per_l = static_cast<std::int64_t>(gc_per_l * 1'000);
    said.detected = gc_per_l > 0;
    said.site_class = Classify(
        site.persons, site.institution ? InstitutionKind::kInstitution : InstitutionKind::kNone,
        Rules());
    said.persons = {{site.district, site.persons}};
    if (!site.other.empty() && site.other != site.district) {
      said.persons = {{site.district, site.persons / 3},
                      {site.other, site.persons - site.persons / 3}};
    }
    said.district_id = site.district;
    return said;
  }

  unsigned Below(unsigned limit) { return static_cast<unsigned>(random_()) % limit; }
  double Part() { return static_cast<double>(Below(10'000)) / 10'000; }

  std::mt19937 random_;
  std::vector<Site> sites_;
};

}  // namespace belgrand::publication
