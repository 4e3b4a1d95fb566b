#include "alerting/receipts.h"

#include <algorithm>

#include "alerting/convert.h"

namespace belgrand::alerting {
namespace {

using storage::v1::AlertEventRecord;

v1::ReceiptState StateOf(Outcome::Verdict verdict) {
  switch (verdict) {
    case Outcome::Verdict::kAccepted:
      return v1::RECEIPT_ACCEPTED;
    case Outcome::Verdict::kUncertain:
      return v1::RECEIPT_SENT;
    case Outcome::Verdict::kRejected:
      return v1::RECEIPT_BOUNCED;
    default:
      return v1::RECEIPT_QUEUED;
  }
}

}  // namespace

std::set<std::string> AcceptedOf(const storage::v1::DeliveryRecord& delivery) {
  std::set<std::string> accepted;
  for (const auto& receipt : delivery.receipts()) {
    if (receipt.state() == v1::RECEIPT_ACCEPTED) accepted.insert(receipt.recipient());
  }
  return accepted;
}

void NoteReceipts(const Outcome& outcome, std::int64_t now_us,
                  storage::v1::DeliveryRecord& delivery) {
  for (const RecipientOutcome& one : outcome.recipients) {
    auto& receipts = *delivery.mutable_receipts();
    const auto known = std::ranges::find_if(
        receipts, [&](const auto& receipt) { return receipt.recipient() == one.recipient; });
    auto& receipt = known == receipts.end() ? *receipts.Add() : *known;
    if (receipt.state() == v1::RECEIPT_ACCEPTED) continue;
    receipt.set_recipient(one.recipient);
    receipt.set_state(StateOf(one.verdict));
    receipt.set_at_us(now_us);
    receipt.set_result(one.result);
  }
}

void MarkAcknowledged(std::span<const AlertEventRecord> history, v1::Delivery& delivery) {
  const auto sent =
      std::ranges::find(history, delivery.event_sequence(), &AlertEventRecord::sequence);
  if (sent == history.end()) return;
  for (v1::Receipt& receipt : *delivery.mutable_receipts()) {
    if (receipt.recipient().empty()) continue;  // past its retention
    const auto act = std::ranges::find_if(history, [&](const auto& event) {
      return event.sequence() > sent->sequence() &&
             event.alert().episode() == sent->alert().episode() &&
             event.by() == receipt.recipient() &&
             (event.kind() == v1::ACKNOWLEDGED_BY || event.kind() == v1::RESOLVED_BY_HAND ||
              event.kind() == v1::DISMISSED_BY || event.kind() == v1::ESCALATED_BY);
    });
    if (act == history.end()) continue;
    receipt.set_state(v1::RECEIPT_ACKNOWLEDGED);
    *receipt.mutable_at() = ToWire(*act, Repeat::kNo).at();
    receipt.set_result("acted on the alert");
  }
}

}  // namespace belgrand::alerting
