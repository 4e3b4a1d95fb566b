#include "platform/storage/engine.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "platform/base/log.h"
#include "platform/base/mutex.h"

namespace belgrand::storage {
namespace {

// Hands what the engine reports as wrong to the log of the process. While a disk stays full the
// engine says so every few seconds: one line in ten minutes does.
class EngineLog final : public rocksdb::Logger {
 public:
  EngineLog() : rocksdb::Logger(rocksdb::InfoLogLevel::ERROR_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    int repeats = 0;
    {
      const base::MutexLock lock(mutex_);
      const auto now = std::chrono::steady_clock::now();
      // The format is what tells one report from another: numbers in them differ.
      const auto [said, first] = said_.try_emplace(format, Said{now, 0});
      if (!first && now - said->second.at < kPause) {
        ++said->second.repeats;
        return;
      }
      repeats = std::exchange(said->second.repeats, 0);
      said->second.at = now;
    }
    std::array<char, 512> text{};
    std::vsnprintf(text.data(), text.size(), format, arguments);
    base::Log(base::LogLevel::kWarning, "storage_engine",
              {{"report", text.data()}, {"repeats_before", repeats}});
  }

 private:
  static constexpr auto kPause = std::chrono::minutes(10);
  struct Said {
    std::chrono::steady_clock::time_point at;
    int repeats = 0;
  };
  base::Mutex mutex_;
  std::map<std::string, Said> said_ GUARDED_BY(mutex_);
};

constexpr std::size_t kMinMemtableBytes = std::size_t{1} << 20;
constexpr int kBloomBitsPerKey = 10;

// Bytes of the first `texts` texts at the front of the key; 0 when there are fewer.
std::size_t TextsLength(const rocksdb::Slice& key, std::size_t texts) {
  std::size_t i = 0;
  for (; texts > 0; --texts) {
    for (;; i += 2) {
      const void* zero = i < key.size() ? std::memchr(key.data() + i, 0, key.size() - i) : nullptr;
      if (zero == nullptr) return 0;
      i = static_cast<std::size_t>(static_cast<const char*>(zero) - key.data());
      if (i + 1 < key.size() && key[i + 1] == '\x01') break;  // else an escaped zero
    }
    i += 2;
  }
  return i;
}

class LeadingTexts final : public rocksdb::SliceTransform {
 public:
  explicit LeadingTexts(std::size_t texts) : texts_(texts) {}
  const char* Name() const override { return "belgrand.LeadingTexts"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), TextsLength(key, texts_)};
  }
  bool InDomain(const rocksdb::Slice& key) const override { return TextsLength(key, texts_) > 0; }

 private:
  const std::size_t texts_;
};

}  // namespace

rocksdb::DBOptions MakeDatabaseOptions(const StoreOptions& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.max_background_jobs = 2;
  db.max_open_files = 512;
  db.db_write_buffer_size = options.write_buffer_bytes;
  // Idle families must not keep old logs alive for ever.
  db.max_total_wal_size = 2 * options.write_buffer_bytes;

  // GroupCommit is the only writer thread at any time, and the in-place hint of the memtable's last
  // insertion only works without concurrent insertion.
  db.allow_concurrent_memtable_write = false;

  // A torn end of the log was never acknowledged; a damaged middle was: refuse to open rather than
  // drop it.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.track_and_verify_wals_in_manifest = true;
  db.paranoid_checks = true;

  // Erasure (see CompactAll): nothing may keep deleted bytes outside the sorted files. The manifest
  // names the first and last key of each file, so it is rewritten at every change instead of
  // growing.
  db.recycle_log_file_num = 0;
  db.WAL_ttl_seconds = 0;
  db.WAL_size_limit_MB = 0;
  db.max_manifest_file_size = 1;

  // No log file of the engine's own: its info level prints keys, and on a full disk Debian's build
  // of the engine aborts the process when it writes to a log file that failed once.
  db.info_log = std::make_shared<EngineLog>();
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

rocksdb::ColumnFamilyOptions MakeFamilyOptions(const StoreOptions& options) {
  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = std::max(options.write_buffer_bytes / 2, kMinMemtableBytes);
  family.max_write_buffer_number = 3;
  family.level_compaction_dynamic_level_bytes = true;
  family.compression = rocksdb::kLZ4Compression;
  family.bottommost_compression = rocksdb::kZSTD;
  family.paranoid_file_checks = true;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.block_size = std::size_t{16} << 10;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return family;
}

std::shared_ptr<const rocksdb::SliceTransform> SeriesHint(std::size_t texts) {
  return std::make_shared<LeadingTexts>(texts);
}

base::Status FromEngine(const rocksdb::Status& status, std::string_view context) {
  if (status.ok()) return base::OkStatus();
  if (status.IsNoSpace()) {
    return base::ResourceExhausted("{}: the disk is full: free space and restart ({})", context,
                                   status.ToString());
  }
  if (status.IsCorruption()) {
    return base::DataLoss("{}: stored data is damaged: restore a backup ({})", context,
                          status.ToString());
  }
  if (status.IsInvalidArgument()) {
    return base::InvalidArgument("{}: {}", context, status.ToString());
  }
  return base::Unavailable("{}: {}", context, status.ToString());
}

}  // namespace belgrand::storage
