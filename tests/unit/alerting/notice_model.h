// Public notices, done simply in memory and in minutes: what AlertBook is compared with. It is told
// of the events of the alerts, whose own life other models know.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "belgrand/alerting/v1/alerting.pb.h"
#include "belgrand/detection/v1/detection.pb.h"

namespace belgrand::alerting::testing {

class NoticeModel {
 public:
  // Of the configuration of the test: WARNING and above, four days, two hours.
  static constexpr int kProposed = detection::v1::WARNING;
  static constexpr long kValid = 4 * 24 * 60;
  static constexpr long kLead = 24 * 60;
  static constexpr long kWait = 120;

  struct Notice {
    std::string district;
    v1::NoticeState state = v1::NOTICE_PROPOSED;
    v1::NoticeType waiting = v1::NOTICE_TYPE_UNSPECIFIED;  // unspecified: nothing waits
    std::pair<std::string, std::string> first = {};        // name and identity
    long since = 0;
    long draft_end = 0;
    std::vector<v1::NoticeType> out = {};
    long out_end = 0;
    bool told = false;
    bool over = false;
    int severity = 0;
    unsigned episode = 0;
    long prolonged = 0;
    std::size_t steps = 0;

    bool Live() const { return state == v1::NOTICE_PROPOSED || state == v1::NOTICE_RELEASED; }
  };

  void Follow(const std::string& district, v1::EventKind kind, bool stands, int severity,
              unsigned episode) {
    const bool starts = kind == v1::OPENED || kind == v1::REOPENED || kind == v1::REOPENED_BY;
    const bool ends = kind == v1::RESOLVED_BY_DETECTION || kind == v1::RESOLVED_BY_HAND ||
                      kind == v1::DISMISSED_BY;
    if (!starts && !ends && kind != v1::SEVERITY_CHANGED) return;
    const bool asks = stands && severity >= kProposed;
    Notice* newest = Newest(district);
    if (newest == nullptr || !newest->Live()) {
      if (ends || !asks) return;
      if (newest != nullptr && newest->episode == episode && severity <= newest->severity &&
          (newest->state == v1::NOTICE_REFUSED ||
           (newest->state == v1::NOTICE_CANCELLED && !newest->over))) {
        return;
      }
      notices.push_back({.district = district});
      Draft(notices.back(), v1::NOTICE_ALERT, severity, episode);
    } else if (newest->state == v1::NOTICE_PROPOSED) {
      if (ends || !asks) return End(*newest);
      Draft(*newest, v1::NOTICE_ALERT, severity, episode);
    } else {
      newest->over = ends;
      Draft(*newest, ends ? v1::NOTICE_CANCEL : v1::NOTICE_UPDATE, severity, episode);
    }
  }

  bool Approve(std::size_t index, const std::string& name, const std::string& identity) {
    Notice& notice = notices[index];
    if (notice.waiting == v1::NOTICE_TYPE_UNSPECIFIED || notice.draft_end <= now) return false;
    const bool second = !notice.first.first.empty();
    if (second &&
        (notice.first.first == name || (!identity.empty() && notice.first.second == identity))) {
      return false;
    }
    ++notice.steps;
    notice.told = false;
    if (second || notice.waiting == v1::NOTICE_CANCEL) {
      Release(notice);
    } else {
      notice.first = {name, identity};
      notice.since = now;
    }
    return true;
  }
  bool Refuse(std::size_t index) {
    Notice& notice = notices[index];
    if (notice.waiting == v1::NOTICE_TYPE_UNSPECIFIED) return false;
    ++notice.steps;
    if (notice.out.empty()) notice.state = v1::NOTICE_REFUSED;
    Drop(notice);
    return true;
  }
  bool Withdraw(std::size_t index) {
    Notice& notice = notices[index];
    if (notice.state != v1::NOTICE_RELEASED) return false;
    ++notice.steps;
    Drop(notice);
    Draft(notice, v1::NOTICE_CANCEL, notice.severity, notice.episode);
    Release(notice);
    return true;
  }
  void Tick() {
    for (Notice& notice : notices) {
      if (!notice.Live()) continue;
      const bool waits = notice.waiting != v1::NOTICE_TYPE_UNSPECIFIED;
      if (!notice.out.empty() && notice.over && notice.out_end <= now) {
        End(notice);
      } else if (waits && notice.draft_end <= now) {
        Draft(notice, notice.waiting, notice.severity, notice.episode);
      } else if (!waits && !notice.out.empty() && !notice.over &&
                 notice.prolonged != notice.out_end && notice.out_end - kLead <= now) {
        notice.prolonged = notice.out_end;
        Draft(notice, v1::NOTICE_UPDATE, notice.severity, notice.episode);
      }
      if (notice.waiting != v1::NOTICE_TYPE_UNSPECIFIED && notice.since + kWait <= now) {
        notice.told = true;
      }
    }
  }

  long now = 0;  // set before each step
  std::vector<Notice> notices;
  std::map<v1::NoticeType, int> released;

 private:
  Notice* Newest(const std::string& district) {
    Notice* newest = nullptr;
    for (Notice& notice : notices) {
      if (notice.district == district) newest = &notice;
    }
    return newest;
  }
  void Draft(Notice& notice, v1::NoticeType type, int severity, unsigned episode) {
    const bool untouched =
        notice.waiting != v1::NOTICE_TYPE_UNSPECIFIED && notice.first.first.empty();
    if (!untouched) notice.since = now;
    notice.waiting = type;
    notice.first = {};
    notice.draft_end = now + kValid;
    notice.severity = severity;
    notice.episode = episode;
    ++notice.steps;
  }
  void Drop(Notice& notice) {
    notice.waiting = v1::NOTICE_TYPE_UNSPECIFIED;
    notice.first = {};
    notice.told = false;
  }
  void End(Notice& notice) {
    ++notice.steps;
    notice.state = v1::NOTICE_LAPSED;
    Drop(notice);
  }
  void Release(Notice& notice) {
    ++notice.steps;
    ++released[notice.waiting];
    notice.out.push_back(notice.waiting);
    notice.out_end = notice.draft_end;
    notice.state = notice.waiting == v1::NOTICE_CANCEL ? v1::NOTICE_CANCELLED : v1::NOTICE_RELEASED;
    Drop(notice);
  }
};

}  // namespace belgrand::alerting::testing
