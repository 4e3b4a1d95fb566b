// The half of SampleStore that forgets persons: their sealed names, and texts that mention them,
// leave every version; the measurement and everything else of it stays.
//
// The way is that of expiry: the log first, then the series, then the files. A crash in between
// leaves the mark of erasures behind, and the erasure is asked for again.
#include <array>
#include <map>

#include "services/timeseries/convert.h"
#include "services/timeseries/sample_store.h"

namespace belgrand::timeseries {
namespace {

using compliance::v1::ErasureLine;

constexpr std::array kSealedFields = {Record::kSampledBySealedFieldNumber,
                                      Record::kAnalysedBySealedFieldNumber,
                                      Record::kAmendedBySealedFieldNumber};
constexpr std::array kTextFields = {Record::kAmendmentReasonFieldNumber,
                                    Record::kCommentFieldNumber};

// By field number: how often the person stands there.
using Counts = std::map<int, std::uint64_t>;

std::vector<int> FieldsOf(const RowChunk& chunk, std::size_t row,
                          const shared::PersonMatcher& persons) {
  std::vector<int> fields;
  for (const int field : kSealedFields) {
    if (persons.Sealed(chunk.text(row, field))) fields.push_back(field);
  }
  for (const int field : kTextFields) {
    const std::string_view text = chunk.text(row, field);
    if (!text.empty() &&
        persons.Mentioned(chunk.text(row, Record::kLaboratoryIdFieldNumber), text)) {
      fields.push_back(field);
    }
  }
  return fields;
}

std::optional<std::vector<Record>> Clear(const RowChunk& chunk,
                                         const shared::PersonMatcher& persons, Counts& counts) {
  std::map<std::size_t, std::vector<int>> found;
  for (std::size_t row = 0; row < chunk.size(); ++row) {
    auto fields = FieldsOf(chunk, row, persons);
    for (const int field : fields) ++counts[field];
    if (!fields.empty()) found.emplace(row, std::move(fields));
  }
  if (found.empty()) return std::nullopt;
  std::vector<Record> rows;
  rows.reserve(chunk.size());
  for (std::size_t row = 0; row < chunk.size(); ++row) {
    Record& record = rows.emplace_back(chunk.Get(row));
    const auto fields = found.find(row);
    if (fields == found.end()) continue;
    // What is cleared is part of the hash: it is kept from now on.
    record.set_content_hash(ContentHashOf(record));
    for (const int field : fields->second) {
      record.GetReflection()->ClearField(&record, Record::descriptor()->FindFieldByNumber(field));
    }
  }
  return rows;
}

std::vector<ErasureLine> ToLines(const Counts& counts) {
  std::vector<ErasureLine> lines;
  const auto add = [&](int field) {
    ErasureLine& line = lines.emplace_back();
    line.set_record(Record::descriptor()->full_name());
    line.set_field(Record::descriptor()->FindFieldByNumber(field)->name());
    const auto count = counts.find(field);
    line.set_count(count == counts.end() ? 0 : count->second);
  };
  for (const int field : kSealedFields) add(field);
  for (const int field : kTextFields) add(field);
  return lines;
}

}  // namespace

base::StatusOr<std::vector<ErasureLine>> SampleStore::FindPersons(
    const shared::PersonMatcher& persons) const {
  Counts counts;
  storage::Cursor cursor = store_->Scan(kLogFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(const auto chunk, RowChunk::Parse(std::string(cursor.value())));
    for (std::size_t row = 0; row < chunk->size(); ++row) {
      for (const int field : FieldsOf(*chunk, row, persons)) ++counts[field];
    }
  }
  RETURN_IF_ERROR(cursor.status());
  return ToLines(counts);
}

base::StatusOr<std::vector<ErasureLine>> SampleStore::ErasePersons(
    const shared::PersonMatcher& persons) {
  const base::MutexLock one_at_a_time(rewrite_mutex_);
  RETURN_IF_ERROR(Settle());
  // An expiry that was broken off goes on to be due.
  ASSIGN_OR_RETURN(const auto due, store_->Get(kMetaFamily, kCompactionDueKey));
  Counts counts;
  ASSIGN_OR_RETURN(const bool changed, RewriteLog([&](const RowChunk& chunk) {
                     return Clear(chunk, persons, counts);
                   }));
  Counts uncounted;
  RETURN_IF_ERROR(
      RewriteSeries([&](const RowChunk& chunk) { return Clear(chunk, persons, uncounted); }));
  RETURN_IF_ERROR(store_->CompactAll());
  if (changed && !due) {
    storage::Batch done;
    done.Delete(kMetaFamily, kCompactionDueKey);
    RETURN_IF_ERROR(store_->Write(done));
  }
  return ToLines(counts);
}

base::StatusOr<storage::SearchFacts> SampleStore::SearchFiles(
    const std::vector<std::string>& sought) const {
  return storage::Search(*store_, sought);
}

base::StatusOr<shared::ErasureMark> SampleStore::erased() const {
  ASSIGN_OR_RETURN(const auto mark, store_->Get(kMetaFamily, kErasedKey));
  return shared::DecodeMark(mark);
}

base::Status SampleStore::SetErased(const shared::ErasureMark& mark) {
  storage::Batch batch;
  batch.Put(kMetaFamily, kErasedKey, shared::EncodeMark(mark));
  return store_->Write(batch);
}

}  // namespace belgrand::timeseries
