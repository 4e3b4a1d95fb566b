// Decides what becomes of each row of an append, and gathers what is to be written.
//
// Rows are decided in order, each seeing the rows before it, those of other requests in the same
// plan included: a duplicate inside a batch is recognised like one across batches. Nothing is
// written here.
//
// Thread safety: externally synchronised; what is stored must not change until the commit.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "platform/base/error.h"
#include "services/timeseries/identity.h"
#include "services/timeseries/layout.h"
#include "services/timeseries/recent_rows.h"
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

// Whether content hashes are those of shared::ContentHash: such are not stored, but made again from
// the row when they are needed; a row of which HashIsDerived may come without its own.
enum class Hashes { kGiven, kDerived };

struct AppendResult {
  Outcome outcome = Outcome::kStored;
  std::uint32_t version = 0;        // with STORED, AMENDED: the new one; DUPLICATE: the stored one
  std::uint64_t feed_sequence = 0;  // likewise
  // With DUPLICATE, AMENDED, REASON_MISSING and TOO_MANY_VERSIONS: the newest version before this
  // row.
  std::shared_ptr<const Record> previous;
};

class AppendPlan {
 public:
  // A laboratory that amends a row more often than this is broken, and every amendment has to look
  // at all versions before it.
  static constexpr std::size_t kMaxVersions = 1000;
  // Versions in one value of the log.
  static constexpr std::size_t kMaxChunkVersions = 2048;

  // What is stored so far.
  struct Stored {
    // Says of each code whether a row that has it may be stored; nearly all rows are new, and this
    // is all that is asked of them.
    std::function<void(std::span<const IdentityCode>, std::vector<bool>& may)> may_hold;
    // The living versions of the row of this identity, oldest first; none when it is not stored.
    std::function<base::StatusOr<std::vector<Record>>(IdentityCode, const Record& like)> find;
  };
  // Rows that come together.
  struct Rows {
    std::span<Record* const> records;
    std::span<const IdentityCode> codes;  // of each
    Hashes hashes = Hashes::kGiven;
  };

  // Borrows all. `newest_feed` is the number of the newest entry in the feed.
  AppendPlan(Stored stored, const SiteCatalogue& sites, std::uint64_t newest_feed)
      : before_(std::move(stored)), sites_(sites), newest_feed_(newest_feed) {}

  // Decides one request. What is stored of `rows` gets its version, number and `recorded_at`; the
  // plan borrows it until TakeChunks.
  base::StatusOr<std::vector<AppendResult>> Add(const Rows& rows, base::Instant recorded_at);
  // What is to be added to the log, in order. Takes derived hashes out of the rows: call it once,
  // last.
  std::vector<std::shared_ptr<LogChunk>> TakeChunks();

  std::uint64_t newest_feed() const { return newest_feed_; }
  bool empty() const { return taken_.empty(); }

 private:
  struct Row {
    IdentityCode code = 0;
    std::shared_ptr<const Record> loaded;  // owns newest when it was stored before
    const Record* newest = nullptr;
    Record* own = nullptr;  // newest, when it is of this plan
    // Content hashes and reasons of the living versions before the newest.
    std::vector<std::pair<std::string, std::string>> earlier;
  };
  struct Sent {
    Record* record = nullptr;
    IdentityCode code = 0;
    Hashes hashes = Hashes::kGiven;
    bool may_be_stored = true;
  };

  base::StatusOr<AppendResult> Decide(const Sent& sent, base::Instant recorded_at);
  // A record that takes the row back: it gets the place of the newest version.
  base::StatusOr<AppendResult> DecideVoid(const Sent& sent, base::Instant recorded_at);
  // What becomes of a record whose row is stored.
  AppendResult DecideAgain(const Sent& sent, bool same_content, Row& row,
                           base::Instant recorded_at);
  // Before a row is compared with what comes: its hash, where it came without.
  static void GiveHash(Row& row);
  // The row with the identity of what was sent, in its slot; the slot is free when there is none.
  base::StatusOr<std::int32_t*> FindRow(const Sent& sent);
  Row& AddRow(IdentityCode code, std::int32_t& slot);
  void MakeRoom(std::size_t rows);
  void Store(const Sent& sent, Row& row, base::Instant recorded_at);
  bool KnowsSite(const Record& record);

  const Stored before_;
  const SiteCatalogue& sites_;
  std::uint64_t newest_feed_;

  std::deque<Row> rows_;
  std::vector<std::int32_t> slots_;  // by code: the place in rows_, -1 is free
  std::vector<Sent> taken_;
  std::deque<Record> marks_;
  std::unordered_set<std::string_view> known_sites_;  // of records
  std::vector<bool> may_be_stored_;
};

}  // namespace belgrand::timeseries
