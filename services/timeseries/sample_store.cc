#include "services/timeseries/sample_store.h"

#include <algorithm>

#include "platform/storage/keys.h"
#include "services/timeseries/feed_point.h"

namespace belgrand::timeseries {
namespace {

// Rows decided and committed together; a larger single request is still taken, alone.
constexpr std::size_t kMaxGroupRows = 8192;

base::Status ValidateRow(const Record& record, std::size_t index) {
  const std::pair<std::string_view, const std::string&> texts[] = {
      {"laboratory_id", record.laboratory_id()},
      {"sample_id", record.sample_id()},
      {"site_id", record.site_id()},
      {"target", record.target()},
      {"content_hash", record.content_hash()}};
  for (const auto& [field, text] : texts) {
    // A row that is taken back stays where it is.
    if (record.voided() && field == "site_id") continue;
    if (text.empty() || text.size() > SampleStore::kMaxIdentifierBytes) {
      return base::InvalidArgument("samples[{}].{} has {} bytes: it must have 1 to {}", index,
                                   field, text.size(), SampleStore::kMaxIdentifierBytes);
    }
  }
  if (record.gene().size() > SampleStore::kMaxIdentifierBytes) {
    return base::InvalidArgument("samples[{}].gene has {} bytes: it must have at most {}", index,
                                 record.gene().size(), SampleStore::kMaxIdentifierBytes);
  }
  if (record.ByteSizeLong() > SampleStore::kMaxRecordBytes) {
    return base::InvalidArgument("samples[{}] has {} bytes: the limit is {}", index,
                                 record.ByteSizeLong(), SampleStore::kMaxRecordBytes);
  }
  return base::OkStatus();
}

base::Status ValidateRows(const std::vector<Record>& rows) {
  if (rows.empty() || rows.size() > SampleStore::kMaxRowsPerAppend) {
    return base::InvalidArgument("{} rows in one append: send 1 to {}", rows.size(),
                                 SampleStore::kMaxRowsPerAppend);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) RETURN_IF_ERROR(ValidateRow(rows[i], i));
  return base::OkStatus();
}

base::StatusOr<std::uint64_t> ReadMeta(const storage::Store& store, std::string_view key) {
  ASSIGN_OR_RETURN(const auto value, store.Get(kMetaFamily, key));
  if (!value) return 0;
  const auto number = ParseMetaNumber(*value);
  if (!number) return base::DataLoss("meta '{}' cannot be read: run fsck, restore a backup", key);
  return *number;
}

}  // namespace

base::StatusOr<std::unique_ptr<SampleStore>> SampleStore::Open(const storage::StoreOptions& options,
                                                               const base::Clock& clock) {
  ASSIGN_OR_RETURN(auto store, storage::Store::Open(options));
  std::unique_ptr<SampleStore> samples(new SampleStore(std::move(store), clock));
  RETURN_IF_ERROR(samples->Load());
  return samples;
}

base::Status SampleStore::Load() {
  ASSIGN_OR_RETURN(const std::uint64_t format, ReadMeta(*store_, kFormatKey));
  if (format == 0) {
    storage::Batch batch;
    batch.Put(kMetaFamily, kFormatKey, MetaNumber(kFormatVersion));
    RETURN_IF_ERROR(store_->Write(batch));
  } else if (format != kFormatVersion) {
    return base::FailedPrecondition(
        "the time series are stored in format {}, this version reads {}: use the version that "
        "wrote them",
        format, kFormatVersion);
  }
  ASSIGN_OR_RETURN(feed_id_, EnsureFeedId(*store_));
  ASSIGN_OR_RETURN(const std::uint64_t newest, ReadMeta(*store_, kNewestFeedKey));
  ASSIGN_OR_RETURN(const std::uint64_t recorded, ReadMeta(*store_, kLastRecordedKey));
  RETURN_IF_ERROR(sites_.Load());
  const base::MutexLock lock(state_mutex_);
  newest_feed_ = newest;
  last_recorded_ = base::FromMicros(static_cast<std::int64_t>(recorded));
  return base::OkStatus();
}

base::StatusOr<std::vector<AppendResult>> SampleStore::Append(const std::vector<Record>& rows,
                                                              AppendMode mode) {
  RETURN_IF_ERROR(ValidateRows(rows));
  if (mode == AppendMode::kDryRun) return DryRun(rows);
  Request self;
  self.rows = &rows;
  queue_mutex_.lock();
  queue_.push_back(&self);
  while (!self.done && queue_.front() != &self) self.wake.Wait(queue_mutex_);
  if (self.done) {
    queue_mutex_.unlock();
    return std::move(self.results);
  }
  const std::vector<Request*> group = TakeGroup();
  queue_mutex_.unlock();

  const base::Status status = CommitGroup(group);

  queue_mutex_.lock();
  for (Request* request : group) {
    queue_.pop_front();
    if (!status.ok()) request->results = status;
    if (request == &self) continue;
    request->done = true;
    // Under the lock: the request's stack frame may be gone the moment it sees `done`.
    request->wake.NotifyOne();
  }
  if (!queue_.empty()) queue_.front()->wake.NotifyOne();
  queue_mutex_.unlock();
  return std::move(self.results);
}

std::vector<SampleStore::Request*> SampleStore::TakeGroup() {
  std::vector<Request*> group;
  std::size_t rows = 0;
  for (Request* request : queue_) {
    rows += request->rows->size();
    if (!group.empty() && rows > kMaxGroupRows) break;
    group.push_back(request);
  }
  return group;
}

base::StatusOr<std::vector<AppendResult>> SampleStore::DryRun(
    const std::vector<Record>& rows) const {
  AppendPlan plan(*store_, sites_, 0);
  RETURN_IF_ERROR(plan.Load({&rows}));
  ASSIGN_OR_RETURN(auto results, plan.Add(rows, clock_.Now()));
  // Feed numbers are given at commit.
  for (AppendResult& result : results) result.feed_sequence = 0;
  return results;
}

base::Status SampleStore::CommitGroup(const std::vector<Request*>& group) {
  const base::MutexLock deciding(decide_mutex_);
  base::Instant first;
  {
    const base::MutexLock lock(state_mutex_);
    first = std::max(
        {clock_.Now(), last_recorded_ + base::Duration(1), read_until_ + base::Duration(1)});
    last_recorded_ = first + base::Duration(static_cast<std::int64_t>(group.size()) - 1);
    in_flight_ = first;
  }
  const base::Status status = PlanAndWrite(group, first);
  const base::MutexLock lock(state_mutex_);
  in_flight_.reset();
  state_changed_.NotifyAll();
  return status;
}

base::Status SampleStore::PlanAndWrite(const std::vector<Request*>& group,
                                       base::Instant first_recorded) {
  std::uint64_t newest = NewestFeed();
  AppendPlan plan(*store_, sites_, newest);
  std::vector<const std::vector<Record>*> requests;
  requests.reserve(group.size());
  for (const Request* request : group) requests.push_back(request->rows);
  RETURN_IF_ERROR(plan.Load(requests));
  base::Instant recorded = first_recorded;
  for (Request* request : group) {
    request->results = plan.Add(*request->rows, recorded);
    recorded += base::Duration(1);
  }
  if (plan.empty()) return base::OkStatus();
  newest = plan.newest_feed();
  storage::Batch batch = plan.TakeBatch();
  batch.Put(kMetaFamily, kNewestFeedKey, MetaNumber(newest));
  const base::Instant last = recorded - base::Duration(1);
  batch.Put(kMetaFamily, kLastRecordedKey,
            MetaNumber(static_cast<std::uint64_t>(base::ToMicros(last))));
  RETURN_IF_ERROR(store_->Write(batch));
  const base::MutexLock lock(state_mutex_);
  newest_feed_ = newest;
  return base::OkStatus();
}

base::Instant SampleStore::SettleAsOf(std::optional<base::Instant> as_of) {
  const base::MutexLock lock(state_mutex_);
  if (!as_of) {
    // Everything committed, and nothing of what is on its way.
    return in_flight_ ? *in_flight_ - base::Duration(1) : last_recorded_;
  }
  read_until_ = std::max(read_until_, std::min(*as_of, clock_.Now()));
  while (in_flight_ && *in_flight_ <= *as_of) state_changed_.Wait(state_mutex_);
  return *as_of;
}

base::StatusOr<SeriesReader> SampleStore::ReadSeries(const SeriesQuery& query) {
  if (!sites_.Has(query.site_id)) {
    return base::NotFound("site '{}' is not in the catalogue: list the sites, or add it",
                          query.site_id);
  }
  const std::string prefix = SeriesPrefix(query.site_id, query.target);
  std::string from = query.from ? SeriesBound(query.site_id, query.target, *query.from) : prefix;
  std::string to =
      query.to ? SeriesBound(query.site_id, query.target, *query.to) : storage::PrefixEnd(prefix);
  return SeriesReader(*store_, std::move(from), std::move(to), SettleAsOf(query.as_of));
}

base::StatusOr<std::vector<Record>> SampleStore::History(const std::string& laboratory_id,
                                                         const std::string& sample_id,
                                                         const std::string& target,
                                                         const std::string& gene) const {
  ASSIGN_OR_RETURN(const auto value,
                   store_->Get(kRowsFamily, RowKey(laboratory_id, sample_id, target, gene)));
  if (!value) {
    return base::NotFound("laboratory '{}' has no sample '{}' with target '{}' and gene '{}'",
                          laboratory_id, sample_id, target, gene);
  }
  storage::v1::RowHead head;
  if (!head.ParseFromString(*value)) return base::DataLoss("a row head cannot be read: run fsck");
  ASSIGN_OR_RETURN(
      const auto versions,
      store_->MultiGet(kSeriesFamily, {head.version_keys().begin(), head.version_keys().end()}));
  std::vector<Record> history;
  for (const std::optional<std::string>& version : versions) {
    if (!version) continue;  // expired since the head was read
    if (!history.emplace_back().ParseFromString(*version)) {
      return base::DataLoss("a version cannot be read: run fsck");
    }
  }
  return history;
}

}  // namespace belgrand::timeseries
