#include "services/compliance/case_keeper.h"

#include <map>
#include <set>

#include "compliance/erasure_ledger.h"
#include "compliance/expiry_plan.h"
#include "compliance/sealed_field.h"
#include "platform/storage/search.h"
#include "services/shared/person_collect.h"
#include "services/shared/person_matcher.h"

namespace belgrand::compliance {
namespace {

using storage::v1::CaseRecord;
using storage::v1::OrderRecord;

constexpr std::string_view kName = "cases";
constexpr const char* kFields[] = {"name_sealed", "replacement_sealed", "extension_reason", "note"};

class CaseHolder final : public PersonHolder {
 public:
  CaseHolder(CaseBook& book, Keyring& keyring, const crypto::Key256& name_key)
      : book_(book), keyring_(keyring), name_key_(name_key) {}

  std::string_view name() const override { return kName; }

  base::StatusOr<v1::FindPersonsResponse> Find(const v1::FindPersonsRequest& request) override {
    ASSIGN_OR_RETURN(const auto matcher, shared::PersonMatcher::Make(request));
    CaseBookContent content = book_.Read();
    v1::FindPersonsResponse response;
    response.set_ledger_id(content.ledger_id);
    response.set_erased_through(content.erased_through);
    if (request.persons().empty()) return response;
    Counts counts;
    for (CaseRecord& record : content.cases) Count(record, matcher, counts);
    AddLines(counts, *response.mutable_lines());
    if (!request.search_files()) return response;
    // The file holds its records as they are: to search it is to search the values.
    storage::SearchCount found;
    RETURN_IF_ERROR(storage::SearchFile(book_.path(), shared::Sought(matcher), found));
    *response.add_searched() = shared::ToLine(kName, "values", found, matcher);
    return response;
  }

  base::StatusOr<v1::ErasePersonsResponse> Erase(const v1::ErasePersonsRequest& request) override {
    ASSIGN_OR_RETURN(const auto matcher, shared::PersonMatcher::Make(request));
    Counts counts;
    const base::Status updated = book_.Update([&](CaseBookContent& content) -> base::Status {
      for (CaseRecord& record : content.cases) {
        Count(record, matcher, counts);
        RETURN_IF_ERROR(Replace(record, matcher));
      }
      content.ledger_id = request.ledger_id();
      content.erased_through = request.erased_through();
      return base::OkStatus();
    });
    RETURN_IF_ERROR(updated);
    v1::ErasePersonsResponse response;
    AddLines(counts, *response.mutable_lines());
    return response;
  }

  base::Status Collect(const v1::CollectPersonsRequest& request, const Take& take) override {
    ASSIGN_OR_RETURN(const auto matcher,
                     shared::PersonMatcher::Make({request.person()}, request.name_key()));
    shared::PersonCollector collector(
        std::string(kName), matcher,
        [](const google::protobuf::Message& record, const std::string& path) {
          const std::string& id = static_cast<const CaseRecord&>(record).case_id();
          return std::vector<std::string>{path == "name_sealed" ? CaseNamePlace(id)
                                                                : CaseReplacementPlace(id)};
        });
    const CaseBookContent content = book_.Read();
    std::set<std::string> theirs;
    for (const CaseRecord& record : content.cases) {
      auto held = collector.Collect(record, record.tenant());
      if (!held) continue;
      if (matcher.Sealed(record.name_sealed())) theirs.insert(record.case_id());
      RETURN_IF_ERROR(take(*std::move(held)));
    }
    for (const OrderRecord& order : content.orders) {
      if (theirs.contains(order.case_id())) RETURN_IF_ERROR(TakeOrder(order, take));
    }
    return base::OkStatus();
  }

  // Nobody but the officer reads the book.
  base::Status Restrict(const v1::SetRestrictionsRequest&) override { return base::OkStatus(); }

 private:
  using Counts = std::map<std::string, std::uint64_t>;

  static void Count(const CaseRecord& record, const shared::PersonMatcher& matcher,
                    Counts& counts) {
    if (matcher.Sealed(record.name_sealed())) ++counts["name_sealed"];
    if (matcher.Sealed(record.replacement_sealed())) ++counts["replacement_sealed"];
    if (matcher.Mentioned(record.tenant(), record.extension_reason())) ++counts["extension_reason"];
    if (matcher.Mentioned(record.tenant(), record.note())) ++counts["note"];
  }

  static void AddLines(const Counts& counts,
                       google::protobuf::RepeatedPtrField<v1::ErasureLine>& lines) {
    for (const char* field : kFields) {
      v1::ErasureLine& line = *lines.Add();
      line.set_record(CaseRecord::descriptor()->full_name());
      line.set_field(field);
      const auto count = counts.find(field);
      line.set_count(count == counts.end() ? 0 : count->second);
    }
  }

  // What a laboratory was told of the person: it is sealed under the key of the order.
  static base::Status TakeOrder(const OrderRecord& order, const Take& take) {
    v1::PersonToErase named;
    if (auto reference = SubjectRefOf(order.name_sealed()); reference.ok()) {
      named.set_subject_ref(*std::move(reference));
    }
    ASSIGN_OR_RETURN(const auto matcher, shared::PersonMatcher::Make({named}, ""));
    shared::PersonCollector collector(
        std::string(kName), matcher,
        [](const google::protobuf::Message& record, const std::string& path) {
          const std::string& id = static_cast<const OrderRecord&>(record).order_id();
          return std::vector<std::string>{path == "name_sealed" ? OrderNamePlace(id)
                                                                : OrderCorrectionPlace(id)};
        });
    auto held = collector.Collect(order, order.laboratory_id());
    // Once it is acknowledged it names nobody.
    return held ? take(*std::move(held)) : base::OkStatus();
  }

  base::Status Replace(CaseRecord& record, const shared::PersonMatcher& matcher) {
    for (std::string* text : {record.mutable_extension_reason(), record.mutable_note()}) {
      if (auto without = matcher.WithoutMentions(record.tenant(), *text)) *text = *without;
    }
    if (const auto* person = matcher.SealedBy(record.name_sealed())) {
      record.clear_name_digest();
      ASSIGN_OR_RETURN(*record.mutable_name_sealed(),
                       SealInstead(record, person->replacement(), CaseNamePlace(record.case_id())));
      if (!person->replacement().empty()) {
        record.set_name_digest(
            NameDigest(name_key_, record.subject(), record.tenant(), person->replacement()));
      }
    }
    // Of an earlier rectification, whose correct name is corrected or erased now.
    if (const auto* person = matcher.SealedBy(record.replacement_sealed())) {
      ASSIGN_OR_RETURN(
          *record.mutable_replacement_sealed(),
          SealInstead(record, person->replacement(), CaseReplacementPlace(record.case_id())));
    }
    return base::OkStatus();
  }

  // Of nobody: nothing.
  base::StatusOr<std::string> SealInstead(const CaseRecord& record, const std::string& name,
                                          std::string place) {
    if (name.empty()) return std::string();
    const PlainValue correct{record.subject(), record.tenant(), name, std::move(place)};
    ASSIGN_OR_RETURN(const auto sealed, keyring_.Seal(std::span(&correct, 1)));
    return sealed.front().sealed;
  }

  CaseBook& book_;
  Keyring& keyring_;
  const crypto::Key256 name_key_;
};

class CaseSteward final : public Steward {
 public:
  explicit CaseSteward(CaseBook& book) : book_(book) {}

  std::string_view name() const override { return kName; }

  base::StatusOr<std::vector<v1::ExpiryLine>> Plan(base::Instant now,
                                                   const HoldScopes& holds) override {
    CaseBookContent content = book_.Read();
    return Sweep(content, now, holds);
  }
  base::StatusOr<std::vector<v1::ExpiryLine>> Apply(base::Instant now,
                                                    const HoldScopes& holds) override {
    std::vector<v1::ExpiryLine> lines;
    RETURN_IF_ERROR(book_.Update([&](CaseBookContent& content) {
      lines = Sweep(content, now, holds);
      return base::OkStatus();
    }));
    return lines;
  }

 private:
  template <typename Record>
  static void SweepOf(std::vector<Record>& records, base::Instant now, const HoldScopes& holds,
                      std::vector<v1::ExpiryLine>& lines) {
    ExpiryTally tally(*Record::descriptor(), now, HoldMatcher(*Record::descriptor(), holds));
    std::erase_if(records, [&](Record& record) {
      const ExpiryTally::Verdict verdict = tally.Count(record);
      if (verdict == ExpiryTally::Verdict::kClearFields) {
        ClearExpiredFields(tally.policies(), &record, now);
      }
      return verdict == ExpiryTally::Verdict::kDeleteRecord;
    });
    const auto counted = tally.Lines();
    lines.insert(lines.end(), counted.begin(), counted.end());
  }
  static std::vector<v1::ExpiryLine> Sweep(CaseBookContent& content, base::Instant now,
                                           const HoldScopes& holds) {
    std::vector<v1::ExpiryLine> lines;
    SweepOf(content.cases, now, holds, lines);
    SweepOf(content.orders, now, holds, lines);
    return lines;
  }

  CaseBook& book_;
};

}  // namespace

std::string CaseNamePlace(const std::string& case_id) {
  return "CaseRecord.name_sealed/" + case_id;
}
std::string CaseReplacementPlace(const std::string& case_id) {
  return "CaseRecord.replacement_sealed/" + case_id;
}
std::string OrderNamePlace(const std::string& order_id) {
  return "OrderRecord.name_sealed/" + order_id;
}
std::string OrderCorrectionPlace(const std::string& order_id) {
  return "OrderRecord.corrected_sealed/" + order_id;
}

std::string ReplacementOf(const CaseBook& book, const Keyring& keyring,
                          const std::string& erasure_id) {
  const CaseBookContent content = book.Read();
  for (const CaseRecord& record : content.cases) {
    if (record.erasure_id() != erasure_id || record.replacement_sealed().empty()) continue;
    return keyring.Open(record.replacement_sealed(), CaseReplacementPlace(record.case_id()))
        .value_or("");
  }
  return "";
}

std::unique_ptr<PersonHolder> MakeCaseHolder(CaseBook& book, Keyring& keyring,
                                             const crypto::Key256& name_key) {
  return std::make_unique<CaseHolder>(book, keyring, name_key);
}

std::unique_ptr<Steward> MakeCaseSteward(CaseBook& book) {
  return std::make_unique<CaseSteward>(book);
}

}  // namespace belgrand::compliance
