#include "services/timeseries/sample_store.h"

#include <algorithm>

#include "platform/crypto/secret.h"
#include "platform/storage/keys.h"
#include "services/backup/store_part.h"
#include "services/timeseries/convert.h"
#include "services/timeseries/feed_point.h"
#include "services/timeseries/migrate.h"
#include "services/timeseries/scope.h"

namespace belgrand::timeseries {
namespace {

// Rows decided and committed together; a larger single request is still taken, alone.
constexpr std::size_t kMaxGroupRows = 8192;

base::Status ValidateRow(const Record& record, Hashes hashes, std::size_t index) {
  const std::pair<std::string_view, const std::string&> texts[] = {
      {"laboratory_id", record.laboratory_id()},
      {"sample_id", record.sample_id()},
      {"site_id", record.site_id()},
      {"target", record.target()},
      {"content_hash", record.content_hash()}};
  for (const auto& [field, text] : texts) {
    // A row that is taken back stays where it is.
    if (record.voided() && field == "site_id") continue;
    // Made from the row when it is needed.
    if (text.empty() && field == "content_hash" && hashes == Hashes::kDerived &&
        HashIsDerived(record)) {
      continue;
    }
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

base::Status ValidateRows(std::span<Record* const> rows, Hashes hashes) {
  if (rows.empty() || rows.size() > SampleStore::kMaxRowsPerAppend) {
    return base::InvalidArgument("{} rows in one append: send 1 to {}", rows.size(),
                                 SampleStore::kMaxRowsPerAppend);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) RETURN_IF_ERROR(ValidateRow(*rows[i], hashes, i));
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
                                                               const base::Clock& clock,
                                                               const SampleStoreLimits& limits) {
  ASSIGN_OR_RETURN(auto store, storage::Store::Open(options));
  std::unique_ptr<SampleStore> samples(new SampleStore(std::move(store), clock, limits));
  RETURN_IF_ERROR(samples->Load());
  samples->settler_ = std::thread([raw = samples.get()] { raw->RunSettler(); });
  samples->merger_ = std::thread([raw = samples.get()] { raw->RunMerger(); });
  return samples;
}

SampleStore::~SampleStore() {
  {
    const base::MutexLock lock(settler_mutex_);
    stopping_ = true;
    settler_wake_.NotifyAll();
    settled_wake_.NotifyAll();
    merger_wake_.NotifyAll();
  }
  if (settler_.joinable()) settler_.join();
  if (merger_.joinable()) merger_.join();
}

base::Status SampleStore::Load() {
  ASSIGN_OR_RETURN(const std::uint64_t format, ReadMeta(*store_, kFormatKey));
  ASSIGN_OR_RETURN(auto key, store_->Get(kMetaFamily, kIdentityKeyKey));
  storage::Batch fresh;
  if (!key) {
    key = crypto::RandomBytes(kIdentityKeyBytes);
    fresh.Put(kMetaFamily, kIdentityKeyKey, *key);
  }
  if (format == 0) fresh.Put(kMetaFamily, kFormatKey, MetaNumber(kFormatVersion));
  RETURN_IF_ERROR(store_->Write(fresh));
  if (key->size() != kIdentityKeyBytes) {
    return base::DataLoss("meta '{}' cannot be read: run fsck, restore a backup", kIdentityKeyKey);
  }
  hasher_ = IdentityHasher(*key);
  if (format == 1) {
    RETURN_IF_ERROR(MigrateFromFormat1(*store_));
  } else if (format != 0 && format != kFormatVersion) {
    return base::FailedPrecondition(
        "the time series are stored in format {}, this version reads {}: use the version that "
        "wrote them",
        format, kFormatVersion);
  }
  ASSIGN_OR_RETURN(feed_id_, EnsureFeedId(*store_));
  ASSIGN_OR_RETURN(const std::uint64_t newest, ReadMeta(*store_, kNewestFeedKey));
  ASSIGN_OR_RETURN(const std::uint64_t recorded, ReadMeta(*store_, kLastRecordedKey));
  ASSIGN_OR_RETURN(const std::uint64_t settled, ReadMeta(*store_, kSettledKey));
  RETURN_IF_ERROR(sites_.Load());
  RETURN_IF_ERROR(identities_.Load());
  RETURN_IF_ERROR(LoadRecent(settled, newest));
  const base::MutexLock lock(state_mutex_);
  newest_feed_ = newest;
  last_recorded_ = base::FromMicros(static_cast<std::int64_t>(recorded));
  return base::OkStatus();
}

base::Status SampleStore::LoadRecent(std::uint64_t settled, std::uint64_t newest) {
  recent_.set_settled(settled);
  std::string scratch;
  std::uint64_t next = settled + 1;
  storage::Cursor cursor = store_->Scan(kLogFamily, FeedKey(next), "");
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(const LogRows rows, ParseLogValue(cursor.key(), std::string(cursor.value()),
                                                       RowChunk::Columns::kPlaces));
    if (rows.first != next) {
      return base::DataLoss("the feed has a gap at {}: run fsck, restore a backup", next);
    }
    next = rows.last + 1;
    auto chunk = std::make_shared<LogChunk>();
    chunk->first = rows.first;
    chunk->last = rows.last;
    chunk->bytes = cursor.value();
    for (std::size_t row = 0; row < chunk->size(); ++row) {
      scratch.clear();
      AppendRowKey(scratch, *rows.chunk, row);
      chunk->codes.push_back(hasher_.Code(scratch));
    }
    recent_.Add(std::move(chunk));
    // After a migration nothing is settled: not all of it fits into memory.
    if (recent_.current_rows() >= limits_.settle_rows) {
      const base::MutexLock lock(settle_mutex_);
      RETURN_IF_ERROR(SettleOnce());
    }
  }
  RETURN_IF_ERROR(cursor.status());
  if (next != newest + 1) {
    return base::DataLoss("the feed ends at {}, but {} were stored: run fsck, restore a backup",
                          next - 1, newest);
  }
  return base::OkStatus();
}

std::vector<IdentityCode> SampleStore::CodesOf(std::span<Record* const> rows) const {
  std::vector<IdentityCode> codes;
  codes.reserve(rows.size());
  std::string key;
  for (const Record* row : rows) {
    key.clear();
    AppendRowKey(key, *row);
    codes.push_back(hasher_.Code(key));
  }
  return codes;
}

base::StatusOr<std::vector<AppendResult>> SampleStore::Append(std::span<Record* const> rows,
                                                              AppendMode mode, Hashes hashes) {
  RETURN_IF_ERROR(ValidateRows(rows, hashes));
  const std::vector<IdentityCode> codes = CodesOf(rows);
  if (mode == AppendMode::kDryRun) return DryRun({rows, codes, Hashes::kGiven});
  Request self;
  self.rows = {rows, codes, hashes};
  queue_mutex_.lock();
  queue_.push_back(&self);
  while (!self.done && queue_.front() != &self) self.wake.Wait(queue_mutex_);
  if (self.done) {
    queue_mutex_.unlock();
    return std::move(self.results);
  }
  queue_mutex_.unlock();
  WaitForRoom();
  queue_mutex_.lock();
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
    rows += request->rows.records.size();
    if (!group.empty() && rows > kMaxGroupRows) break;
    group.push_back(request);
  }
  return group;
}

AppendPlan SampleStore::NewPlan(std::uint64_t newest) const {
  return AppendPlan(
      {.may_hold =
           [this](std::span<const IdentityCode> codes, std::vector<bool>& may) {
             may.assign(codes.size(), false);
             // In this order: what is settled in between is then found in both, never in neither.
             recent_.MarkHeld(codes, may);
             identities_.MarkHeld(codes, may);
           },
       .find = [this, near = std::make_shared<Near>()](
                   IdentityCode code,
                   const Record& like) { return FindVersions(code, like, near.get()); }},
      sites_, newest);
}

base::StatusOr<std::vector<AppendResult>> SampleStore::DryRun(const AppendPlan::Rows& rows) const {
  AppendPlan plan = NewPlan(0);
  ASSIGN_OR_RETURN(auto results, plan.Add(rows, clock_.Now()));
  // Feed numbers are given at commit.
  for (AppendResult& result : results) result.feed_sequence = 0;
  return results;
}

base::StatusOr<std::vector<Record>> SampleStore::FindVersions(IdentityCode code, const Record& like,
                                                              Near* near) const {
  std::vector<Record> versions;
  // The newest rows first: what is settled in between is then found in both, never in neither.
  std::vector<std::uint64_t> sequences = recent_.Find(code);
  if (sequences.empty() && near != nullptr && near->rows &&
      near->rows->first + near->row < near->rows->last && !identities_.MayRepeat(code) &&
      SameRow(*near->rows->chunk, near->row + 1, like)) {
    // It has one version at most, and here it is: an expired one is like no row.
    sequences.push_back(near->rows->first + ++near->row);
  } else if (identities_.MayHold(code)) {
    ASSIGN_OR_RETURN(const auto settled, identities_.Find(code));
    sequences.insert(sequences.end(), settled.begin(), settled.end());
    std::sort(sequences.begin(), sequences.end());
    sequences.erase(std::unique(sequences.begin(), sequences.end()), sequences.end());
  }
  for (const std::uint64_t sequence : sequences) {
    ASSIGN_OR_RETURN(const auto rows, log_.Containing(sequence));
    if (!rows) return base::DataLoss("the log lacks {}: run fsck, restore a backup", sequence);
    const std::size_t row = sequence - rows->first;
    if (rows->chunk->gone(row) || !SameRow(*rows->chunk, row, like)) continue;
    Record& version = versions.emplace_back();
    rows->chunk->Get(row, version);
    if (version.content_hash().empty()) version.set_content_hash(ContentHashOf(version));
    if (near != nullptr) *near = {*rows, row};
  }
  return versions;
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
  AppendPlan plan = NewPlan(NewestFeed());
  base::Instant recorded = first_recorded;
  for (Request* request : group) {
    request->results = plan.Add(request->rows, recorded);
    // Rows of it may be in the plan already: nothing of the group is stored.
    RETURN_IF_ERROR(request->results.status());
    recorded += base::Duration(1);
  }
  if (plan.empty()) return base::OkStatus();
  const std::vector<std::shared_ptr<LogChunk>> chunks = plan.TakeChunks();
  storage::Batch batch;
  for (const auto& chunk : chunks) batch.Put(kLogFamily, FeedKey(chunk->last), chunk->bytes);
  batch.Put(kMetaFamily, kNewestFeedKey, MetaNumber(plan.newest_feed()));
  const base::Instant last = recorded - base::Duration(1);
  batch.Put(kMetaFamily, kLastRecordedKey,
            MetaNumber(static_cast<std::uint64_t>(base::ToMicros(last))));
  RETURN_IF_ERROR(store_->Write(batch));
  for (const auto& chunk : chunks) recent_.Add(chunk);
  if (recent_.current_rows() >= limits_.settle_rows) {
    const base::MutexLock lock(settler_mutex_);
    settler_wake_.NotifyOne();
  }
  const base::MutexLock lock(state_mutex_);
  newest_feed_ = plan.newest_feed();
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
  if (!sites_.Has(query.site_id)) return NoSeries(query.site_id);
  const base::Instant as_of = SettleAsOf(query.as_of);
  // After as_of was settled: everything that was committed by then is found.
  ASSIGN_OR_RETURN(auto recent, recent_.Series(SeriesPrefix(query.site_id, query.target)));
  return SeriesReader(*store_, query, as_of, std::move(recent));
}

base::StatusOr<std::vector<Record>> SampleStore::History(const std::string& laboratory_id,
                                                         const std::string& sample_id,
                                                         const std::string& target,
                                                         const std::string& gene) const {
  Record like;
  like.set_laboratory_id(laboratory_id);
  like.set_sample_id(sample_id);
  like.set_target(target);
  like.set_gene(gene);
  ASSIGN_OR_RETURN(auto versions, FindVersions(hasher_.Code(RowKey(like)), like));
  if (versions.empty()) return NoSample(laboratory_id, sample_id, target, gene);
  return versions;
}

base::Status SampleStore::BackUp(backup::Sink& sink) const {
  const std::uint64_t before = NewestFeed();
  RETURN_IF_ERROR(backup::AddStore(*store_, sink));
  sink.AddMark(kFeedMark, before, NewestFeed());
  return base::OkStatus();
}

}  // namespace belgrand::timeseries
