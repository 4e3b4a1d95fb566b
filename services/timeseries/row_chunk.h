// Many rows as one value, by columns: what the log and the series of the database are made of.
// docs/formats/timeseries.md defines the bytes.
//
// Thread safety: a chunk is immutable once parsed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/base/error.h"
#include "services/timeseries/layout.h"

namespace belgrand::timeseries {

inline constexpr std::size_t kMaxChunkRows = 1 << 16;

class RowChunk;

// A row where it lies; the chunk must outlive it.
struct RowPlace {
  const RowChunk* chunk = nullptr;
  std::size_t row = 0;
};

// 1 to kMaxChunkRows rows; the same bytes from either.
std::string EncodeRows(std::span<const Record* const> rows);
// REQUIRES: chunks parsed with all columns.
std::string EncodeRows(std::span<const RowPlace> rows);

class RowChunk {
 public:
  // All columns, or only those that say where a row belongs: the named accessors, not Get.
  enum class Columns { kAll, kPlaces };

  // DataLoss: damaged, or written by a newer version.
  static base::StatusOr<std::shared_ptr<const RowChunk>> Parse(std::string bytes,
                                                               Columns columns = Columns::kAll);
  RowChunk(const RowChunk&) = delete;
  RowChunk& operator=(const RowChunk&) = delete;

  std::size_t size() const { return size_; }
  // Replaces what `record` holds.
  void Get(std::size_t row, Record& record) const;
  Record Get(std::size_t row) const;

  std::uint64_t sequence(std::size_t row) const;
  std::uint32_t version(std::size_t row) const;
  std::int64_t recorded_at_us(std::size_t row) const;
  std::int64_t collected_at_us(std::size_t row) const;
  bool moved_away(std::size_t row) const;
  bool voided(std::size_t row) const;
  // A text field by its number; empty when it is absent.
  std::string_view text(std::size_t row, int number) const;
  double real(std::size_t row, int number) const;
  // A number whose record has expired: only the number is left.
  bool gone(std::size_t row) const { return version(row) == 0; }

 private:
  friend struct PlacedRows;
  struct Column;
  explicit RowChunk(std::string bytes);
  base::Status ParseColumns(Columns columns);
  bool ParseColumn(Column& column, std::string_view payload) const;
  const Column* Find(int number) const;
  std::int64_t Integer(std::size_t row, int number) const;

  const std::string bytes_;
  std::size_t size_ = 0;
  std::vector<std::unique_ptr<Column>> columns_;
  std::vector<const Column*> by_number_;
  std::uint64_t column_bits_ = 0;  // by number

 public:
  ~RowChunk();
};

// The same as of the records.
void AppendRowKey(std::string& key, const RowChunk& chunk, std::size_t row);
bool SameRow(const RowChunk& chunk, std::size_t row, const Record& record);
// The fields that tell rows of one series and one time of collection apart, in their order.
inline constexpr int kRowWithinSeries[] = {Record::kLaboratoryIdFieldNumber,
                                           Record::kSampleIdFieldNumber, Record::kGeneFieldNumber};

}  // namespace belgrand::timeseries
