// Who of a delivery's recipients has it: what is kept of each attempt, and what officials are
// shown.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>

#include "alerting/receivers/receiver.h"
#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/storage/v1/alert_record.pb.h"

namespace belgrand::alerting {

// Recipients that need not be sent to again.
std::set<std::string> AcceptedOf(const storage::v1::DeliveryRecord& delivery);

// Notes what an attempt said of each recipient; what it does not name stays. A recipient that has
// accepted stays accepted.
void NoteReceipts(const Outcome& outcome, std::int64_t now_us,
                  storage::v1::DeliveryRecord& delivery);

// Of an alert's deliveries those recipients become ACKNOWLEDGED that acted, by their address, after
// the event they were sent and in its episode. `history`: the alert's events, oldest first.
void MarkAcknowledged(std::span<const storage::v1::AlertEventRecord> history,
                      v1::Delivery& delivery);

}  // namespace belgrand::alerting
