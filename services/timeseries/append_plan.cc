#include "services/timeseries/append_plan.h"

#include <algorithm>

#include "services/timeseries/convert.h"
#include "services/timeseries/row_chunk.h"

namespace belgrand::timeseries {
namespace {

constexpr std::size_t kFirstSlots = 2048;

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

base::StatusOr<std::vector<AppendResult>> AppendPlan::Add(std::vector<Record>& rows, Hashes hashes,
                                                          base::Instant recorded_at) {
  std::vector<AppendResult> results;
  results.reserve(rows.size());
  stored_.reserve(stored_.size() + rows.size());
  for (Record& record : rows) {
    ASSIGN_OR_RETURN(AppendResult result, Decide(record, hashes, recorded_at));
    results.push_back(std::move(result));
  }
  return results;
}

bool AppendPlan::KnowsSite(const Record& record) {
  if (record.site_id() == last_site_) return true;
  if (!sites_.Has(record.site_id())) return false;
  last_site_ = record.site_id();
  return true;
}

std::size_t AppendPlan::SlotOf(const Record& record, IdentityCode code) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = static_cast<std::size_t>(code) & mask;
  for (; slots_[slot] >= 0; slot = (slot + 1) & mask) {
    const Row& row = rows_[static_cast<std::size_t>(slots_[slot])];
    if (row.code == code && SameRow(*row.newest, record)) break;
  }
  return slot;
}

void AppendPlan::AddRow(std::size_t slot, Row row) {
  rows_.push_back(std::move(row));
  slots_[slot] = static_cast<std::int32_t>(rows_.size() - 1);
  if (2 * rows_.size() <= slots_.size()) return;
  std::vector<std::int32_t> old(2 * slots_.size(), -1);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const std::int32_t place : old) {
    if (place < 0) continue;
    std::size_t at = static_cast<std::size_t>(rows_[static_cast<std::size_t>(place)].code) & mask;
    while (slots_[at] >= 0) at = (at + 1) & mask;
    slots_[at] = place;
  }
}

base::StatusOr<AppendPlan::Row*> AppendPlan::FindRow(const Record& record, IdentityCode code) {
  if (slots_.empty()) slots_.assign(kFirstSlots, -1);
  const std::size_t slot = SlotOf(record, code);
  if (slots_[slot] >= 0) return &rows_[static_cast<std::size_t>(slots_[slot])];
  ASSIGN_OR_RETURN(std::vector<Record> versions, find_(code, record));
  if (versions.empty()) return nullptr;
  Row row;
  row.code = code;
  for (std::size_t i = 0; i + 1 < versions.size(); ++i) {
    row.earlier.emplace_back(versions[i].content_hash(), versions[i].amendment_reason());
  }
  row.loaded = std::make_shared<const Record>(std::move(versions.back()));
  row.newest = row.loaded.get();
  AddRow(slot, std::move(row));
  return &rows_.back();
}

IdentityCode AppendPlan::CodeOf(const Record& record) {
  scratch_.clear();
  AppendRowKey(scratch_, record);
  return hasher_.Code(scratch_);
}

base::StatusOr<AppendResult> AppendPlan::Decide(Record& record, Hashes hashes,
                                                base::Instant recorded_at) {
  if (record.voided()) return DecideVoid(record, recorded_at);
  AppendResult result;
  if (!KnowsSite(record)) {
    result.outcome = Outcome::kUnknownSite;
    return result;
  }
  const IdentityCode code = CodeOf(record);
  ASSIGN_OR_RETURN(Row * row, FindRow(record, code));
  if (row == nullptr) {
    Store({&record, code, hashes}, nullptr, recorded_at);
    result.version = record.version();
    result.feed_sequence = record.feed_sequence();
    return result;
  }
  const bool same_content = row->newest->content_hash() == record.content_hash();
  return DecideAgain({&record, code, hashes}, same_content, *row, recorded_at);
}

base::StatusOr<AppendResult> AppendPlan::DecideVoid(Record& record, base::Instant recorded_at) {
  const IdentityCode code = CodeOf(record);
  ASSIGN_OR_RETURN(Row * row, FindRow(record, code));
  if (row == nullptr) {
    AppendResult result;
    result.outcome = Outcome::kUnknownRow;
    return result;
  }
  record.set_site_id(row->newest->site_id());
  record.set_collected_at_us(row->newest->collected_at_us());
  return DecideAgain({&record, code, Hashes::kGiven}, row->newest->voided(), *row, recorded_at);
}

AppendResult AppendPlan::DecideAgain(Stored stored, bool same_content, Row& row,
                                     base::Instant recorded_at) {
  AppendResult result;
  const Record& record = *stored.record;
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
    Store(stored, &row, recorded_at);
  }
  result.version = row.newest->version();
  result.feed_sequence = row.newest->feed_sequence();
  return result;
}

void AppendPlan::Store(Stored stored, Row* row, base::Instant recorded_at) {
  Record& record = *stored.record;
  record.set_version(row == nullptr ? 1 : row->newest->version() + 1);
  record.set_recorded_at_us(base::ToMicros(recorded_at));
  record.set_feed_sequence(++newest_feed_);
  record.clear_moved_away();
  stored_.push_back(stored);
  if (row == nullptr) {
    Row fresh;
    fresh.code = stored.code;
    fresh.newest = &record;
    AddRow(SlotOf(record, stored.code), std::move(fresh));
    return;
  }
  if (!SamePlace(*row->newest, record)) marks_.push_back(MovedAwayMark(*row->newest, record));
  row->earlier.emplace_back(row->newest->content_hash(), row->newest->amendment_reason());
  row->newest = &record;
}

std::vector<std::shared_ptr<LogChunk>> AppendPlan::TakeChunks() {
  std::vector<std::shared_ptr<LogChunk>> chunks;
  std::vector<const Record*> rows;
  auto mark = marks_.begin();
  for (std::size_t from = 0; from < stored_.size(); from += kMaxChunkVersions) {
    const std::size_t to = std::min(stored_.size(), from + kMaxChunkVersions);
    auto chunk = std::make_shared<LogChunk>();
    chunk->first = stored_[from].record->feed_sequence();
    chunk->last = stored_[to - 1].record->feed_sequence();
    chunk->codes.reserve(to - from);
    rows.clear();
    for (std::size_t i = from; i < to; ++i) {
      Record& record = *stored_[i].record;
      if (stored_[i].hashes == Hashes::kDerived && HashIsDerived(record)) {
        record.clear_content_hash();
      }
      rows.push_back(&record);
      chunk->codes.push_back(stored_[i].code);
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
