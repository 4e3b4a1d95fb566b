// The steps of a public notice that people take. Private to the notices.
//
// Thread safety: pure functions.
#pragma once

#include <string_view>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/storage/v1/alert_record.pb.h"
#include "platform/base/error.h"
#include "platform/base/time.h"

namespace belgrand::alerting {

struct StepWords {
  std::string_view by = {};
  std::string_view comment = {};
  std::string_view digest = {};
  std::string_view cause = {};
};
// Also says when the notice changed.
void AddStep(storage::v1::NoticeRecord& notice, v1::NoticeStepKind kind, base::Instant now,
             const StepWords& words);
// Nothing waits any more.
void DropDraft(storage::v1::NoticeRecord& notice);
// The draft as it goes out; the notice without it. REQUIRES: it has one.
storage::v1::NoticeReleaseRecord Release(storage::v1::NoticeRecord& notice, base::Instant now);
base::Status CheckNoticeReason(std::string_view by, std::string_view reason, std::string_view why);
// "proposed", "released", ...
std::string_view NoticeStateName(int state);

}  // namespace belgrand::alerting
