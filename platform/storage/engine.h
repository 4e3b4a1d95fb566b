// How RocksDB is set up and how its errors are told: the private half of this folder.
#pragma once

#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/status.h>

#include <memory>
#include <string_view>

#include "platform/base/error.h"
#include "platform/storage/store.h"

namespace belgrand::storage {

rocksdb::DBOptions MakeDatabaseOptions(const StoreOptions& options);
rocksdb::ColumnFamilyOptions MakeFamilyOptions(const StoreOptions& options);

// Takes the first `texts` texts of a key for the name of its series: see
// StoreOptions::series_texts.
std::shared_ptr<const rocksdb::SliceTransform> SeriesHint(std::size_t texts);

// ResourceExhausted (disk full), DataLoss (a checksum or structure is wrong), Unavailable (other
// I/O).
base::Status FromEngine(const rocksdb::Status& status, std::string_view context);

inline rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace belgrand::storage
