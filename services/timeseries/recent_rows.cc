#include "services/timeseries/recent_rows.h"

#include <bit>

namespace belgrand::timeseries {
namespace {

constexpr unsigned kOffsetBits = 64 - kIdentityCodeBits;
constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << kOffsetBits) - 1;
constexpr std::size_t kFirstSlots = 1024;
// Codes are looked up in no order, each in another line of memory, which is fetched before.
constexpr std::size_t kAhead = 8;

std::size_t Home(IdentityCode code, std::size_t slots) {
  return static_cast<std::size_t>(code) & (slots - 1);
}

}  // namespace

base::StatusOr<std::shared_ptr<const RowChunk>> LogChunk::Rows() const {
  const base::MutexLock lock(mutex_);
  if (rows_ == nullptr) {
    ASSIGN_OR_RETURN(rows_, RowChunk::Parse(bytes));
  }
  return rows_;
}

void Generation::Add(std::shared_ptr<const LogChunk> chunk) {
  const std::uint64_t base = chunks_.empty() ? chunk->first : first();
  bytes_ += chunk->bytes.size();
  for (std::size_t i = 0; i < chunk->codes.size(); ++i) {
    if (i + kAhead < chunk->codes.size() && !slots_.empty()) {
      __builtin_prefetch(&slots_[Home(chunk->codes[i + kAhead], slots_.size())]);
    }
    Insert(chunk->codes[i], chunk->first + i - base);
  }
  chunks_.push_back(std::move(chunk));
}

void Generation::Insert(IdentityCode code, std::uint64_t offset) {
  if (slots_.empty() || 2 * ++used_ > slots_.size()) {
    std::vector<std::uint64_t> old(std::max(kFirstSlots, 2 * slots_.size()));
    old.swap(slots_);
    for (const std::uint64_t slot : old) {
      if (slot == 0) continue;
      std::size_t at = Home(slot >> kOffsetBits, slots_.size());
      while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }
  std::size_t at = Home(code, slots_.size());
  while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = code << kOffsetBits | (offset + 1);
}

void Generation::Find(IdentityCode code, std::vector<std::uint64_t>& sequences) const {
  if (slots_.empty()) return;
  for (std::size_t at = Home(code, slots_.size()); slots_[at] != 0;
       at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at] >> kOffsetBits == code) {
      sequences.push_back(first() + (slots_[at] & kOffsetMask) - 1);
    }
  }
}

void Generation::MarkHeld(std::span<const IdentityCode> codes, std::vector<bool>& held) const {
  if (slots_.empty()) return;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (i + kAhead < codes.size()) {
      __builtin_prefetch(&slots_[Home(codes[i + kAhead], slots_.size())]);
    }
    for (std::size_t at = Home(codes[i], slots_.size()); slots_[at] != 0;
         at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at] >> kOffsetBits == codes[i]) held[i] = true;
    }
  }
}

base::Status Generation::IndexSeries() {
  for (; series_indexed_ < chunks_.size(); ++series_indexed_) {
    ASSIGN_OR_RETURN(const auto chunk, chunks_[series_indexed_]->Rows());
    for (std::size_t row = 0; row < chunk->size(); ++row) {
      if (chunk->gone(row)) continue;
      series_[SeriesPrefix(chunk->text(row, Record::kSiteIdFieldNumber),
                           chunk->text(row, Record::kTargetFieldNumber))]
          .push_back({chunk, row});
    }
  }
  return base::OkStatus();
}

base::Status Generation::Series(const std::string& series_prefix, std::vector<RowRef>& rows) {
  RETURN_IF_ERROR(IndexSeries());
  const auto found = series_.find(series_prefix);
  if (found != series_.end()) rows.insert(rows.end(), found->second.begin(), found->second.end());
  return base::OkStatus();
}

void RecentRows::Add(std::shared_ptr<const LogChunk> chunk) {
  const base::MutexLock lock(mutex_);
  current_->Add(std::move(chunk));
}

std::uint64_t RecentRows::current_rows() const {
  const base::MutexLock lock(mutex_);
  return current_->rows();
}

std::size_t RecentRows::bytes() const {
  const base::MutexLock lock(mutex_);
  return current_->bytes() + (settling_ ? settling_->bytes() : 0);
}

std::shared_ptr<const Generation> RecentRows::Turn() {
  const base::MutexLock lock(mutex_);
  // Left over from a settling that failed.
  if (settling_ != nullptr) return settling_;
  if (current_->rows() == 0) return nullptr;
  settling_ = std::move(current_);
  current_ = std::make_shared<Generation>();
  return settling_;
}

void RecentRows::Drop() {
  const base::MutexLock lock(mutex_);
  settled_ = settling_->last();
  settling_.reset();
}

std::vector<std::uint64_t> RecentRows::Find(IdentityCode code) const {
  std::vector<std::uint64_t> sequences;
  const base::MutexLock lock(mutex_);
  if (settling_ != nullptr) settling_->Find(code, sequences);
  current_->Find(code, sequences);
  return sequences;
}

void RecentRows::MarkHeld(std::span<const IdentityCode> codes, std::vector<bool>& held) const {
  const base::MutexLock lock(mutex_);
  if (settling_ != nullptr) settling_->MarkHeld(codes, held);
  current_->MarkHeld(codes, held);
}

base::StatusOr<RecentRows::SeriesRows> RecentRows::Series(const std::string& series_prefix) {
  SeriesRows series;
  const base::MutexLock lock(mutex_);
  series.settled = settled_;
  if (settling_ != nullptr) RETURN_IF_ERROR(settling_->Series(series_prefix, series.rows));
  RETURN_IF_ERROR(current_->Series(series_prefix, series.rows));
  return series;
}

std::uint64_t RecentRows::settled() const {
  const base::MutexLock lock(mutex_);
  return settled_;
}

void RecentRows::set_settled(std::uint64_t settled) {
  const base::MutexLock lock(mutex_);
  settled_ = settled;
}

}  // namespace belgrand::timeseries
