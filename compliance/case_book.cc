#include "compliance/case_book.h"

#include <algorithm>

#include "compliance/frames.h"
#include "platform/base/file.h"

namespace belgrand::compliance {
namespace {

using storage::v1::CaseBookHeader;
using storage::v1::CaseRecord;
using storage::v1::OrderRecord;

constexpr std::uint32_t kFormat = 1;
// What a full book of the largest records takes.
constexpr std::size_t kMaxFileBytes =
    (2 * kMaxCaseBookRecords + 1) * (kFrameHeaderBytes + kMaxFramePayloadBytes);

template <typename Record>
base::Status Append(std::string& bytes, const Record& record, std::string_view what) {
  const std::string payload = record.SerializeAsString();
  if (payload.size() > kMaxFramePayloadBytes) {
    return base::InvalidArgument("a {} of the case book has {} bytes: at most {}; shorten its text",
                                 what, payload.size(), kMaxFramePayloadBytes);
  }
  bytes += EncodeFrame(payload);
  return base::OkStatus();
}

base::Status CheckCount(std::size_t count, std::string_view what) {
  if (count <= kMaxCaseBookRecords) return base::OkStatus();
  return base::ResourceExhausted(
      "the case book is full: {} {} are kept at most; apply retention to those that are closed",
      kMaxCaseBookRecords, what);
}

// Takes frames off `rest`.
class Frames {
 public:
  explicit Frames(std::string_view rest) : rest_(rest) {}

  template <typename Record>
  base::StatusOr<Record> Next() {
    ASSIGN_OR_RETURN(const auto payload, NextFrame(rest_, kCaseBookFile, number_));
    Record record;
    if (!payload || !record.ParseFromArray(payload->data(), static_cast<int>(payload->size()))) {
      return base::DataLoss("{} frame {} is missing or damaged: restore the file from a backup",
                            kCaseBookFile, number_);
    }
    rest_.remove_prefix(kFrameHeaderBytes + payload->size());
    ++number_;
    return record;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

}  // namespace

CaseRecord* CaseBookContent::FindCase(std::string_view case_id) {
  const auto found = std::find_if(cases.begin(), cases.end(), [&](const CaseRecord& record) {
    return record.case_id() == case_id;
  });
  return found == cases.end() ? nullptr : &*found;
}

OrderRecord* CaseBookContent::FindOrder(std::string_view order_id) {
  const auto found = std::find_if(orders.begin(), orders.end(), [&](const OrderRecord& record) {
    return record.order_id() == order_id;
  });
  return found == orders.end() ? nullptr : &*found;
}

base::StatusOr<CaseBookContent> ParseCaseBook(std::string_view bytes) {
  Frames frames(bytes);
  ASSIGN_OR_RETURN(const auto header, frames.Next<CaseBookHeader>());
  if (header.format() != kFormat) {
    return base::FailedPrecondition("{} has format {}, this release reads {}", kCaseBookFile,
                                    header.format(), kFormat);
  }
  if (header.cases() > kMaxCaseBookRecords || header.orders() > kMaxCaseBookRecords) {
    return base::DataLoss("the header of {} is damaged", kCaseBookFile);
  }
  CaseBookContent content;
  content.ledger_id = header.ledger_id();
  content.erased_through = header.erased_through();
  for (std::uint64_t i = 0; i < header.cases(); ++i) {
    ASSIGN_OR_RETURN(content.cases.emplace_back(), frames.Next<CaseRecord>());
  }
  for (std::uint64_t i = 0; i < header.orders(); ++i) {
    ASSIGN_OR_RETURN(content.orders.emplace_back(), frames.Next<OrderRecord>());
  }
  if (!frames.empty()) return base::DataLoss("{} holds more than its header says", kCaseBookFile);
  return content;
}

base::StatusOr<std::string> EncodeCaseBook(const CaseBookContent& content) {
  RETURN_IF_ERROR(CheckCount(content.cases.size(), "cases"));
  RETURN_IF_ERROR(CheckCount(content.orders.size(), "orders"));
  CaseBookHeader header;
  header.set_format(kFormat);
  header.set_ledger_id(content.ledger_id);
  header.set_erased_through(content.erased_through);
  header.set_cases(content.cases.size());
  header.set_orders(content.orders.size());
  std::string bytes;
  RETURN_IF_ERROR(Append(bytes, header, "header"));
  for (const CaseRecord& record : content.cases) RETURN_IF_ERROR(Append(bytes, record, "case"));
  for (const OrderRecord& record : content.orders) RETURN_IF_ERROR(Append(bytes, record, "order"));
  return bytes;
}

base::StatusOr<std::unique_ptr<CaseBook>> CaseBook::Open(std::filesystem::path path) {
  const auto bytes = base::ReadFile(path, kMaxFileBytes);
  if (bytes.status().code() == base::StatusCode::kNotFound) {
    return std::unique_ptr<CaseBook>(new CaseBook(std::move(path), {}));
  }
  RETURN_IF_ERROR(bytes.status());
  auto content = ParseCaseBook(*bytes);
  if (!content.ok()) return base::Annotate(content.status(), path.string());
  return std::unique_ptr<CaseBook>(new CaseBook(std::move(path), *std::move(content)));
}

base::Status CaseBook::Update(const Change& change) {
  const base::MutexLock lock(mutex_);
  CaseBookContent changed = content_;
  RETURN_IF_ERROR(change(changed));
  ASSIGN_OR_RETURN(const std::string bytes, EncodeCaseBook(changed));
  RETURN_IF_ERROR(base::WriteFileAtomically(path_, bytes, 0600));
  content_ = std::move(changed);
  return base::OkStatus();
}

CaseBookContent CaseBook::Read() const {
  const base::MutexLock lock(mutex_);
  return content_;
}

}  // namespace belgrand::compliance
