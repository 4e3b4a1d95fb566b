// Decides what becomes of each row of an append, and gathers the writes that make it so.
//
// Rows are decided in order, each seeing the rows before it, those of other requests in the same
// plan included: a duplicate inside a batch is recognised like one across batches. Nothing is
// written here.
//
// Thread safety: externally synchronised; the store must not change between Load and the commit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "platform/base/error.h"
#include "services/timeseries/layout.h"
#include "services/timeseries/site_catalogue.h"

namespace belgrand::timeseries {

// Numbers of belgrand.timeseries.v1.AppendSamplesResponse.Outcome.
enum class Outcome : int {
  kStored = 1,
  kDuplicate = 2,
  kAmended = 3,
  kReasonMissing = 4,
  kUnknownSite = 5,
  kTooManyVersions = 6,
  kUnknownRow = 7,
};

struct AppendResult {
  Outcome outcome = Outcome::kStored;
  std::uint32_t version = 0;        // with STORED, AMENDED: the new one; DUPLICATE: the stored one
  std::uint64_t feed_sequence = 0;  // likewise
  // With DUPLICATE, AMENDED, REASON_MISSING and TOO_MANY_VERSIONS: the newest version before this
  // row.
  std::optional<Record> previous;
};

class AppendPlan {
 public:
  // A laboratory that amends a row more often than this is broken, and the row's head would grow
  // without bound.
  static constexpr int kMaxVersions = 1000;

  // Borrows both. `newest_feed` is the number of the newest entry in the feed.
  AppendPlan(const storage::Store& store, const SiteCatalogue& sites, std::uint64_t newest_feed)
      : store_(store), sites_(sites), newest_feed_(newest_feed) {}

  // Reads what is stored of all these rows in one pass.
  base::Status Load(const std::vector<const std::vector<Record>*>& requests);
  // Decides one request; its rows were given to Load. Versions get `recorded_at`.
  base::StatusOr<std::vector<AppendResult>> Add(const std::vector<Record>& rows,
                                                base::Instant recorded_at);
  // The writes of everything added. Call once.
  storage::Batch TakeBatch();

  std::uint64_t newest_feed() const { return newest_feed_; }
  bool empty() const { return batch_.empty(); }

 private:
  struct Row {
    storage::v1::RowHead head;  // version 0: not stored yet
    Record newest;
    bool changed = false;
    // Content and reason of the versions before the newest; those on disk are read when first
    // needed.
    std::vector<std::pair<std::string, std::string>> earlier;
    int earlier_on_disk = 0;
  };

  base::Status LoadNewest(const std::vector<Row*>& stored);
  base::StatusOr<AppendResult> Decide(const Record& record, Row& row, base::Instant recorded_at);
  // A record that takes the row back: it gets the place of the newest version.
  base::StatusOr<AppendResult> DecideVoid(Record record, Row& row, base::Instant recorded_at);
  // The row was stored like this before, for the same reason, and amended since: a late resend.
  base::StatusOr<bool> WasEarlier(const Record& record, Row& row);
  void Store(Record record, Row& row, base::Instant recorded_at);

  const storage::Store& store_;
  const SiteCatalogue& sites_;
  std::uint64_t newest_feed_;
  std::unordered_map<std::string, Row> rows_;  // by RowKey
  storage::Batch batch_;
};

}  // namespace belgrand::timeseries
