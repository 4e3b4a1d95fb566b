#include "services/alerting/erasure.h"

#include <map>
#include <string>

#include "alerting/tables.h"
#include "services/shared/person_collect.h"

namespace belgrand::alerting {
namespace {

using compliance::v1::ErasureLine;
using storage::v1::AlertEventRecord;
using storage::v1::AlertRecord;
using storage::v1::DeliveryRecord;
using storage::v1::NoticeRecord;
using storage::v1::SilenceRecord;

// Key of `meta`: shared::EncodeMark.
constexpr char kErasedKey[] = "erased";
// Key of `meta`: belgrand.storage.v1.RestrictionsRecord, or nothing.
constexpr char kRestrictedKey[] = "restricted";

// Counts what it clears, by record and field.
class Clearer {
 public:
  Clearer(const shared::PersonMatcher& persons, SweepMode mode) : persons_(persons), mode_(mode) {}

  ExpiryVerdict operator()(google::protobuf::Message& message) {
    changed_ = false;
    if (auto* event = dynamic_cast<AlertEventRecord*>(&message)) {
      ClearEvent(*event);
    } else if (auto* alert = dynamic_cast<AlertRecord*>(&message)) {
      ClearAlert(*alert, AlertRecord::descriptor()->full_name(), "acknowledged_by");
    } else if (auto* silence = dynamic_cast<SilenceRecord*>(&message)) {
      ClearSilence(*silence);
    } else if (auto* notice = dynamic_cast<NoticeRecord*>(&message)) {
      ClearNotice(*notice);
    } else if (auto* delivery = dynamic_cast<DeliveryRecord*>(&message)) {
      ClearDelivery(*delivery);
    }
    return changed_ ? ExpiryVerdict::kStore : ExpiryVerdict::kKeep;
  }

  std::vector<ErasureLine> Lines() const {
    std::vector<ErasureLine> lines;
    const auto add = [&](const std::string& record, const char* field) {
      ErasureLine& line = lines.emplace_back();
      line.set_record(record);
      line.set_field(field);
      const auto count = counts_.find(record + "." + field);
      line.set_count(count == counts_.end() ? 0 : count->second);
    };
    add(AlertRecord::descriptor()->full_name(), "acknowledged_by");
    for (const char* field : {"by", "comment", "alert.acknowledged_by"}) {
      add(AlertEventRecord::descriptor()->full_name(), field);
    }
    for (const char* field : {"owner", "reason", "ended_by", "consented_by"}) {
      add(SilenceRecord::descriptor()->full_name(), field);
    }
    for (const char* field : {"steps.by", "steps.comment", "draft.first_approval.by"}) {
      add(NoticeRecord::descriptor()->full_name(), field);
    }
    add(DeliveryRecord::descriptor()->full_name(), "receipts.recipient");
    return lines;
  }

 private:
  const compliance::v1::PersonToErase* PersonOf(const std::string& name, std::int64_t at_us) const {
    return persons_.NamedBy(privacy::v1::OFFICIAL, "", name, base::FromMicros(at_us));
  }
  // Whether `name` was one of them; what is correct stands there then, or nothing.
  bool Replace(std::string& name, std::int64_t at_us, const std::string& record,
               const char* field) {
    const auto* person = PersonOf(name, at_us);
    if (person == nullptr) return false;
    name = person->replacement();
    Count(record, field);
    return true;
  }
  // What somebody wrote goes with them; where they are rectified it stays, with the correct name.
  void ReplaceText(std::string& text, bool theirs, const std::string& record, const char* field) {
    if (text.empty()) return;
    auto changed = persons_.WithoutMentions("", text);
    if (theirs) changed = "";
    if (!changed) return;
    text = *std::move(changed);
    Count(record, field);
  }
  void Count(const std::string& record, const char* field) {
    ++counts_[record + "." + field];
    changed_ = true;
  }
  void ClearAlert(AlertRecord& alert, const std::string& record, const char* field) {
    Replace(*alert.mutable_acknowledged_by(), alert.acknowledged_at_us(), record, field);
  }
  void ClearEvent(AlertEventRecord& event) {
    const std::string& record = AlertEventRecord::descriptor()->full_name();
    if (event.has_alert()) ClearAlert(*event.mutable_alert(), record, "alert.acknowledged_by");
    const bool theirs = Replace(*event.mutable_by(), event.at_us(), record, "by");
    ReplaceText(*event.mutable_comment(), theirs && event.by().empty(), record, "comment");
  }
  // It goes on without them: what it mutes does not depend on who set it.
  void ClearSilence(SilenceRecord& silence) {
    const std::string& record = SilenceRecord::descriptor()->full_name();
    const bool theirs = Replace(*silence.mutable_owner(), silence.created_at_us(), record, "owner");
    const bool gone = theirs && silence.owner().empty();
    ReplaceText(*silence.mutable_reason(), gone, record, "reason");
    Replace(*silence.mutable_ended_by(), silence.ends_at_us(), record, "ended_by");
    Replace(*silence.mutable_consented_by(), silence.consented_at_us(), record, "consented_by");
    if (gone) silence.clear_made_by_identity();
  }
  // What was released stays: it names nobody. A first approval without its person is void.
  void ClearNotice(NoticeRecord& notice) {
    const std::string& record = NoticeRecord::descriptor()->full_name();
    for (auto& step : *notice.mutable_steps()) {
      const bool theirs = Replace(*step.mutable_by(), step.at_us(), record, "steps.by");
      ReplaceText(*step.mutable_comment(), theirs && step.by().empty(), record, "steps.comment");
    }
    if (!notice.draft().has_first_approval()) return;
    auto& approval = *notice.mutable_draft()->mutable_first_approval();
    if (Replace(*approval.mutable_by(), approval.at_us(), record, "draft.first_approval.by") &&
        approval.by().empty()) {
      notice.mutable_draft()->clear_first_approval();
    }
  }

  // That somebody was told stays. One that is still under way belongs to its dispatcher, who would
  // write the name again: it is only found until it has ended.
  void ClearDelivery(DeliveryRecord& delivery) {
    const bool under_way = delivery.state() == v1::QUEUED || delivery.state() == v1::RETRYING;
    if (mode_ == SweepMode::kApply && under_way) return;
    for (auto& receipt : *delivery.mutable_receipts()) {
      Replace(*receipt.mutable_recipient(), receipt.at_us(),
              DeliveryRecord::descriptor()->full_name(), "receipts.recipient");
    }
  }

  const shared::PersonMatcher& persons_;
  const SweepMode mode_;
  std::map<std::string, std::uint64_t> counts_;
  bool changed_ = false;
};

base::StatusOr<std::vector<ErasureLine>> SweepAll(AlertBook& book,
                                                  const shared::PersonMatcher& persons,
                                                  SweepMode mode) {
  Clearer clearer(persons, mode);
  // Alerts before events: an event that is written meanwhile cannot copy who has been cleared.
  for (const auto* record :
       {AlertRecord::descriptor(), AlertEventRecord::descriptor(), SilenceRecord::descriptor(),
        NoticeRecord::descriptor(), DeliveryRecord::descriptor()}) {
    RETURN_IF_ERROR(book.Sweep(
        *record, [&](google::protobuf::Message& message) { return clearer(message); }, mode));
  }
  return clearer.Lines();
}

base::Status CollectAll(AlertBook& book, const shared::PersonMatcher& whom,
                        const shared::PersonStewardship::Give& give) {
  shared::PersonCollector collector("alerting", whom);
  // Given once the book is not held any more.
  std::vector<compliance::v1::HeldRecord> held;
  for (const auto* record :
       {AlertRecord::descriptor(), AlertEventRecord::descriptor(), SilenceRecord::descriptor(),
        NoticeRecord::descriptor(), DeliveryRecord::descriptor()}) {
    RETURN_IF_ERROR(book.Sweep(
        *record,
        [&](google::protobuf::Message& message) {
          if (auto found = collector.Collect(message, "")) held.push_back(*std::move(found));
          return ExpiryVerdict::kKeep;
        },
        SweepMode::kPlan));
  }
  for (compliance::v1::HeldRecord& record : held) RETURN_IF_ERROR(give(std::move(record)));
  return base::OkStatus();
}

}  // namespace

base::Status LoadRestrictions(const storage::Store& store, shared::Restrictions& restrictions) {
  ASSIGN_OR_RETURN(const auto stored, store.Get(kMeta, kRestrictedKey));
  return restrictions.Load(stored);
}

shared::PersonStewardship PersonsOf(AlertBook& book, storage::Store& store,
                                    shared::Restrictions& restrictions) {
  shared::PersonStewardship persons;
  persons.store = "alerting";
  persons.find = [&book](const shared::PersonMatcher& whom) {
    return SweepAll(book, whom, SweepMode::kPlan);
  };
  persons.erase = [&book,
                   &store](const shared::PersonMatcher& whom) -> shared::PersonStewardship::Lines {
    ASSIGN_OR_RETURN(auto lines, SweepAll(book, whom, SweepMode::kApply));
    RETURN_IF_ERROR(book.FinishSweeps());
    // Also where no record was changed: older versions of one may still lie in the files.
    RETURN_IF_ERROR(store.CompactAll());
    return lines;
  };
  persons.search = [&store](const std::vector<std::string>& sought) {
    return storage::Search(store, sought);
  };
  persons.mark = [&store]() -> base::StatusOr<shared::ErasureMark> {
    ASSIGN_OR_RETURN(const auto mark, store.Get(kMeta, kErasedKey));
    return shared::DecodeMark(mark);
  };
  persons.set_mark = [&store](const shared::ErasureMark& mark) {
    storage::Batch batch;
    batch.Put(kMeta, kErasedKey, shared::EncodeMark(mark));
    return store.Write(batch);
  };
  persons.collect = [&book](const shared::PersonMatcher& whom,
                            const shared::PersonStewardship::Give& give) {
    return CollectAll(book, whom, give);
  };
  persons.restrict_to = [&store, &restrictions](const storage::v1::RestrictionsRecord& record) {
    return restrictions.Replace(record, [&store](std::string_view bytes) {
      storage::Batch batch;
      batch.Put(kMeta, kRestrictedKey, bytes);
      return store.Write(batch);
    });
  };
  return persons;
}

}  // namespace belgrand::alerting
