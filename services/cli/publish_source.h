// What a release is made of: the weekly means of sites, from a service or from a file of samples.
//
// Not thread-safe.
#pragma once

#include <grpcpp/channel.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "platform/base/error.h"
#include "publication/plan.h"
#include "sample/institution.h"
#include "sample/sample.h"
#include "services/cli/history.h"

namespace belgrand::cli {

struct SourceReport {
  // Of a file: what was read of it, and what intake would refuse and is left out.
  detection::ReadReport file;
  // When the first and the last result of the wanted targets were collected, in and outside of the
  // window; absent: there is none, or a service was asked, which tells those of the window alone.
  std::optional<std::pair<base::Instant, base::Instant>> span;
  // Results in the window.
  std::size_t rows = 0;
  // Quality holds the row (docs/methods.md), or it carries nothing.
  std::size_t held = 0;
  // Of sites without a number of persons: they cannot be weighed.
  std::size_t without_persons = 0;
  // Sites whose kind of institution nobody said: they count as none.
  std::size_t kind_not_said = 0;
};

struct SourceOptions {
  // Canonical codes; empty: all known ones (of a service), or all that occur (of a file).
  std::vector<std::string> targets;
  base::Instant from{};
  // Exclusive.
  base::Instant to{};
  publication::Rules rules;
};

// Joins results to weekly means.
class WeekBuilder {
 public:
  explicit WeekBuilder(const SourceOptions& options) : options_(options) {}
  void Add(const sample::Measurement& row, const sample::Site& site,
           sample::Institution institution);
  std::vector<publication::SiteWeek> Finish() const;
  SourceReport& report() { return report_; }

 private:
  struct Week {
    // Thousandths of gc/L.
    double sum = 0;
    int rows = 0;
    bool detected = false;
    std::map<std::string, std::int64_t> persons;
    std::string district_id;
    sample::Institution institution = sample::Institution::kNotSaid;
  };

  const SourceOptions& options_;
  std::map<publication::UnknownKey, Week> weeks_;
  SourceReport report_;
};

base::Status ReadFromService(const std::shared_ptr<grpc::Channel>& channel,
                             const SourceOptions& options, WeekBuilder& builder);
// Rows are judged by the rules of intake: what it refuses is counted and left out.
// `history.sites` may be a table of sites that also says what kind of institution they are.
base::Status ReadFromFile(const HistoryFlags& history, const SourceOptions& options,
                          WeekBuilder& builder);

}  // namespace belgrand::cli
