#include "services/timeseries/row_chunk.h"

#include <algorithm>

#include "platform/base/check.h"
#include "platform/storage/keys.h"
#include "services/timeseries/columns.h"
#include "services/timeseries/message_texts.h"
#include "services/timeseries/row_columns.h"

namespace belgrand::timeseries {
namespace {

using Kind = RowColumn::Kind;

constexpr char kChunkVersion = 1;
enum Presence : char { kEveryRow = 0, kSomeRows = 1 };
// Added to the presence of a column of messages whose numbers stand apart.
constexpr char kApart = 2;

base::Status Damaged(std::string_view what) {
  return base::DataLoss("a chunk of rows cannot be read ({}): run fsck, restore a backup", what);
}

// Most columns have a value in the first row or in none.
template <typename Rows, typename Test>
bool Any(const Rows& rows, Test test) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (test(i)) return true;
  }
  return false;
}

// Values of the rows that have one; the bits tell which when not all do.
template <typename T, typename Rows, typename Get>
std::vector<T> Gather(const RowColumn& column, const Rows& rows, Get get, std::string& out) {
  std::vector<T> values;
  if (!Any(rows, [&](std::size_t i) { return rows.Has(column, i); })) return values;
  values.reserve(rows.size());
  std::vector<bool> has;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool present = rows.Has(column, i);
    if (!present && has.empty()) {
      has.assign(rows.size(), false);
      std::fill(has.begin(), has.begin() + static_cast<std::ptrdiff_t>(i), true);
    } else if (!has.empty()) {
      has[i] = present;
    }
    if (present) values.push_back(get(i));
  }
  out.push_back(has.empty() ? kEveryRow : kSomeRows);
  if (!has.empty()) AppendBits(out, has);
  return values;
}

template <typename Rows>
void EncodeInteger(const RowColumn& column, const Rows& rows, std::string& out) {
  if (!Any(rows, [&](std::size_t i) { return rows.Integer(column, i) != 0; })) return;
  std::vector<std::int64_t> values(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) values[i] = rows.Integer(column, i);
  AppendIntegers(out, values);
}

template <typename Rows>
void EncodeText(const RowColumn& column, const Rows& rows, std::string& out) {
  if (!Any(rows, [&](std::size_t i) { return !rows.Text(column, i).empty(); })) return;
  std::vector<std::string_view> values(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) values[i] = rows.Text(column, i);
  AppendTexts(out, values);
}

template <typename Rows>
void EncodeMessage(const RowColumn& column, const Rows& rows, std::string& out) {
  std::string bytes;
  const auto made = Gather<std::pair<std::size_t, std::size_t>>(
      column, rows,
      [&](std::size_t i) {
        const std::size_t from = bytes.size();
        rows.Make(column, i, bytes);
        return std::pair(from, bytes.size() - from);
      },
      out);
  if (made.empty()) return;
  std::vector<std::string_view> values;
  values.reserve(made.size());
  for (const auto& [from, size] : made) {
    values.push_back(std::string_view(bytes).substr(from, size));
  }
  if (column.packs && AppendMessages(out, values, column.form)) {
    out.front() = static_cast<char>(out.front() + kApart);
  } else {
    AppendTexts(out, values);
  }
}

// Nothing when no row has a value.
template <typename Rows>
void EncodeColumn(const RowColumn& column, const Rows& rows, std::string& out) {
  switch (column.kind) {
    case Kind::kInteger:
      return EncodeInteger(column, rows, out);
    case Kind::kText:
      return EncodeText(column, rows, out);
    case Kind::kMessage:
      return EncodeMessage(column, rows, out);
    case Kind::kOptionalInteger: {
      const auto values = Gather<std::int64_t>(
          column, rows, [&](std::size_t i) { return rows.Integer(column, i); }, out);
      if (!values.empty()) AppendIntegers(out, values);
      return;
    }
    case Kind::kOptionalDouble: {
      const auto values = Gather<double>(
          column, rows, [&](std::size_t i) { return rows.Real(column, i); }, out);
      if (!values.empty()) AppendDoubles(out, values);
      return;
    }
  }
}

template <typename Rows>
std::string Encode(const Rows& rows) {
  BELGRAND_CHECK(rows.size() > 0 && rows.size() <= kMaxChunkRows);
  std::string out(1, kChunkVersion);
  AppendVarint(out, rows.size());
  std::string payload;
  const std::uint64_t columns = rows.Columns();
  for (const RowColumn& column : RowColumns()) {
    if ((columns >> static_cast<unsigned>(column.number) & 1U) == 0) continue;
    payload.clear();
    EncodeColumn(column, rows, payload);
    if (payload.empty()) continue;
    AppendVarint(out, static_cast<std::uint64_t>(column.number));
    AppendVarint(out, payload.size());
    out += payload;
  }
  return out;
}

// Rows as the encoder reads them: from records.
struct RecordRows {
  std::span<const Record* const> rows;

  std::size_t size() const { return rows.size(); }
  // Bits by number: what is not here has no value in any row.
  std::uint64_t Columns() const { return ~std::uint64_t{0}; }
  bool Has(const RowColumn& c, std::size_t i) const { return c.has(*rows[i]); }
  std::int64_t Integer(const RowColumn& c, std::size_t i) const { return c.integer(*rows[i]); }
  double Real(const RowColumn& c, std::size_t i) const { return c.real(*rows[i]); }
  std::string_view Text(const RowColumn& c, std::size_t i) const { return c.text(*rows[i]); }
  void Make(const RowColumn& c, std::size_t i, std::string& out) const { c.make(*rows[i], out); }
};

bool HoldsOneValue(Kind kind, std::string_view payload) {
  switch (kind) {
    case Kind::kInteger:
    case Kind::kOptionalInteger:
      return HoldsOneInteger(payload);
    case Kind::kOptionalDouble:
      return HoldsOneDouble(payload);
    case Kind::kText:
    case Kind::kMessage:
      return HoldsOneText(payload);
  }
  return false;
}

bool SaysWhere(int number) {
  switch (number) {
    case Record::kFeedSequenceFieldNumber:
    case Record::kVersionFieldNumber:
    case Record::kRecordedAtUsFieldNumber:
    case Record::kMovedAwayFieldNumber:
    case Record::kLaboratoryIdFieldNumber:
    case Record::kSampleIdFieldNumber:
    case Record::kSiteIdFieldNumber:
    case Record::kTargetFieldNumber:
    case Record::kGeneFieldNumber:
    case Record::kCollectedAtUsFieldNumber:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct RowChunk::Column {
  const RowColumn* column = nullptr;
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  std::vector<std::string_view> texts;
  std::string made;  // what texts that are not in the chunk's bytes point into
  // Empty: every row has a value. Else the place of its value, or -1.
  std::vector<std::int32_t> places;
  // All values are equal, and kept once.
  bool one = false;

  std::ptrdiff_t Place(std::size_t row) const {
    const auto place = places.empty() ? static_cast<std::ptrdiff_t>(row) : places[row];
    return one ? std::min<std::ptrdiff_t>(place, 0) : place;
  }
};

// From the columns of other chunks, without making records of them.
struct PlacedRows {
  std::span<const RowPlace> rows;

  std::size_t size() const { return rows.size(); }
  std::uint64_t Columns() const {
    std::uint64_t columns = 0;
    for (const RowPlace& place : rows) columns |= place.chunk->column_bits_;
    return columns;
  }
  bool Has(const RowColumn& c, std::size_t i) const {
    const RowChunk::Column* column = rows[i].chunk->Find(c.number);
    return column != nullptr && column->Place(rows[i].row) >= 0;
  }
  std::int64_t Integer(const RowColumn& c, std::size_t i) const {
    return rows[i].chunk->Integer(rows[i].row, c.number);
  }
  double Real(const RowColumn& c, std::size_t i) const {
    return rows[i].chunk->real(rows[i].row, c.number);
  }
  std::string_view Text(const RowColumn& c, std::size_t i) const {
    return rows[i].chunk->text(rows[i].row, c.number);
  }
  void Make(const RowColumn& c, std::size_t i, std::string& out) const {
    const RowChunk::Column& column = *rows[i].chunk->Find(c.number);
    out += column.texts[static_cast<std::size_t>(column.Place(rows[i].row))];
  }
};

std::string EncodeRows(std::span<const Record* const> rows) { return Encode(RecordRows{rows}); }
std::string EncodeRows(std::span<const RowPlace> rows) { return Encode(PlacedRows{rows}); }

RowChunk::RowChunk(std::string bytes) : bytes_(std::move(bytes)) {}
RowChunk::~RowChunk() = default;

base::StatusOr<std::shared_ptr<const RowChunk>> RowChunk::Parse(std::string bytes,
                                                                Columns columns) {
  std::shared_ptr<RowChunk> chunk(new RowChunk(std::move(bytes)));
  RETURN_IF_ERROR(chunk->ParseColumns(columns));
  return std::shared_ptr<const RowChunk>(std::move(chunk));
}

base::Status RowChunk::ParseColumns(Columns columns) {
  std::string_view in = bytes_;
  if (in.empty() || in.front() != kChunkVersion) return Damaged("it has another format");
  in.remove_prefix(1);
  std::uint64_t size = 0;
  if (!TakeVarint(in, size) || size == 0 || size > kMaxChunkRows) return Damaged("its size");
  size_ = size;
  const auto known = RowColumns();
  while (!in.empty()) {
    std::uint64_t number = 0;
    std::uint64_t length = 0;
    if (!TakeVarint(in, number) || !TakeVarint(in, length) || length > in.size()) {
      return Damaged("a column's head");
    }
    const auto column = std::find_if(known.begin(), known.end(), [&](const RowColumn& c) {
      return static_cast<std::uint64_t>(c.number) == number;
    });
    if (column == known.end()) {
      return base::DataLoss(
          "a chunk of rows has a column {} that this version does not know: use "
          "the version that wrote it",
          number);
    }
    if (columns == Columns::kAll || SaysWhere(column->number)) {
      auto parsed = std::make_unique<Column>();
      parsed->column = &*column;
      if (!ParseColumn(*parsed, in.substr(0, length))) {
        return Damaged(fmt::format("column {}", number));
      }
      if (by_number_.size() <= number) by_number_.resize(number + 1);
      by_number_[number] = parsed.get();
      column_bits_ |= std::uint64_t{1} << number;
      columns_.push_back(std::move(parsed));
    }
    in.remove_prefix(length);
  }
  return base::OkStatus();
}

bool RowChunk::ParseColumn(Column& column, std::string_view payload) const {
  const Kind kind = column.column->kind;
  bool apart = false;
  std::size_t count = size_;
  if (kind != Kind::kInteger && kind != Kind::kText) {
    if (payload.empty()) return false;
    char presence = payload.front();
    payload.remove_prefix(1);
    if (column.column->packs && presence >= kApart) {
      apart = true;
      presence = static_cast<char>(presence - kApart);
    }
    if (presence == kSomeRows) {
      std::vector<bool> has;
      if (!TakeBits(payload, size_, has)) return false;
      column.places.resize(size_);
      count = 0;
      for (std::size_t i = 0; i < size_; ++i) {
        column.places[i] = has[i] ? static_cast<std::int32_t>(count++) : -1;
      }
    } else if (presence != kEveryRow) {
      return false;
    }
  }
  column.one = HoldsOneValue(kind, payload) && !apart;
  if (column.one) count = 1;
  switch (kind) {
    case Kind::kInteger:
    case Kind::kOptionalInteger:
      return TakeIntegers(payload, count, column.integers) && payload.empty();
    case Kind::kOptionalDouble:
      return TakeDoubles(payload, count, column.reals) && payload.empty();
    case Kind::kText:
      return TakeTexts(payload, count, column.texts, column.made) && payload.empty();
    case Kind::kMessage: {
      const bool taken =
          apart ? TakeMessages(payload, count, column.column->form, column.texts, column.made)
                : TakeTexts(payload, count, column.texts, column.made);
      if (!taken || !payload.empty()) return false;
      // Here, so that reading a row cannot fail.
      Record scratch;
      std::string_view last;
      for (const std::string_view text : column.texts) {
        if (text.data() != last.data() && !column.column->parse(scratch, text)) return false;
        last = text;
      }
      return true;
    }
  }
  return false;
}

const RowChunk::Column* RowChunk::Find(int number) const {
  const auto index = static_cast<std::size_t>(number);
  return index < by_number_.size() ? by_number_[index] : nullptr;
}

std::int64_t RowChunk::Integer(std::size_t row, int number) const {
  const Column* column = Find(number);
  if (column == nullptr) return 0;
  const std::ptrdiff_t place = column->Place(row);
  return place < 0 ? 0 : column->integers[static_cast<std::size_t>(place)];
}

void RowChunk::Get(std::size_t row, Record& record) const {
  record.Clear();
  for (const auto& column : columns_) {
    const std::ptrdiff_t at = column->Place(row);
    if (at < 0) continue;
    const auto place = static_cast<std::size_t>(at);
    const RowColumn& field = *column->column;
    switch (field.kind) {
      case Kind::kInteger:
      case Kind::kOptionalInteger:
        field.set_integer(record, column->integers[place]);
        break;
      case Kind::kOptionalDouble:
        field.set_real(record, column->reals[place]);
        break;
      case Kind::kText:
        if (!column->texts[place].empty()) field.set_text(record, column->texts[place]);
        break;
      case Kind::kMessage:
        field.parse(record, column->texts[place]);
        break;
    }
  }
}

Record RowChunk::Get(std::size_t row) const {
  Record record;
  Get(row, record);
  return record;
}

std::uint64_t RowChunk::sequence(std::size_t row) const {
  return static_cast<std::uint64_t>(Integer(row, Record::kFeedSequenceFieldNumber));
}
std::uint32_t RowChunk::version(std::size_t row) const {
  return static_cast<std::uint32_t>(Integer(row, Record::kVersionFieldNumber));
}
std::int64_t RowChunk::recorded_at_us(std::size_t row) const {
  return Integer(row, Record::kRecordedAtUsFieldNumber);
}
std::int64_t RowChunk::collected_at_us(std::size_t row) const {
  return Integer(row, Record::kCollectedAtUsFieldNumber);
}
bool RowChunk::moved_away(std::size_t row) const {
  return Integer(row, Record::kMovedAwayFieldNumber) != 0;
}
bool RowChunk::voided(std::size_t row) const {
  return Integer(row, Record::kVoidedFieldNumber) != 0;
}
std::string_view RowChunk::text(std::size_t row, int number) const {
  const Column* column = Find(number);
  if (column == nullptr) return {};
  const std::ptrdiff_t place = column->Place(row);
  return place < 0 ? std::string_view() : column->texts[static_cast<std::size_t>(place)];
}
double RowChunk::real(std::size_t row, int number) const {
  const Column* column = Find(number);
  if (column == nullptr) return 0;
  const std::ptrdiff_t place = column->Place(row);
  return place < 0 ? 0 : column->reals[static_cast<std::size_t>(place)];
}

void AppendRowKey(std::string& key, const RowChunk& chunk, std::size_t row) {
  storage::AppendText(key, chunk.text(row, Record::kLaboratoryIdFieldNumber));
  storage::AppendText(key, chunk.text(row, Record::kSampleIdFieldNumber));
  storage::AppendText(key, chunk.text(row, Record::kTargetFieldNumber));
  const std::string_view gene = chunk.text(row, Record::kGeneFieldNumber);
  if (!gene.empty()) storage::AppendText(key, gene);
}

bool SameRow(const RowChunk& chunk, std::size_t row, const Record& record) {
  return chunk.text(row, Record::kSampleIdFieldNumber) == record.sample_id() &&
         chunk.text(row, Record::kLaboratoryIdFieldNumber) == record.laboratory_id() &&
         chunk.text(row, Record::kTargetFieldNumber) == record.target() &&
         chunk.text(row, Record::kGeneFieldNumber) == record.gene();
}

}  // namespace belgrand::timeseries
