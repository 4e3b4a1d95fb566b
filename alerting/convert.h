// Stored records in the form of the wire.
//
// Thread safety: pure functions.
#pragma once

#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/storage/v1/alert_record.pb.h"

namespace belgrand::alerting {

enum class Repeat { kNo, kYes };

v1::Alert ToWire(const storage::v1::AlertRecord& record);
v1::AlertEvent ToWire(const storage::v1::AlertEventRecord& record, Repeat repeat);
v1::Delivery ToWire(const storage::v1::DeliveryRecord& record);
// Without texts and steps: those are added for who reads one notice.
v1::Notice ToWire(const storage::v1::NoticeRecord& record);
v1::NoticeStep ToWire(const storage::v1::NoticeStepRecord& record);
v1::Silence ToWire(const storage::v1::SilenceRecord& record);
// Its conditions alone.
storage::v1::SilenceRecord FromWire(const v1::SilenceMatch& match);
v1::TrackRecord ToWire(const storage::v1::TrackRecordCounts& counts);

}  // namespace belgrand::alerting
