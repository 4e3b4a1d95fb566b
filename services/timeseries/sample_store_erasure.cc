// The half of SampleStore that answers for persons: it collects what it holds of one, and forgets
// or corrects them: their sealed names, and texts that mention them, leave every version; the
// measurement and everything else of it stays.
//
// The way is that of expiry: the log first, then the series, then the files. A crash in between
// leaves the mark of erasures behind, and the erasure is asked for again.
#include <array>
#include <map>
#include <tuple>

#include "compliance/policy.h"
#include "compliance/sealed_field.h"
#include "services/shared/person_collect.h"
#include "services/shared/sealed_place.h"
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

const google::protobuf::FieldDescriptor* Field(int number) {
  return Record::descriptor()->FindFieldByNumber(number);
}

// Takes persons out of rows, or puts in what is correct of them.
//
// A row lies in the log and in its series, and both must hold the same bytes, after a crash between
// the two as well: so a value is sealed once for a place, and one that the log has already is
// taken from there.
class Rewriter {
 public:
  Rewriter(const shared::PersonMatcher& persons, const SampleStore::Sealer& seal)
      : persons_(persons), seal_(seal) {}

  // Of the log, first.
  std::optional<std::vector<Record>> Log(const RowChunk& chunk) {
    Remember(chunk);
    return Rewrite(chunk, counts_);
  }
  std::optional<std::vector<Record>> Series(const RowChunk& chunk) {
    Counts uncounted;
    return Rewrite(chunk, uncounted);
  }
  // Why it left rows as they are.
  const base::Status& status() const { return status_; }
  const Counts& counts() const { return counts_; }

 private:
  std::optional<std::vector<Record>> Rewrite(const RowChunk& chunk, Counts& counts) {
    std::map<std::size_t, std::vector<int>> found;
    for (std::size_t row = 0; row < chunk.size(); ++row) {
      auto fields = FieldsOf(chunk, row, persons_);
      if (!fields.empty()) found.emplace(row, std::move(fields));
    }
    if (found.empty() || !status_.ok()) return std::nullopt;
    std::vector<Record> rows;
    rows.reserve(chunk.size());
    for (std::size_t row = 0; row < chunk.size(); ++row) {
      Record& record = rows.emplace_back(chunk.Get(row));
      const auto fields = found.find(row);
      if (fields == found.end()) continue;
      // What is changed is part of the hash: it is kept from now on.
      record.set_content_hash(ContentHashOf(record));
      for (const int field : fields->second) {
        status_ = Replace(record, field);
        if (!status_.ok()) return std::nullopt;
        ++counts[field];
      }
    }
    return rows;
  }

  base::Status Replace(Record& record, int field) {
    const auto& reflection = *record.GetReflection();
    const std::string value = reflection.GetString(record, Field(field));
    std::string changed;
    if (const auto* person = persons_.SealedBy(value)) {
      if (!person->replacement().empty()) {
        ASSIGN_OR_RETURN(changed, Sealed(record, field, *person));
      }
    } else {
      changed = persons_.WithoutMentions(record.laboratory_id(), value).value_or(value);
    }
    if (changed.empty()) {
      reflection.ClearField(&record, Field(field));
    } else {
      reflection.SetString(&record, Field(field), std::move(changed));
    }
    return base::OkStatus();
  }

  static std::string PlaceOf(std::string_view laboratory, std::string_view request, int field) {
    return shared::SealedPlace(Field(field)->name(), laboratory, request);
  }

  base::StatusOr<std::string> Sealed(const Record& record, int field,
                                     const compliance::v1::PersonToErase& person) {
    const std::string place = PlaceOf(record.laboratory_id(), record.request_id(), field);
    const auto known = sealed_.find(place);
    if (known != sealed_.end()) return known->second;
    compliance::v1::SealFieldsRequest request;
    auto& plain = *request.add_fields();
    // A person known by reference alone is of the kind that the field names.
    plain.set_subject(compliance::FieldPolicyOf(*Field(field)).subject());
    plain.set_tenant(record.laboratory_id());
    plain.set_value(person.replacement());
    plain.set_place(place);
    ASSIGN_OR_RETURN(const auto response, Ask(request));
    return sealed_.emplace(place, response.fields(0).sealed()).first->second;
  }

  base::StatusOr<compliance::v1::SealFieldsResponse> Ask(
      const compliance::v1::SealFieldsRequest& request) const {
    if (!seal_) return base::FailedPrecondition("replacing a sealed value needs the keyring");
    auto response = seal_(request);
    if (response.ok() && response->fields_size() != request.fields_size()) {
      return base::Internal("the keyring sealed {} values of {}", response->fields_size(),
                            request.fields_size());
    }
    return response;
  }

  // What an earlier pass has put into the log already, by place.
  void Remember(const RowChunk& chunk) {
    if (!status_.ok()) return;
    for (std::size_t row = 0; row < chunk.size(); ++row) {
      const std::string_view laboratory = chunk.text(row, Record::kLaboratoryIdFieldNumber);
      for (const int field : kSealedFields) {
        const std::string_view value = chunk.text(row, field);
        if (value.empty() || !IsReplacement(laboratory, field, value)) continue;
        sealed_.emplace(PlaceOf(laboratory, chunk.text(row, Record::kRequestIdFieldNumber), field),
                        value);
      }
    }
  }

  bool IsReplacement(std::string_view laboratory, int field, std::string_view value) {
    const auto reference = compliance::SubjectRefOf(value);
    if (!reference.ok()) return false;
    for (const auto& person : persons_.persons()) {
      if (person.replacement().empty()) continue;
      const auto known = references_.find({person.replacement(), std::string(laboratory), field});
      if (known != references_.end()) {
        if (known->second == *reference) return true;
        continue;
      }
      compliance::v1::SealFieldsRequest request;
      request.set_look_up_only(true);
      auto& plain = *request.add_fields();
      plain.set_subject(compliance::FieldPolicyOf(*Field(field)).subject());
      plain.set_tenant(std::string(laboratory));
      plain.set_value(person.replacement());
      const auto response = Ask(request);
      if (!response.ok()) {
        status_ = response.status();
        return false;
      }
      const std::string& found = response->fields(0).subject_ref();
      references_[{person.replacement(), std::string(laboratory), field}] = found;
      if (found == *reference) return true;
    }
    return false;
  }

  const shared::PersonMatcher& persons_;
  const SampleStore::Sealer& seal_;
  base::Status status_;
  Counts counts_;
  std::map<std::string, std::string> sealed_;  // by place
  std::map<std::tuple<std::string, std::string, int>, std::string> references_;
};

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
    const shared::PersonMatcher& persons, const Sealer& seal) {
  const base::MutexLock one_at_a_time(rewrite_mutex_);
  RETURN_IF_ERROR(Settle());
  // An expiry that was broken off goes on to be due.
  ASSIGN_OR_RETURN(const auto due, store_->Get(kMetaFamily, kCompactionDueKey));
  Rewriter rewriter(persons, seal);
  ASSIGN_OR_RETURN(const bool changed,
                   RewriteLog([&](const RowChunk& chunk) { return rewriter.Log(chunk); }));
  RETURN_IF_ERROR(rewriter.status());
  RETURN_IF_ERROR(RewriteSeries([&](const RowChunk& chunk) { return rewriter.Series(chunk); }));
  RETURN_IF_ERROR(rewriter.status());
  RETURN_IF_ERROR(store_->CompactAll());
  if (changed && !due) {
    storage::Batch done;
    done.Delete(kMetaFamily, kCompactionDueKey);
    RETURN_IF_ERROR(store_->Write(done));
  }
  return ToLines(rewriter.counts());
}

base::Status SampleStore::CollectPerson(const shared::PersonMatcher& person,
                                        const shared::PersonStewardship::Give& give) const {
  shared::PersonCollector collector(
      "timeseries", person, [](const google::protobuf::Message& message, const std::string& path) {
        const auto& record = static_cast<const Record&>(message);
        return std::vector<std::string>{
            shared::SealedPlace(path, record.laboratory_id(), record.request_id()),
            shared::SealedPlaceOfRow(path, record.laboratory_id(), record.sample_id(),
                                     record.target(), record.gene())};
      });
  storage::Cursor cursor = store_->Scan(kLogFamily, "", "");
  for (; cursor.Valid(); cursor.Next()) {
    ASSIGN_OR_RETURN(const auto chunk, RowChunk::Parse(std::string(cursor.value())));
    for (std::size_t row = 0; row < chunk->size(); ++row) {
      if (FieldsOf(*chunk, row, person).empty()) continue;
      const Record record = chunk->Get(row);
      if (auto held = collector.Collect(record, record.laboratory_id())) {
        RETURN_IF_ERROR(give(*std::move(held)));
      }
    }
  }
  return cursor.status();
}

base::Status SampleStore::LoadRestrictions(shared::Restrictions& restrictions) const {
  ASSIGN_OR_RETURN(const auto stored, store_->Get(kMetaFamily, kRestrictedKey));
  return restrictions.Load(stored);
}

base::Status SampleStore::Restrict(const storage::v1::RestrictionsRecord& record,
                                   shared::Restrictions& restrictions) {
  return restrictions.Replace(record, [this](std::string_view bytes) {
    storage::Batch batch;
    batch.Put(kMetaFamily, kRestrictedKey, bytes);
    return store_->Write(batch);
  });
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
