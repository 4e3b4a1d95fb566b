#include "services/timeseries/append_plan.h"

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

base::Status Unreadable(std::string_view what) {
  return base::DataLoss("{} cannot be read: run fsck, restore a backup", what);
}

}  // namespace

base::Status AppendPlan::Load(const std::vector<const std::vector<Record>*>& requests) {
  std::vector<std::string> keys;
  for (const std::vector<Record>* request : requests) {
    for (const Record& record : *request) {
      std::string key = RowKey(record);
      if (rows_.try_emplace(key).second) keys.push_back(std::move(key));
    }
  }
  ASSIGN_OR_RETURN(const auto heads, store_.MultiGet(kRowsFamily, keys));
  std::vector<Row*> stored;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!heads[i]) continue;
    Row& row = rows_.at(keys[i]);
    if (!row.head.ParseFromString(*heads[i]) || row.head.version_keys().empty()) {
      return Unreadable("a row head");
    }
    stored.push_back(&row);
  }
  return LoadNewest(stored);
}

base::Status AppendPlan::LoadNewest(const std::vector<Row*>& stored) {
  std::vector<std::string> keys;
  keys.reserve(stored.size());
  for (const Row* row : stored) {
    keys.push_back(row->head.version_keys(row->head.version_keys_size() - 1));
  }
  ASSIGN_OR_RETURN(const auto values, store_.MultiGet(kSeriesFamily, keys));
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (!values[i] || !stored[i]->newest.ParseFromString(*values[i])) {
      return Unreadable("the newest version of a row");
    }
    stored[i]->earlier_on_disk = stored[i]->head.version_keys_size() - 1;
  }
  return base::OkStatus();
}

base::StatusOr<std::vector<AppendResult>> AppendPlan::Add(const std::vector<Record>& rows,
                                                          base::Instant recorded_at) {
  std::vector<AppendResult> results;
  results.reserve(rows.size());
  for (const Record& record : rows) {
    ASSIGN_OR_RETURN(AppendResult result, Decide(record, rows_.at(RowKey(record)), recorded_at));
    results.push_back(std::move(result));
  }
  return results;
}

base::StatusOr<bool> AppendPlan::WasEarlier(const Record& record, Row& row) {
  if (row.earlier_on_disk > 0) {
    const auto& keys = row.head.version_keys();
    ASSIGN_OR_RETURN(
        const auto values,
        store_.MultiGet(kSeriesFamily, {keys.begin(), keys.begin() + row.earlier_on_disk}));
    for (const auto& value : values) {
      if (!value) continue;  // expired
      Record stored;
      if (!stored.ParseFromString(*value)) return Unreadable("an earlier version of a row");
      row.earlier.emplace_back(stored.content_hash(), stored.amendment_reason());
    }
    row.earlier_on_disk = 0;
  }
  return std::find(row.earlier.begin(), row.earlier.end(),
                   std::pair(record.content_hash(), record.amendment_reason())) !=
         row.earlier.end();
}

base::StatusOr<AppendResult> AppendPlan::Decide(const Record& record, Row& row,
                                                base::Instant recorded_at) {
  if (record.voided()) return DecideVoid(record, row, recorded_at);
  AppendResult result;
  if (!sites_.Has(record.site_id())) {
    result.outcome = Outcome::kUnknownSite;
    return result;
  }
  const bool known = row.head.version() != 0;
  if (known) result.previous = row.newest;
  bool stored_already = known && row.head.content_hash() == record.content_hash();
  if (known && !stored_already) {
    ASSIGN_OR_RETURN(stored_already, WasEarlier(record, row));
  }
  if (stored_already) {
    result.outcome = Outcome::kDuplicate;
  } else if (row.head.version_keys_size() >= kMaxVersions) {
    // Before the missing reason: adding one would not help.
    result.outcome = Outcome::kTooManyVersions;
    return result;
  } else if (known && record.amendment_reason().empty()) {
    result.outcome = Outcome::kReasonMissing;
    return result;
  } else {
    result.outcome = known ? Outcome::kAmended : Outcome::kStored;
    Store(record, row, recorded_at);
  }
  result.version = row.newest.version();
  result.feed_sequence = row.newest.feed_sequence();
  return result;
}

base::StatusOr<AppendResult> AppendPlan::DecideVoid(Record record, Row& row,
                                                    base::Instant recorded_at) {
  AppendResult result;
  if (row.head.version() == 0) {
    result.outcome = Outcome::kUnknownRow;
    return result;
  }
  result.previous = row.newest;
  bool stored_already = row.newest.voided();
  if (!stored_already) {
    ASSIGN_OR_RETURN(stored_already, WasEarlier(record, row));
  }
  if (stored_already) {
    result.outcome = Outcome::kDuplicate;
  } else if (row.head.version_keys_size() >= kMaxVersions) {
    result.outcome = Outcome::kTooManyVersions;
    return result;
  } else if (record.amendment_reason().empty()) {
    result.outcome = Outcome::kReasonMissing;
    return result;
  } else {
    record.set_site_id(row.newest.site_id());
    record.set_collected_at_us(row.newest.collected_at_us());
    result.outcome = Outcome::kAmended;
    Store(std::move(record), row, recorded_at);
  }
  result.version = row.newest.version();
  result.feed_sequence = row.newest.feed_sequence();
  return result;
}

void AppendPlan::Store(Record record, Row& row, base::Instant recorded_at) {
  const bool known = row.head.version() != 0;
  record.set_version(row.head.version() + 1);
  record.set_recorded_at_us(base::ToMicros(recorded_at));
  record.set_feed_sequence(++newest_feed_);
  record.clear_moved_away();
  const std::string place = PlacePrefix(record);
  const std::string key = SeriesKey(place, record.version());
  if (known) {
    const std::string old_place = PlacePrefix(row.newest);
    if (old_place != place) {
      batch_.Put(kSeriesFamily, SeriesKey(old_place, record.version()),
                 MovedAwayMark(row.newest, record).SerializeAsString());
    }
  }
  batch_.Put(kSeriesFamily, key, record.SerializeAsString());
  batch_.Put(kFeedFamily, FeedKey(record.feed_sequence()), key);
  row.head.set_version(record.version());
  row.head.set_content_hash(record.content_hash());
  row.head.add_version_keys(key);
  if (known) row.earlier.emplace_back(row.newest.content_hash(), row.newest.amendment_reason());
  row.newest = std::move(record);
  row.changed = true;
}

storage::Batch AppendPlan::TakeBatch() {
  for (const auto& [key, row] : rows_) {
    if (row.changed) batch_.Put(kRowsFamily, key, row.head.SerializeAsString());
  }
  return std::move(batch_);
}

}  // namespace belgrand::timeseries
