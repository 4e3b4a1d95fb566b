// Any bytes as an erasure ledger, as a case book or as the text of a certificate: nothing may
// crash, and what is accepted is in order.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "belgrand/storage/v1/case_record.pb.h"
#include "belgrand/storage/v1/erasure.pb.h"
#include "compliance/case_book.h"
#include "compliance/erasure_certificate.h"
#include "compliance/erasure_ledger.h"
#include "compliance/frames.h"
#include "platform/base/check.h"

namespace belgrand::compliance {
namespace {

void CheckLedger(std::string_view bytes) {
  const auto content = ParseLedger(bytes);
  if (!content.ok()) return;
  BELGRAND_CHECK(content->whole_bytes <= bytes.size());
  BELGRAND_CHECK(content->ledger_id.size() == kErasureIdBytes);
  for (std::size_t i = 0; i < content->records.size(); ++i) {
    BELGRAND_CHECK(content->records[i].sequence == i + 1);
    BELGRAND_CHECK(content->records[i].id.size() == kErasureIdBytes);
  }
  // The same without its unfinished append.
  const auto again = ParseLedger(bytes.substr(0, content->whole_bytes));
  BELGRAND_CHECK(again.ok() && again->records.size() == content->records.size() &&
                 again->last_digest == content->last_digest);
}

std::string Header() {
  storage::v1::ErasureLedgerHeader header;
  header.set_format(1);
  header.set_ledger_id(std::string(kErasureIdBytes, 'l'));
  return EncodeFrame(header.SerializeAsString());
}

// What is accepted as a book is written as the same again.
void CheckBook(std::string_view bytes) {
  const auto content = ParseCaseBook(bytes);
  if (!content.ok()) return;
  const auto written = EncodeCaseBook(*content);
  BELGRAND_CHECK(written.ok());
  const auto again = ParseCaseBook(*written);
  BELGRAND_CHECK(again.ok() && again->cases.size() == content->cases.size() &&
                 again->orders.size() == content->orders.size());
}

// A book of one case and one order, whose payloads are given.
std::string Book(std::string_view payload) {
  storage::v1::CaseBookHeader header;
  header.set_format(1);
  header.set_cases(1);
  header.set_orders(1);
  return EncodeFrame(header.SerializeAsString()) + EncodeFrame(payload) + EncodeFrame(payload);
}

}  // namespace
}  // namespace belgrand::compliance

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace compliance = belgrand::compliance;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  compliance::CheckLedger(bytes);
  compliance::CheckBook(bytes);
  // Behind a header that fits: the rest as frames, and as the payload of one that has its checksum.
  compliance::CheckLedger(compliance::Header() + std::string(bytes));
  if (!bytes.empty() && size <= compliance::kMaxFramePayloadBytes) {
    compliance::CheckLedger(compliance::Header() + compliance::EncodeFrame(bytes));
    compliance::CheckBook(compliance::Book(bytes));
  }
  const auto certificate = compliance::ParseCertificate(bytes);
  BELGRAND_CHECK(!certificate.ok() ||
                 certificate->erasure_id.size() == 2 * compliance::kErasureIdBytes);
  return 0;
}
