#include "services/timeseries/append_plan.h"

#include <algorithm>
#include <bit>

#include "services/timeseries/convert.h"
#include "services/timeseries/row_chunk.h"

namespace belgrand::timeseries {
namespace {

// What stays at the old place of a row that moved: enough to hide the older versions there and to
// expire with the version that it belongs to; nothing of the measurement.
Record MovedAwayMark(const Record& old_place, const Record& moved) {
  Record mark;
  mark.set_laboratory_id(old_place.laboratory_id());
  mark.set_sample_id(old_place.sample_id());
  mark.set_site_id(old_place.site_id());
  mark.set_target(old_place.target());
  mark.set_gene(old_place.gene());
  mark.set_collected_at_us(old_place.collected_at_us());
  mark.set_version(moved.version());
  mark.set_recorded_at_us(moved.recorded_at_us());
  mark.set_feed_sequence(moved.feed_sequence());
  mark.set_moved_away(true);
  return mark;
}

}  // namespace

base::StatusOr<std::vector<AppendResult>> AppendPlan::Add(const Rows& rows,
                                                          base::Instant recorded_at) {
  std::vector<AppendResult> results;
  results.reserve(rows.records.size());
  taken_.reserve(taken_.size() + rows.records.size());
  MakeRoom(rows.records.size());
  before_.may_hold(rows.codes, may_be_stored_);
  for (std::size_t i = 0; i < rows.records.size(); ++i) {
    const Sent sent{rows.records[i], rows.codes[i], rows.hashes, may_be_stored_[i]};
    ASSIGN_OR_RETURN(AppendResult result, Decide(sent, recorded_at));
    results.push_back(std::move(result));
  }
  return results;
}

bool AppendPlan::KnowsSite(const Record& record) {
  if (known_sites_.contains(record.site_id())) return true;
  if (!sites_.Has(record.site_id())) return false;
  known_sites_.insert(record.site_id());
  return true;
}

void AppendPlan::MakeRoom(std::size_t rows) {
  const std::size_t needed = std::bit_ceil(2 * (rows_.size() + rows) + 1);
  if (needed <= slots_.size()) return;
  slots_.assign(needed, -1);
  const std::size_t mask = needed - 1;
  for (std::size_t place = 0; place < rows_.size(); ++place) {
    std::size_t at = static_cast<std::size_t>(rows_[place].code) & mask;
    while (slots_[at] >= 0) at = (at + 1) & mask;
    slots_[at] = static_cast<std::int32_t>(place);
  }
}

AppendPlan::Row& AppendPlan::AddRow(IdentityCode code, std::int32_t& slot) {
  slot = static_cast<std::int32_t>(rows_.size());
  Row& row = rows_.emplace_back();
  row.code = code;
  return row;
}

base::StatusOr<std::int32_t*> AppendPlan::FindRow(const Sent& sent) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = static_cast<std::size_t>(sent.code) & mask;
  for (; slots_[at] >= 0; at = (at + 1) & mask) {
    const Row& row = rows_[static_cast<std::size_t>(slots_[at])];
    if (row.code == sent.code && SameRow(*row.newest, *sent.record)) return &slots_[at];
  }
  std::int32_t& slot = slots_[at];
  if (!sent.may_be_stored) return &slot;
  ASSIGN_OR_RETURN(std::vector<Record> versions, before_.find(sent.code, *sent.record));
  if (versions.empty()) return &slot;
  Row& row = AddRow(sent.code, slot);
  for (std::size_t i = 0; i + 1 < versions.size(); ++i) {
    row.earlier.emplace_back(versions[i].content_hash(), versions[i].amendment_reason());
  }
  row.loaded = std::make_shared<const Record>(std::move(versions.back()));
  row.newest = row.loaded.get();
  return &slot;
}

base::StatusOr<AppendResult> AppendPlan::Decide(const Sent& sent, base::Instant recorded_at) {
  Record& record = *sent.record;
  if (record.voided()) return DecideVoid(sent, recorded_at);
  AppendResult result;
  if (!KnowsSite(record)) {
    result.outcome = Outcome::kUnknownSite;
    return result;
  }
  ASSIGN_OR_RETURN(std::int32_t* const slot, FindRow(sent));
  if (*slot < 0) {
    Store(sent, AddRow(sent.code, *slot), recorded_at);
    result.version = record.version();
    result.feed_sequence = record.feed_sequence();
    return result;
  }
  Row& row = rows_[static_cast<std::size_t>(*slot)];
  GiveHash(row);
  if (record.content_hash().empty()) record.set_content_hash(ContentHashOf(record));
  return DecideAgain(sent, row.newest->content_hash() == record.content_hash(), row, recorded_at);
}

void AppendPlan::GiveHash(Row& row) {
  if (row.own != nullptr && row.own->content_hash().empty()) {
    row.own->set_content_hash(ContentHashOf(*row.own));
  }
}

base::StatusOr<AppendResult> AppendPlan::DecideVoid(const Sent& sent, base::Instant recorded_at) {
  ASSIGN_OR_RETURN(const std::int32_t* const slot, FindRow(sent));
  if (*slot < 0) {
    AppendResult result;
    result.outcome = Outcome::kUnknownRow;
    return result;
  }
  Row& row = rows_[static_cast<std::size_t>(*slot)];
  GiveHash(row);
  sent.record->set_site_id(row.newest->site_id());
  sent.record->set_collected_at_us(row.newest->collected_at_us());
  Sent given = sent;
  given.hashes = Hashes::kGiven;
  return DecideAgain(given, row.newest->voided(), row, recorded_at);
}

AppendResult AppendPlan::DecideAgain(const Sent& sent, bool same_content, Row& row,
                                     base::Instant recorded_at) {
  AppendResult result;
  const Record& record = *sent.record;
  // Copied: the request's own rows end with it, and results may outlive them.
  result.previous = row.loaded != nullptr && row.loaded.get() == row.newest
                        ? row.loaded
                        : std::make_shared<const Record>(*row.newest);
  // Stored like this before, for the same reason, and amended since: a late resend.
  const bool was_earlier =
      std::find(row.earlier.begin(), row.earlier.end(),
                std::pair(record.content_hash(), record.amendment_reason())) != row.earlier.end();
  if (same_content || was_earlier) {
    result.outcome = Outcome::kDuplicate;
  } else if (row.earlier.size() + 1 >= kMaxVersions) {
    // Before the missing reason: adding one would not help.
    result.outcome = Outcome::kTooManyVersions;
    return result;
  } else if (record.amendment_reason().empty()) {
    result.outcome = Outcome::kReasonMissing;
    return result;
  } else {
    result.outcome = Outcome::kAmended;
    Store(sent, row, recorded_at);
  }
  result.version = row.newest->version();
  result.feed_sequence = row.newest->feed_sequence();
  return result;
}

void AppendPlan::Store(const Sent& sent, Row& row, base::Instant recorded_at) {
  Record& record = *sent.record;
  record.set_version(row.newest == nullptr ? 1 : row.newest->version() + 1);
  record.set_recorded_at_us(base::ToMicros(recorded_at));
  record.set_feed_sequence(++newest_feed_);
  record.clear_moved_away();
  taken_.push_back(sent);
  if (row.newest != nullptr) {
    if (!SamePlace(*row.newest, record)) marks_.push_back(MovedAwayMark(*row.newest, record));
    row.earlier.emplace_back(row.newest->content_hash(), row.newest->amendment_reason());
  }
  row.newest = &record;
  row.own = &record;
}

std::vector<std::shared_ptr<LogChunk>> AppendPlan::TakeChunks() {
  std::vector<std::shared_ptr<LogChunk>> chunks;
  std::vector<const Record*> rows;
  auto mark = marks_.begin();
  for (std::size_t from = 0; from < taken_.size(); from += kMaxChunkVersions) {
    const std::size_t to = std::min(taken_.size(), from + kMaxChunkVersions);
    auto chunk = std::make_shared<LogChunk>();
    chunk->first = taken_[from].record->feed_sequence();
    chunk->last = taken_[to - 1].record->feed_sequence();
    chunk->codes.reserve(to - from);
    rows.clear();
    for (std::size_t i = from; i < to; ++i) {
      Record& record = *taken_[i].record;
      if (taken_[i].hashes == Hashes::kDerived && !record.content_hash().empty() &&
          HashIsDerived(record)) {
        record.clear_content_hash();
      }
      rows.push_back(&record);
      chunk->codes.push_back(taken_[i].code);
    }
    for (; mark != marks_.end() && mark->feed_sequence() <= chunk->last; ++mark) {
      rows.push_back(&*mark);
    }
    chunk->bytes = EncodeRows(rows);
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

}  // namespace belgrand::timeseries
